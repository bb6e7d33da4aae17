"""Size machines by the rules that the settings ask the checks to go by."""

from typing import Any

import dagster as dg
import polars as pl

from models.rightsizing.run import HOURS, sizes
from pipelines.assets.costs import query
from pipelines.assets.metrics import LATE
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import replace
from pipelines.settings import Settings
from pipelines.work import Work

CHECK, PARAM, OWN = "oversized_instance", "rule", "headroom"


@dg.asset(
    key=["models", "right_size"],
    deps=[["marts", "resource_now"], ["raw", "metric"]],
    group_name="models",
    kinds={"python"},
    pool=WRITE_POOL,
)
def right_sizes(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per machine and rule of the settings; a rerun replaces all."""
    asked = rules_of(work.settings)
    found = _sizes(work, asked) if asked else None
    rows = replace(work, "right sizes", {"models.right_size": found})
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["models.right_size"]})


def rules_of(settings: Settings) -> set[str]:
    """The rules that the check goes by somewhere, other than its own."""
    ours = [one.params for one in settings.checks if one.check == CHECK]
    return {str(params[PARAM]) for params in ours if PARAM in params} - {OWN}


def _sizes(work: Work, asked: set[str]) -> pl.DataFrame:
    work.progress("sizing machines")
    with work.reading() as (connection, _):
        connection.execute("set variable late = ?", [LATE])
        machines = connection.execute(query("machines.sql")).pl()
        connection.register("machine", machines.with_row_index("number"))
        connection.execute("set variable hours = ?", [HOURS])
        hours = connection.execute(query("machine_hours.sql")).pl()
        connection.unregister("machine")
    return sizes(machines.drop("last_hour"), hours, asked)
