"""A lake whose table marts.number tells by its one number which snapshot somebody reads."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.lake import Lake

NOW = datetime(2026, 3, 20, 12)


def put(lake: Lake, number: int) -> int:
    """Replace the table marts.number by one row and return the snapshot."""
    with lake.write(f"put {number}") as write:
        write.connection.execute(f"create or replace table marts.number as select {number} as n")
    return write.snapshot


def put_many(lake: Lake, number: int) -> int:
    """The same in so many rows that they become a file."""
    with lake.write(f"put {number}") as write:
        write.connection.execute(
            f"create or replace table marts.number as select {number} as n from range(1000)"
        )
    return write.snapshot


def files(lake: Lake) -> list[Path]:
    return sorted((lake.settings.home / "lake" / "data").rglob("*.parquet"))


def publish(lake: Lake, snapshot: int, minute: int = 0) -> None:
    lake.publish(snapshot, NOW, "run", NOW + timedelta(minutes=minute))


def read(lake: Lake, snapshot: int | None = None) -> int:
    with lake.reader(snapshot) as connection:
        return number_in(connection)


def number_in(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select n from marts.number").fetchone()
    assert row is not None
    return row[0]


def parquet(path: Path, number: int) -> Path:
    """A file of a thousand rows beside the lake."""
    duckdb.connect().execute(f"copy (select {number} as n from range(1000)) to '{path}'")
    return path


def later(days: int) -> datetime:
    return datetime.now() + timedelta(days=days)  # the lake stamps snapshots with the real clock
