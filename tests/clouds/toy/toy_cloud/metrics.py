"""How busy the machines are, by the hour."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.sweep import Part, frame, sweep_in_chunks
from toy_cloud.access import Account
from toy_cloud.inventory import utc


def read(accounts: Sequence[Account], wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
    """A chunk for each account and region in which something is wanted."""
    machines = wanted.filter(pl.col("kind") == "instance")
    by_name = {account.name: account for account in accounts}
    groups = machines.partition_by("account", "region", as_dict=True)
    parts = [
        Part("toy", str(account), str(region), "instance",
             partial(_read, by_name[str(account)], group, until))
        for (account, region), group in groups.items()
    ]  # fmt: skip
    return sweep_in_chunks(parts, METRIC_SCHEMA)


def fetch(account: Account, machine: Mapping[str, Any], until: datetime) -> Iterable[Any]:
    """The hours of one machine since the first one that is missing. Raises `CloudError`."""
    span = f"since={machine['since'].isoformat()}&until={until.isoformat()}"
    return account.items(f"/{machine['region']}/usage?machine={machine['resource_id']}&{span}")


def parse(item: Mapping[str, Any], machine: Mapping[str, Any]) -> dict[str, Any]:
    """One hour as a row of `METRIC_SCHEMA`; the API gives shares, we keep percent."""
    return {
        **{name: machine[name] for name in ("cloud", "account", "region", "resource_id")},
        "metric": "cpu_percent",
        "hour": utc(item["hour"]),
        "avg": item["mean"] * 100,
        "max": item["peak"] * 100,
        "samples": item["samples"],
    }


def _read(account: Account, machines: pl.DataFrame, until: datetime) -> pl.DataFrame:
    rows = [
        parse(item, machine)
        for machine in machines.iter_rows(named=True)
        for item in fetch(account, machine, until)
    ]
    return frame(METRIC_SCHEMA, rows)
