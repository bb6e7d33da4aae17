"""Fetch the hours of measurements that are still missing."""

from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import polars as pl

from clouds.cloud import METRIC_SCHEMA, Cloud, Failure
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, read_each, record, told
from pipelines.work import Work

LATE = timedelta(hours=3)  # samples still arrive after their hour; those hours are read again
SCOPE = ("cloud", "account", "region")


@dg.asset(
    key=["raw", "metric"],
    deps=[["raw", "resource"]],
    group_name="raw",
    kinds={"duckdb"},
    pool=WRITE_POOL,
    retry_policy=RETRY,
)
def metrics(work: dg.ResourceParam[Work]) -> dg.MaterializeResult[Any]:
    """One row per resource, metric and measured hour; a rerun replaces the hours it reads."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        until = work.as_of.replace(minute=0, second=0, microsecond=0)
        wanted = _wanted(work, name, until)
        failed: list[Failure] = []
        temporary = work.settings.home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=temporary) as folder:
            for number, chunk in enumerate(cloud.metrics(wanted, until)):
                chunk.rows.select(list(METRIC_SCHEMA)).write_parquet(f"{folder}/{number}.parquet")
                failed += chunk.failed
            rows = _replace(work, name, wanted, failed, until, Path(folder))
        return rows, [told(failure) for failure in failed]

    return read_each(work, "metrics", read)


def _wanted(work: Work, source: str, until: datetime) -> pl.DataFrame:
    """The source's resources and from when on each is measured, as `WANTED_SCHEMA`."""
    with work.reading() as (connection, _):
        for name, value in {
            "source": source,
            "until": until,
            "oldest": until - timedelta(days=work.settings.metric_days),
            "late": LATE,
        }.items():
            connection.execute(f"set variable {name} = ?", [value])
        query = (files("pipelines.assets") / "metrics_wanted.sql").read_text()
        return connection.execute(query).pl()


def _replace(
    work: Work,
    source: str,
    wanted: pl.DataFrame,
    failed: list[Failure],
    until: datetime,
    folder: Path,
) -> int:
    """Put the fetched chunks in place of the hours they are about, where nothing failed."""
    lost = wanted.select(_is_lost(failed)).to_series()
    with work.lake.write(f"metrics of {source}") as write:
        connection = write.connection
        connection.register("measured", wanted.filter(~lost))
        connection.execute(
            "delete from raw.metric using measured where raw.metric.source = ?"
            " and raw.metric.cloud = measured.cloud"
            " and raw.metric.account is not distinct from measured.account"
            " and raw.metric.resource_id = measured.resource_id"
            " and raw.metric.hour >= measured.since and raw.metric.hour < ?",
            [source, until],
        )
        rows = 0
        if any(folder.iterdir()):
            inserted = connection.execute(
                "insert into raw.metric by name select ? as source, chunk.*"
                f" from read_parquet('{folder}/*.parquet') as chunk"
                " semi join measured on chunk.cloud = measured.cloud"
                " and chunk.account is not distinct from measured.account"
                " and chunk.resource_id = measured.resource_id"
                " and chunk.hour >= measured.since and chunk.hour < ?"
                " order by chunk.hour",
                [source, until],
            ).fetchone()
            rows = inserted[0] if inserted else 0
        scopes = _scopes(connection.execute(
            "select cloud, account, region, until from raw.read where source = ?"
            " and what = 'metrics'", [source],
        ).fetchall(), wanted, failed, until)  # fmt: skip
        connection.unregister("measured")
        record(connection, source, "metrics", work.as_of, scopes)
    return rows


def _is_lost(failed: list[Failure]) -> pl.Expr:
    """Whether a resource lies in a part that could not be read."""
    lost = [
        _covers("account", failure.account)
        & _covers("region", failure.region)
        & _covers("kind", failure.kind)
        for failure in failed
    ]
    return pl.any_horizontal(pl.lit(False), *lost).alias("lost")


def _covers(column: str, value: str) -> pl.Expr:
    return pl.col(column).eq_missing(value) if value else pl.lit(True)


def _scopes(
    known: list[tuple[str, str, str, datetime | None]],
    wanted: pl.DataFrame,
    failed: list[Failure],
    until: datetime,
) -> list[Scope]:
    """How far each account and region is known now; a part that failed stays where it was."""
    before = {scope: at for *scope, at in known for scope in [tuple(scope)]}
    scopes: list[Scope] = []
    for scope in wanted.select(SCOPE).unique(maintain_order=True).rows():
        _, account, region = scope
        reasons = [
            told(failure)
            for failure in failed
            if failure.account in ("", account) and failure.region in ("", region)
        ]
        reached = before.get(scope) if reasons else until
        scopes.append(Scope(*scope, until=reached, failed="; ".join(reasons) or None))
    return scopes or [Scope(None, until=until)]
