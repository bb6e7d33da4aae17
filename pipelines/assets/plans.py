"""Mirror the ledger into the lake, so that savings can be analysed beside costs."""

from typing import Any

import dagster as dg
import polars as pl
from sqlalchemy import select

from actions.ledger import Ledger, open_ledger
from actions.tables import change, plan, run, run_change
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import replace
from pipelines.settings import Settings
from pipelines.work import Work

CHANGE_SCHEMA = {
    "plan_id": pl.String, "plan_status": pl.String, "change_id": pl.String, "run_id": pl.String,
    "cloud": pl.String, "account": pl.String, "region": pl.String, "resource_id": pl.String,
    "kind": pl.String, "verb": pl.String, "before": pl.String, "after": pl.String,
    "risk": pl.String, "outcome": pl.String, "currency": pl.String,
    "saving_month_low": pl.Decimal(38, 18), "saving_month_high": pl.Decimal(38, 18),
    "created_at": pl.Datetime("us"), "applied_at": pl.Datetime("us"),
}  # fmt: skip


@dg.asset(key=["actions", "change"], group_name="actions", kinds={"python"}, pool=WRITE_POOL)
def changes(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per change of every plan and run of it; a rerun replaces all."""
    ledger = open_ledger(work.settings.ledger_url)
    try:
        rows = replace(work, "changes of plans", {"actions.change": _changes(ledger)})
    finally:
        ledger.close()
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["actions.change"]})


def snapshots_of_plans(settings: Settings) -> set[int]:
    """Snapshots that plans were made on, which maintenance keeps."""
    ledger = open_ledger(settings.ledger_url)
    try:
        with ledger.read() as connection:
            found = connection.scalars(select(plan.c.snapshot).where(plan.c.snapshot.is_not(None)))
            return set(found)
    finally:
        ledger.close()


def _changes(ledger: Ledger) -> pl.DataFrame:
    query = (
        select(
            plan.c.id.label("plan_id"),
            plan.c.status.label("plan_status"),
            change.c.id.label("change_id"),
            run.c.id.label("run_id"),
            *(change.c[name] for name in CHANGE_SCHEMA if name in change.c and name != "plan_id"),
            run_change.c.outcome,
            plan.c.created_at,
            run_change.c.finished_at.label("applied_at"),
        )
        .join(plan, change.c.plan_id == plan.c.id)
        .outerjoin(run_change, run_change.c.change_id == change.c.id)
        .outerjoin(run, run_change.c.run_id == run.c.id)
    )
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return pl.DataFrame(rows, schema=CHANGE_SCHEMA)
