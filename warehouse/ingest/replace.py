"""Write a delivery: delete the periods it replaces, insert its rows, record what was loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from duckdb import DuckDBPyConnection

from warehouse.ingest.decision import Decision
from warehouse.ingest.errors import NotReadable
from warehouse.ingest.records import Bill, Delivery, Part, Staged, Unit
from warehouse.ingest.settle import by_currency, units
from warehouse.ingest.sub_account import AZURE
from warehouse.lake import Write
from warehouse.sql_text import literal

SCANS_AT_ONCE = 64  # that one insert makes; more would only hold more files open
COPIED = {AZURE, "unknown"}  # clouds whose staged lines are not final: ids to rewrite, no provider


def replace_units(write: Write, delivery: Delivery, decision: Decision, now: datetime) -> None:
    """Everything inside the caller's transaction. Raises if the rows are not those measured."""
    connection = write.connection
    for unit in dict.fromkeys(decision.removed):
        _delete(connection, unit)
    for unit in decision.confirmed:
        connection.execute(
            "update raw.billing_manifest set submitted_at = ? where status = 'loaded'"
            " and source = ? and billing_account = ? and period = ?",
            [delivery.submitted_at, unit.feed, unit.billing_account, unit.period],
        )
    wanted = units(delivery)
    export = _export(delivery)
    scans = _scans(decision.load, wanted, export)
    scans = [scan for scan in scans if not _adopted(write, scan)]
    connection.execute("set preserve_insertion_order = false")
    for start in range(0, len(scans), SCANS_AT_ONCE):
        _insert(connection, scans[start : start + SCANS_AT_ONCE])
    connection.execute("reset preserve_insertion_order")
    for unit in decision.load:
        _record(connection, delivery, unit, wanted[unit], export, decision.note.get(unit), now)


def _delete(connection: DuckDBPyConnection, unit: Unit) -> None:
    ends = unit.period + timedelta(days=1)
    connection.execute(
        "delete from raw.focus where x_source = ? and lower(BillingAccountId) = lower(?)"
        " and BillingPeriodStart >= ? and BillingPeriodStart < ?",
        [unit.feed, unit.billing_account, unit.period, ends],
    )
    connection.execute(
        "update raw.billing_manifest set status = 'superseded' where status = 'loaded'"
        " and source = ? and billing_account = ? and period = ?",
        [unit.feed, unit.billing_account, unit.period],
    )


@dataclass
class _Scan:
    """The rows of one file, or of files that were read together and are loaded alike."""

    columns: str
    rows: str
    where: str  # of which units, if not of all in the file
    staged: Staged | None  # that holds the rows, of these files and perhaps of others
    is_final: bool  # whether the rows are there as raw.focus holds them
    files: list[str] = field(default_factory=list[str])
    expected: int = 0  # rows

    def sql(self) -> str:
        tests = [self.where] if self.where else []
        if self.staged:
            tests.append(f"x_file in ({', '.join(map(literal, self.files))})")
        where = f" where {' and '.join(tests)}" if tests else ""
        return f"(select {self.columns} from ({self.rows}){where})"


def _scans(
    load: Sequence[Unit], wanted: Mapping[Unit, Sequence[tuple[Bill, Part]]], export: str
) -> list[_Scan]:
    """What to read, in the columns of raw.focus."""
    bills = {bill.shown: bill for unit in load for bill, _ in wanted[unit]}
    filled: dict[str, dict[Unit, list[Part]]] = {shown: {} for shown in bills}
    for unit in load:
        for bill, part in wanted[unit]:
            if bill is bills[bill.shown]:
                filled[bill.shown].setdefault(unit, []).append(part)
    scans: dict[tuple[str, str, str, bool], _Scan] = {}
    for shown, bill in bills.items():
        rows = sum(part.rows for parts in filled[shown].values() for part in parts)
        scan = _scan(bill, filled[shown], rows == bill.rows, export)
        scan = scans.setdefault((scan.columns, scan.rows, scan.where, scan.is_final), scan)
        scan.files.append(shown)
        scan.expected += rows
    return list(scans.values())


