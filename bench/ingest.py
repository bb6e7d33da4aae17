"""Ingest rows from Parquet, against a plain `create table as select` into the same lake.

Each run is a process of its own, so that its peak memory is its own. Passes if the ingestion of
FOCUS, with all its checks, takes at most 1.5 times as long, stays below 3 GiB and grows linearly
with the rows; and that of the clouds' own reports, each line of which is mapped, at most 8 times.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter

import duckdb

MOST_TIMES = {"focus": 1.5, "cur": 8.0, "azure": 8.0, "gcp": 8.0}  # of the plain copy's time
MOST_GIB = 3.0
MOST_GROWTH = 1.4  # of linear, from the smallest to the largest
SQL = {
    "focus": Path(__file__).with_name("ingest_rows.sql"),
    "cur": Path(__file__).with_name("ingest_cur.sql"),
    "azure": Path(__file__).with_name("ingest_azure.sql"),
    "gcp": Path(__file__).with_name("ingest_gcp.sql"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--money", default="DECIMAL(38, 18)", help="type of money in the file")
    parser.add_argument("--runs", type=int, default=2, help="the fastest of so many runs counts")
    parser.add_argument("--one", choices=["plain", "ingest"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_one(given.one, given.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        missed = 0
        for layout, most in MOST_TIMES.items():
            print(f"{layout}:")
            many = given.rows if layout == "focus" else given.rows[:1]
            results = [
                _measure(Path(folder), layout, rows, given.money, given.runs) for rows in many
            ]
            missed |= _judge(results, most)
    raise SystemExit(missed)


def _measure(folder: Path, layout: str, rows: int, money: str, runs: int) -> dict[str, float]:
    file = folder / f"{rows}.parquet"
    query = SQL[layout].read_text().replace("$rows", str(rows)).replace("$money", money)
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder)}) as made:
        made.execute("set preserve_insertion_order = false")
        made.execute(f"copy ({query}) to '{file}' (format parquet)")
    size = file.stat().st_size / 2**20
    found: dict[str, list[dict[str, float]]] = {"plain": [], "ingest": []}
    for _ in range(runs):
        for kind, results in found.items():
            results.append(_child(kind, file))
    file.unlink()
    best = {kind: min(r["seconds"] for r in results) for kind, results in found.items()}
    peak = {kind: max(r["gib"] for r in results) for kind, results in found.items()}
    cpu = {kind: min(r["cpu"] for r in results) for kind, results in found.items()}
    return {
        "cpu_ratio": cpu["ingest"] / cpu["plain"],
        "rows": rows, "mib": size, "plain": best["plain"], "ingest": best["ingest"],
        "ratio": best["ingest"] / best["plain"], "gib": peak["ingest"], "plain_gib": peak["plain"],
    }  # fmt: skip


def _child(kind: str, file: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", kind, "--file", str(file)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def _one(kind: str, file: Path) -> dict[str, float]:
    """One run in this process: seconds from an open, empty lake to the committed snapshot."""
    from warehouse.ingest.load import ingest
    from warehouse.lake import Lake
    from warehouse.settings import LakeSettings

    with tempfile.TemporaryDirectory(dir=file.parent) as home:
        lake = Lake(LakeSettings(home=Path(home)))
        with lake.write("create"):
            pass
        started = perf_counter()
        if kind == "ingest":
            report = ingest(lake, [file], now=datetime(2026, 11, 1))
            assert {entry.status for entry in report.loaded} == {"loaded"}, report.loaded
        else:
            with lake.write("plain") as write:
                source = f"read_parquet('{file}')"
                write.connection.execute(f"create table raw.plain as select * from {source}")
        seconds = perf_counter() - started
        lake.close()
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": seconds, "gib": gib, "cpu": spent.ru_utime + spent.ru_stime}


def _judge(results: Sequence[dict[str, float]], most: float) -> int:
    print(
        f"{'rows':>12} {'file MiB':>9} {'plain s':>9} {'ingest s':>9} {'ratio':>6}"
        f" {'of cpu':>6} {'peak GiB':>9}"
    )
    failed: list[str] = []
    for result in results:
        print(
            f"{result['rows']:>12,} {result['mib']:>9.0f} {result['plain']:>9.2f}"
            f" {result['ingest']:>9.2f} {result['ratio']:>6.2f} {result['cpu_ratio']:>6.2f}"
            f" {result['gib']:>9.2f}"
        )
        if result["ratio"] > most:
            failed.append(f"{result['rows']:,} rows: {result['ratio']:.2f} > {most} times")
        if result["gib"] > MOST_GIB:
            failed.append(f"{result['rows']:,} rows: {result['gib']:.2f} > {MOST_GIB} GiB")
    first, last = results[0], results[-1]
    growth = (last["ingest"] / first["ingest"]) / (last["rows"] / first["rows"])
    print(f"growth from {first['rows']:,} to {last['rows']:,} rows: {growth:.2f} of linear")
    if growth > MOST_GROWTH:
        failed.append(f"growth {growth:.2f} > {MOST_GROWTH} of linear")
    print("\n".join(f"MISSED {each}" for each in failed) or "met")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
