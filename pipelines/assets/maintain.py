"""Keep the home small: merge small files, forget old snapshots, metrics, alerts and events."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from pipelines.assets.plans import forget_messages, snapshots_of_plans
from pipelines.old_events import forget_old_events
from pipelines.work import Work


@dg.op(pool="warehouse_write")
def maintain_lake(context: dg.OpExecutionContext, work: dg.ResourceParam[Work]) -> None:
    """Merge, expire and delete; metrics older than twice what is judged are dropped."""
    oldest = work.as_of - timedelta(days=2 * work.settings.metric_days)
    with work.lake.write("forget old metrics") as write:
        write.connection.execute("delete from raw.metric where hour < ?", [oldest])
    now = datetime.now(UTC).replace(tzinfo=None)  # snapshots bear real time, as_of may be simulated
    done = work.lake.maintain(now, keep=snapshots_of_plans(work.settings))
    forgotten = forget_old_events(context.instance, now - timedelta(work.settings.keep_days))
    messages = forget_messages(work.settings, now)
    context.add_output_metadata(
        {**done, "forgotten_events": forgotten, "forgotten_alerts": messages}
    )
    work.close()


@dg.job(executor_def=dg.in_process_executor)
def maintain() -> None:
    """Once a week: maintenance of the home."""
    maintain_lake()
