"""Run every check on the facts just built."""

from typing import Any

import dagster as dg

from actions.ledger import open_ledger
from actions.recommend import READ_BY_CHECKS, recommend
from actions.suppress import suppressions
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import replace
from pipelines.work import Work
from warehouse.near import near

NEAR = READ_BY_CHECKS - {"raw.focus", "raw.metric"}  # long, and few checks ask them


@dg.asset(
    key=["actions", "recommendation"],
    deps=[name.split(".") for name in sorted(READ_BY_CHECKS)],
    group_name="actions",
    kinds={"duckdb", "sql"},
    pool=WRITE_POOL,
)  # fmt: skip
def recommendations(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per check and resource; a rerun replaces all."""
    work.progress("checking for savings")
    ledger = open_ledger(work.settings.ledger_url)
    try:
        silenced = suppressions(ledger, work.as_of)
    finally:
        ledger.close()
    with work.reading() as (connection, snapshot), near(connection, NEAR):
        found = recommend(
            connection, as_of=work.as_of, snapshot=snapshot, suppressions=silenced,
            overrides=[given.override for given in work.settings.checks],
        )  # fmt: skip
    rows = replace(work, "recommendations", {"actions.recommendation": found})
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["actions.recommendation"]})
