"""A file that a manifest governs is read only through it, complete and newest."""

import os
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from bills import lake_in, lines, load, query, reason, statuses, total, write, write_json

OCTOBER = {"BillingPeriodStart": "2026-10-01T00:00:00Z"}


def aws_export(
    root: Path, run: str, chunks: list[list[dict[str, str]]], create_new: bool = False,
    period: str = "2026-10", partition: str = "BILLING_PERIOD",
) -> Path:  # fmt: skip
    """What AWS Data Exports leaves in a bucket; the manifest comes last."""
    part = f"{partition}={period}" + (f"/{run}" if create_new else "")
    names = []
    for number, rows in enumerate(chunks, start=1):
        name = f"data/{part}/acme-daily-0000{number}.csv.gz"
        write(root / name, rows, header=list(lines(1)[0]))
        names.append(f"s3://acme-bills/exports/acme-daily/{name}")
    manifest = {"exportName": "acme-daily", "executionId": run, "dataFiles": names}
    return write_json(root / f"metadata/{part}/acme-daily-Manifest.json", manifest)


def azure_export(
    root: Path,
    run: str,
    submitted: str,
    chunks: list[list[dict[str, str]]],
    kind: str = "FocusCost",
    month: str = "2026-10",
) -> Path:
    """One run of an Azure Cost Management export, in its own folder."""
    days = f"{month.replace('-', '')}01-{month.replace('-', '')}30"
    folder = root / days / "daily" / run
    blobs = []
    for number, rows in enumerate(chunks):
        file = write(folder / f"part_{number}_0001.csv", rows, header=list(rows[0]))
        name = f"costs/daily/{days}/{run}/{file.name}"
        blobs.append(
            {"blobName": name, "byteCount": file.stat().st_size, "dataRowCount": len(rows)}
        )
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(blob["byteCount"] for blob in blobs),
        "blobCount": len(blobs),
        "exportConfig": {
            "exportName": "daily",
            "resourceId": "/providers/Microsoft.Billing/billingAccounts/1/exports/daily",
            "dataVersion": "1.2-preview", "type": kind,
        },
        "deliveryConfig": {"partitionData": True, "dataOverwriteBehavior": "CreateNewReport",
                           "fileFormat": "Csv"},
        "runInfo": {"executionType": "Scheduled", "submittedTime": submitted, "runId": run,
                    "startDate": f"{month}-01T00:00:00", "endDate": f"{month}-30T00:00:00"},
        "blobs": blobs,
    }  # fmt: skip
    return write_json(folder / "manifest.json", manifest)


def azure_lines(count: int) -> list[dict[str, str]]:
    return lines(count, ProviderName="Microsoft", BillingAccountId="/billingAccounts/1")


def focus_of(day: date, begins: date, ends: date) -> dict[str, str]:
    return {**azure_lines(1)[0], "BilledCost": "1", "ChargePeriodStart": f"{day}",
            "BillingPeriodStart": f"{begins}", "BillingPeriodEnd": f"{ends}"}  # fmt: skip


def actual_of(day: date, begins: date, ends: date) -> dict[str, str]:
    return {"BillingPeriodStartDate": f"{begins:%m/%d/%Y}", "SubscriptionId": "sub-1",
            "BillingPeriodEndDate": f"{ends - timedelta(1):%m/%d/%Y}", "Date": f"{day:%m/%d/%Y}",
            "MeterCategory": "Virtual Machines", "CostInBillingCurrency": "1",
            "BillingCurrencyCode": "EUR", "ChargeType": "Usage", "Quantity": "1",
            "MeterId": "m-1", "ResourceId": "vm"}  # fmt: skip


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("of", [focus_of, actual_of])
def test_azure_periods_that_begin_within_a_month_are_told_by_calendar_months(
    of: Callable[[date, date, date], dict[str, str]], apart: bool, tmp_path: Path
) -> None:
    lake, root = lake_in(tmp_path), tmp_path / "costs"
    kind = "FocusCost" if of is focus_of else "ActualCost"
    fifteenths = [date(2026, month, 15) for month in (8, 9, 10, 11)]
    for month in (9, 10):
        rows = [
            of(day, begins, ends)
            for begins, ends in pairwise(fifteenths)
            for day in (begins + timedelta(n) for n in range((ends - begins).days))
            if day.month == month
        ]
        submitted = f"2026-{month + 1}-02T06:00:00Z"
        azure_export(root, f"run-{month}", submitted, [rows], kind, f"2026-{month:02}")
        if apart:
            load(lake, root)
    load(lake, root)
    assert total(lake) == (61, Decimal(61))
    periods = query(
        lake,
        "select distinct cast(BillingPeriodStart as varchar), cast(BillingPeriodEnd as varchar)"
        " from raw.focus order by all",
    )
    midnight = [f"2026-{month:02}-01 00:00:00" for month in (9, 10, 11)]
    assert periods == [*pairwise(midnight)]


