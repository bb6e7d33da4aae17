"""Forecast what each series will cost, and how sure that is."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from models.forecast.run import forecast as predict
from pipelines.assets.costs import costs, query
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import model_specs, replace
from pipelines.work import Work

GRAINS = {
    "forecast": "One row per series (cloud, account, service, currency) and future day.",
    "forecast_scope": "One row per scope above a service and future day, with bands of its own.",
    "forecast_total": "One row per horizon, scope and currency: sums with their own intervals.",
    "budget": "One row per budget: what is spent, what is expected, and the chance of a breach.",
    "backtest": "One row per series and candidate model: how it did, and whether it was chosen.",
}
NEEDS = ("marts/daily_cost", "marts/freshness", "raw/focus", "actions/budget")


@dg.multi_asset(
    name="forecast",
    description="What the coming days will cost; a rerun replaces the whole forecast.",
    specs=model_specs(GRAINS, NEEDS),
    pool=WRITE_POOL,
)
def forecast(work: dg.ResourceParam[Work]) -> Iterator[dg.MaterializeResult[Any]]:
    """Forecast every series of daily cost from the first day that is not known."""
    work.progress("forecasting")
    history, made_on = costs(work, usage_only=False)
    rows = dict.fromkeys((f"models.{table}" for table in GRAINS), 0)
    if made_on is not None and not history.is_empty():
        with work.reading() as (connection, _):
            connection.execute("set variable until = ?", [made_on])
            late = connection.execute(query("late_accounts.sql")).pl()
            budgets = connection.execute("from actions.budget order by id").pl()
        result = predict(
            history,
            made_on=made_on,
            days=work.settings.forecast_days,
            late=late,
            budgets=budgets,
        )
        rows = replace(work, "forecast", {
            "models.forecast": result.forecast,
            "models.forecast_scope": result.scope,
            "models.forecast_total": result.total,
            "models.backtest": result.backtest,
            "models.budget": result.budget,
        })  # fmt: skip
    for table, count in rows.items():
        yield dg.MaterializeResult(
            asset_key=table.split("."), metadata={"dagster/row_count": count}
        )