def _scan(bill: Bill, filled: Mapping[Unit, Sequence[Part]], is_whole: bool, export: str) -> _Scan:
    clouds = {part.cloud for part in bill.parts}
    cloud = literal(next(iter(clouds))) if len(clouds) == 1 else "cloud_of(ProviderName)"
    star = "*"
    if "x_credits" in bill.select:
        star = "* exclude (x_credits)"
    if bill.native is None and "azure" in clouds and " as ResourceId" in bill.select:
        lowered = f"if({cloud} = 'azure', lower(ResourceId), ResourceId)"
        star = f"* replace ({lowered} as ResourceId)"
    columns = f"{star}, {cloud} as x_cloud, {_feeds(list(filled))} as x_source"
    columns += f", {literal(export)} as x_export"
    where = "" if is_whole else _any_of(list(filled))
    if bill.among:
        is_final = is_whole and star == "*" and _is_final(bill.among, filled, export)
        return _Scan(columns, bill.among.select, where, bill.among, is_final)
    columns += f", {literal(bill.shown)} as x_file"
    return _Scan(columns, bill.select, where, None, is_final=False)


def _is_final(staged: Staged, filled: Mapping[Unit, Sequence[Part]], export: str) -> bool:
    """Whether the staged lines name the feeds and the delivery that they are loaded as."""
    feeds = {(unit.feed, part.cloud) for unit, parts in filled.items() for part in parts}
    return staged.run == export and all(
        feed == f"{cloud}/{staged.feed}" and cloud not in COPIED for feed, cloud in feeds
    )


def _adopted(write: Write, scan: _Scan) -> bool:
    """Whether the staged file could become a part of the table as it is, without a second copy."""
    staged = scan.staged
    if not staged or not scan.is_final or scan.expected != staged.rows:
        return False
    return write.adopt("raw", "focus", staged.path)


def _insert(connection: DuckDBPyConnection, scans: Sequence[_Scan]) -> None:
    selects = " union all by name ".join(scan.sql() for scan in scans)
    row = connection.execute(f"insert into raw.focus by name {selects}").fetchone()
    written, expected = row[0] if row else 0, sum(scan.expected for scan in scans)
    if written != expected:
        names = ", ".join(file for scan in scans for file in scan.files)
        raise NotReadable(
            names, f"{written} rows at the second reading", f"{expected} as at the first",
            "the file is being written: ingest it again when that is done",
        )  # fmt: skip


def _feeds(filled: Sequence[Unit]) -> str:
    feeds = {unit.feed for unit in filled}
    if len(feeds) == 1:
        return literal(feeds.pop())
    cases = [
        f"when {_any_of([unit for unit in filled if unit.feed == feed])} then {literal(feed)}"
        for feed in sorted(feeds)
    ]
    return f"case {' '.join(cases)} end"


def _any_of(filled: Sequence[Unit]) -> str:
    pairs = [
        f"(lower(BillingAccountId) = lower({literal(unit.billing_account)})"
        f" and cast(BillingPeriodStart as date) = date '{unit.period}')"
        for unit in filled
    ]
    return f"({' or '.join(pairs)})"


def _export(delivery: Delivery) -> str:
    if delivery.manifest:
        return delivery.manifest.run
    digests = sorted(bill.source.digest for bill in delivery.bills)
    return sha256("".join(digests).encode()).hexdigest()[:16]


def _record(
    connection: DuckDBPyConnection,
    delivery: Delivery,
    unit: Unit,
    parts: Sequence[tuple[Bill, Part]],
    export: str,
    note: str | None,
    now: datetime,
) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            unit.feed,
            export,
            bill.layout,
            unit.feed.split("/")[0],
            part.provider,
            part.billing_account,
            unit.period,
            part.currency,
            bill.shown,
            delivery.origin(bill),
            bill.source.digest,
            bill.source.size_bytes,
            delivery.submitted_at,
            part.rows,
            part.billed_cost,
            part.effective_cost,
            part.list_cost,
            part.contracted_cost,
            part.credits,
            "loaded",
            note,
            now,
            delivery.sub_account,
        )
        for bill, part in by_currency(parts)
    ]
    marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
    values = [value for row in rows for value in row]
    connection.execute(f"insert into raw.billing_manifest values {marks}", values)
