"""Incidents of bills of a few lines a day, explained from a small warehouse."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from estate import line, warehouse

from models.anomaly.incident import Incidents, incidents
from models.anomaly.run import find
from pipelines.assets.anomalies import facts
from pipelines.assets.costs import query
from warehouse.build import build

FIRST = date(2026, 1, 5)  # a Monday
DAYS, ONSET = 70, 60
UNTIL = FIRST + timedelta(days=DAYS)
BEGAN = FIRST + timedelta(days=ONSET)

OTHER = {"cost": 3000, "ServiceName": "Other", "ResourceId": "o"}  # the rest of the company

Sold = Callable[[int, bool], list[dict[str, Any]]]


def sold(resource: str, quantity: float, price: float, sku: str = "sku-1", **also: Any
         ) -> dict[str, Any]:  # fmt: skip
    """One charge of one day."""
    return {"ResourceId": resource, "PricingQuantity": Decimal(str(quantity)), "SkuId": sku,
            "cost": quantity * price, "PricingUnit": "GB", **also}  # fmt: skip


def explained(daily: Sold, **tables: list[dict[str, Any]]) -> Incidents:
    """Incidents of a bill that has these charges every day; the flag says: since the onset."""
    lines = [
        line((FIRST + timedelta(days=number)).isoformat(), f"{charge.pop('cost'):.6f}", **charge)
        for number in range(DAYS)
        for charge in [*daily(number, number >= ONSET), dict(OTHER)]
    ]
    connection = warehouse(raw_focus=lines, **tables)
    named = ["marts.account", "marts.billed_resource", "marts.billed_commitment",
             "marts.daily_cost"]  # fmt: skip
    build(connection, datetime.combine(UNTIL, datetime.min.time()), named)
    connection.execute("set variable until = ?", [UNTIL])
    history = connection.execute(query("usage_costs.sql")).pl()
    found = find(history, until=UNTIL)
    return incidents(found, facts(connection, found, UNTIL), until=UNTIL)


def noise(number: int) -> float:
    """A little, and never twice the same within a week."""
    return 1 + 0.01 * ((number * 5) % 7 - 3)


def first(made: Incidents) -> dict[str, Any]:
    """The one incident's first cause."""
    assert made.anomaly.height == 1
    return made.cause.row(0, named=True)


AT_ONSET = datetime.combine(BEGAN, datetime.min.time()) + timedelta(hours=3)
LIFE = {"cloud": "aws", "resource_id": "i-1", "kind": "instance", "state": "running",
        "created_at": datetime(2025, 1, 1)}  # fmt: skip


def grown(factor: float) -> Sold:
    """One machine that costs so many times as much since the onset."""
    return lambda n, after: [sold("i-1", (24 * factor if after else 24) * noise(n), 5)]


def because(made: Incidents) -> str | None:
    """Why the one incident was expected."""
    (reason,) = made.anomaly["expected_because"].to_list()
    return reason
