"""Read one kind of thing from every source; one that fails is reported, the others are read."""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
from duckdb import DuckDBPyConnection

from clouds.cloud import Cloud, Failure
from clouds.errors import CloudError
from pipelines.settings import LateSettings
from pipelines.work import Work

WRITE_POOL = "warehouse_write"
RETRY = dg.RetryPolicy(max_retries=1, delay=2)  # seconds; what a network glitch lasts


@dataclass(frozen=True)
class Scope:
    """A part of a source that was read, or could not be."""

    cloud: str | None
    account: str | None = None
    region: str | None = None
    until: datetime | None = None
    failed: str | None = None


def parts_again(
    key: dg.AssetKey, parts: dg.PartitionsDefinition, deps: Sequence[Sequence[str]] = ()
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """An asset whose partitions are read again, any number of them in one run."""

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
            return dg.asset(
                key=key,
                deps=list(deps),
                partitions_def=parts,
                backfill_policy=dg.BackfillPolicy.single_run(),
                group_name="sources",
                kinds={"duckdb"},
                pool=WRITE_POOL,
                retry_policy=RETRY,
            )(function)

    return decorate


def read_each(
    work: Work,
    what: str,
    read: Callable[[str, Cloud], tuple[int, Sequence[str]]],
    only: Collection[str] | None = None,
) -> dg.MaterializeResult[Any]:
    """Call `read` for every source; it returns the rows written and what went wrong in parts.

    `only` names the sources to read, if it is not all.

    A `CloudError` is kept in raw.read and named in the metadata `failed`; the next source goes on.
    """
    rows = 0
    failed = {name: str(error) for name, error in work.unconnected.items()}
    if only is not None:
        failed = {name: reason for name, reason in failed.items() if name in only}
    for name, cloud in work.clouds.items():
        if only is not None and name not in only:
            continue
        work.progress(f"reading {what} of {name}")
        try:
            count, problems = read(name, cloud)
        except CloudError as error:
            failed[name] = str(error)
            continue
        rows += count
        if problems:
            failed[f"{name} (in part)"] = "; ".join(problems)
    for name, reason in failed.items():
        if not name.endswith("(in part)"):
            _record_failure(work, what, name, reason)
    _forget_removed(work, what)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows, "failed": failed})


def told(failure: Failure) -> str:
    """What could not be read, and why, in one line."""
    where = " ".join(part for part in (failure.account, failure.region, failure.kind) if part)
    return f"{where}: {failure.reason}" if where else failure.reason


def record(
    connection: DuckDBPyConnection, work: Work, source: str, what: str, scopes: Sequence[Scope]
) -> None:
    """Replace what raw.read says about one source and kind of reading."""
    limits = {entry.name: entry.late_after_hours for entry in work.settings.sources}
    late = limits.get(source, LateSettings()).after(what)
    connection.execute("delete from raw.read where source = ? and what = ?", [source, what])
    for scope in scopes:
        connection.execute(
            "insert into raw.read values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [source, what, scope.cloud, scope.account, scope.region,
             work.as_of, scope.until, scope.failed, late],
        )  # fmt: skip


def _forget_removed(work: Work, what: str) -> None:
    """Of a source that the settings no longer name, nothing is late and nothing fails.

    When its inventory was seen last is kept, as its resources are: checks count from then.
    """
    of_removed = "what = ? and not list_contains(?::varchar[], source)"
    asked = [what, sorted({*work.clouds, *work.unconnected})]
    with work.reading() as (connection, _):
        if not connection.execute(
            f"select 1 from raw.read where {of_removed} and late_after_hours is not null", asked
        ).fetchone():
            return
    with work.lake.write(f"{what} of removed sources") as write:
        write.connection.execute(
            f"delete from raw.read where {of_removed} and (what <> 'inventory' or until is null)",
            asked,
        )
        write.connection.execute(
            f"update raw.read set failed = null, late_after_hours = null where {of_removed}", asked
        )


def _record_failure(work: Work, what: str, source: str, reason: str) -> None:
    """Keep how far the source was read before, and add why it could not be read now."""
    clouds = {entry.name: entry.cloud for entry in work.settings.sources}
    with work.lake.write(f"{what} of {source} failed") as write:
        known = write.connection.execute(
            "update raw.read set failed = ? where source = ? and what = ?", [reason, source, what]
        ).fetchone()
        if known == (0,):
            scope = Scope(clouds.get(source), failed=reason)
            record(write.connection, work, source, what, [scope])
