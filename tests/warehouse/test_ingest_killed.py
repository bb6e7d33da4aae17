"""Kill the ingestion at random moments: every total stays exact, nothing is lost or doubled.

Two versions of a bill (two months, two files) are loaded in turn by one process, which is killed
with SIGKILL. After each kill every month holds one whole version, and the next process goes on.
"""

import fcntl
import os
import random
import signal
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic, sleep

import duckdb
import pytest

from warehouse.ingest.load import ingest
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

KILLS = 20
SEED = 20261120
ROWS = {"old": 3000, "new": 3700}  # per month and file
SECONDS = 240  # the kills stop there on a crowded machine; most must have been made
FRESH = get_context("forkserver")  # imports once; each process opens its own connections
FRESH.set_forkserver_preload(["warehouse.ingest.load"])


def ingest_forever(home: Path, bills: Path, told: Connection) -> None:
    """What is killed: load both versions in turn and say so after each."""
    lake = Lake(LakeSettings(home=home))
    told.send("ready")
    while True:
        for version in ("old", "new"):  # going back to the old one is on purpose
            report = ingest(lake, [bills / version], now=datetime(2026, 11, 20), replace_feed=True)
            bad = [e.reason for e in report.loaded if e.status not in ("loaded", "unchanged")]
            told.send(bad or "done")


@pytest.mark.slow
def test_a_killed_ingestion_leaves_every_period_whole(tmp_path: Path) -> None:
    for version, rows in ROWS.items():
        for month in (9, 10):
            _write(tmp_path / "bills" / version / f"month-{month}.csv", month, rows, version)
    home = tmp_path / "home"
    lake = Lake(LakeSettings(home=home))
    ingest(lake, [tmp_path / "bills" / "old"], now=datetime(2026, 11, 20))
    lake.close()
    random_ = random.Random(SEED)
    longest = one_round = _seconds_of_a_round(home, tmp_path / "bills")
    started, kills, seen = monotonic(), 0, set[tuple[str, ...]]()
    reader = lake.latest()  # sees every commit
    while kills < KILLS and monotonic() - started < SECONDS:
        process, told = _start(home, tmp_path / "bills")
        assert told.recv() == "ready"
        sleep(random_.uniform(0, longest))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        said = list(_said(told))
        assert set(said) <= {"done"}
        # a first load takes longer on a machine that has become busier since the measurement
        longest = max(one_round, longest / 1.2 if said else longest * 1.2)
        kills += 1
        seen.add(_versions(reader))
    assert kills > KILLS / 2, f"only {kills} kills in {SECONDS} s"
    assert len(seen) > 1, "the kills came too early to see any change"
    for version in ("old", "new"):
        ingest(lake, [tmp_path / "bills" / version], now=datetime(2026, 11, 20), replace_feed=True)
        assert _versions(reader) == (version, version)
    reader.close()
    assert not list((home / "tmp").glob("ingest-*")), "what killed processes left is cleared"


@pytest.mark.parametrize("held", [False, True], ids=["abandoned", "in use"])
def test_only_folders_in_use_are_kept(tmp_path: Path, held: bool) -> None:
    """A process may be killed before it has written anything into its folder."""
    other = tmp_path / "home" / "tmp" / "ingest-other"
    other.mkdir(parents=True)
    descriptor = os.open(other, os.O_RDONLY)
    if held:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    _write(tmp_path / "bills" / "month.csv", 9, 3, "old")
    lake = Lake(LakeSettings(home=tmp_path / "home"))
    ingest(lake, [tmp_path / "bills"], now=datetime(2026, 11, 20))
    os.close(descriptor)
    assert list((tmp_path / "home" / "tmp").glob("ingest-*")) == ([other] if held else [])


def _start(home: Path, bills: Path) -> tuple[BaseProcess, Connection]:
    told, telling = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=ingest_forever, args=(home, bills, telling))
    process.start()
    telling.close()
    return process, told


def _said(told: Connection) -> Iterator[str]:
    """Everything the process said until it died; a message it died in is none."""
    while True:
        try:
            yield str(told.recv())
        except (EOFError, OSError):
            return


def _seconds_of_a_round(home: Path, bills: Path) -> float:
    """How long it takes to load both versions, the longer of two rounds."""
    process, told = _start(home, bills)
    times: list[float] = []
    told.recv()
    for _ in range(2):
        begun = monotonic()
        assert (told.recv(), told.recv()) == ("done", "done")
        times.append(monotonic() - begun)
    process.kill()
    process.join()
    return max(times)


def _write(path: Path, month: int, rows: int, version: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'AWS' as ProviderName, '1' as BillingAccountId, 'USD' as BillingCurrency,"
            f" date '2026-{month:02}-01' as BillingPeriodStart, 'Usage' as ChargeCategory,"
            f" date '2026-{month:02}-02' as ChargePeriodStart, range * 0.25 as BilledCost,"
            f" range * 0.25 as EffectiveCost, '{version}-' || range as ResourceId"
            f" from range({rows})) to '{path}' (header)"
        )


def _versions(reader: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Which version each month holds; fails unless it is one, whole, and the manifest agrees."""
    found: list[str] = []
    months = reader.execute(
        "select month(BillingPeriodStart), split_part(ResourceId, '-', 1), count(*),"
        " count(distinct ResourceId), sum(BilledCost) from raw.focus group by all order by all"
    ).fetchall()
    stated = reader.execute(
        "select month(period), rows, billed_cost from raw.billing_manifest"
        " where status = 'loaded' order by all"
    ).fetchall()
    assert [row[0] for row in months] == [9, 10], months
    for month, version, rows, different, cost in months:
        expected = ROWS[version]
        exact = Decimal(expected * (expected - 1)) / 8
        assert (rows, different, cost) == (expected, expected, exact), (month, version)
        found.append(version)
    assert stated == [(month, rows, cost) for month, _, rows, _, cost in months]
    return tuple(found)