def test_an_aws_export_is_loaded_through_its_manifest(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "exports" / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, ServiceName="S3")], partition="billing_period")
    write(root / "data/billing_period=2026-10/acme-daily-00009.csv.gz", lines(50))
    report = load(lake, tmp_path / "exports")
    assert statuses(report) == {
        "acme-daily-00001.csv.gz": {"loaded"},
        "acme-daily-00002.csv.gz": {"loaded"},
        "acme-daily-00009.csv.gz": {"superseded"},
    }
    assert "does not list it" in reason(report, "acme-daily-00009.csv.gz")
    assert total(lake) == (5, Decimal(9))
    feeds = query(lake, "select distinct x_source, x_export from raw.focus")
    assert feeds == [("aws/focus-1.2/acme-daily", "run-1")]
    again = load(lake, tmp_path / "exports")
    assert again.snapshot == report.snapshot
    assert statuses(again)["acme-daily-00001.csv.gz"] == {"unchanged"}


def test_a_newer_aws_run_replaces_the_period_whole(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, ServiceName="S3")])
    aws_export(root, "run-x", [lines(7, BillingPeriodStart="2026-09-01")], period="2026-09")
    load(lake, tmp_path / "acme-daily")
    (root / "data/BILLING_PERIOD=2026-10/acme-daily-00002.csv.gz").unlink()
    aws_export(root, "run-2", [lines(6)])
    report = load(lake, tmp_path / "acme-daily")
    assert total(lake, "month(BillingPeriodStart) = 10") == (6, Decimal(21))
    assert total(lake, "month(BillingPeriodStart) = 9") == (7, Decimal(28))
    assert report.loaded[-1].reason is not None


def test_of_several_aws_runs_kept_side_by_side_only_the_newest_counts(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    older, newer = "2026-10-07T01:50:45.390Z-aaa", "2026-10-08T01:50:45.390Z-bbb"
    aws_export(root, newer, [lines(4)], create_new=True)
    aws_export(root, older, [lines(3)], create_new=True)
    report = load(lake, root)
    assert sorted((e.status, e.rows) for e in report.loaded) == [
        ("loaded", 4),
        ("superseded", None),
    ]
    assert total(lake) == (4, Decimal(10))
    alone = tmp_path / "copy" / "acme-daily"
    aws_export(alone, older, [lines(3)], create_new=True)
    late = load(lake, alone)
    assert {e.status for e in late.loaded} == {"superseded"}
    assert "2026-10-08 01:50:45" in (late.loaded[0].reason or "")
    assert total(lake) == (4, Decimal(10))


def test_a_manifest_that_names_a_missing_file_changes_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, ServiceName="S3")])
    load(lake, root)
    aws_export(root, "run-2", [lines(6), lines(8, ServiceName="S3")])
    (root / "data/BILLING_PERIOD=2026-10/acme-daily-00002.csv.gz").unlink()
    good = write(tmp_path / "good.csv", lines(1, BillingAccountId="9"))
    report = load(lake, root, good)
    assert statuses(report) == {"acme-daily-Manifest.json": {"rejected"}, "good.csv": {"loaded"}}
    text = reason(report, "acme-daily-Manifest.json")
    assert "acme-daily-00002.csv.gz', which is not there" in text
    assert "Nothing of this period was changed; copy the whole delivery again" in text
    assert total(lake, "BillingAccountId <> '9'") == (5, Decimal(9))


def test_a_period_without_a_manifest_is_not_complete(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3)])
    write(root / "data/BILLING_PERIOD=2026-11/acme-daily-00001.csv.gz", lines(9))
    report = load(lake, root)
    assert {e.status for e in report.loaded} == {"loaded", "rejected"}
    assert any("no manifest for 2026-11 yet" in (e.reason or "") for e in report.loaded)
    assert total(lake) == (3, Decimal(6))


