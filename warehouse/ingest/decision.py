"""What a delivery is judged against, what the caller allows, and what is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from warehouse.ingest.errors import IngestError
from warehouse.ingest.records import Delivery, Status, Unit, Unread

Seen = tuple[str, tuple[str, date], str]  # feed, account and period, digest


@dataclass(frozen=True)
class Held:
    """One row of raw.billing_manifest that is loaded now."""

    feed: str
    cloud: str
    billing_account: str
    period: date
    file: str
    origin: str
    digest: str
    rows: int
    billed_cost: Decimal | None
    submitted_at: datetime | None
    loaded_at: datetime
    currency: str
    sub_account: str  # empty = the whole account

    @property
    def unit(self) -> Unit:
        """What it is a part of."""
        return Unit(self.feed, self.billing_account, self.period)

    @property
    def place(self) -> tuple[str, date]:
        """Account and period, to compare."""
        return self.unit.place


@dataclass(frozen=True)
class Policy:
    """What the caller allows, and which files of the call could not be read."""

    accept_empty: bool = False
    replace_feed: bool = False
    unread: Mapping[str, Unread] = field(default_factory=dict[str, Unread])  # by absolute path


@dataclass
class Decision:
    """What to do with each unit of a delivery."""

    status: dict[Unit, Status] = field(default_factory=dict[Unit, Status])
    reason: dict[Unit, str] = field(default_factory=dict[Unit, str])
    note: dict[Unit, str] = field(default_factory=dict[Unit, str])  # alarms
    removed: list[Unit] = field(default_factory=list[Unit])  # what makes room, any feed
    refused: dict[Unit, IngestError] = field(default_factory=dict[Unit, IngestError])
    confirmed: list[Unit] = field(default_factory=list[Unit])  # delivered anew without a change

    @property
    def load(self) -> list[Unit]:
        """The units that are written."""
        return [unit for unit, status in self.status.items() if status == "loaded"]

    @property
    def changes(self) -> bool:
        """Whether the warehouse has to be written at all."""
        return bool(self.load or self.removed or self.confirmed)


def loaded_before(
    connection: DuckDBPyConnection, delivery: Delivery
) -> tuple[list[Held], dict[Seen, datetime]]:
    """What is loaded now: one row for each file, account, period and currency.

    And when content of these files was loaded that something newer has replaced since. One query,
    since each costs a lake's catalogue as much as many rows.
    """
    rows = connection.execute(
        "select status = 'loaded', source, cloud, billing_account, period, file, origin, digest,"
        " rows, billed_cost, submitted_at, loaded_at, currency, coalesce(sub_account, '')"
        " from raw.billing_manifest"
        " where status = 'loaded' or (status = 'superseded' and list_contains(?, digest))",
        [[bill.source.digest for bill in delivery.bills]],
    ).fetchall()
    replaced: dict[Seen, datetime] = {}
    for row in (Held(*row) for is_loaded, *row in rows if not is_loaded):
        content = seen(row.unit, row.digest)
        replaced[content] = max(row.loaded_at, replaced.get(content, row.loaded_at))
    return [Held(*row) for is_loaded, *row in rows if is_loaded], replaced


def seen(unit: Unit, digest: str) -> Seen:
    """To find a file's content again that was loaded for that unit."""
    return unit.feed, unit.place, digest
