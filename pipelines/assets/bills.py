"""Load the billing exports that the sources deliver."""

from collections.abc import Collection
from datetime import date
from itertools import groupby
from typing import Any

import dagster as dg

from clouds.cloud import Cloud
from pipelines.assets.read import RETRY, WRITE_POOL, Scope, parts_again, read_each, record, told
from pipelines.partitions import BILLS, BILLS_KEY, asked_bills, note_bills
from pipelines.work import Work
from warehouse.ingest.load import ingest
from warehouse.ingest.records import LoadedFile


@dg.asset(
    key=["raw", "focus"], group_name="raw", kinds={"duckdb"}, pool=WRITE_POOL, retry_policy=RETRY
)
def bills(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> dg.MaterializeResult[Any]:
    """One row per charge line as delivered; a newer delivery replaces its billing period."""

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        return _read(context, work, name, cloud, work.again.months_of(name))

    return read_each(work, "exports", read)


@parts_again(BILLS_KEY, BILLS)
def bill_months(
    context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
) -> dg.MaterializeResult[Any]:
    """One row per charge line of an account and month, read again from its source."""
    asked = asked_bills(context.partition_keys)

    def read(name: str, cloud: Cloud) -> tuple[int, list[str]]:
        return _read(context, work, name, cloud, asked[name])

    return read_each(work, "exports", read, only=asked)


def _read(
    context: dg.AssetExecutionContext, work: Work, name: str, cloud: Cloud, anew: Collection[date]
) -> tuple[int, list[str]]:
    exports = cloud.bills(work.settings.home / "exports" / name, anew)
    report = ingest(work.lake, exports.paths, now=work.as_of, progress=work.progress)
    problems = [told(failure) for failure in exports.failed]
    problems += [_refused(file) for file in report.loaded if file.status == "rejected"]
    _record(work, name, report.loaded, problems)
    loaded = [file for file in report.loaded if file.status == "loaded"]
    note_bills(context, name, _rows_by_month(loaded))
    return sum(file.rows or 0 for file in loaded), problems


def _refused(file: LoadedFile) -> str:
    """Why a file was not loaded; most reasons begin with its name."""
    reason = file.reason or "refused"
    return reason if reason.startswith(file.file) else f"{file.file}: {reason}"


def _rows_by_month(loaded: list[LoadedFile]) -> list[tuple[str, date, int]]:
    rows = sorted(
        (file.billing_account, file.period, file.rows or 0)
        for file in loaded
        if file.billing_account is not None and file.period is not None
    )
    months = groupby(rows, key=lambda row: row[:2])
    return [(account, month, sum(row[2] for row in some)) for (account, month), some in months]


def _record(work: Work, name: str, files: list[LoadedFile], problems: list[str]) -> None:
    """Which billing accounts the source delivers, and what went wrong."""
    accounts = sorted({f.billing_account for f in files if f.billing_account is not None})
    with work.lake.write(f"bills of {name}") as write:
        found = write.connection.execute(
            "select distinct cloud, billing_account from raw.billing_manifest"
            " where status = 'loaded' and list_contains(?, billing_account) order by all",
            [accounts],
        ).fetchall()
        scopes = [Scope(cloud, account) for cloud, account in found]
        if problems or not scopes:
            scopes.append(Scope(None, failed="; ".join(problems) or None))
        record(write.connection, work, name, "exports", scopes)
