"""Read FOCUS files of one header in a single pass: each row checked, mapped and staged once.

A file costs next to nothing by itself then. What is wrong, and where, is not found out here: the
caller reads the files one by one for that.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.ingest.calendar_months import begin_within_months
from warehouse.ingest.delimited import rows_of
from warehouse.ingest.discover import Listing
from warehouse.ingest.errors import IngestError
from warehouse.ingest.examine import Examined, parquet
from warehouse.ingest.focus import focus_names, stored_columns, version
from warehouse.ingest.layouts import aliased, focus_columns, recognise
from warehouse.ingest.measure import parts_of_files
from warehouse.ingest.records import Bill, Source, Staged
from warehouse.ingest.sub_account import with_plain_sub_accounts
from warehouse.sql_text import literal

OFTEN_EQUAL = {  # amounts that a bill mostly states twice, so that the text has to be read once
    "ContractedCost": "BilledCost",
    "ConsumedQuantity": "PricingQuantity",
    "PricingCurrencyContractedUnitPrice": "ContractedUnitPrice",
    "PricingCurrencyEffectiveCost": "EffectiveCost",
    "PricingCurrencyListUnitPrice": "ListUnitPrice",
}
READ = {first: f"x_read_{first}" for first in OFTEN_EQUAL.values()}
OWN = {"file_index", "x_file", *map(str.lower, READ.values())}  # what a pass needs for itself


def fits(given: Examined) -> bool:
    """Whether the file may be read in one pass with others of its kind."""
    names = _names(given)
    if not names or given.found.beside or OWN & {name.lower() for name in names}:
        return False
    try:
        return recognise(given.rows(names)) is None
    except IngestError:
        return False


def read_together(
    connection: DuckDBPyConnection, files: Sequence[Examined], listing: Listing | None
) -> list[Bill] | None:
    """The bills of files that fit and have the same header and compression, in their order.

    Of files of a manifest the lines are staged as they will be loaded, feed and delivery included.
    None if anything is wrong with any of them, or if their periods have to be told otherwise.
    """
    names = _names(files[0])
    layout = f"focus-{version(dict.fromkeys(names, ''))}"
    run = listing.manifest.run if listing else ""
    feed = f"{layout}/{listing.manifest.export}" if listing else ""
    path = files[0].staged
    try:
        select = _stage(connection, files, path, run, feed)
        parts = parts_of_files(connection, select)
    except duckdb.Error:
        parts, select = None, ""
    if parts is None or begin_within_months([part for some in parts.values() for part in some]):
        path.unlink(missing_ok=True)
        return None
    clouds = {part.cloud for some in parts.values() for part in some}
    rows = sum(part.rows for some in parts.values() for part in some)
    select = with_plain_sub_accounts(select, clouds)
    among = Staged(select, path, rows, run, feed)
    return [
        Bill(
            source=replace(file.rows(names), relation=rows_of([file])),
            layout=layout,
            native=None,
            select=f"select * exclude (x_file) from ({select})"
            f" where x_file = {literal(file.shown)}",
            parts=parts.get(file.shown, []),
            among=among,
        )
        for file in files
    ]


def _read_once(source: Source, select: dict[str, str]) -> str:
    """The rows with the amounts that others repeat, which `select` then takes where it may."""
    names = focus_names(source.columns)
    repeated = {
        other: first for other, first in OFTEN_EQUAL.items() if names.keys() >= {other, first}
    }
    if not repeated:
        return source.relation
    read = aliased({READ[first]: select[first] for first in repeated.values()})
    for other, first in repeated.items():
        is_equal = f"{source.columns[names[other]]} = {source.columns[names[first]]}"
        select[other] = f"if({is_equal}, {READ[first]}, {select[other]})"
        select[first] = READ[first]
    return f"(select *, {read} from {source.relation})"


def _names(given: Examined) -> Sequence[str]:
    return given.header.names if given.header else ()


def _stage(
    connection: DuckDBPyConnection, files: Sequence[Examined], target: Path, run: str, feed: str
) -> str:
    """Write what raw.focus holds of the files, and return the query that reads it.

    Texts that are no numbers and no times stop it, as malformed rows do.
    """
    shown = ", ".join(literal(file.shown) for file in files)
    rows = f"(select *, ([{shown}])[cast(file_index + 1 as int)] as x_file from {rows_of(files)})"
    source = replace(files[0].rows(_names(files[0])), relation=rows)
    select = focus_columns(source)
    rows = _read_once(source, select)
    times = [name for name in select if stored_columns().get(name) == "TIMESTAMP"]
    are_times = " and ".join(f"coalesce(isfinite({name}), true)" for name in times)
    mapped = f"select {aliased(select)}, x_file from {rows}"
    checked = f"if({are_times}, x_file, error('no time')) as x_file"
    load = ""
    if run:
        load = ", cloud_of(ProviderName) as x_cloud"
        load += f", x_cloud || {literal('/' + feed)} as x_source, {literal(run)} as x_export"
    connection.execute("set preserve_insertion_order = false")
    try:
        connection.execute(
            f"copy (select * replace ({checked}){load} from ({mapped})) to {literal(str(target))}"
            " (format parquet)"
        )
    finally:
        connection.execute("reset preserve_insertion_order")
    return f"select {aliased({name: name for name in select})}, x_file from {parquet(target)}"
