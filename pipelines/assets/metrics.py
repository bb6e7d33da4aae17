"""Fetch the hours of measurements that are still missing."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from glob import escape
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import polars as pl
from duckdb import DuckDBPyConnection

from clouds.cloud import METRIC_SCHEMA, Cloud, Failure
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, parts_again, read_each, record, told
from pipelines.partitions import METRICS, METRICS_KEY, asked_metrics, in_key, note_metrics
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
def metrics(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> dg.MaterializeResult[Any]:
    """One row per resource, metric and measured hour; a rerun replaces the hours it reads."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        now = work.as_of.replace(minute=0, second=0, microsecond=0)
        oldest = now - timedelta(days=work.settings.metric_days)
        readings = [
            _read(context, work, name, cloud, _wanted(work, name, *span, anew=True), span[1])
            for span in _spans(work.again.months_of(name), now)
        ]
        missing = _wanted(work, name, oldest, now)
        readings.append(_read(context, work, name, cloud, missing, now, is_newest=True))
        problems = [problem for _, found in readings for problem in found]
        return sum(rows for rows, _ in readings), list(dict.fromkeys(problems))

    return read_each(work, "metrics", read)


@parts_again(METRICS_KEY, METRICS, deps=[["raw", "resource"]])
def metric_days(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> dg.MaterializeResult[Any]:
    """One row per resource, metric and hour of a day in one place, read again from its source."""
    asked = asked_metrics(context.partition_keys)

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        rows, problems = 0, list[str]()
        for (_, day), places in ((key, at) for key, at in asked.items() if key[0] == name):
            begins = datetime.combine(day, datetime.min.time())
            ends = min(begins + timedelta(days=1), work.as_of)
            wanted = _wanted(work, name, begins, ends, anew=True)
            inside = wanted.filter(
                pl.struct(account=in_key("account"), region=in_key("region")).is_in(
                    [{"account": account, "region": region} for account, region in places]
                )
            )
            count, found = _read(context, work, name, cloud, inside, ends)
            rows, problems = rows + count, problems + found
        return rows, problems

    return read_each(work, "metrics", read, only={name for name, _ in asked})


def _spans(months: Sequence[date], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The months that have begun, one at a time: each is committed before the next is read."""
    for month in months:
        begins = datetime.combine(month, datetime.min.time())
        ends = (begins + timedelta(days=31)).replace(day=1)
        if begins < now:
            yield begins, min(ends, now)


def _read(
    context: dg.AssetExecutionContext,
    work: Work,
    name: str,
    cloud: Cloud,
    wanted: pl.DataFrame,
    until: datetime,
    *,
    is_newest: bool = False,
) -> tuple[int, list[str]]:
    """Fetch what is wanted before `until` and put it in place; `is_newest` moves raw.read on."""
    failed: list[Failure] = []
    temporary = work.settings.home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=temporary) as folder:
        for number, chunk in enumerate(cloud.metrics(wanted, until)):
            chunk.rows.select(list(METRIC_SCHEMA)).write_parquet(f"{folder}/{number}.parquet")
            failed += chunk.failed
        lost = wanted.select(_is_lost(failed)).to_series()
        with work.lake.write(f"metrics of {name}") as write:
            rows = _replace(write.connection, name, wanted.filter(~lost), until, Path(folder))
            if is_newest:
                _record(write.connection, work, name, wanted, failed, until)
    read = wanted.filter(~lost).group_by("account", "region").agg(pl.col("since").min())
    note_metrics(context, name, read.sort("account", "region").iter_rows(), until)
    return rows, [told(failure) for failure in failed]


def _wanted(
    work: Work, source: str, oldest: datetime, until: datetime, *, anew: bool = False
) -> pl.DataFrame:
    """The source's resources and from when on each is measured, as `WANTED_SCHEMA`.

    `anew`: from `oldest` on, whatever was read before.
    """
    with work.reading() as (connection, _):
        for name, value in {
            "source": source,
            "until": until,
            "oldest": oldest,
            "late": LATE,
            "anew": anew,
        }.items():
            connection.execute(f"set variable {name} = ?", [value])
        query = (files("pipelines.assets") / "metrics_wanted.sql").read_text()
        return connection.execute(query).pl()


def _replace(
    connection: DuckDBPyConnection,
    source: str,
    measured: pl.DataFrame,
    until: datetime,
    folder: Path,
) -> int:
    """Put the fetched chunks in place of the hours they are about, where nothing failed."""
    connection.register("measured", measured)
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
            " from read_parquet(?) as chunk"
            " semi join measured on chunk.cloud = measured.cloud"
            " and chunk.account is not distinct from measured.account"
            " and chunk.resource_id = measured.resource_id"
            " and chunk.hour >= measured.since and chunk.hour < ?"
            " order by chunk.hour",
            [source, f"{escape(str(folder))}/*.parquet", until],
        ).fetchone()
        rows = inserted[0] if inserted else 0
    connection.unregister("measured")
    return rows


def _record(
    connection: DuckDBPyConnection,
    work: Work,
    source: str,
    wanted: pl.DataFrame,
    failed: list[Failure],
    until: datetime,
) -> None:
    known = connection.execute(
        "select cloud, account, region, until from raw.read where source = ? and what = 'metrics'",
        [source],
    ).fetchall()
    record(connection, work, source, "metrics", _scopes(known, wanted, failed, until))


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
