"""Fetch an AWS export of many gzip CSV files from S3 and load it, against DuckDB doing it alone.

Both start from the bucket: ours mirrors the files that the manifest lists and ingests the folder
with all its checks; DuckDB does `create table as select from read_csv('s3://...')` into the same
kind of lake. The S3 is moto's, in a process of its own. Passes at no less than 70 % of DuckDB's
speed.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import duckdb
from isal import igzip

LEAST_SPEED = 0.7  # of DuckDB's own
BUCKET, ROOT = "acme-bills", "exports/daily"
SQL = Path(__file__).with_name("ingest_rows.sql")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000, help="10,000,000 in the acceptance")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--runs", type=int, default=2, help="the fastest of so many runs counts")
    parser.add_argument("--one", choices=["serve", "duckdb", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one == "serve":
        _serve()
    elif given.one:
        print(json.dumps(_one(given.one, given.url)))
    else:
        raise SystemExit(_judge(_measure(given.rows, given.files, given.runs)))


def _measure(rows: int, files: int, runs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one"]
    found: dict[str, list[dict[str, float]]] = {"duckdb": [], "ours": []}
    with subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            size = _deliver(url, rows, files)
            for _ in range(runs):
                for kind, results in found.items():
                    results.append(_child([*command, kind, "--url", url]))
        finally:
            server.kill()  # it may not heed SIGTERM, which whoever started us can ignore
    assert found["ours"][0]["billed"] == found["duckdb"][0]["billed"], "not the same money"
    assert found["ours"][0]["rows"] == found["duckdb"][0]["rows"] == rows
    best = {kind: min(results, key=lambda r: r["seconds"]) for kind, results in found.items()}
    return {"rows": rows, "mib": size, "duckdb": best["duckdb"]["seconds"],
            "ours": best["ours"]["seconds"], "fetch": best["ours"]["fetch"]}  # fmt: skip


def _serve() -> None:
    """Print the address of an empty S3 and serve until terminated."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    Event().wait()


def _deliver(url: str, rows: int, files: int) -> float:
    """Put the files of one month into the bucket, their manifest last; returns MiB."""
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
    s3.create_bucket(Bucket=BUCKET)
    part, size, names = "BILLING_PERIOD=2026-10", 0, list[str]()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as made:
        query = SQL.read_text().replace("$money", "DECIMAL(38, 18)")
        file = Path(folder) / "part.csv"
        for number in range(files):
            these = f"range({number * rows // files}, {(number + 1) * rows // files})"
            made.execute(f"copy ({query.replace('range($rows)', these)}) to '{file}' (format csv)")
            packed = igzip.compress(file.read_bytes())
            names.append(f"{ROOT}/data/{part}/daily-{number:05}.csv.gz")
            s3.put_object(Bucket=BUCKET, Key=names[-1], Body=packed)
            size += len(packed)
    manifest = {"exportName": "daily", "executionId": "run-1",
                "dataFiles": [f"s3://{BUCKET}/{name}" for name in names]}  # fmt: skip
    key = f"{ROOT}/metadata/{part}/daily-Manifest.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(manifest).encode())
    return size / 2**20


def _child(command: Sequence[str]) -> dict[str, float]:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def _one(kind: str, url: str) -> dict[str, Any]:
    """One run in this process: seconds from an open, empty lake to the committed snapshot."""
    from warehouse.lake import Lake
    from warehouse.settings import LakeSettings

    with tempfile.TemporaryDirectory() as home:
        lake = Lake(LakeSettings(home=Path(home)))
        with lake.write("create"):
            pass
        found = _ours(lake, url, Path(home)) if kind == "ours" else _plain(lake, url)
        table = "raw.focus" if kind == "ours" else "raw.plain"
        with lake.latest() as connection:
            query = f"select count(*), sum(BilledCost::decimal(38, 9))::varchar from {table}"
            row = connection.execute(query).fetchone()
        lake.close()
    assert row is not None
    return {**found, "rows": row[0], "billed": row[1]}


def _ours(lake: Any, url: str, home: Path) -> dict[str, float]:
    from clouds.aws import connect
    from warehouse.ingest.load import ingest

    started = perf_counter()
    place = {"bucket": BUCKET, "prefix": ROOT}
    exports = connect(endpoint_url=url, exports=[place]).bills(home / "exports")
    fetched = perf_counter()
    report = ingest(lake, exports.paths, now=datetime(2026, 11, 20))
    assert {entry.status for entry in report.loaded} == {"loaded"}, report.loaded[:3]
    return {"seconds": perf_counter() - started, "fetch": fetched - started}


def _plain(lake: Any, url: str) -> dict[str, float]:
    from warehouse.lake import load_extension

    started = perf_counter()
    with lake.write("plain") as write:
        load_extension(write.connection, "httpfs")
        write.connection.execute(
            "create or replace temporary secret bench (type s3, key_id 'test', secret 'test',"
            f" region 'us-east-1', endpoint '{url.removeprefix('http://')}', url_style 'path',"
            " use_ssl false)"
        )
        write.connection.execute(
            "create table raw.plain as select * from"
            f" read_csv('s3://{BUCKET}/{ROOT}/data/*/*.csv.gz')"
        )
    return {"seconds": perf_counter() - started, "fetch": 0.0}


def _judge(result: dict[str, float]) -> int:
    speed = result["duckdb"] / result["ours"]
    print(f"{'rows':>12} {'MiB':>7} {'duckdb s':>9} {'ours s':>8} {'fetch s':>8} {'speed':>6}")
    print(
        f"{result['rows']:>12,} {result['mib']:>7.0f} {result['duckdb']:>9.2f}"
        f" {result['ours']:>8.2f} {result['fetch']:>8.2f} {speed:>6.2f}"
    )
    missed = speed < LEAST_SPEED
    print(f"MISSED {speed:.2f} < {LEAST_SPEED} of DuckDB's speed" if missed else "met")
    return int(missed)


if __name__ == "__main__":
    main()
