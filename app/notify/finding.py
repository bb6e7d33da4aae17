"""What a rule finds in the published snapshot: something to tell, or to go on following."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from actions.feedback import Feedback
from app.notify.message import Message
from pipelines.alert_settings import FilterSettings


@dataclass(frozen=True)
class Finding:
    """One cause of one rule, as it is now."""

    cause: str  # budget and period, series, or source
    message: Message
    level: int | None = None  # how bad: of a budget the share; a higher one is told anew
    starts_on: date | None = None  # of an incident: by its days it is known again
    ends_on: date | None = None  # exclusive
    is_over: bool = False
    end: Message | None = None  # how it is told to be over, if not as usual
    is_critical: bool = False
    may_start: bool = True  # False: only followed to its end, if it was told before
    is_silenced: bool = False  # somebody dismissed or expects it: withdrawn without a word


@dataclass(frozen=True)
class Place:
    """Where rules look: the published snapshot, what people said, and the clock of the data."""

    connection: DuckDBPyConnection
    today: date  # of the snapshot
    clock: datetime  # moves on when the pipeline does not
    said: Sequence[Feedback]
    page: str | None  # public address of the dashboard
    budgets: Collection[str]  # ids of those that the ledger holds now

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer to a query, as dicts."""
        with self.connection.cursor() as cursor:
            cursor.execute("use lake")
            found = cursor.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def link(self, path: str) -> str | None:
        """The address of a page, if the public address is known."""
        return f"{self.page.rstrip('/')}/{path}" if self.page else None


def agrees(row: Mapping[str, Any], wanted: FilterSettings) -> bool:
    """Whether a row is what the rule is about."""
    return all(
        value is None or row.get(name) == value
        for name, value in (
            ("cloud", wanted.cloud), ("account", wanted.account), ("service", wanted.service),
        )
    )  # fmt: skip


Judge = Callable[[Place, Any], list[Finding]]
