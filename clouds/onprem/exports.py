"""Keep one FOCUS file per billing month in a folder, as far as the days are over."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from clouds.onprem.files import replace_file
from clouds.onprem.history import Day, observed
from clouds.onprem.lines import month_lines
from clouds.onprem.rate_card import RateCard

MONTHS = 13  # before the running one: what a year-over-year comparison needs
FORMAT = "1"  # of the lines; another one writes all months anew


@dataclass(frozen=True)
class Folders:
    """Where the bills are, and what they are made from."""

    root: Path

    @property
    def bills(self) -> Path:
        """FOCUS files, nothing else."""
        return self.root / "focus"

    @property
    def history(self) -> Path:
        """What ran, one file per day; the only thing here that can't be made again."""
        return self.root / "observed"

    @property
    def made(self) -> Path:
        """From what each bill was made."""
        return self.root / "made"


def write_months(
    card: RateCard, folders: Folders, now: datetime, account: str, regions: Mapping[str, str]
) -> None:
    """Write each month with at least one day that is over; today is not.

    The same input gives the same bytes, and a month whose input did not change is left alone.
    """
    until = now.date()
    for month in _months(card, until):
        seen = {day: observed(folders.history, day) for day in _days(month, until)}
        path = folders.bills / f"focus-{month:%Y-%m}.parquet"
        note = folders.made / f"{month:%Y-%m}.sha256"
        made_from = _fingerprint(card, min(until, _after(month)), seen, account, regions)
        if path.exists() and note.exists() and note.read_text() == made_from:
            continue
        lines = month_lines(card, month, until, seen, account, regions)
        if lines.is_empty() and not path.exists():
            continue
        content = BytesIO()
        lines.write_parquet(content, compression="zstd", statistics=False)
        replace_file(path, content.getvalue())
        replace_file(note, made_from.encode())


def _months(card: RateCard, until: date) -> Iterator[date]:
    month = until.replace(day=1)
    for _ in range(MONTHS):
        month = (month - timedelta(days=1)).replace(day=1)
    month = max(month, card.first_day().replace(day=1))
    while month < until:
        yield month
        month = _after(month)


def _days(month: date, until: date) -> Iterator[date]:
    day = month
    while day < min(until, _after(month)):
        yield day
        day += timedelta(days=1)


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _fingerprint(
    card: RateCard, until: date, seen: Mapping[date, Day], account: str, regions: Mapping[str, str]
) -> str:
    known = {
        str(day): {host: [vars(guest) for guest in guests] for host, guests in hosts.items()}
        for day, hosts in seen.items()
    }
    made_from = [FORMAT, card.model_dump_json(), str(until), known, account, dict(regions)]
    return sha256(json.dumps(made_from, sort_keys=True, default=dict).encode()).hexdigest()
