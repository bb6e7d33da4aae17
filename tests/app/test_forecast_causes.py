"""What the Forecasts page says about known steps, quantities and prices."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from estate import warehouse

from app.dashboard import data, forecast_causes
from pipelines.settings import load_settings

WHOLE = {"cloud": None, "account": None, "service": None}


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_effects_add_up_to_the_change_of_the_cost(currency: str, demo_home: Path) -> None:
    reader = data.Reader(load_settings(demo_home))
    snapshot = reader.published()
    shown = reader.rows(snapshot, data.statement("forecast_prices", currency=currency, **WHOLE))
    daily = reader.rows(
        snapshot,
        "select cloud, service, unit, account, day >= made_on as is_ahead, quantity,"
        " cost from models.forecast_price"
        f" where currency = '{currency}' and day between made_on - 28 and made_on + 27",
    )
    per_side = daily.group_by("cloud", "service", "unit", "account", "is_ahead").agg(
        (28 * pl.col("cost").mean()).alias("cost")
    )
    signed = pl.when("is_ahead").then("cost").otherwise(-pl.col("cost"))
    assert shown.height > 5
    for row in shown.iter_rows(named=True):
        mine = per_side.filter(pl.col(k) == row[k] for k in ("cloud", "service", "unit"))
        change = mine.select(signed.sum()).item()
        effects = (row["quantity_effect"] or 0) + (row["price_effect"] or 0)
        assert effects == pytest.approx(change, abs=0.011)


def test_what_is_paid_on_days_without_use_is_no_rise_of_the_price() -> None:
    made_on = date(2026, 3, 20)
    series = {"cloud": "aws", "account": "shop", "service": "EC2", "currency": "USD",
              "unit": "Hours", "made_on": made_on}  # fmt: skip
    days = [made_on + timedelta(days=ahead) for ahead in range(-28, 28)]
    connection = warehouse(models_forecast_price=[
        {**series, "day": day, "quantity": 0.0, "price": None if day < made_on else 7 / 12,
         "cost": 100.0 if day < made_on else 0.0}
        if day.isoweekday() > 5 else
        {**series, "day": day, "quantity": 240.0, "price": 5 / 12 if day < made_on else 7 / 12,
         "cost": 100.0 if day < made_on else 140.0}
        for day in days
    ])  # fmt: skip
    asked = data.statement("forecast_prices", currency="USD", **WHOLE)
    [row] = connection.execute(asked).pl().to_dicts()
    assert (row["price_before"], row["price_ahead"]) == pytest.approx((7 / 12, 7 / 12))
    assert (row["price_change"], row["price_effect"], row["quantity_effect"]) == (0, 0, 0)


def test_a_commitment_is_shown_once_with_all_its_services() -> None:
    series = {"cloud": "aws", "account": "shop", "currency": "USD", "commitment_id": "sp-1",
              "starts_on": date(2026, 4, 2), "made_on": date(2026, 3, 20)}  # fmt: skip
    steps = [{**series, "service": service, "daily": 4.0} for service in ("RDS", "EC2")]
    owned = {"cloud": "aws", "commitment_id": "sp-1", "kind": "savings_plan", "covers": None}
    connection = warehouse(models_forecast_step=steps, raw_commitment=[owned, owned])
    asked = data.statement("forecast_steps", currency="USD", **WHOLE)
    [row] = connection.execute(asked).pl().to_dicts()
    assert (row["kind"], row["services"], row["daily"]) == ("savings_plan", "EC2, RDS", 8.0)
    other = data.statement("forecast_steps", currency="USD", **(WHOLE | {"account": "blog"}))
    assert connection.execute(other).pl().is_empty()


@pytest.mark.parametrize(("daily", "said"), [(420.0, "Renew what is used"), (-3.0, "falls away")])
def test_the_advice_depends_on_what_the_commitment_is_worth(daily: float, said: str) -> None:
    assert said in forecast_causes.advice(pl.DataFrame({"daily": [daily]}), "USD")
