"""The toy cloud as a `Cloud`: what it can tell, and why it can't tell the rest."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    PRICE_SCHEMA,
    RESOURCE_SCHEMA,
    Exports,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError
from clouds.sweep import frame, sweep
from toy_cloud import exports, inventory, metrics
from toy_cloud.access import Account

CHEAPEST = {  # the cheapest call of each ability
    "credentials": "/account",
    "bills": "/bills",
    "inventory": "/north/machines",
    "metrics": "/north/usage",
}


class ToyCloud:
    """Some accounts of one toy cloud."""

    name = "toy"

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = accounts
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = {
            "prices": "not offered by the cloud: its price list is on paper",
            "commitments": "not offered by the cloud",
            "invoices": "not offered by the cloud",
            "changes": "not built yet",
        }

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def examine(self) -> Iterator[Finding]:
        """Each ability of each account, tried with its cheapest call."""
        for account in self._accounts:
            for ability, path in CHEAPEST.items():
                try:
                    account.get(path)
                except CloudError as error:
                    fix = "See 'instance-select permissions --cloud toy'."
                    yield Finding(account.name, ability, False, str(error), fix)
                else:
                    yield Finding(account.name, ability, True, f"read from {account.url}")

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """New and changed bills, brought into the folder."""
        return exports.fetch(self._accounts, folder)

    def inventory(self) -> Reading:
        """All machines and disks."""
        return sweep(inventory.parts(self._accounts), RESOURCE_SCHEMA)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """The load of the wanted machines, a chunk for each account and region."""
        return metrics.read(self._accounts, wanted, until)

    def offers(self) -> pl.DataFrame:
        """Nothing."""
        return frame(OFFER_SCHEMA)

    def prices(self) -> pl.DataFrame:
        """Nothing."""
        return frame(PRICE_SCHEMA)

    def commitments(self) -> Reading:
        """Nothing."""
        return Reading(frame(COMMITMENT_SCHEMA))

    def invoices(self) -> Reading:
        """Nothing."""
        return Reading(frame(INVOICE_SCHEMA))
