"""Rebuild the packaged round trips from the files that PROVENANCE.md names.

    python clouds/catalogue/build_round_trips.py FOLDER
    python -m app.market_packaged

The folder has `aws.json`, `azure.csv` and `gcp.csv`, each as its source publishes it.
"""

import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).parent


def build(source: Path, target: Path = HERE) -> int:
    """Write `round_trips.parquet`; returns the number of pairs of regions."""
    connection = duckdb.connect()
    aws = f"select json_extract(content, '$.data') as data from read_text('{source / 'aws.json'}')"
    azure = f"unpivot '{source / 'azure.csv'}' on * exclude (Source) into name target value ms"
    for cloud, query in (("aws", aws), ("azure", azure), ("gcp", f"from '{source / 'gcp.csv'}'")):
        connection.execute(f"create table measured_{cloud} as {query}")
    connection.execute((HERE / "round_trips.sql").read_text())
    out = target / "round_trips.parquet"
    connection.execute(
        f"copy round_trips_packaged to '{out}'"
        " (format parquet, compression zstd, compression_level 19)"
    )
    row = connection.execute("select count(*) from round_trips_packaged").fetchone()
    return row[0] if row else 0


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
