"""Plan which commitments to buy, on what owned ones and open recommendations leave."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from models.commitments.run import plans
from models.commitments.scope import Facts
from pipelines.assets.costs import query
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import model_specs, replace_models
from pipelines.work import Work

GRAINS = {
    "commitment_plan": "One row per scope, term and commitment that could be bought, or why not.",
    "commitment_outlook": "One row per scope and term: what all purchases do together.",
    "commitment_tranche": "One row per recommended purchase and part of it: when to buy how much.",
    "commitment_curve": "One row per purchase and level of it: what it would save.",
    "commitment_rate": "One row per scope, instance type and commitment: its part of the price.",
}
NEEDS = (
    "marts/committable_usage", "marts/commitment_owned", "marts/price", "marts/freshness",
    "marts/account_billed_until", "marts/billed_until", "marts/resource_now",
    "marts/machine_run_rate", "marts/billed_resource", "raw/focus", "raw/commitment",
    "actions/recommendation",
)  # fmt: skip


@dg.multi_asset(
    name="commitments",
    description="Which commitments to buy; a rerun replaces all.",
    specs=model_specs(GRAINS, NEEDS),
    can_subset=True,
    pool=WRITE_POOL,
)
def commitments(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> Iterator[dg.MaterializeResult[Any]]:
    """What to buy, why, and what it does; nothing is bought."""
    work.progress("planning commitments")
    yield from replace_models(work, context, "commitments", _tables(work) or dict.fromkeys(GRAINS))


def _tables(work: Work) -> dict[str, pl.DataFrame]:
    """The rows of all tables; empty without bills."""
    with work.reading() as (connection, _):
        known = connection.execute(query("until.sql")).fetchone()
        until: date | None = known[0] if known else None
        if until is None:
            return {}
        found = facts(connection, until)
    return plans(found, made_on=until)


def facts(connection: DuckDBPyConnection, until: date) -> Facts:
    """What the warehouse knows of usage before `until`, prices, owned commitments and changes."""
    connection.execute("set variable until = ?", [until])
    usage, prices, held, cuts = (
        connection.execute(query(f"commitment_{name}.sql")).pl()
        for name in ("usage", "prices", "held", "cuts")
    )
    return Facts(usage, prices, held, cuts)
