"""Alerts of one home: look at the published snapshot, queue what is new, send what is due."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from actions.budget import budgets
from actions.feedback import feedback
from actions.ledger import Ledger, open_ledger
from app.notify.deliver import Clock, Result, deliver, utc_now
from app.notify.finding import Place
from app.notify.follow import follow, follow_in
from app.notify.judge import Judged, judge
from app.notify.outbox import Draft
from pipelines.alert_settings import AlertSettings
from pipelines.settings import Settings
from pipelines.work import Work
from warehouse.errors import CatalogLost, NothingPublished
from warehouse.lake import Lake
from warehouse.transaction import telling

NEWEST = "select snapshot from lake.meta.published order by rowid desc limit 1"


@dataclass(frozen=True)
class Report:
    """What one look queued, what was sent, and what could not be looked at."""

    queued: Sequence[Draft]
    results: Sequence[Result]
    notes: Sequence[str]

    @property
    def failed(self) -> bool:
        """Whether a message did not get out."""
        return any(one.outcome != "sent" for one in self.results)

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "queued": [
                {
                    "rule": one.rule, "kind": one.kind, "phase": one.phase, "channel": one.channel,
                    "title": one.message.title, "is_critical": one.is_critical,
                }
                for one in self.queued
            ],
            "sent": [vars(one) for one in self.results],
            "notes": list(self.notes),
        }  # fmt: skip


class _Undo(Exception):
    """Ends a transaction that only tried."""


class Notifier:
    """Keeps the connections of one process; every method may be called again and again."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.alerts = settings.alerts or AlertSettings()
        self._settings = settings
        self._clock = clock
        self._follower: DuckDBPyConnection | None = None

    def published(self) -> int | None:
        """The published snapshot, if there is one. Cheap: one connection follows the lake."""
        try:
            with telling(self._settings.catalog, "a look for alerts"):
                self._follower = self._follower or self._lake.latest()
                with closing(self._follower.cursor()) as cursor:
                    found = cursor.execute(NEWEST).fetchone()
        except NothingPublished:
            return None
        except (duckdb.Error, CatalogLost):
            # The lake was moved or made anew, or its server is away: the next call attaches again.
            self._let_go()
            raise
        return found[0] if found else None

    def send(self) -> Report:
        """Look, queue, and send everything that is due."""
        queued, notes = self.look()
        return Report(queued, self.deliver(), notes)

    def look(self) -> tuple[Sequence[Draft], Sequence[str]]:
        """Queue what the rules find new; and why some could not look."""
        judged, notes = self._judge(lambda: self._ledger)
        return follow(self._ledger, judged, self._clock()), notes

    def deliver(self) -> list[Result]:
        """Send what is due."""
        return deliver(self._ledger, self.alerts, self._settings.home, clock=self._clock)

    def rehearse(self) -> Report:
        """What `send` would queue now. Nothing is written and nothing is sent."""
        if self._settings.ledger or (self._settings.home / "ledger.sqlite").exists():
            return self._rehearse(self._ledger)
        with TemporaryDirectory() as folder:
            ledger = open_ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}")
            with closing(ledger):
                return self._rehearse(ledger)

    def close(self) -> None:
        """Let go of both stores."""
        self._let_go()
        if "_ledger" in self.__dict__:
            self._ledger.close()

    def _let_go(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _rehearse(self, ledger: Ledger) -> Report:
        judged, notes = self._judge(lambda: ledger)
        drafts: list[Draft] = []
        try:
            with ledger.write() as connection:
                drafts = follow_in(connection, judged, self._clock())
                raise _Undo
        except _Undo:
            return Report(drafts, (), notes)

    def _judge(self, ledger: Callable[[], Ledger]) -> tuple[list[Judged], list[str]]:
        if not self.alerts.rules:
            return [], []
        try:
            published = self._lake.published()
        except NothingPublished:
            return [], ["Nothing has been published yet, so that there is nothing to look at."]
        with closing(self._lake.reader(published.snapshot)) as connection:
            place = Place(
                connection, published.as_of.date(), self._work.clock, feedback(ledger()),
                self.alerts.page, budgets(ledger())["id"].to_list(),
            )  # fmt: skip
            return judge(place, self.alerts.rules)

    @cached_property
    def _lake(self) -> Lake:
        return Lake(self._settings)

    @cached_property
    def _work(self) -> Work:
        return Work(self._settings)

    @cached_property
    def _ledger(self) -> Ledger:
        self._settings.home.mkdir(parents=True, exist_ok=True)
        return open_ledger(self._settings.ledger_url)
