"""Time the choice of an instance over the whole packaged catalogue: warm, and in a new process.

Warm is what a page or a second question takes: judging all prices, ranking what fits, and finding
near misses, in a market that is read; also for the question that most prices just miss, as nothing
fits. Cold is what a first question takes: reading the packaged market, one search with its near
misses. It is told in four parts: the market and the search alone, with the imports, of which those
of DuckDB and NumPy by themselves, and as the command `select` with the command line around it.
Beside it stands plain DuckDB: the same offers by one SELECT over the catalogue's two files, in a
new process; it counts no rejections and finds no near misses.

Medians of several runs; CPU time stands beside them, as other work on the machine moves the clock
most. The targets are those of the search: 50 ms warm, 500 ms cold in a new process; what the
interpreter and the command line add is told, not hidden.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from os import cpu_count, getloadavg
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import NamedTuple

from app.market import of_catalogue
from bench._question import ASKED, NOTHING_FITS, answer
from clouds.packaged import packaged
from models.selection.find import find
from models.selection.search import search

WARM_MS, COLD_MS = 50.0, 500.0
OPTIONS = ["--vcpus", "4..8", "--memory-gib", "16..", "--no-burstable"]
PLAIN = f"""
import duckdb
print(len(duckdb.connect().execute(\"\"\"
    select price.cloud, price.region, price.instance_type, price.price_hour
    from '{packaged("prices.parquet")}' as price
    join '{packaged("offers.parquet")}' as offer using (cloud, instance_type)
    where os = 'linux' and currency = 'USD' and price_type = 'on_demand' and not burstable
    and vcpus between 4 and 8 and memory_gib >= 16 and arch in ('x86_64', 'arm64')
    and (region glob 'eu-*' or region glob 'europe-*' or region = 'westeurope'
         or region glob 'us-east*')
    order by price_hour limit 20
\"\"\").fetchall()))
"""
IMPORTS = """
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command does
import duckdb, numpy
print(1)
"""
OURS = """
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command does
from app.market import of_catalogue
from bench._question import answer
print(len(answer(of_catalogue())))
"""


class Timing(NamedTuple):
    """Milliseconds."""

    wall: float
    best: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    market = of_catalogue()
    prices = search(market, ASKED).considered
    print(f"{prices:,} prices in dollars for linux")
    warm = _timed(repeats * 3, lambda: answer(market))
    hard = _timed(repeats * 3, lambda: find(market, NOTHING_FITS))
    inside = _timed(repeats, lambda: answer(of_catalogue()))
    plain = _timed(repeats, lambda: _process("-c", PLAIN))
    nothing = _timed(repeats, lambda: _process("-c", IMPORTS))
    ours = _timed(repeats, lambda: _process("-c", OURS))
    with tempfile.TemporaryDirectory() as home:
        command = _timed(
            repeats, lambda: _process("-m", "app", "select", *OPTIONS, "--json", "--home", home)
        )
    for name, milliseconds in (
        ("warm: search and near misses", warm),
        ("warm: the same where nothing fits", hard),
        ("cold: market, search and near misses, in a process that runs", inside),
        ("cold: the same in a new process", ours),
        ("  of which Python and the imports of DuckDB and NumPy", nothing),
        ("cold: the command, with the command line", command),
        ("plain DuckDB: the same offers only, in a new process", plain),
    ):
        print(
            f"{name:<62}{milliseconds.wall:7.0f} ms, best {milliseconds.best:.0f}, "
            f"CPU {milliseconds.cpu:.0f}"
        )
    print(
        f"ratio cold to plain DuckDB: {ours.wall / plain.wall:.2f}, "
        f"of CPU {ours.cpu / plain.cpu:.2f}"
    )
    print(f"load average {getloadavg()[0]:.1f} on {cpu_count()} cores")
    missed = [
        f"{name} is {found:.0f} ms, target {target:.0f} ms"
        for name, found, target in (
            ("warm", max(warm.wall, hard.wall), WARM_MS),
            ("cold", ours.wall, COLD_MS),
        )
        if found > target
    ]
    print("missed: " + "; ".join(missed) if missed else "met: warm and cold")
    raise SystemExit(1 if missed else 0)


def _process(*arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        raise SystemExit(f"{arguments[:2]} failed: {done.stderr}")


def _timed(repeats: int, call: Callable[[], object]) -> Timing:
    """Medians, and the best; CPU is that of all threads and of the processes that were started."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(repeats):
        began, used = perf_counter(), _cpu()
        call()
        walls.append(1000 * (perf_counter() - began))
        cpus.append(1000 * (_cpu() - used))
    return Timing(median(walls), min(walls), median(cpus))


def _cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    return sum(
        found.ru_utime + found.ru_stime
        for found in (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
