"""Make the simulated estate, and let time pass in it.

Bills and metrics are a pure function of the state, so writing a month again is always safe; the
clock moves only after all files of the new days are there.
"""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from clouds.demo import answers, bills, metrics, schedules, world
from clouds.demo.bills import FEEDS, Delivery
from clouds.demo.charges import Ledger, Month, months_between
from clouds.demo.state import State, insert

METRIC_DAYS = 35
CORRECTED_AGO = 2  # months before the current one: delivered once wrongly and once rightly
INVOICE_GAPS = {"azure": "0.37"}  # what this provider asks for beyond its own bill, each month
QUOTA_HEADROOM = 1.3

Progress = Callable[[str], None]


def create(
    folder: Path,
    *,
    seed: int = 7,
    resources: int = 1500,
    months: int = 13,
    as_of: datetime,
    progress: Progress | None = None,
) -> None:
    """Write a whole estate: state, metrics, bills in the providers' layouts, answer key.

    The last billed day is the one before `as_of`'s; the month of that day is the last period.
    An older estate in the folder is replaced.
    """
    say = progress or _silent
    clock = world.midnight(as_of)
    first = world.first_day_of(clock - timedelta(days=1), months)
    for old in (bills_folder(folder), folder / metrics.FOLDER):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    say(f"drawing {resources} resources")
    made = world.make(seed, resources, first, clock)
    state = State(folder)
    tables = {
        "workload": made.workloads, "resource": made.resources, "span": made.spans,
        "commitment": made.commitments, "effect": made.effects.drop_nulls("resource_id"),
        "quota": _quota(made),
    }  # fmt: skip
    meta = {"seed": str(seed), "now": clock.isoformat(), "made_at": clock.isoformat(),
            "first_day": first.isoformat(), "resources": str(resources), "calls": "0"}  # fmt: skip
    state.create(tables, meta)
    say("measuring")
    metrics.write(state, max(first, clock - timedelta(days=METRIC_DAYS)), clock)
    key = answers.Key(made.plants, made.anomalies)
    _bill(state, months_between(first, clock), say, key, corrected=True)
    answers.save(folder, key)


def advance(folder: Path, days: int, progress: Progress | None = None) -> None:
    """Let days pass: schedules act, and the new days are measured and billed."""
    if days < 1:
        raise ValueError(f"An estate can only move forward; got {days} days, expected 1 or more.")
    say = progress or _silent
    state = State(folder)
    before = state.now()
    after = before + timedelta(days=days)
    schedules.play(state, before, after)
    say(f"measuring {days} days")
    metrics.write(state, before, after)
    month = before.replace(day=1)
    _bill(state, months_between(month, after), say, None, corrected=False)
    answers.forget(folder, _gone(state))
    with state.transaction() as connection:
        connection.execute("update meta set value = ? where key = 'now'", [after.isoformat()])


def bills_folder(folder: Path) -> Path:
    """Where the export folders of all providers lie."""
    return folder / "bills"


def _bill(
    state: State, months: list[Month], say: Progress, key: "answers.Key | None", *, corrected: bool
) -> None:
    ledger = Ledger(state)
    root = bills_folder(state.folder)
    clock = months[-1].until
    for position, month in enumerate(months):
        say(f"billing {month.label}")
        if corrected and position == len(months) - 1 - CORRECTED_AGO:
            first = Delivery(month, month.ends_at + timedelta(hours=6), "first", root)
            bills.deliver(ledger.fill(month, original=True), first, ("aws",))
        at = _delivered_at(month, clock)
        connection = ledger.fill(month)
        bills.deliver(connection, Delivery(month, at, "final", root), FEEDS)
        if key is not None:
            key.collect(connection)
        if month.is_closed:
            _save_invoices(state, bills.invoices(connection, month))
    ledger.close()


def _delivered_at(month: Month, clock: datetime) -> datetime:
    """A closed month is delivered for the last time about twelve days after its end."""
    final = month.ends_at + timedelta(days=12) if month.is_closed else month.until
    return min(final, clock) + bills.DELIVERY_HOUR


def _save_invoices(state: State, frame: pl.DataFrame) -> None:
    gaps = pl.col("feed").replace_strict(INVOICE_GAPS, default="0").cast(pl.Decimal(38, 15))
    frame = frame.with_columns((pl.col("amount") + gaps).alias("amount"))
    with state.transaction() as connection:
        period = str(frame["period"][0])
        connection.execute("delete from invoice where period = ?", [period])
        insert(connection, "invoice", frame)


def _quota(made: world.World) -> pl.DataFrame:
    """vCPUs each account may run in each region."""
    homes = made.workloads.select("workload", "account", "region")
    running = made.resources.filter(pl.col("kind") == "instance").join(homes, on="workload")
    return (
        running.group_by("account", "region")
        .agg((pl.col("vcpus").sum() * QUOTA_HEADROOM).ceil().alias("vcpus"))
        .sort("account", "region")
    )


def _gone(state: State) -> set[str]:
    """Resources that somebody has changed: what was wrong with them may be right now."""
    return set(state.table("journal")["resource_id"])


def _silent(message: str) -> None:
    """Say nothing."""
