"""Make the market of the packaged catalogue ahead, so that a first question reads it ready made.

    python -m app.market_packaged

Run it whenever a file of the catalogue changes, or the tables of `models/selection/market.sql`; a
test says if it was forgotten.
"""

from importlib.resources import files
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from app.market import add_facts
from clouds.packaged import packaged
from models.selection.market import TABLES, prepare


def make() -> DuckDBPyConnection:
    """The market of the catalogue, from its offers and prices."""
    connection = duckdb.connect()
    for name in ("offer", "price"):
        connection.read_parquet(str(packaged(f"{name}s.parquet"))).create_view(name)
    connection.execute((files("app") / "market_unowned.sql").read_text())
    add_facts(connection)
    prepare(connection)
    return connection


def write(folder: Path) -> None:
    """One Parquet file per table of the market."""
    connection = make()
    folder.mkdir(exist_ok=True)
    for name in TABLES:
        connection.execute(
            f"copy (from {name} order by all) to '{folder / name}.parquet'"
            " (format parquet, parquet_version v2, compression zstd, row_group_size 200000)"
        )


if __name__ == "__main__":
    write(packaged("market"))
