"""Rebuild the packaged offers, prices and interruptions from the sources that PROVENANCE.md names.

    python clouds/catalogue/build.py FOLDER_WITH_INSTANCES_AND_PRICES
    python -m app.market_packaged

The second makes the tables that `select` searches. This folder holds data and is no
package: a package under `clouds/` is a cloud.
"""

import gzip
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb
import polars as pl

HERE = Path(__file__).parent
SOURCES = {
    "instances": "instances",
    "prices": "prices",
    "advised": "aws_spot_advisor_2025-07",
}


def build(source: Path, target: Path = HERE) -> dict[str, int]:
    """Write `offers`, `prices` and `interruptions` as Parquet; returns their row counts."""
    connection = duckdb.connect()
    for view, file in SOURCES.items():
        connection.read_parquet(str(source / f"{file}.parquet")).create_view(view)
    connection.read_csv(str(HERE / "digitalocean.csv")).create_view("published")
    connection.register("described", _described_by_aws())
    connection.execute((HERE / "features.sql").read_text())
    counts: dict[str, int] = {}
    for name in ("prices", "offers", "interruptions"):
        connection.execute((HERE / f"{name}.sql").read_text())
        out = target / f"{name}.parquet"
        connection.execute(
            f"copy {name}_packaged to '{out}'"
            " (format parquet, compression zstd, compression_level 19, row_group_size 200000)"
        )
        row = connection.execute(f"select count(*) from {name}_packaged").fetchone()
        counts[name] = row[0] if row else 0
    return counts


def _described_by_aws() -> pl.DataFrame:
    """DescribeInstanceTypes as moto carries it: one JSON object per instance type."""
    spec = find_spec("moto")
    if spec is None or spec.origin is None:
        raise SystemExit("moto carries what AWS says about its types: pip install moto==5.2.5")
    file = Path(spec.origin).parent / "ec2" / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(file.read_bytes()))
    return pl.DataFrame(
        {
            "instance_type": list(described),
            "said": [json.dumps(one) for one in described.values()],
        }
    )


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
