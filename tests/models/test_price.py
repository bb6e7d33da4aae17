"""Quantity and price apart: each by itself, and what a known step does to the price."""

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.price import BEFORE, COLUMNS, prices
from models.forecast.run import KEYS
from models.forecast.steps import KNOWN

MADE_ON = date(2025, 7, 20)
STEPS = 150
NOTHING = pl.DataFrame(schema=KNOWN)
SERIES = {"cloud": "aws", "account": "shop", "service": "EC2", "currency": "USD"}


def daily(quantity: np.ndarray, price: np.ndarray | float, **series: str) -> pl.DataFrame:
    days = [MADE_ON - timedelta(days=len(quantity) - k) for k in range(len(quantity))]
    frame = pl.DataFrame({"day": days, "quantity": quantity, "cost": quantity * price})
    named = SERIES | series | {"unit": "Hours"}
    return frame.with_columns(pl.lit(value).alias(name) for name, value in named.items())


def used(seed: int = 0) -> np.ndarray:
    return 240 * np.random.default_rng(seed).normal(1, 0.02, STEPS)


def ahead(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("day") >= MADE_ON)


def test_a_price_that_fell_is_not_taken_for_less_use() -> None:
    price = np.where(np.arange(STEPS) < STEPS - 12, 0.5, 0.3)
    said = ahead(prices(daily(used(), price), made_on=MADE_ON, days=28, steps=NOTHING))
    assert said["price"].to_numpy() == pytest.approx(0.3)
    assert said["quantity"].mean() == pytest.approx(240, rel=0.03)


def test_the_last_weeks_are_as_billed() -> None:
    quantity = used()
    made = prices(daily(quantity, 0.5), made_on=MADE_ON, days=28, steps=NOTHING)
    assert made.columns == list(COLUMNS)
    past = made.filter(pl.col("day") < MADE_ON)
    assert past["quantity"].to_list() == quantity[-BEFORE:].tolist()
    assert past["price"].to_numpy() == pytest.approx(0.5)
    assert past["quantity_lo80"].null_count() == BEFORE


def test_a_known_step_is_a_step_of_the_price() -> None:
    step = {**SERIES, "commitment_id": "ri-1", "ends_at": datetime(2025, 7, 30), "daily": 24.0}
    steps = pl.DataFrame([step], schema=KNOWN)
    said = ahead(prices(daily(used(), 0.5), made_on=MADE_ON, days=28, steps=steps))
    before, after = (said.filter(pl.col("day") < date(2025, 7, 30)), said.tail(10))
    assert before["price"].to_numpy() == pytest.approx(0.5)
    assert after["price"].to_numpy() == pytest.approx(0.5 + 24 / 240, rel=0.02)
    assert (after["price_lo80"] <= after["price"]).all()


def test_ranges_hold_what_they_are_about_and_grow() -> None:
    random = np.random.default_rng(3)
    price = 0.5 * np.exp(np.cumsum(random.normal(0, 0.01, STEPS)))
    said = ahead(prices(daily(used(), price), made_on=MADE_ON, days=56, steps=NOTHING))
    for name in ("quantity", "price"):
        assert (said[f"{name}_lo80"] <= said[name]).all()
        assert (said[name] <= said[f"{name}_hi80"]).all()
    width = (said["price_hi80"] - said["price_lo80"]).to_list()
    assert 0 < width[0] < width[20] < width[-1]


def test_late_days_are_unknown_and_not_a_fall() -> None:
    late = pl.DataFrame({"cloud": ["aws"], "account": ["shop"], "until": [date(2025, 7, 17)]})
    whole = daily(used(), 0.5)
    billed = whole.filter(pl.col("day") < date(2025, 7, 17))
    other = daily(used(1), 0.5, account="blog")
    made = prices(pl.concat([billed, other]), made_on=MADE_ON, days=28, steps=NOTHING, late=late)
    shop = made.filter(account="shop")
    assert shop.filter(pl.col("day") < MADE_ON)["day"].max() == date(2025, 7, 16)
    assert ahead(shop)["quantity"].mean() == pytest.approx(240, rel=0.03)


def test_what_was_paid_on_a_day_without_use_is_a_cost_without_a_price() -> None:
    weekend = np.arange(STEPS) % 7 >= 5
    whole = daily(np.where(weekend, 0.0, 240.0), 0.5).with_columns(cost=pl.lit(100.0))
    made = prices(whole, made_on=MADE_ON, days=28, steps=NOTHING)
    past = made.filter(pl.col("day") < MADE_ON)
    assert past["cost"].to_list() == [100.0] * BEFORE
    assert past.filter(quantity=0)["price"].to_list() == [None] * 8
    said = ahead(made)
    assert said["price"].to_numpy() == pytest.approx(700 / 1200)
    assert said["cost"].to_numpy() == pytest.approx((said["quantity"] * said["price"]).to_numpy())
    midnight = datetime.combine(MADE_ON, time())
    step = {**SERIES, "commitment_id": "ri-1", "ends_at": midnight, "daily": 24.0}
    steps = pl.DataFrame([step], schema=KNOWN)
    stepped = ahead(prices(whole, made_on=MADE_ON, days=28, steps=steps))
    assert stepped["cost"].sum() - said["cost"].sum() == pytest.approx(24 * 28)


def test_what_is_used_no_more_has_no_rows() -> None:
    quantity = np.where(np.arange(STEPS) < STEPS - 40, 240.0, 0.0)
    made = prices(
        pl.concat([daily(quantity, 0.5), daily(used(), 0.5, service="S3")]),
        made_on=MADE_ON, days=28, steps=NOTHING,
    )  # fmt: skip
    assert made["service"].unique().to_list() == ["S3"]


def test_nothing_gives_an_empty_table() -> None:
    made = prices(daily(used(), 0.5).clear(), made_on=MADE_ON, days=28, steps=NOTHING)
    assert made.is_empty()
    assert made.columns == list(COLUMNS)
    assert set(KEYS) < set(made.columns)


def test_a_first_day_of_bills_is_enough() -> None:
    one = pl.concat([daily(used()[-1:], 0.5, service=name) for name in ("EC2", "S3")])
    made = prices(one, made_on=MADE_ON, days=28, steps=NOTHING)
    assert ahead(made)["price"].to_numpy() == pytest.approx(0.5)
