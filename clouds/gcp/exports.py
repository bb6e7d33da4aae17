"""Bring the billing export of BigQuery into a folder: one Parquet file for each invoice month."""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from clouds.cloud import Exports, Failure
from clouds.errors import CloudError, Unauthorized, UnknownOption, Unreadable
from clouds.gcp.access import Access, sdk, stale, translated
from clouds.gcp.billing import DETAILED
from clouds.paging import read_anew

LOOK, READ = "bigquery.tables.get", "bigquery.tables.getData"
STATE = "state.json"
PAGE = 20_000  # lines in one answer; BigQuery gives fewer where they are long
LATE_DAYS = 31  # lines of a month are delivered after the month before it began

TableLayout = Literal["detailed", "focus"]
LAYOUTS: Mapping[str, tuple[str, Sequence[str]]] = {  # month of a line, when it was delivered
    "detailed": ("bill.invoice.month", ("export_time",)),
    "focus": ("format_timestamp('%Y%m', bill.BillingPeriodStart)", ("x_ExportTime",)),
}


@dataclass(frozen=True)
class Table:
    """A table of BigQuery that Cloud Billing exports to."""

    name: str  # project.dataset.table
    layout: TableLayout

    @property
    def account(self) -> str:
        """The project that holds it, in which the queries run."""
        return self.name.split(".")[0]


@dataclass(frozen=True)
class Month:
    """One invoice month of an export as it is now; the same again means that nothing was added."""

    month: str  # 202610
    lines: int
    newest: str  # when the last line was delivered, empty where the export does not say


def tables(given: Sequence[Mapping[str, str]]) -> list[Table]:
    """The source option `exports`. Raises `UnknownOption`."""
    takes = ["table: project.dataset.table", f"layout: {' or '.join(LAYOUTS)}"]
    found: list[Table] = []
    for each in given:
        name, layout = each.get("table", ""), each.get("layout", "detailed")
        if set(each) - {"table", "layout"} or name.count(".") != 2 or "`" in name:
            raise UnknownOption("gcp", f"exports has {dict(each)!r}", takes)
        if layout not in LAYOUTS:
            raise UnknownOption("gcp", f"exports has the layout {layout!r}", takes)
        found.append(Table(name, layout))  # type: ignore[arg-type]
    return found


def fetch_exports(
    access: Access, exports: Sequence[Table], folder: Path, anew: Collection[date] = ()
) -> Exports:
    """Read the months that changed since the last call; the files of all months are the answer.

    The months in `anew` are read even if they did not change.
    """
    paths: list[Path] = []
    failed: dict[str, Failure] = {}
    for table in exports:
        own = folder / table.name
        try:
            _refresh(access, table, own, anew)
        except Unauthorized as error:
            failed.setdefault(table.account, Failure(table.account, "", "", str(error)))
        except CloudError as error:
            failed[table.name] = Failure(table.account, "", "", f"{table.name}: {error}")
        paths += sorted(own.glob("*.parquet"))
    return Exports(paths, list(failed.values()))


def look(access: Access, table: Table) -> Any:
    """What BigQuery says about the table: its columns, its size, when it changed."""
    client = access.bigquery(table.account)
    with translated(LOOK):
        return client.get_table(table.name, retry=None)


def parse_columns(schema: Sequence[Any], layout: TableLayout) -> dict[str, str]:
    """Name in the file and expression in SQL of each column to read.

    Lists and records that the layout does not look into become JSON; amounts become the shortest
    text that reads back as the same number, so that no digit is lost.
    """
    if layout == "focus":
        return {each.name: _value(each, f"bill.`{each.name}`") for each in schema}
    found = {name: _leaf(schema, name.split("."), "bill") for name in DETAILED}
    return {name: sql for name, sql in found.items() if sql is not None}


def _refresh(access: Access, table: Table, folder: Path, anew: Collection[date]) -> None:
    """Bring the folder up to date with the table; every month is replaced as a whole."""
    looks = look(access, table)
    state = _state(folder)
    version = [str(looks.modified), looks.num_rows]
    if state.get("version") == version and not anew:
        return
    known = state.get("months", {})
    for month in anew:
        known.pop(f"{month:%Y%m}", None)
    for month in _months(access, table, looks):
        if known.get(month.month) != [month.lines, month.newest]:
            read_anew(partial(_write_month, access, table, looks, month, folder))
            known[month.month] = [month.lines, month.newest]
            _keep(folder, {"months": known})
    _keep(folder, {"version": version, "months": known})


