"""Load bills into the warehouse: each account and period is replaced as a whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.ingest.decide import decide
from warehouse.ingest.decision import Decision, Policy
from warehouse.ingest.discover import discover, refused
from warehouse.ingest.errors import IngestError, StillLoaded, no_space
from warehouse.ingest.examine import BLAKE3, Algorithm
from warehouse.ingest.opener import Opener, Progress
from warehouse.ingest.records import Delivery, IngestReport, LoadedFile, Unread
from warehouse.ingest.replace import replace_units
from warehouse.ingest.settle import (
    Claim,
    Holders,
    by_currency,
    copy_entries,
    current_feeds,
    entry,
    settle,
    units,
)
from warehouse.lake import Lake


def ingest(
    lake: Lake,
    paths: Sequence[Path],
    *,
    now: datetime,
    progress: Progress = lambda message: None,
    accept_empty: bool = False,
    replace_feed: bool = False,
) -> IngestReport:
    """Load every bill under the paths; refuse what would make a total wrong, and go on.

    `accept_empty` lets a delivery without rows delete its period; `replace_feed` lets another feed
    take over an account and period. The order of the paths does not matter.
    """
    with _staging(lake) as staging:
        found = discover(paths)
        entries = list(found.settled)
        with _scratch(lake) as scratch:
            opener = Opener(scratch, staging, progress, entries, _algorithm(lake))
            deliveries = [opener.delivery(listing) for listing in found.listings]
            deliveries += opener.loose(found.loose)
            settled = settle(
                scratch, [each for each in deliveries if each], _loaded(lake), replace_feed
            )
        entries += settled.entries
        unread = {
            str(Path(entry.file).resolve()): Unread(entry.file)
            for entry in entries
            if entry.status == "rejected"
        } | opener.unread
        policy = Policy(accept_empty, replace_feed, unread)
        for delivery in settled.deliveries:
            progress(f"loading {_named(delivery)}")
            entries += _Load(lake, delivery, now, policy).run()
        rejected = {entry.file for entry in entries if entry.status == "rejected"}
        for bill, twin in settled.copies:
            entries += copy_entries(bill, twin, rejected)
    entries.sort(key=lambda e: (e.file, e.billing_account or "", str(e.period), e.currency or ""))
    return IngestReport(entries, lake.snapshot() if lake.exists() else 0, found.ignored)


def macros() -> str:
    """The SQL macros that the mappings use; to be run on each connection that maps."""
    return (files("warehouse.ingest") / "macros.sql").read_text()


def _loaded(lake: Lake) -> Mapping[Claim, Holders]:
    """Which feed fills which account and period."""
    if not lake.exists():
        return {}
    with lake.write("look at what is loaded") as write:  # writes nothing, so makes no snapshot
        return current_feeds(write.connection)


def _algorithm(lake: Lake) -> Algorithm:
    """How files are told apart: in a warehouse that knows some by SHA-256, by that as before."""
    if not lake.exists():
        return "blake3"
    with lake.write("look at how files are known") as write:  # writes nothing
        row = write.connection.execute(
            f"select bool_or(not starts_with(digest, '{BLAKE3}')) from raw.billing_manifest"
        ).fetchone()
    return "sha256" if row and row[0] else "blake3"


class _Load:
    """One delivery on its way into the lake."""

    def __init__(
        self,
        lake: Lake,
        delivery: Delivery,
        now: datetime,
        policy: Policy,
    ) -> None:
        self.lake = lake
        self.delivery = delivery
        self.now = now
        self.policy = policy

    def run(self) -> list[LoadedFile]:
        """Entries of all its files; the warehouse is as before unless every needed step worked."""
        try:
            with self.lake.write(f"ingest {_named(self.delivery)}") as write:
                decision = self._decide(write.connection)
                if decision.changes:
                    write.connection.execute(macros())
                    replace_units(write, self.delivery, decision, self.now)
                kept = self._rows_kept(write.connection)
            return self._entries(decision, kept)
        except IngestError as error:
            return self._refused(error)
        except (duckdb.Error, OSError) as error:
            full = no_space(_named(self.delivery), error)
            if full is None:
                raise
            return self._refused(full)

    def _decide(self, connection: DuckDBPyConnection) -> Decision:
        return decide(connection, self.delivery, self.policy)

    def _rows_kept(self, connection: DuckDBPyConnection) -> dict[str, int]:
        """How many rows of an earlier version of each loose file without rows are still loaded."""
        blank = {self.delivery.origin(b): b.shown for b in self.delivery.bills if not b.parts}
        if self.delivery.manifest or not blank:
            return {}
        rows = connection.execute(
            "select origin, sum(rows)::bigint from raw.billing_manifest where status = 'loaded'"
            " and list_contains(?, origin) group by origin",
            [list(blank)],
        ).fetchall()
        return {blank[origin]: count for origin, count in rows}

    def _entries(self, decision: Decision, kept: Mapping[str, int]) -> list[LoadedFile]:
        entries = [
            entry(bill, part, decision.status[unit], decision.reason.get(unit))
            for unit, parts in units(self.delivery).items()
            if unit not in decision.refused
            for bill, part in by_currency(parts)
        ]
        entries += [
            refused(shown, error, unit.period)
            for unit, error in decision.refused.items()
            for shown in dict.fromkeys(bill.shown for bill, _ in units(self.delivery)[unit])
        ]
        reason = "an empty part of the delivery" if self.delivery.bills else "no rows, none before"
        blank = [bill.shown for bill in self.delivery.bills if not bill.parts]
        blank += [found.shown for found in self.delivery.empty]
        entries += [
            refused(shown, StillLoaded(shown, kept[shown]))
            if shown in kept
            else LoadedFile(shown, "loaded", reason, rows=0)
            for shown in blank
        ]
        return entries

    def _refused(self, error: Exception) -> list[LoadedFile]:
        names = [bill.shown for bill in self.delivery.bills]
        names += [found.shown for found in self.delivery.empty]
        return [refused(name, error) for name in names or [self.delivery.shown]]


def _named(delivery: Delivery) -> str:
    if delivery.manifest:
        return delivery.shown
    names = [bill.shown for bill in delivery.bills]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


@contextmanager
def _staging(lake: Lake) -> Generator[Path]:
    """A folder of our own under the home; those of killed processes are removed first."""
    parent = lake.settings.home.resolve() / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        # One at a time, so that a folder which nobody has locked is never one that is being made.
        with _locked(parent):
            for old in parent.glob("ingest-*"):
                _remove_if_abandoned(old)
            folder = Path(mkdtemp(prefix="ingest-", dir=parent))
            stack.enter_context(_locked(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        with _locked(folder, fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # in use, or already gone
        return


@contextmanager
def _locked(folder: Path, how: int = 0) -> Generator[None]:
    """Hold the folder itself: the lock ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _scratch(lake: Lake) -> Generator[DuckDBPyConnection]:
    """A DuckDB of our own to read files with, so that the lake is locked only to write."""
    with duckdb.connect(
        config={
            "memory_limit": lake.settings.memory_limit,
            "temp_directory": str(lake.settings.home.resolve() / "tmp"),
            "autoload_known_extensions": False,
        }
    ) as connection:
        if lake.settings.threads:
            connection.execute(f"set threads = {lake.settings.threads}")
        connection.execute(macros())
        yield connection
