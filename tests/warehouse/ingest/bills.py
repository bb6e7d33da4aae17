"""Builders of bills and of the lake they are loaded into."""

import atexit
import csv
import gzip
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from warehouse.ingest.load import ingest
from warehouse.ingest.records import IngestReport
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

NOW = datetime(2026, 11, 20, 8)
SAMPLES = Path(__file__).parents[2] / "samples"
SHARED = Path(__file__).parents[4] / "shared"

LINE: Mapping[str, str] = {
    "BilledCost": "1.5",
    "BillingAccountId": "111111111111",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodEnd": "2026-10-02T00:00:00Z",
    "ChargePeriodStart": "2026-10-01T00:00:00Z",
    "EffectiveCost": "1.25",
    "ListCost": "2",
    "ContractedCost": "1.5",
    "ProviderName": "AWS",
    "InvoiceId": "INV-1",
    "ResourceId": "i-1",
    "ServiceName": "AmazonEC2",
    "ServiceCategory": "Compute",
    "SubAccountId": "222222222222",
    "Tags": '{"team": "data"}',
}
"""One FOCUS 1.2 charge line."""


def line(**changed: str) -> dict[str, str]:
    """A charge line that differs from LINE as given."""
    return {**LINE, **changed}


def lines(count: int, **changed: str) -> list[dict[str, str]]:
    """Different charge lines, of 1, 2, 3 ... units of money."""
    return [
        line(ResourceId=f"i-{n}", **{"BilledCost": str(n), "EffectiveCost": str(n), **changed})
        for n in range(1, count + 1)
    ]


def write(path: Path, rows: Sequence[Mapping[str, str]], header: Sequence[str] = ()) -> Path:
    """A CSV file; `.gz` at the end of its name compresses it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(header or rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path: Path, query: str) -> Path:
    """A Parquet file of a query."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path


def write_json(path: Path, content: object) -> Path:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def lake_in(folder: Path) -> Lake:
    """An empty lake, a copy of one made before: making one takes longer than most tests."""
    shutil.copytree(_empty_home(), folder / "home")
    return Lake(LakeSettings(home=folder / "home"))


@cache
def _empty_home() -> Path:
    home = Path(mkdtemp())
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    lake = Lake(LakeSettings(home=home))
    with lake.write("create"):
        pass
    lake.close()
    return home


def load(
    lake: Lake, *paths: Path, accept_empty: bool = False, replace_feed: bool = False
) -> IngestReport:
    """Ingest at a fixed time."""
    return ingest(lake, paths, now=NOW, accept_empty=accept_empty, replace_feed=replace_feed)


def statuses(report: IngestReport) -> dict[str, set[str]]:
    """What became of each file, by its name."""
    found: dict[str, set[str]] = {}
    for entry in report.loaded:
        found.setdefault(Path(entry.file).name, set()).add(entry.status)
    return found


def reason(report: IngestReport, name: str) -> str:
    """The reason given for a file."""
    return next(e.reason or "" for e in report.loaded if Path(e.file).name == name)


def query(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the newest snapshot, by the connection that is there already."""
    with lake.write("look") as write:
        return write.connection.execute(sql).fetchall()


def one(lake: Lake, columns: str) -> tuple[Any, ...]:
    """Columns of the only charge line, or of all if they are the same."""
    [row] = query(lake, f"select {columns} from raw.focus")
    return row


def total(lake: Lake, where: str = "true") -> tuple[int, Decimal | None]:
    """Number of charge lines and the sum of their billed cost."""
    [row] = query(lake, f"select count(*), sum(BilledCost) from raw.focus where {where}")
    return row[0], row[1]


def reference(file: Path) -> dict[str, list[dict[str, str]]]:
    """The known totals of a reference table, by file."""
    found: dict[str, list[dict[str, str]]] = {}
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["file"], []).append(row)
    return found


def ordered(values: Iterable[str]) -> list[str]:
    """Sorted, for comparisons."""
    return sorted(values)
