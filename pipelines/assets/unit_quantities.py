"""Count the units of work of the settings: requests, customers, builds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from pipelines.allocation_settings import UnitSettings
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import replace
from pipelines.errors import BrokenUnit
from pipelines.work import Work
from warehouse.errors import QueryRefused
from warehouse.query import check
from warehouse.sql_text import literal

ISO = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$"
AMOUNT = "nullif(trim(quantity), '')"  # some programs quote every cell, also empty ones
TEAM = "nullif(trim(asked.team::varchar), '')"  # as tags are read: blanks make no other team
SCHEMA = {
    "unit": pl.String(),
    "day": pl.Date(),
    "team": pl.String(),
    "quantity": pl.Decimal(38, 9),
}


@dg.asset(
    key=["models", "unit_quantity"],
    deps=[["marts", "allocation_daily"], ["raw", "metric"]],
    group_name="models",
    kinds={"duckdb", "sql"},
    pool=WRITE_POOL,
)
def unit_quantities(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per unit, day and team; a unit whose SQL fails is told and the others are counted.

    What was done for a team that pays for nothing is counted, and told: it has no cost.
    """
    allocation = work.settings.allocation
    frames, failed = [pl.DataFrame(schema=SCHEMA)], dict[str, str]()
    with work.reading() as (connection, _):
        for unit in allocation.units if allocation else ():
            try:
                found = count(connection, unit)
                frames.append(found)
                if strangers := _strangers(connection, found):
                    failed[f"unit {unit.name}"] = (
                        f"no cost is allocated to the team {', '.join(strangers)}; "
                        "what was done for it has no unit cost"
                    )
            except BrokenUnit as error:
                failed[f"unit {unit.name}"] = str(error)
    rows = replace(work, "units of work", {"models.unit_quantity": pl.concat(frames)})
    metadata = {"dagster/row_count": rows["models.unit_quantity"], "failed": failed}
    return dg.MaterializeResult(metadata=metadata)


def count(connection: DuckDBPyConnection, unit: UnitSettings) -> pl.DataFrame:
    """The quantities of one unit in the columns of SCHEMA. Raises `BrokenUnit`."""
    try:
        query = _query(connection, unit)
        found = connection.execute(f"select * from ({query}) limit 0")
        columns = [column[0] for column in found.description]
        _require(unit, columns)
        if unit.file is not None:
            _require_days(connection, unit.file, unit.name)
            query = f"select * replace ({_utc('day')} as day, {AMOUNT} as quantity) from ({query})"
        team = TEAM if "team" in columns else "null::varchar"
        counted = connection.execute(
            f"select ?::varchar as unit, asked.day::date as day, {team} as team,"
            f" asked.quantity::decimal(38, 9) as quantity"
            f" from ({query}) as asked where asked.quantity is not null"
            " order by all",
            [unit.name],
        ).pl()
    except (duckdb.Error, QueryRefused) as error:
        raise BrokenUnit(unit.name, str(error).strip()) from error
    if counted["day"].has_nulls():
        raise BrokenUnit(unit.name, "found a quantity without a day")
    negative = counted.filter(pl.col("quantity") < 0).head(1)
    for day, quantity in negative.select("day", "quantity").iter_rows():
        raise BrokenUnit(unit.name, f"found the quantity {quantity.normalize():f} on {day}")
    return counted


def _strangers(connection: DuckDBPyConnection, found: pl.DataFrame) -> list[str]:
    """The teams that pay for nothing."""
    teams = connection.execute("select distinct team from marts.allocation_daily").pl()["team"]
    return sorted(set(found["team"].drop_nulls()) - set(teams))


def _query(connection: DuckDBPyConnection, unit: UnitSettings) -> str:
    """What gives the columns: the file, or the SQL if it only reads the lake."""
    if unit.file is not None:
        return _rows(unit.file)
    sql = unit.sql or ""
    check(connection, sql)
    return f"{sql.strip().rstrip(';')}\n"  # its last line may end with a comment


def _rows(file: Path) -> str:
    # As text: guessed from the rows of a file, 10/08 is another day in the next file.
    return f"select * from read_csv({literal(str(file))}, header = true, all_varchar = true)"


def _require(unit: UnitSettings, columns: Sequence[str]) -> None:
    missing = {"day", "quantity"} - set(columns)
    if missing:
        raise BrokenUnit(unit.name, f"found the columns {', '.join(columns)}")


def _require_days(connection: DuckDBPyConnection, file: Path, unit: str) -> None:
    """Days that may be either of two are refused, not guessed. Raises `BrokenUnit`."""
    found = connection.execute(
        f"select number, day from (select *, row_number() over () as number from ({_rows(file)}))"
        f" where {AMOUNT} is not null and ({_utc('day')}) is null order by number limit 1"
    ).fetchone()
    if found:
        number, day = found
        what = "no day" if day is None else f"the day {day!r}"
        raise BrokenUnit(
            unit,
            f"{file}, row {number} after the header: found {what}, expected a day such as "
            "2026-11-22 or a time such as 2026-11-22T14:30:00Z",
        )


def _utc(column: str) -> str:
    """The time that an ISO text means, in UTC; null for any other text."""
    text = f"trim({column})"
    whole = rf"regexp_replace({text}, '([T ]\d\d:\d\d)(Z|[+-].*)$', '\1:00\2')"
    return (
        f"case when not regexp_matches({text}, {literal(ISO)}) then null"
        f" when regexp_matches({text}, '(Z|:.*[+-].*)$')"
        f" then try_cast({whole} as timestamptz) at time zone 'UTC'"
        f" else try_cast({text} as timestamp) end"
    )