@pytest.mark.parametrize("part", ["data", "data/BILLING_PERIOD=2026-10", "one chunk"])
def test_the_data_of_an_export_is_read_through_the_manifest_beside_it(
    part: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, ServiceName="S3")])
    aws_export(root, "run-9", [lines(9, BillingPeriodStart="2026-09-01")], period="2026-09")
    write(root / "data/BILLING_PERIOD=2026-10/acme-daily-00003.csv.gz", lines(50))
    chunk = "data/BILLING_PERIOD=2026-10/acme-daily-00001.csv.gz"
    report = load(lake, root / (chunk if part == "one chunk" else part))
    october = total(lake, "month(BillingPeriodStart) = 10")
    assert october == (5, Decimal(9)), "all chunks that the manifest lists, and no others"
    assert total(lake)[0] == (14 if part == "data" else 5), "no period that was not asked for"
    feeds = query(lake, "select distinct x_source from raw.focus")
    assert feeds == [("aws/focus-1.2/acme-daily",)]
    leftover = statuses(report).get("acme-daily-00003.csv.gz")
    assert leftover == (None if part == "one chunk" else {"superseded"})
    assert {s for each in statuses(report).values() for s in each} <= {"loaded", "superseded"}


def test_the_data_of_a_period_whose_manifest_is_missing_is_not_complete(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3)])
    write(root / "data/BILLING_PERIOD=2026-11/acme-daily-00001.csv.gz", lines(9))
    report = load(lake, root / "data/BILLING_PERIOD=2026-11")
    [entry] = report.loaded
    assert (entry.status, str(entry.period)) == ("rejected", "2026-11-01")
    assert "no manifest for 2026-11 yet" in (entry.reason or "")
    assert total(lake) == (0, None)


def test_the_data_of_an_export_without_any_manifest_is_loose(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "acme-daily/data/BILLING_PERIOD=2026-10/a.csv.gz", lines(3))
    load(lake, tmp_path / "acme-daily" / "data")
    assert query(lake, "select distinct x_source from raw.focus") == [("aws/focus-1.2",)]


def test_one_bad_chunk_refuses_the_whole_delivery(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, BilledCost="x"), lines(4, ServiceName="S3")])
    report = load(lake, root)
    assert {e.status for e in report.loaded} == {"rejected"}
    assert "column BilledCost: found 'x'" in reason(report, "acme-daily-00002.csv.gz")
    assert "acme-daily-00002.csv.gz of the same manifest" in reason(
        report, "acme-daily-00003.csv.gz"
    )


def test_a_delivery_without_rows_for_a_loaded_period_is_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3)])
    load(lake, root)
    aws_export(root, "run-2", [[]])
    report = load(lake, root)
    assert {e.status for e in report.loaded} == {"rejected"}
    assert "alarm: no rows for 111111111111, 2026-10, which has 3 rows" in (
        report.loaded[0].reason or ""
    )
    assert total(lake) == (3, Decimal(6))
    load(lake, root, accept_empty=True)
    assert total(lake) == (0, None)


def test_an_account_that_vanishes_from_an_export_is_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    aws_export(root, "run-1", [lines(3), lines(2, BillingAccountId="9")])
    load(lake, root)
    (root / "data/BILLING_PERIOD=2026-10/acme-daily-00002.csv.gz").unlink()
    aws_export(root, "run-2", [lines(4)])
    assert {e.status for e in load(lake, root).loaded} == {"rejected"}
    assert total(lake) == (5, Decimal(9))
    load(lake, root, accept_empty=True)
    assert total(lake) == (4, Decimal(10))


