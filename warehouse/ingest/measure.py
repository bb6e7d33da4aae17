"""What a file adds up to, and where exactly it is wrong."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from clouds.billing import Layout
from warehouse.ingest.calendar_months import begin_within_months, with_calendar_months
from warehouse.ingest.currencies import CURRENCIES
from warehouse.ingest.errors import BadValue, IngestError, NotReadable, UnknownCurrency
from warehouse.ingest.focus import Kind, fits, focus_names, version
from warehouse.ingest.layouts import (
    columns_of,
    focus_sql,
    native_sql,
    recognise,
    text_sql,
    unreadable_columns,
    variant,
)
from warehouse.ingest.lines import CsvSource
from warehouse.ingest.records import Bill, Part, Source, place_of
from warehouse.ingest.sub_account import with_plain_sub_accounts

RETYPE: Mapping[Kind, str] = {
    "a decimal number": "export the column as DECIMAL, DOUBLE, integers or text",
    "a time": "export the column as TIMESTAMP, DATE or text",
    "a JSON list of credits": "export the column as a list of records with an amount, or as text",
}
IDENTITY = ("BillingAccountId", "BillingPeriodStart", "BillingCurrency")


def measure(connection: DuckDBPyConnection, source: Source, stated: str | None = None) -> Bill:
    """Recognise the file, check every value that must be a number or a time, and add it up.

    `stated` is what a manifest says about the kind of export. Raises any `IngestError`.
    """
    native = recognise(source)
    try:
        for column, test, expected in unreadable_columns(connection, source, native):
            raise _bad_value(connection, source, column, test, expected)
        if native is None:
            layout = f"focus-{version(source.columns)}"
            select = focus_sql(connection, source)
        else:
            layout = variant(connection, native, source, stated)
            select = native_sql(connection, native, source)
        parts = _parts(connection, source, native, select)
        if begin_within_months(parts):
            select = with_calendar_months(select)
            parts = _parts(connection, source, native, select)
        select = with_plain_sub_accounts(select, {part.cloud for part in parts})
        return Bill(source, layout, native, select, parts)
    except duckdb.Error as error:
        raise NotReadable(
            source.found.shown, f"rows can't be read ({str(error).splitlines()[0]})",
            "an undamaged file", "copy or export it again",
        ) from error  # fmt: skip


def months(connection: DuckDBPyConnection, source: Source) -> frozenset[tuple[str, date]] | None:
    """Accounts and billing periods (see `place_of`) of a file that was refused for something else.

    None if some of them can't be told.
    """
    try:
        native = recognise(source)
        select = native_sql(connection, native, source) if native else focus_sql(connection, source)
        rows = connection.execute(
            "select distinct BillingAccountId, cast(BillingPeriodStart as date)"
            f" from ({with_calendar_months(select)})"
        ).fetchall()
    except (IngestError, duckdb.Error):
        return None
    if any(None in row for row in rows):
        return None
    return frozenset(place_of(account, period) for account, period in rows)


def gaps(parts: Sequence[tuple[Bill, Part]]) -> str | None:
    """What to say of charges without a day or a category, and which totals lack them."""
    lacking = {
        "ChargePeriodStart (in no total by day)": [p.undated for _, p in parts],
        "ChargeCategory (shown as '(unknown)')": [p.uncategorised for _, p in parts],
    }
    missing = [
        f"{sum(rows)} {'row has' if sum(rows) == 1 else 'rows have'} no {column}"
        for column, rows in lacking.items()
        if any(rows)
    ]
    if not missing:
        return None
    names = sorted({bill.shown for bill, part in parts if part.undated or part.uncategorised})
    return (
        f"{'; '.join(missing)}. FOCUS requires that; they are kept and in the total of the period: "
        f"{', '.join(names[:3])}"
    )


def parts_of_files(connection: DuckDBPyConnection, select: str) -> dict[str, list[Part]] | None:
    """What the rows of several FOCUS files add up to, by x_file.

    None if a row lacks its account, period or currency, or if the currency is unknown.
    """
    rows = connection.execute(_sums(select, "x_file, ")).fetchall()
    found: dict[str, list[Part]] = {}
    for file, *row in rows:
        part = Part(*row)
        if None in row[: len(IDENTITY)] or part.currency not in CURRENCIES:
            return None
        found.setdefault(file, []).append(part)
    return found


def _sums(select: str, by: str = "") -> str:
    """The query of the fields of `Part`; `by` names further columns to group by, which go first."""
    credit = "sum(x_credits)" if "x_credits" in select else "cast(null as decimal(38, 18))"
    costs = [  # a sum may exceed its own type; through text it can't
        f"cast(cast(sum({column}) as varchar) as decimal(38, 18))"
        if column in select
        else "cast(null as decimal(38, 18))"
        for column in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    ]
    return (
        f"select {by}BillingAccountId, cast(BillingPeriodStart as date), BillingCurrency,"
        " coalesce(ProviderName, ''), coalesce(cloud_of(ProviderName), 'unknown'), count(*),"
        f" {', '.join(costs)}, {credit},"
        " count(*) filter (where BilledCost is null or EffectiveCost is null),"
        " count(*) filter (where ChargePeriodStart is null),"
        " count(*) filter (where ChargeCategory is null)"
        f" from ({select}) group by all order by all"
    )


def _parts(
    connection: DuckDBPyConnection, source: Source, native: Layout | None, select: str
) -> Sequence[Part]:
    rows: list[tuple[Any, ...]] = connection.execute(_sums(select)).fetchall()
    for position, column in enumerate(IDENTITY):
        empty = sum(row[5] for row in rows if row[position] is None)
        if empty:
            raise _empty(connection, source, native, select, column, empty)
    unknown = {row[2]: 0 for row in rows if row[2] not in CURRENCIES}
    for currency in unknown:
        count = sum(row[5] for row in rows if row[2] == currency)
        name = _own_name(source, native, "BillingCurrency", "currency")
        place = _place(connection, source, f"{text_sql(source, name)} = ?", [currency])
        raise UnknownCurrency(source.found.shown, place, name, currency, count)
    return [Part(*row) for row in rows]


def _empty(
    connection: DuckDBPyConnection,
    source: Source,
    native: Layout | None,
    select: str,
    column: str,
    rows: int,
) -> BadValue:
    words = {
        "BillingAccountId": "account",
        "BillingPeriodStart": "period",
        "BillingCurrency": "curr",
    }
    name = _own_name(source, native, column, words[column])
    place = "some rows"
    if name in source.columns:
        place = _place(connection, source, f"{text_sql(source, name)} is null", [])
    return BadValue(source.found.shown, place, name, "", "a value in every row", rows)


def _own_name(source: Source, native: Layout | None, column: str, word: str) -> str:
    """The file's own name of a FOCUS column."""
    if native is None:
        return focus_names(source.columns)[column]
    names = columns_of(native, source.columns)
    return next((given[0] for known, given in names.items() if word in known.lower()), column)


def _bad_value(
    connection: DuckDBPyConnection, source: Source, column: str, test: str, expected: Kind
) -> BadValue:
    row = connection.execute(
        f"select count(*), min_by({text_sql(source, column)}, file_row_number)"
        f" from {source.relation} where {test}"
    ).fetchone()
    assert row is not None
    place = _place(connection, source, test, [])
    found = source.found.shown, place, column, str(row[1]), expected, row[0]
    type_ = source.types[column]
    if type_ == "VARCHAR":
        return BadValue(*found)
    return BadValue(*found, type_, BadValue.CURE if fits(type_, expected) else RETYPE[expected])


def _place(connection: DuckDBPyConnection, source: Source, test: str, values: Sequence[Any]) -> str:
    """Where the first row that passes the test is: `line 7`, counted as a text editor does."""
    found = connection.execute(
        f"select min(file_row_number) from {source.relation} where {test}", list(values)
    ).fetchone()
    if found is None or found[0] is None:
        return "some rows"
    if isinstance(source, CsvSource):
        return f"line {source.line_of(found[0])}"
    return f"row {found[0] + 1}"
