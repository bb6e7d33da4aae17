"""Let readers see the run: point them at its snapshot."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.assets.checks import CheckFailed, ask, blocking
from pipelines.assets.marts import summaries
from pipelines.assets.read import WRITE_POOL
from pipelines.work import Work


@dg.asset(
    key=["meta", "published"],
    deps=[name.split(".") for name in sorted(summaries())],
    group_name="publish",
    kinds={"duckdb"},
    pool=WRITE_POOL,
)
def publish(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> dg.MaterializeResult[Any]:
    """One row per publication; readers see the newest.

    Whatever else was written meanwhile (an ingestion beside the run) is part of the snapshot, so
    the blocking checks are asked once more, of exactly what is going to be seen.
    """
    with work.reading() as (connection, snapshot):
        for check in blocking():
            bad = ask(connection, check)
            if bad.rows:
                raise CheckFailed(check, bad)
    now = datetime.now(UTC).replace(tzinfo=None)
    work.lake.publish(snapshot, work.as_of, context.run.run_id, now)
    work.progress(f"published snapshot {snapshot}")
    return dg.MaterializeResult(metadata={"snapshot": snapshot, "dagster/row_count": 1})
