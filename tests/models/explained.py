"""Incidents of planted steps, and facts that explain them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from planted import FIRST, frame

from models.anomaly.expected import Facts
from models.anomaly.incident import Incidents, incidents
from models.anomaly.run import Found, find

DAYS = 120
CALENDAR = [FIRST + timedelta(days=k) for k in range(DAYS)]
UNTIL = CALENDAR[-1] + timedelta(days=1)
ONSET = 100
CHANGES = {"id": pl.String, "resource_id": pl.String, "what": pl.String, "at": pl.Datetime("us"),
           "text": pl.String, "explains": pl.String}  # fmt: skip
COMMITMENTS = {"id": pl.String, "commitment_id": pl.String, "what": pl.String,
               "on_day": pl.Date}  # fmt: skip


def costs_of(onsets: list[int], factor: float = 2.0) -> pl.DataFrame:
    """Daily costs of one series per onset, each of which steps up on its day."""
    random = np.random.default_rng(1)
    values = 100 * random.normal(1, 0.02, (len(onsets), DAYS))
    for row, onset in enumerate(onsets):
        values[row, onset:] *= factor
    return frame(values, CALENDAR)


def stepped(onsets: list[int], factor: float = 2.0) -> Found:
    """The incidents of these series."""
    return find(costs_of(onsets, factor), until=UNTIL)


def item(
    one: dict[str, Any], dimension: str, value: str, share: float = 1.0, *, carried: float = 0.5,
    price: float = 0.0, **also: Any,
) -> dict[str, Any]:  # fmt: skip
    """A value that explains that share of a series' incident."""
    impact = Decimal(str(round(one["impact"] * share, 9)))
    expected = Decimal(str(round(one["expected"] * carried, 9)))
    by_price = Decimal(str(round(float(impact) * price, 9)))
    zero = Decimal("0.000000000")
    return {
        "id": one["id"], "dimension": dimension, "value": value, "name": None,
        "actual": expected + impact, "expected": expected, "impact": impact,
        "quantity_effect": impact - by_price, "price_effect": by_price, "mix_effect": zero,
        "unknown_effect": zero,
        "is_new": False, "is_gone": False, **also,
    }  # fmt: skip


def together(
    found: Found,
    items: list[dict[str, Any]],
    changes: list[dict[str, Any]] | None = None,
    commitments: list[dict[str, Any]] | None = None,
) -> Incidents:
    whole = [
        item(one, dimension, one[dimension] if dimension == "service" else "any", carried=1.0)
        for one in found.incidents.to_dicts()
        for dimension in ("service", "sku")
    ]
    facts = Facts(
        pl.DataFrame([*whole, *items], infer_schema_length=None),
        pl.DataFrame(changes or [], schema=CHANGES),
        pl.DataFrame(commitments or [], schema=COMMITMENTS),
    )
    return incidents(found, facts, until=UNTIL)
