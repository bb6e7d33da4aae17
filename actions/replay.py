"""What the checks would have said on past days, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.resources import files

import polars as pl
from duckdb import DuckDBPyConnection

from actions.override import Override
from actions.recommend import READ_BY_CHECKS, recommend
from warehouse.build import build, find
from warehouse.near import is_small
from warehouse.tables import schema_files, tables_of_lake

TIMELESS = frozenset({"marts.offer", "marts.price"})
"""Built once: what could be bought is known as of today only."""
ESTIMATES = tuple(sorted(name for name in READ_BY_CHECKS if name.startswith("models.")))
"""Not estimated anew for each day, so that the checks on them say nothing about the past."""
WHOLE = frozenset({
    "raw.resource", "raw.metric", "raw.focus", "raw.read", "raw.commitment",
    "raw.billing_manifest", "raw.offer", "raw.price",
})  # fmt: skip
"""What checks on a past day are made of, as far as it was known then."""
SAID = ("day", "id", "check", "source", "cloud", "account", "kind", "resource_id", "verb", "after",
        "currency", "saving_month_low", "saving_month_high", "reason", "status")  # fmt: skip


def replay(
    connection: DuckDBPyConnection,
    *,
    as_of: datetime,
    days: int,
    every: int = 1,
    overrides: Sequence[Override] = (),
    progress: Callable[[datetime], None] = lambda _: None,
) -> pl.DataFrame:
    """One row per check and resource that it told of as `open` in the last `days`.

    `connection` reads a lake; on each day, `every` so many, the checks see no more than was known
    then: what had been read of the inventory (or the cloud says of the time before), measured and
    billed. Suppressions of today are left out; tags and prices are those of today.

    `outcome`: `broken` (it was no longer so on a later day although the resource was there: it had
    become busy, or attached, again), `made` (the resource is gone, or is as was advised), `held`
    (still so), `unknown` (no evidence later), `new` (said on the last day only). `saved_*`: the
    saving of each day with a bill (of the account, if it has none itself) after the one on which it
    was first said, up to the day on which it broke or was made, or another change took its place.
    """
    past = [as_of - timedelta(days=number) for number in range(days, -1, -every)]
    connection.execute("attach ':memory:' as past")
    try:
        _prepare(connection, as_of)
        said: list[pl.DataFrame] = []
        for day in past:
            progress(day)
            said.append(_said(connection, day, overrides))
        connection.register("said", pl.concat(said).to_arrow())
        connection.register("days", pl.DataFrame({"day": past}).to_arrow())
        return connection.execute(_sql("replay_outcome.sql")).pl()
    finally:
        connection.execute("use lake")
        for name in ("said", "days"):
            connection.unregister(name)
        connection.execute("detach past")


def needed() -> set[str]:
    """The marts that checks read, and those that these are made of."""
    marts, found, new = (
        find(),
        set[str](),
        {name for name in READ_BY_CHECKS if name.startswith("marts.")},
    )
    while new:
        found |= new
        new = {name for mart in new for name in marts[mart].reads} & marts.keys() - found
    return found


def _prepare(connection: DuckDBPyConnection, as_of: datetime) -> None:
    for schema in ("whole", "raw", "marts", "models", "actions"):
        connection.execute(f"create schema past.{schema}")
    for name in sorted(WHOLE & tables_of_lake(connection)):
        kind = "table" if is_small(connection, name) else "view"
        _, table = name.split(".")
        connection.execute(f"create {kind} past.whole.{table} as from lake.{name}")
    _know(connection, as_of)
    connection.execute("use past")
    for table in ("actions.recommendation", "actions.change", *ESTIMATES):
        connection.execute(schema_files()[table])
    build(connection, as_of, TIMELESS)


def _know(connection: DuckDBPyConnection, day: datetime) -> None:
    connection.execute(f"set variable as_of = timestamp '{day:%Y-%m-%d %H:%M:%S}'")
    connection.execute(_sql("past.sql"))


def _said(
    connection: DuckDBPyConnection, day: datetime, overrides: Sequence[Override]
) -> pl.DataFrame:
    _know(connection, day)
    build(connection, day, needed() - TIMELESS)
    found = recommend(connection, as_of=day, snapshot=0, overrides=overrides)
    return found.with_columns(pl.lit(day).alias("day")).select(SAID)


def _sql(name: str) -> str:
    return (files("actions") / name).read_text()
