"""The simulated estate as a `Cloud`: the same readers and kinds as a real one."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    RESOURCE_SCHEMA,
    Exports,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.demo import menu, metrics
from clouds.demo.bills import FOLDERS
from clouds.demo.fleet import HIDDEN_KINDS
from clouds.demo.kinds import kinds
from clouds.demo.state import State


class DemoCloud:
    """One estate in one folder."""

    name = "demo"

    def __init__(self, state: State) -> None:
        self._state = state
        self.kinds: Mapping[tuple[str, str], ResourceKind] = kinds(state)
        self.cannot: Mapping[str, str] = {
            "spot history": "the simulated clouds sell no spot capacity",
        }

    def now(self) -> datetime:
        """The simulated clock, UTC; it moves only when the estate is advanced."""
        return self._state.now()

    def examine(self) -> Iterator[Finding]:
        """The simulated accounts can always be read."""
        for ability in ("bills", "inventory", "metrics", "prices", "commitments", "invoices"):
            yield Finding("demo", ability, True, "simulated, no credentials needed")

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """The folders into which the simulated providers have delivered their exports."""
        folders = [self._state.folder / "bills" / name for name in FOLDERS]
        return Exports([folder for folder in folders if folder.is_dir()])

    def inventory(self) -> Reading:
        """Everything that exists now."""
        homes = self._state.table("workload").select("workload", "cloud", "account", "region")
        spans = self._state.table("span")
        now = spans.filter(pl.col("ends_at").is_null()).join(_state_since(spans), on="resource_id")
        frame = (
            self._state.table("resource")
            .filter(~pl.col("kind").is_in(HIDDEN_KINDS))
            .join(homes, on="workload")
            .join(now, on="resource_id")
            .sort("cloud", "account", "kind", "resource_id")
            .with_columns(member_of=pl.lit(None, pl.String))
            .select(pl.col(name).cast(kind) for name, kind in RESOURCE_SCHEMA.items())
        )
        read = [(cloud, account, region) for cloud, account, region in self._scopes()]
        return Reading(frame, read=read)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements of what is wanted before `until`, in chunks of whole days."""
        since = wanted["since"].min()
        if not isinstance(since, datetime):
            return
        asked = wanted.select("cloud", "account", "resource_id", "since")
        for chunk in metrics.read(self._state.folder, since, until):
            rows = chunk.join(asked, on=["cloud", "account", "resource_id"])
            yield Reading(rows.filter(pl.col("hour") >= pl.col("since")).drop("since"))

    def offers(self) -> pl.DataFrame:
        """The sizes of our own machines."""
        return menu.own_offers()

    def prices(self) -> pl.DataFrame:
        """The price sheet in euros and the rate card."""
        return menu.own_prices()

    def commitments(self) -> Reading:
        """Savings plan, reservation and committed use, by the ids that the bills use."""
        return Reading(
            self._state.table("commitment").select(
                pl.col(name).cast(kind) for name, kind in COMMITMENT_SCHEMA.items()
            )
        )

    def invoices(self) -> Reading:
        """The invoices of the closed months."""
        return Reading(
            self._state.table("invoice")
            .sort("period", "cloud", "billing_account")
            .select(pl.col(name).cast(kind) for name, kind in INVOICE_SCHEMA.items())
        )

    def _scopes(self) -> list[tuple[str, str, str]]:
        homes = self._state.table("workload").select("cloud", "account", "region").unique()
        return homes.sort("cloud", "account", "region").rows()  # type: ignore[return-value]


def _state_since(spans: pl.DataFrame) -> pl.DataFrame:
    """Since when each resource has been in its state, whatever else changed about it."""
    last = pl.col("state").sort_by("starts_at").last().over("resource_id")
    return (
        spans.with_columns(last.alias("last"))
        .group_by("resource_id")
        .agg(
            pl.coalesce(
                pl.col("ends_at").filter(pl.col("state") != pl.col("last")).max(),
                pl.col("starts_at").min(),
            ).alias("state_since")
        )
    )
