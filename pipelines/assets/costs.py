"""Daily cost per series, as far as it is billed completely: the frame that models are fitted on."""

from datetime import date
from importlib.resources import files

import polars as pl

from pipelines.work import Work


def costs(work: Work, *, usage_only: bool) -> tuple[pl.DataFrame, date | None]:
    """Columns cloud, account, service, currency, day, cost; and the first day that is not known.

    `usage_only` leaves out taxes, credits, purchases and corrections. No bills: an empty frame and
    None.
    """
    with work.reading() as (connection, _):
        known = connection.execute(query("until.sql")).fetchone()
        until: date | None = known[0] if known else None
        connection.execute("set variable until = ?", [until])
        name = "usage_costs.sql" if usage_only else "all_costs.sql"
        return connection.execute(query(name)).pl(), until


def query(name: str) -> str:
    """Text of an SQL file that lies beside the assets."""
    return (files("pipelines.assets") / name).read_text()
