"""The parts of what the sources tell: by account and billing month, by place and day.

A run reads what is new of all parts and notes in Dagster which ones it has brought; one part, or a
range of them, can be read again by itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

ACCOUNTS = dg.DynamicPartitionsDefinition(name="billed_accounts")  # source/billing account
PLACES = dg.DynamicPartitionsDefinition(name="measured_places")  # source/account/region
BILLS = dg.MultiPartitionsDefinition(
    {
        "account": ACCOUNTS,
        "month": dg.MonthlyPartitionsDefinition(start_date="2015-01-01", end_offset=1),
    }
)
METRICS = dg.MultiPartitionsDefinition(
    {
        "place": PLACES,
        "day": dg.DailyPartitionsDefinition(start_date="2020-01-01", end_offset=1),
    }
)
BILLS_KEY = dg.AssetKey(["sources", "bills"])
METRICS_KEY = dg.AssetKey(["sources", "metrics"])
DAY = timedelta(days=1)
NAMELESS = "-"  # what has no account or region


def last_months(now: datetime, count: int) -> list[date]:
    """The first days of the last `count` billing months, the running one included, oldest first."""
    found = [now.date().replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - DAY).replace(day=1))
    return found[::-1]


def note_bills(
    context: dg.AssetExecutionContext, source: str, rows: Iterable[tuple[str, date, int]]
) -> None:
    """Say in Dagster which months of which billing accounts were loaded, with how many rows."""
    loaded = list(rows)
    accounts = {account: _key(source, account) for account, _, _ in loaded}
    _add(context, ACCOUNTS, list(accounts.values()))
    for account, month, count in loaded:
        part = {"account": accounts[account], "month": month.isoformat()}
        _note(context, BILLS_KEY, part, {"dagster/row_count": count})


def note_metrics(
    context: dg.AssetExecutionContext,
    source: str,
    places: Iterable[tuple[str | None, str | None, datetime]],
    until: datetime,
) -> None:
    """Say in Dagster which days of which places are read to their end, if it is not known yet.

    `places` are account, region and the first hour that was read.
    """
    measured = [(_key(source, account, region), since) for account, region, since in places]
    _add(context, PLACES, [place for place, _ in measured])
    known = context.instance.get_materialized_partitions(METRICS_KEY)
    for place, since in measured:
        for day in _days(since, until):
            part = {"place": place, "day": day.isoformat()}
            if dg.MultiPartitionKey(part) not in known:
                _note(context, METRICS_KEY, part, {})


def asked_bills(keys: Sequence[str]) -> dict[str, set[date]]:
    """The billing months of each source that partition keys of `BILLS` name."""
    asked: dict[str, set[date]] = {}
    for part in _parts(keys):
        source = part["account"].split("/")[0]
        asked.setdefault(source, set()).add(date.fromisoformat(part["month"]))
    return asked


def asked_metrics(keys: Sequence[str]) -> dict[tuple[str, date], set[tuple[str, str]]]:
    """The accounts and regions that partition keys of `METRICS` name, by source and day."""
    asked: dict[tuple[str, date], set[tuple[str, str]]] = {}
    for part in _parts(keys):
        source, account, region = part["place"].split("/", 2)
        key = source, date.fromisoformat(part["day"])
        asked.setdefault(key, set()).add((account, region))
    return dict(sorted(asked.items()))


def in_key(column: str) -> pl.Expr:
    """Accounts or regions as in a partition key."""
    name = pl.col(column).fill_null("")
    return pl.when(name == "").then(pl.lit(NAMELESS)).otherwise(name.str.replace_all("[/|]", ":"))


def _key(source: str, *names: str | None) -> str:
    return "/".join([source, *(re.sub("[/|]", ":", name or NAMELESS) for name in names)])


def _parts(keys: Sequence[str]) -> Iterator[dict[str, str]]:
    for key in keys:
        assert isinstance(key, dg.MultiPartitionKey)
        yield dict(key.keys_by_dimension)


def _days(since: datetime, until: datetime) -> Iterator[date]:
    """The days that end in (since, until]."""
    day = since.date()
    while datetime.combine(day + DAY, datetime.min.time()) <= until:
        yield day
        day += DAY


def _add(
    context: dg.AssetExecutionContext, parts: dg.DynamicPartitionsDefinition, keys: list[str]
) -> None:
    known = context.instance.get_dynamic_partitions(parts.name or "")
    new = sorted(set(keys) - set(known))
    if new:
        context.instance.add_dynamic_partitions(parts.name or "", new)


def _note(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    part: dict[str, str],
    metadata: dict[str, int],
) -> None:
    partition = dg.MultiPartitionKey(part)
    context.log_event(dg.AssetMaterialization(asset, partition=partition, metadata=metadata))
