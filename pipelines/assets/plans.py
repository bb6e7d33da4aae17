"""Mirror the ledger into the lake: budgets for the forecast, changes for analysis beside costs."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from actions.budget import budgets as known_budgets
from actions.ledger import open_ledger
from actions.old_messages import forget_old_messages
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import replace
from pipelines.settings import Settings
from pipelines.work import Work


@dg.asset(key=["actions", "change"], group_name="actions", kinds={"python"}, pool=WRITE_POOL)
def changes(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per change of every plan and run of it; a rerun replaces all."""
    ledger = open_ledger(work.settings.ledger_url)
    try:
        rows = replace(work, "changes of plans", {"actions.change": ledger.changes_frame()})
    finally:
        ledger.close()
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["actions.change"]})


@dg.asset(key=["actions", "budget"], group_name="actions", kinds={"python"}, pool=WRITE_POOL)
def budgets(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per budget that holds; a rerun replaces all."""
    ledger = open_ledger(work.settings.ledger_url)
    try:
        rows = replace(work, "budgets", {"actions.budget": known_budgets(ledger)})
    finally:
        ledger.close()
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["actions.budget"]})


def snapshots_of_plans(settings: Settings) -> set[int]:
    """Snapshots that plans were made on, which maintenance keeps."""
    with closing(open_ledger(settings.ledger_url)) as ledger:
        return ledger.snapshots()


def forget_messages(settings: Settings, now: datetime) -> int:
    """Drop alerts about what was over more than `keep_days` ago; how many."""
    with closing(open_ledger(settings.ledger_url)) as ledger:
        return forget_old_messages(ledger, now - timedelta(settings.keep_days))
