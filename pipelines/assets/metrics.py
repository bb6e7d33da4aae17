"""Fetch the hours of measurements that are still missing."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg

from clouds.cloud import METRIC_SCHEMA, Cloud
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record
from pipelines.work import Work

LATE = timedelta(hours=3)  # samples still arrive after their hour; those hours are read again


@dg.asset(
    key=["raw", "metric"], group_name="raw", kinds={"duckdb"}, pool=WRITE_POOL, retry_policy=RETRY
)
def metrics(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per resource, metric and measured hour; a rerun replaces the hours it reads."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        until = work.as_of.replace(minute=0, second=0, microsecond=0)
        since = _missing_since(work, name, until)
        temporary = work.settings.home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=temporary) as folder:
            for number, chunk in enumerate(cloud.metrics(since, until)):
                chunk.select(list(METRIC_SCHEMA)).write_parquet(f"{folder}/{number}.parquet")
            return _replace(work, name, since, until, Path(folder)), []

    return read_each(work, "metrics", read)


def _missing_since(work: Work, source: str, until: datetime) -> datetime:
    oldest = until - timedelta(days=work.settings.metric_days)
    with work.reading() as (connection, _):
        row = connection.execute(
            "select max(until) from raw.read where source = ? and what = 'metrics'", [source]
        ).fetchone()
    known = row[0] if row else None
    return max(oldest, min(known, until) - LATE) if known else oldest


def _replace(work: Work, source: str, since: datetime, until: datetime, folder: Path) -> int:
    """Put the fetched chunks in place of the source's hours in [since, until)."""
    with work.lake.write(f"metrics of {source}") as write:
        write.connection.execute(
            "delete from raw.metric where source = ? and hour >= ? and hour < ?",
            [source, since, until],
        )
        rows = 0
        if any(folder.iterdir()):
            inserted = write.connection.execute(
                f"insert into raw.metric by name select ? as source, * "
                f"from read_parquet('{folder}/*.parquet') order by hour",
                [source],
            ).fetchone()
            rows = inserted[0] if inserted else 0
        scope = Scope(None, until=until)
        record(write.connection, source, "metrics", work.as_of, [scope])
    return rows
