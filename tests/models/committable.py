"""Usage, prices and owned commitments of a small estate, and the plan that is made of them."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from models.commitments.run import plans
from models.commitments.scope import Facts

UNTIL = date(2026, 3, 20)
DAYS = 120
LIST = 0.10  # an hour of one m5.large


def lines(
    level: float = 10.0, days: int = DAYS, *, commitment: str | None = None, **columns: Any
) -> list[dict[str, Any]]:
    """Daily lines of instances that cost `level` an hour at their list price."""
    random = np.random.default_rng(3)
    first = datetime(UNTIL.year, UNTIL.month, UNTIL.day) - timedelta(days=days)
    return [
        {
            "starts_at": first + timedelta(days=number),
            "slot_hours": 24, "cloud": "aws", "billing_account": "payer", "currency": "USD",
            "region": "eu-west-1", "instance_type": "m5.large", "family": "m5", "os": "linux",
            "commitment_id": commitment, "on_demand_cost": cost, "list_cost": cost,
            "until": UNTIL, **columns,
        }
        for number in range(days)
        for cost in [24 * level * (1 + 0.05 * float(random.standard_normal()))]
    ]  # fmt: skip


def price(price_type: str, ratio: float, **columns: Any) -> dict[str, Any]:
    return {
        "cloud": "aws", "currency": "USD", "region": "eu-west-1", "instance_type": "m5.large",
        "os": "linux", "price_type": price_type, "price_hour": LIST * ratio,
        "on_demand_hour": LIST, **columns,
    }  # fmt: skip


HELD = {"cloud": pl.String, "billing_account": pl.String, "currency": pl.String,
        "commitment_id": pl.String, "ends_on": pl.Date, "region": pl.String, "covers": pl.String,
        "idle_hour": pl.Float64, "is_unbilled": pl.Boolean, "hourly_cost": pl.Float64,
        "quantity": pl.Float64}  # fmt: skip
CUT = {"id": pl.String, "cloud": pl.String, "billing_account": pl.String, "currency": pl.String,
       "region": pl.String, "instance_type": pl.String, "os": pl.String,
       "list_hour": pl.Float64}  # fmt: skip
PRICES = [price("sp_instance_1y", 0.62), price("sp_1y", 0.72), price("sp_3y", 0.5)]


def planned(
    usage: list[dict[str, Any]],
    prices: list[dict[str, Any]] = PRICES,
    held: list[dict[str, Any]] | None = None,
    cuts: list[dict[str, Any]] | None = None,
) -> dict[str, pl.DataFrame]:
    facts = Facts(
        pl.DataFrame(usage, infer_schema_length=None),
        pl.DataFrame(prices, schema={
            "cloud": pl.String, "currency": pl.String, "region": pl.String,
            "instance_type": pl.String, "os": pl.String, "price_type": pl.String,
            "price_hour": pl.Float64, "on_demand_hour": pl.Float64,
        }),
        pl.DataFrame(held or [], schema=HELD),
        pl.DataFrame(cuts or [], schema=CUT),
    )  # fmt: skip
    return plans(facts, made_on=UNTIL)


def bought(found: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return found["commitment_plan"].filter("is_recommended")
