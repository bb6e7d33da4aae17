"""Find days that cost more or less than they should, and the resource behind each."""

from typing import Any

import dagster as dg

from models.anomaly.run import detect
from pipelines.assets.costs import costs, query
from pipelines.assets.read import WRITE_POOL
from pipelines.work import Work


@dg.asset(
    key=["models", "anomaly"],
    deps=[["marts", "daily_cost"], ["marts", "freshness"]],
    group_name="models",
    kinds={"python"},
    pool=WRITE_POOL,
)
def anomalies(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per cost incident; a rerun replaces all."""
    work.progress("looking for anomalies")
    history, until = costs(work, usage_only=True)
    if until is None or history.is_empty():
        return dg.MaterializeResult(metadata={"dagster/row_count": 0})
    found = detect(history, until=until)
    with work.lake.write("anomalies") as write:
        write.connection.register("detected", found)
        write.connection.execute("set variable until = ?", [until])
        write.connection.execute("delete from models.anomaly")
        write.connection.execute(f"insert into models.anomaly by name {query('anomalies.sql')}")
        write.connection.unregister("detected")
    return dg.MaterializeResult(metadata={"dagster/row_count": found.height})
