"""What the ingestion passes around, and what it reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from clouds.billing import Layout, Manifest

AZURE_ACCOUNT = "/providers/microsoft.billing/billingaccounts/"

Status = Literal["loaded", "unchanged", "superseded", "rejected"]


@dataclass(frozen=True)
class LoadedFile:
    """What became of one file, for one billing account, billing period and currency."""

    file: str  # the path as given, or as found under the given folder
    status: Status
    reason: str | None = None
    provider: str | None = None
    billing_account: str | None = None
    period: date | None = None  # first day of the billing month
    currency: str | None = None
    rows: int | None = None
    billed_cost: Decimal | None = None
    effective_cost: Decimal | None = None
    list_cost: Decimal | None = None


@dataclass(frozen=True)
class IngestReport:
    """Everything one call did; `snapshot` is the newest of the warehouse afterwards."""

    loaded: list[LoadedFile]
    snapshot: int
    ignored: Sequence[str] = ()  # files under the given folders of no kind that holds bills


@dataclass(frozen=True)
class Found:
    """One file that may hold bills."""

    shown: str  # the path as given, or as found under the given folder
    path: Path
    folder: str  # where it lies, without the parts of the path that are dates
    beside: Path | None = None  # a JSON file that says more about it


@dataclass(frozen=True)
class Source:
    """The bytes of one file, checked and open to SQL."""

    found: Found
    digest: str
    size_bytes: int
    relation: str  # a table function over the rows, in the file's order with file_row_number
    columns: Mapping[str, str]  # name of each column -> the SQL that reads it
    types: Mapping[str, str]  # name of each column -> its DuckDB type
    clean: frozenset[str]  # text columns in which no null is written as a text
    beside: str = "{}"


@dataclass(frozen=True)
class Part:
    """The charges of one file for one billing account, period, currency and provider."""

    billing_account: str
    period: date
    currency: str
    provider: str
    cloud: str
    rows: int
    billed_cost: Decimal | None
    effective_cost: Decimal | None
    list_cost: Decimal | None
    contracted_cost: Decimal | None
    credits: Decimal | None
    blank: int = 0  # rows without a billed or an effective cost, which are in no total
    undated: int = 0  # rows without the start of their charge period, which are in no day
    uncategorised: int = 0  # rows without a charge category


@dataclass(frozen=True)
class Staged:
    """Files that were read in one pass, as one file in the columns of raw.focus."""

    select: str  # its rows, with x_file but without the other columns of the load
    path: Path
    rows: int
    run: str  # x_export in the file; empty = it lacks the columns of the load
    feed: str  # x_source in the file, after the cloud of the line's provider


@dataclass(frozen=True)
class Bill:
    """One readable file: its layout, its mapping to FOCUS and what it adds up to."""

    source: Source
    layout: str
    native: Layout | None  # None: it is FOCUS
    select: str  # its rows in the columns of raw.focus, but for x_source, x_export and x_file
    parts: Sequence[Part]
    among: Staged | None = None  # all files that were read with it

    @property
    def shown(self) -> str:
        """The path as given."""
        return self.source.found.shown

    @property
    def rows(self) -> int:
        """Rows of the whole file."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class Unread:
    """A file that was refused for what is in it, and what it would have been a part of."""

    shown: str
    folder: str = ""
    months: frozenset[tuple[str, date]] | None = None
    """Its accounts, in lower case, and billing periods; None if they can't be told."""


@dataclass(frozen=True)
class Unit:
    """What is replaced as a whole: a feed's charges of one billing account and period."""

    feed: str
    billing_account: str
    period: date

    @property
    def place(self) -> tuple[str, date]:
        """Account and period, to compare: see `place_of`."""
        return place_of(self.billing_account, self.period)


def place_of(account: str, period: date) -> tuple[str, date]:
    """One account and period, however an export writes the letters of the account's id.

    Azure changes their case from one export to the next, and of its FOCUS exports only, the id of
    a billing account or profile is a path (macro `plain_account`).
    """
    plain = account.lower()
    return plain.rpartition("/")[2] if plain.startswith(AZURE_ACCOUNT) else plain, period


@dataclass(frozen=True)
class Delivery:
    """Files that are loaded together or not at all."""

    bills: Sequence[Bill]
    manifest: Manifest | None = None
    shown: str = ""  # of the manifest
    empty: Sequence[Found] = field(default_factory=list[Found])  # listed files of no bytes
    clouds: Mapping[tuple[str, date], str] = field(default_factory=dict[tuple[str, date], str])
    """The cloud that bills each account and period: see `warehouse.ingest.settle`."""

    def origin(self, bill: Bill) -> str:
        """Where a file came from, however its path was given: tells deliveries of it apart."""
        return self.manifest.origin if self.manifest else str(bill.source.found.path.resolve())

    @property
    def sub_account(self) -> str:
        """What of the billing account it is confined to; empty = all of it."""
        return self.manifest.sub_account if self.manifest else ""

    @property
    def submitted_at(self) -> datetime | None:
        """When the provider wrote it, as far as it says."""
        return self.manifest.submitted_at if self.manifest else None
