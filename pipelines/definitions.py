"""The whole platform on one page: what is made, from what, when, and what must hold."""

from collections.abc import Generator
from datetime import timedelta

import dagster as dg

from pipelines.assets import (
    anomalies,
    bills,
    checks,
    commitments,
    forecast,
    inventory,
    maintain,
    market,
    marts,
    metrics,
    plans,
    publish,
    recommendations,
    right_sizes,
    unit_quantities,
)
from pipelines.dead_runs import dead_runs, executing
from pipelines.partitions import BILLS_KEY, METRICS_KEY
from pipelines.settings import Settings, load_settings
from pipelines.work import Work

RUN = "run"
PARTS = (BILLS_KEY, METRICS_KEY)  # read again one by one; a run brings what is new of all
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=50)
)
ON = dg.DefaultScheduleStatus.RUNNING


def build(settings: Settings, work: Work | None = None) -> dg.Definitions:
    """The definitions for one home; nothing is read or connected before a step runs."""
    all_tables = dg.AssetSelection.all() - dg.AssetSelection.assets(*PARTS)
    run = dg.define_asset_job(RUN, all_tables, description="Read, compute, publish.")
    return dg.Definitions(
        assets=dg.map_asset_specs(
            _stays_fresh,
            [
                # what the sources tell                                            raw.*
                bills.bills,
                inventory.inventory,
                metrics.metrics,
                *market.assets,  # offers, prices, commitments, invoices
                # parts of them that can be read again                             sources/*
                bills.bill_months,
                metrics.metric_days,
                # facts, one SQL file each                                         marts.*
                marts.facts,
                # what people allowed                                              actions.*
                plans.budgets,
                # estimates                                                        models.*
                forecast.forecast,
                anomalies.anomalies,
                unit_quantities.unit_quantities,
                right_sizes.right_sizes,
                # what to do, and what was decided                                 actions.*
                recommendations.recommendations,
                plans.changes,
                # what to commit to, on what is left then                            models.*
                commitments.commitments,
                # what the pages show                                              marts.*
                marts.results,
                # readers see the run
                publish.publish,
            ],
        ),
        asset_checks=checks.check_steps(settings.sources),
        jobs=[run, maintain.maintain],
        schedules=[
            dg.ScheduleDefinition(
                name="daily", job=run, cron_schedule="0 5 * * *", default_status=ON
            ),
            dg.ScheduleDefinition(
                name="weekly", job=maintain.maintain, cron_schedule="0 3 * * 0", default_status=ON
            ),
        ],
        sensors=[dead_runs],
        resources={"work": _of_one_run(work or Work(settings))},
        executor=dg.in_process_executor,
    )


def _of_one_run(work: Work) -> dg.ResourceDefinition:
    @dg.resource
    def held(context: dg.InitResourceContext) -> Generator[Work]:
        assert context.instance is not None
        assert context.run is not None
        with executing(context.instance, context.run.run_id):
            yield work

    return held


def _stays_fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(freshness_policy=DAILY)


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev -m pipelines.definitions` loads: the home of the environment."""
    return build(load_settings())
