"""The figures of the overview, for the command line."""

from decimal import Decimal
from typing import Any

from rich.table import Table

from app.session import Session
from app.tables import table

_COLUMNS = (
    "currency", "month", "month_to_date", "last_month", "month_end_mean", "savings_low",
    "savings_high", "recommendations_open", "anomalies_open", "anomaly_impact",
)  # fmt: skip


def overview(session: Session) -> list[dict[str, Any]]:
    """The published figures, one entry per currency."""
    with session.lake.reader() as connection:
        rows = connection.execute(
            f"select {', '.join(_COLUMNS)} from marts.overview order by currency"
        ).fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


def overview_table(figures: list[dict[str, Any]]) -> Table:
    """One line per currency: amounts in different currencies are never added up."""
    from app.dashboard.money import between, full

    def money(one: dict[str, Any], name: str) -> str:
        return full(Decimal(str(one[name])) if one[name] is not None else None, one["currency"])

    rows = [
        (
            one["currency"],
            money(one, "last_month"),
            money(one, "month_to_date"),
            money(one, "month_end_mean"),
            between(one["savings_low"], one["savings_high"], one["currency"]),
            one["recommendations_open"],
            one["anomalies_open"],
        )
        for one in figures
    ]
    columns = [
        "currency", ">last month", ">this month", ">expected at its end", ">savings a month",
        ">recommendations", ">anomalies",
    ]  # fmt: skip
    return table(columns, rows)
