"""Rebuild the packaged offers and prices from the source files that PROVENANCE.md names.

    python clouds/catalogue/build.py FOLDER_WITH_INSTANCES_AND_PRICES

This folder holds data and is no package: a package under `clouds/` is a cloud.
"""

import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).parent


def build(source: Path, target: Path = HERE) -> dict[str, int]:
    """Write `offers.parquet` and `prices.parquet`; returns their row counts."""
    connection = duckdb.connect()
    for name in ("instances", "prices"):
        connection.read_parquet(str(source / f"{name}.parquet")).create_view(name)
    connection.read_csv(str(HERE / "digitalocean.csv")).create_view("published")
    counts: dict[str, int] = {}
    for name in ("prices", "offers"):
        connection.execute((HERE / f"{name}.sql").read_text())
        out = target / f"{name}.parquet"
        connection.execute(
            f"copy {name}_packaged to '{out}'"
            " (format parquet, compression zstd, compression_level 19, row_group_size 200000)"
        )
        row = connection.execute(f"select count(*) from {name}_packaged").fetchone()
        counts[name] = row[0] if row else 0
    return counts


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
