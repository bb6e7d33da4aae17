"""Find what costs more or less than it should, and the cause of each incident."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from models.anomaly.expected import OPENING, Facts
from models.anomaly.incident import Incidents, incidents
from models.anomaly.run import Found, find
from pipelines.assets.costs import costs, query
from pipelines.assets.read import WRITE_POOL
from pipelines.assets.write import model_specs, replace_models
from pipelines.work import Work

GRAINS = {
    "anomaly": "One row per cost incident; a rerun replaces all.",
    "anomaly_member": "One row per cost incident and series that belongs to it.",
    "anomaly_cause": "One row per cost incident and candidate cause.",
    "anomaly_day": "One row per cost incident and day around it.",
}
NEEDS = ("marts/account", "marts/daily_cost", "marts/freshness", "marts/billing_rhythm",
         "marts/billed_resource", "marts/billed_commitment", "raw/focus", "raw/resource",
         "raw/commitment", "actions/change")  # fmt: skip


@dg.multi_asset(
    name="anomalies",
    specs=model_specs(GRAINS, NEEDS),
    can_subset=True,
    pool=WRITE_POOL,
)
def anomalies(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Cost incidents, their series, causes and days, always together; a rerun replaces all."""
    work.progress("looking for anomalies")
    found = look(work)
    yield from replace_models(
        work, context, "anomalies", _tables(found) if found else dict.fromkeys(GRAINS)
    )


def _tables(found: Incidents) -> dict[str, pl.DataFrame]:
    return {
        "anomaly": found.anomaly,
        "anomaly_member": found.member,
        "anomaly_cause": found.cause,
        "anomaly_day": found.day,
    }


def look(work: Work) -> Incidents | None:
    """The incidents of the newest snapshot; None without bills."""
    history, until = costs(work, usage_only=True)
    if until is None or history.is_empty():
        return None
    with work.reading() as (connection, _):
        connection.execute("set variable until = ?", [until])
        late = connection.execute(query("late_accounts.sql")).pl()
        found = find(history, until=until, late=late)
        return incidents(found, facts(connection, found, until), until=until)


def facts(connection: DuckDBPyConnection, found: Found, until: date) -> Facts:
    """What the bill, the inventory and the ledger say about incidents of single series."""
    known_until = pl.coalesce("ends_on", pl.lit(until)).alias("known_until")
    members = found.incidents.with_columns(known_until)
    abnormal = found.days.filter("is_abnormal").sort("id", "day")
    connection.register("member", members)
    connection.register("abnormal", abnormal.select("id", "day", "expected"))
    items = connection.execute(query("incident_items.sql")).pl()
    connection.register("touched", _resources(items).rename({"value": "resource_id"}))
    changes = connection.execute(query("incident_changes.sql")).pl()
    commitments = connection.execute(query("incident_commitments.sql")).pl()
    steps = connection.execute(query("incident_steps.sql")).pl()
    opening = _opening(connection, members, abnormal.group_by("id").head(OPENING))
    for name in ("member", "abnormal", "touched"):
        connection.unregister(name)
    return Facts(items, changes, commitments, steps, opening)


def _opening(
    connection: DuckDBPyConnection, members: pl.DataFrame, days: pl.DataFrame
) -> pl.DataFrame:
    """The impact of each resource as if the incidents had those days only."""
    expected = days.group_by("id").agg(pl.col("expected").sum())
    connection.register("member", members.drop("expected").join(expected, on="id"))
    connection.register("abnormal", days.select("id", "day", "expected"))
    return _resources(connection.execute(query("incident_items.sql")).pl(), "impact")


def _resources(items: pl.DataFrame, *also: str) -> pl.DataFrame:
    return items.filter(pl.col("dimension") == "resource").select("id", "value", *also)
