"""Run every check on the facts just built."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg
from duckdb import DuckDBPyConnection

from actions.feedback import Feedback, Incident, feedback, opinions
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
        silenced, said = suppressions(ledger, work.as_of), feedback(ledger)
    finally:
        ledger.close()
    with work.reading() as (connection, snapshot), near(connection, NEAR):
        found = recommend(
            connection, as_of=work.as_of, snapshot=snapshot, suppressions=silenced,
            overrides=[given.override for given in work.settings.checks],
            settled=settled(connection, said, work.as_of.date()),
        )  # fmt: skip
    rows = replace(work, "recommendations", {"actions.recommendation": found})
    return dg.MaterializeResult(metadata={"dagster/row_count": rows["actions.recommendation"]})


def settled(connection: DuckDBPyConnection, said: Sequence[Feedback], today: date) -> list[str]:
    """Ids of the incidents that somebody dismissed or expects: nobody needs to look at them."""
    if not said:
        return []
    rows = connection.execute("from models.anomaly select * exclude (reason, evidence)").pl()
    known = opinions(map(Incident.of_row, rows.iter_rows(named=True)), said, today)
    return [name for name, opinion in known.items() if opinion.is_settled]