def _months(access: Access, table: Table, looks: Any) -> list[Month]:
    """The months that the table holds, oldest first; this reads two narrow columns."""
    month, delivered = LAYOUTS[table.layout]
    names = [name for name in delivered if any(each.name == name for each in looks.schema)]
    newest = f"cast(max(bill.{names[0]}) as string)" if names else "''"
    query = (
        f"select {month} as month, count(*) as line_count, {newest} as newest"
        f" from `{table.name}` as bill group by 1 order by 1"
    )
    rows = [row for batch in _run(access, table, query, {}) for row in batch.to_pylist()]
    return [
        Month(str(row["month"]), int(row["line_count"]), str(row["newest"]))
        for row in rows
        if row["month"]
    ]


def _write_month(access: Access, table: Table, looks: Any, month: Month, folder: Path) -> None:
    """Put the lines of a month in place of what was there, in one step."""
    columns = parse_columns(looks.schema, table.layout)
    chosen = ", ".join(f"{sql} as c{number}" for number, sql in enumerate(columns.values()))
    query = (
        f"select {chosen} from `{table.name}` as bill"
        f" where {LAYOUTS[table.layout][0]} = @month{_partitions(looks, month.month)}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = 0

    def write(path: Path) -> None:
        nonlocal written
        batches = _run(access, table, query, {"month": month.month})
        first = next(batches).rename_columns(list(columns))
        with pq.ParquetWriter(path, first.schema) as writer:
            writer.write_batch(first)
            written = first.num_rows
            for batch in batches:
                writer.write_batch(batch.rename_columns(list(columns)))
                written += batch.num_rows
        if written < month.lines:
            raise Unreadable(
                f"month {month.month} has {month.lines} lines, but only {written} arrived. The "
                "earlier file of that month stays; run it again."
            )

    _replace(folder / f"{month.month[:4]}-{month.month[4:]}.parquet", write)


def _partitions(looks: Any, month: str) -> str:
    """A condition that spares BigQuery the partitions of earlier months."""
    partitioning = looks.time_partitioning
    if partitioning is None or partitioning.field is not None:
        return ""
    start = f"timestamp('{month[:4]}-{month[4:]}-01')"
    return f" and _PARTITIONTIME >= timestamp_sub({start}, interval {LATE_DAYS} day)"


def _run(access: Access, table: Table, query: str, parameters: Mapping[str, str]) -> Iterator[Any]:
    """The rows of a query in batches; the first batch is there even if it is empty."""
    bigquery = sdk("google.cloud.bigquery")
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(name, "STRING", value)
            for name, value in parameters.items()
        ]
    )
    pages = 0
    try:
        with translated(READ):
            job = access.bigquery(table.account).query(
                query, job_config=config, retry=None, job_retry=None
            )
            rows = job.result(page_size=PAGE, retry=None, job_retry=None)
            for batch in rows.to_arrow_iterable(bqstorage_client=None):
                pages += 1
                yield batch
    except Unreadable as error:
        if pages and (expired := stale(error)):
            raise expired from error
        raise


def _leaf(fields: Sequence[Any], path: Sequence[str], above: str) -> str | None:
    """The expression for a dotted name; null if the table has no such column."""
    for each in fields:
        if each.name == path[0]:
            here = f"{above}.`{each.name}`"
            return _leaf(each.fields, path[1:], here) if path[1:] else _value(each, here)
    return None


def _value(field: Any, sql: str) -> str:
    if field.field_type in ("RECORD", "STRUCT") or field.mode == "REPEATED":
        return f"to_json_string({sql})"
    if field.field_type in ("FLOAT", "FLOAT64"):
        return f"cast({sql} as string)"
    return sql


def _state(folder: Path) -> dict[str, Any]:
    file = folder / STATE
    return json.loads(file.read_text()) if file.exists() else {}


def _keep(folder: Path, state: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / STATE, lambda path: path.write_text(json.dumps(state, indent=1)))


def _replace(file: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file, then rename: whoever reads sees the old one or the new one."""
    temporary = file.with_suffix(".part")
    try:
        write(temporary)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
