"""Bills that tell no cost of what commitments cover, as Azure's actual cost does: what to say."""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from app.words import cloud_name

Row = Mapping[str, Any]  # cloud, first_month, last_month


def published(connection: DuckDBPyConnection) -> list[Row]:
    """One row per cloud of whose commitments the published snapshot knows no cost."""
    query = (files("app.dashboard") / "queries" / "untold_costs.sql").read_text()
    try:
        return _rows(connection.execute(query))
    except (duckdb.BinderException, duckdb.CatalogException):  # of an older version
        return []


def ingested(connection: DuckDBPyConnection, months: Sequence[date]) -> list[Row]:
    """The same of the lines of some billing months, before any table is made of them."""
    query = (files("app") / "untold_in_lines.sql").read_text()
    return _rows(connection.execute(query, {"months": list(months)}))


def sentence(row: Row, name: str | None = None) -> str:
    """What is missing and what to do; `name` is how the cloud is written, if not as usual."""
    months = dict.fromkeys(f"{row[month]:%b %Y}" for month in ("first_month", "last_month"))
    return (
        f"Effective cost is too low: the bills of {name or cloud_name(row['cloud'])} "
        f"({' to '.join(months)}) tell no cost of what commitments cover, as Azure's actual "
        "cost does. What was paid for commitments is in billed cost only: neither in forecasts "
        "and budgets, nor with teams. Load FOCUS or amortized cost in their place, with "
        "`instance-select ingest --replace-feed`."
    )


def _rows(result: DuckDBPyConnection) -> list[Row]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