def test_empty_chunks_of_a_delivery_are_legal(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    manifest = aws_export(root, "run-1", [lines(3), [], []])
    (root / "data/BILLING_PERIOD=2026-10/acme-daily-00003.csv.gz").write_bytes(b"")
    report = load(lake, manifest)  # the manifest alone leads to its files
    assert sorted(e.rows or 0 for e in report.loaded) == [0, 0, 3]
    assert {e.status for e in report.loaded} == {"loaded"}


def test_a_legacy_report_is_read_through_its_newest_assembly(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "cur" / "acme" / "20261001-20261101"
    header = (
        "bill/PayerAccountId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,"
        "lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,"
        "lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/UsageAmount,lineItem/ResourceId"
    )
    row = "1,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-02T00:00:00Z," \
        "2026-10-03T00:00:00Z,Usage,USD,{},1,i-{}"  # fmt: skip
    for assembly, cost in (("20261005T010000Z", 5), ("20261006T010000Z", 7)):
        folder = root / assembly
        folder.mkdir(parents=True)
        (folder / "acme-1.csv").write_text("\n".join([header, row.format(cost, cost)]) + "\n")
        manifest = {
            "assemblyId": assembly, "reportName": "acme", "bucket": "b",
            "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
            "reportKeys": [f"cur/acme/20261001-20261101/{assembly}/acme-1.csv"],
        }  # fmt: skip
        write_json(folder / "acme-Manifest.json", manifest)
        write_json(root / "acme-Manifest.json", manifest)
    report = load(lake, tmp_path / "cur")
    assert sorted((e.status, e.file[-27:]) for e in report.loaded) == [
        ("loaded", "20261006T010000Z/acme-1.csv"), ("superseded", "20261005T010000Z/acme-1.csv"),
    ]  # fmt: skip
    assert total(lake) == (1, Decimal(7))


def test_the_newest_azure_run_wins_and_an_older_one_never_replaces_it(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    azure_export(tmp_path / "a", "run-2", "2026-10-09T05:00:00.1234567Z", [azure_lines(4)])
    azure_export(tmp_path / "a", "run-1", "2026-10-08T05:00:00Z", [azure_lines(3)])
    report = load(lake, tmp_path / "a")
    assert sorted((e.status, e.rows) for e in report.loaded) == [
        ("loaded", 4),
        ("superseded", None),
    ]
    azure_export(tmp_path / "b", "run-0", "2026-10-07T05:00:00Z", [azure_lines(2)])
    assert {e.status for e in load(lake, tmp_path / "b").loaded} == {"superseded"}
    assert total(lake) == (4, Decimal(10))
    azure_export(tmp_path / "c", "run-3", "2026-10-10T05:00:00Z", [azure_lines(5)])
    assert {e.status for e in load(lake, tmp_path / "c").loaded} == {"loaded"}
    assert total(lake) == (5, Decimal(15))


def test_an_azure_blob_of_another_size_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    manifest = azure_export(tmp_path / "a", "run-1", "2026-10-08T05:00:00Z", [azure_lines(3)])
    with (manifest.parent / "part_0_0001.csv").open("a") as file:
        file.write("half a li")
    report = load(lake, tmp_path / "a")
    assert statuses(report) == {"manifest.json": {"rejected"}}
    text = reason(report, "manifest.json")
    assert "part_0_0001.csv has" in text
    assert "but the manifest says" in text
    assert "copy it again" in text


def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    manifest = azure_export(tmp_path / "a", "run-1", "2026-10-08T05:00:00Z", [azure_lines(3)])
    manifest.write_text(manifest.read_text()[:-20])
    report = load(lake, tmp_path / "a")
    assert statuses(report) == {"manifest.json": {"rejected"}, "part_0_0001.csv": {"rejected"}}
    assert "not valid JSON" in reason(report, "manifest.json")
    assert "is damaged" in reason(report, "part_0_0001.csv")
    assert total(lake) == (0, None)


def test_without_a_time_in_it_the_manifest_written_last_is_the_newest(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "acme-daily"
    first = aws_export(root, "aaa", [lines(3)], create_new=True)
    second = aws_export(root, "bbb", [lines(4)], create_new=True)
    os.utime(first, (1_790_000_000, 1_790_000_000))
    os.utime(second, (1_780_000_000, 1_780_000_000))
    load(lake, root)
    assert total(lake) == (3, Decimal(6))


def test_a_missing_chunk_is_not_taken_from_the_run_before(tmp_path: Path) -> None:
    root, lake = tmp_path / "bucket", lake_in(tmp_path)
    aws_export(root, "20261010T000000Z-b", [lines(5), lines(4)], create_new=True)
    aws_export(root, "20261012T000000Z-c", [lines(3), lines(2)], create_new=True)
    folder = "data/BILLING_PERIOD=2026-10/20261012T000000Z-c"
    (root / folder / "acme-daily-00002.csv.gz").unlink()
    load(lake, root)
    assert total(lake)[0] in (0, 9), "nothing, or the whole run before; never a mixture"
