"""Forecast what each series will cost, and how sure that is."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from models.forecast.price import prices
from models.forecast.run import forecast as predict
from pipelines.assets.costs import costs, query
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import model_specs, replace_models
from pipelines.work import Work

GRAINS = {
    "forecast": "One row per series (cloud, account, service, currency) and future day.",
    "forecast_scope": "One row per scope above a service and future day, with bands of its own.",
    "forecast_total": "One row per horizon, scope and currency: sums with their own intervals.",
    "forecast_step": "One row per series and commitment that ends: what a day costs more then.",
    "forecast_price": "One row per series that is sold mostly by one unit, and day.",
    "budget": "One row per budget: what is spent, what is expected, and the chance of a breach.",
    "backtest": "One row per series and candidate model: how it did, and whether it was chosen.",
}
NEEDS = ("marts/daily_cost", "marts/freshness", "marts/billing_rhythm", "marts/running_charge",
         "marts/billed_commitment", "raw/focus", "raw/commitment", "actions/budget")  # fmt: skip
RUNNING = """
select cloud, account, service, currency, month as day, owed
from marts.running_charge
where month = date_trunc('month', getvariable('until')::date)
"""


@dg.multi_asset(
    name="forecast",
    description="What the coming days will cost; a rerun replaces the whole forecast.",
    specs=model_specs(GRAINS, NEEDS),
    can_subset=True,
    pool=WRITE_POOL,
)
def forecast(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Forecast every series of daily cost from the first day that is not known."""
    work.progress("forecasting")
    yield from replace_models(work, context, "forecast", _tables(work) or dict.fromkeys(GRAINS))


def _tables(work: Work) -> dict[str, pl.DataFrame]:
    """The rows of all tables; empty without bills."""
    history, made_on = costs(work, usage_only=False)
    if made_on is None or history.is_empty():
        return {}
    with work.reading() as (connection, _):
        connection.execute("set variable until = ?", [made_on])
        late = connection.execute(query("late_accounts.sql")).pl()
        running = connection.execute(RUNNING).pl()
        steps = connection.execute(query("known_steps.sql")).pl()
        quantities = connection.execute(query("quantities.sql")).pl()
        budgets = connection.execute("from actions.budget order by id").pl()
    days = work.settings.forecast_days
    known: dict[str, Any] = {
        "made_on": made_on, "days": days, "late": late, "steps": steps,
        "holidays": work.settings.holidays,
    }  # fmt: skip
    result = predict(history, budgets=budgets, running=running, **known)
    return {
        "forecast": result.forecast,
        "forecast_scope": result.scope,
        "forecast_total": result.total,
        "forecast_step": result.step,
        "forecast_price": prices(quantities, **known),
        "backtest": result.backtest,
        "budget": result.budget,
    }
