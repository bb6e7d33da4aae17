"""Write a delivery: delete the periods it replaces, insert its rows, record what was loaded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from duckdb import DuckDBPyConnection

from warehouse.ingest.decision import Decision
from warehouse.ingest.errors import NotReadable
from warehouse.ingest.focus import literal
from warehouse.ingest.records import Bill, Delivery, Part, Unit
from warehouse.ingest.settle import by_currency, units

FILES_AT_ONCE = 64  # that one insert reads; more would only hold more files open


def replace_units(
    connection: DuckDBPyConnection, delivery: Delivery, decision: Decision, now: datetime
) -> None:
    """Everything inside the caller's transaction. Raises if the rows are not those measured."""
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
    bills = list({bill.shown: bill for unit in decision.load for bill, _ in wanted[unit]}.values())
    connection.execute("set preserve_insertion_order = false")
    for start in range(0, len(bills), FILES_AT_ONCE):
        _insert(connection, bills[start : start + FILES_AT_ONCE], decision.load, wanted, export)
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


def _insert(
    connection: DuckDBPyConnection,
    bills: Sequence[Bill],
    load: Sequence[Unit],
    wanted: dict[Unit, list[tuple[Bill, Part]]],
    export: str,
) -> None:
    selects: list[str] = []
    expected = 0
    for bill in bills:
        parts = {unit: [p for b, p in wanted[unit] if b is bill] for unit in load}
        filled = {unit: given for unit, given in parts.items() if given}
        expected += sum(part.rows for given in filled.values() for part in given)
        selects.append(_select(bill, filled, export))
    query = f"insert into raw.focus by name {' union all by name '.join(selects)}"
    row = connection.execute(query).fetchone()
    written = row[0] if row else 0
    if written != expected:
        names = ", ".join(bill.shown for bill in bills)
        raise NotReadable(
            names, f"{written} rows at the second reading", f"{expected} as at the first",
            "the file is being written: ingest it again when that is done",
        )  # fmt: skip


def _select(bill: Bill, filled: dict[Unit, list[Part]], export: str) -> str:
    """The rows of the file that are loaded, in the columns of raw.focus."""
    clouds = {part.cloud for part in bill.parts}
    cloud = literal(next(iter(clouds))) if len(clouds) == 1 else "cloud_of(ProviderName)"
    star = "*"
    if "x_credits" in bill.select:
        star = "* exclude (x_credits)"
    if bill.native is None and "azure" in clouds and " as ResourceId" in bill.select:
        lowered = f"if({cloud} = 'azure', lower(ResourceId), ResourceId)"
        star = f"* replace ({lowered} as ResourceId)"
    where = ""
    if sum(part.rows for given in filled.values() for part in given) != bill.rows:
        where = f" where {_any_of(list(filled))}"
    return (
        f"(select {star}, {cloud} as x_cloud, {_feeds(list(filled))} as x_source,"
        f" {literal(export)} as x_export, {literal(bill.shown)} as x_file"
        f" from ({bill.select}){where})"
    )


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
    digests = sorted(bill.source.sha256 for bill in delivery.bills)
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
            bill.source.sha256,
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
