"""Exports come from S3 whole or not at all, and only once; the ingestion loads them exactly."""

import gzip
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from aws_deliveries import (
    BUCKET,
    EXPORT,
    PREFIX,
    deliver,
    deliver_report,
    lines,
    load,
    packed,
    parquet,
    put,
    total,
)
from aws_emulator import Call, Emulator, Fault, to
from aws_source import cloud_of

from clouds.aws import exports as exports_module
from clouds.aws.connection import AwsCloud

HERE = {"bucket": BUCKET, "prefix": PREFIX}  # where most of the deliveries lie


def source(aws: Emulator, *places: dict[str, str]) -> AwsCloud:
    return cloud_of(aws, exports=list(places or (HERE,)))


def files(folder: Path) -> list[str]:
    """The visible files below a folder."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path) for path in found if not str(path).startswith("."))


def downloads(aws: Emulator) -> int:
    """How many data files were asked for since the calls were last cleared."""
    data = [call for call in aws.calls if call.method == "GET" and "/data/" in call.path]
    return len(data)


def test_a_gzip_export_is_mirrored_and_loads_with_exact_totals(
    aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])
    put(aws, f"{PREFIX}/{EXPORT}/data/BILLING_PERIOD=2026-10/leftover.csv.gz", packed(lines(9)))
    found = source(aws).bills(tmp_path / "exports")
    assert found.failed == []
    assert files(tmp_path / "exports" / BUCKET) == [
        "exports/daily/data/BILLING_PERIOD=2026-10/daily-00001.csv.gz",
        "exports/daily/data/BILLING_PERIOD=2026-10/daily-00002.csv.gz",
        "exports/daily/metadata/BILLING_PERIOD=2026-10/daily-Manifest.json",
    ]
    report, lake = load(tmp_path / "home", found.paths)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake) == (5, Decimal(9), Decimal("11.5"))


def test_parquet_and_two_payers_load_side_by_side(aws: Emulator, tmp_path: Path) -> None:
    deliver(aws, "run-1", [parquet(lines(4), tmp_path)], suffix="snappy.parquet")
    other = "222222222222"
    deliver(aws, "run-1", [packed(lines(2, other))], prefix="other", bucket="other-bills")
    cloud = source(aws, HERE, {"bucket": "other-bills", "prefix": "other"})
    report, lake = load(tmp_path / "home", cloud.bills(tmp_path / "exports").paths)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake, "BillingAccountId = '111111111111'") == (4, Decimal(10), Decimal(12))
    assert total(lake, f"BillingAccountId = '{other}'") == (2, Decimal(3), Decimal(4))


def test_a_payers_bucket_is_read_with_the_role_in_its_account(
    aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(1))])
    role = {"role_arn": "arn:aws:iam::222222222222:role/reader"}
    cloud = cloud_of(aws, accounts=[role], exports=[{**HERE, "account": "222222222222"}])
    cloud.bills(tmp_path)
    keys = {call.key for call in aws.calls if call.service == "s3" and call.path.endswith("gz")}
    assert "test" in keys  # the arrangement
    assert len(keys) == 2  # and the assumed role


def test_a_legacy_report_is_mirrored_by_its_newest_assembly(aws: Emulator, tmp_path: Path) -> None:
    header = (
        "bill/PayerAccountId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,"
        "lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,"
        "lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/UsageAmount,lineItem/ResourceId"
    )
    row = "1,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-02T00:00:00Z," \
        "2026-10-03T00:00:00Z,Usage,USD,{},1,i-1"  # fmt: skip
    cloud = source(aws, {"bucket": BUCKET, "prefix": "cur/acme"})
    for assembly, cost in (("20261005T010000Z", "5"), ("20261006T010000Z", "7.000000000001")):
        content = gzip.compress(f"{header}\n{row.format(cost)}\n".encode())
        deliver_report(aws, assembly, content)
        found = cloud.bills(tmp_path / "exports")
        report, lake = load(tmp_path / "home", found.paths)
        assert {entry.status for entry in report.loaded} == {"loaded"}
        assert total(lake)[:2] == (1, Decimal(cost))
    kept = files(tmp_path / "exports" / BUCKET)
    assert [name.rsplit("/", 2)[1] for name in kept] == ["20261006T010000Z", "20261001-20261101"]


def test_what_is_there_is_not_downloaded_again(aws: Emulator, tmp_path: Path) -> None:
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])
    source(aws).bills(tmp_path)
    aws.calls.clear()
    assert source(aws).bills(tmp_path).failed == []
    assert downloads(aws) == 0
    deliver(aws, "run-2", [packed(lines(3)), packed(lines(2))], period="2026-09")
    aws.calls.clear()
    source(aws).bills(tmp_path)
    assert downloads(aws) == 2


def test_a_file_somebody_deleted_is_downloaded_again(aws: Emulator, tmp_path: Path) -> None:
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])
    source(aws).bills(tmp_path)
    lost = next(tmp_path.rglob("*00002.csv.gz"))
    lost.unlink()
    aws.calls.clear()
    source(aws).bills(tmp_path)
    assert lost.exists()
    assert downloads(aws) == 1


@pytest.mark.parametrize(("month", "is_healed"), [(10, True), (9, False)])
def test_a_month_that_is_wanted_anew_is_downloaded_again(
    aws: Emulator, tmp_path: Path, month: int, is_healed: bool
) -> None:
    deliver(aws, "run-1", [packed(lines(3))])
    source(aws).bills(tmp_path)
    before = files(tmp_path)
    data = next(tmp_path.rglob("*.csv.gz"))
    whole = data.read_bytes()
    data.write_bytes(b"damaged")
    source(aws).bills(tmp_path, [date(2026, month, 1)])
    assert (data.read_bytes() == whole) == is_healed
    assert files(tmp_path) == before


def test_a_manifest_before_its_last_file_keeps_the_old_delivery(
    aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(3))], create_new=True)
    source(aws).bills(tmp_path / "exports")
    before = files(tmp_path / "exports")
    deliver(aws, "run-2", [packed(lines(5))], create_new=True, lacks=1)
    found = source(aws).bills(tmp_path / "exports")
    [failure] = found.failed
    assert "daily-00002.csv.gz, which is not there" in failure.reason
    assert failure.kind == "bills"
    assert files(tmp_path / "exports") == before
    _, lake = load(tmp_path / "home", found.paths)
    assert total(lake)[:2] == (3, Decimal(6))


def test_a_newer_run_beside_the_old_one_replaces_it_in_the_mirror(
    aws: Emulator, tmp_path: Path
) -> None:
    older, newer = "2026-10-07T01:50:45.390Z-aaa", "2026-10-08T01:50:45.390Z-bbb"
    deliver(aws, older, [packed(lines(3)), packed(lines(1))], create_new=True)
    cloud = source(aws)
    load(tmp_path / "home", cloud.bills(tmp_path / "exports").paths)
    deliver(aws, newer, [packed(lines(4))], create_new=True)
    found = cloud.bills(tmp_path / "exports")
    assert found.failed == []
    assert not [name for name in files(tmp_path / "exports") if older in name]
    _, lake = load(tmp_path / "home", found.paths)
    assert total(lake)[:2] == (4, Decimal(10))


def test_a_run_that_is_being_written_over_the_old_one_is_left_alone(
    aws: Emulator, tmp_path: Path
) -> None:
    cloud = source(aws)
    key = deliver(aws, "run-1", [packed(lines(3))])
    data = f"{PREFIX}/{EXPORT}/data/BILLING_PERIOD=2026-10/{EXPORT}-00001.csv.gz"
    listed = exports_module.fetch_listing(cloud._place(HERE))
    late = listed[key].modified + timedelta(seconds=2)
    listed[data] = exports_module.Object(data, "x", 1, late)
    place = cloud._place(HERE)
    with pytest.raises(exports_module.Unreadable, match="AWS is writing the next delivery"):
        exports_module._resolve(place, "n", listed[key], listed, late)
    settled = exports_module._resolve(place, "n", listed[key], listed, late + timedelta(days=1))
    assert [found.key for found in settled.files] == [data]


def test_a_delivery_that_changes_while_it_is_downloaded_is_taken_anew(
    aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])

    def replace(_: Call) -> None:
        aws.faults.clear()
        deliver(aws, "run-2", [packed(lines(6)), packed(lines(7))])

    def is_second(call: Call) -> bool:
        return call.method == "GET" and call.path.endswith("00002.csv.gz")

    aws.faults.append(Fault(is_second, before=replace, times=1))
    found = source(aws).bills(tmp_path / "exports")
    assert found.failed == []
    _, lake = load(tmp_path / "home", found.paths)
    assert total(lake)[:2] == (13, Decimal(49))


def is_first_file(call: Call) -> bool:
    return call.method == "GET" and call.path.endswith("00001.csv.gz")


def is_manifest(call: Call) -> bool:
    return call.method == "GET" and call.path.endswith("-Manifest.json")


@pytest.mark.parametrize("which", [is_first_file, is_manifest])
def test_a_cut_transfer_is_tried_again(
    which: Callable[[Call], bool], aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(300))])
    aws.faults.append(Fault(which, share=0.5, times=2))
    found = source(aws).bills(tmp_path / "exports")
    assert found.failed == []
    _, lake = load(tmp_path / "home", found.paths)
    assert total(lake)[:2] == (300, Decimal(45150))


def test_a_transfer_that_is_always_cut_is_reported_and_the_old_delivery_stays(
    aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(3))])
    source(aws).bills(tmp_path / "exports")
    before = {
        name: (tmp_path / "exports" / name).read_bytes() for name in files(tmp_path / "exports")
    }
    deliver(aws, "run-2", [packed(lines(300))])
    aws.faults.append(Fault(is_first_file, share=0.5))
    [failure] = source(aws).bills(tmp_path / "exports").failed
    assert "was cut" in failure.reason
    assert {
        n: (tmp_path / "exports" / n).read_bytes() for n in files(tmp_path / "exports")
    } == before


def test_a_download_killed_while_it_is_put_in_place_never_looks_complete(
    aws: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])
    cloud = source(aws)
    load(tmp_path / "home", cloud.bills(tmp_path / "exports").paths)
    deliver(aws, "run-2", [packed(lines(6)), packed(lines(7))])
    real = exports_module.os.replace

    def die(source: Path, target: Path) -> None:
        if Path(target).name.endswith("00002.csv.gz"):
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(exports_module.os, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            cloud.bills(tmp_path / "exports")
    report, lake = load(tmp_path / "home", [tmp_path / "exports" / BUCKET])
    assert {entry.status for entry in report.loaded} == {"rejected"}
    assert total(lake)[:2] == (5, Decimal(9))
    found = cloud.bills(tmp_path / "exports")
    assert found.failed == []
    _, lake = load(tmp_path / "home", found.paths)
    assert total(lake)[:2] == (13, Decimal(49))


def test_one_place_that_is_denied_leaves_the_others(aws: Emulator, tmp_path: Path) -> None:
    deliver(aws, "run-1", [packed(lines(3))])
    cloud = source(aws, {"bucket": "secret-bills", "prefix": "x"}, HERE)
    is_secret = lambda call: call.service == "s3" and "secret-bills" in call.path  # noqa: E731
    aws.faults.append(Fault(is_secret, 403, "AccessDenied"))
    found = cloud.bills(tmp_path)
    [failure] = found.failed
    assert "s3:ListBucket is missing" in failure.reason
    assert found.paths == [tmp_path / BUCKET]


def test_a_place_without_a_manifest_says_what_to_check(aws: Emulator, tmp_path: Path) -> None:
    put(aws, f"{PREFIX}/note.txt", b"hello")
    found = source(aws).bills(tmp_path)
    assert "check bucket and prefix" in found.failed[0].reason
    assert found.paths == []


def test_a_key_that_leads_out_of_the_folder_is_refused(aws: Emulator, tmp_path: Path) -> None:
    put(aws, f"{PREFIX}/x", b"1")
    place = source(aws)._place(HERE)
    with pytest.raises(exports_module.Unreadable, match="leads out of the folder"):
        exports_module._local(tmp_path, place, "../../etc/cron.d/x")


def test_cost_explorer_stands_in_for_exports(aws: Emulator, tmp_path: Path) -> None:
    def page(day: int, cost: str, token: str | None) -> dict[str, object]:
        amounts = {"UnblendedCost": {"Amount": cost, "Unit": "USD"},
                   "AmortizedCost": {"Amount": "2.25", "Unit": "USD"}}  # fmt: skip
        groups = [{"Keys": ["Amazon Simple Storage Service", "333333333333"], "Metrics": amounts}]
        span = {"Start": f"2026-11-{day:02}", "End": f"2026-11-{day + 1:02}"}
        result: dict[str, object] = {
            "ResultsByTime": [
                {"TimePeriod": span, "Groups": groups, "Estimated": True, "Total": {}}
            ]
        }
        return {**result, "NextPageToken": token} if token else result

    empty: dict[str, object] = {"ResultsByTime": []}
    queue = [*[empty] * 12, page(1, "1.1", "more"), page(2, "1.2000000001", None)]
    seeded = {"results": queue}
    import requests

    url = f"{aws.url}/moto-api/static/ce/cost-and-usage-results"
    assert requests.post(url, json=seeded, timeout=10).status_code == 201
    cloud = cloud_of(aws, cost_explorer=True)
    found = cloud.bills(tmp_path / "exports")
    assert found.failed == []
    report, lake = load(tmp_path / "home", found.paths)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake) == (2, Decimal("2.3000000001"), Decimal("4.5"))
    with lake.latest() as connection:
        [[origin, payer]] = connection.execute(
            "select distinct json_extract_string(x_extra, '$.x_Origin'), BillingAccountId"
            " from raw.focus"
        ).fetchall()
    assert (origin, payer) == ("AWS Cost Explorer", "123456789012")
    aws.calls.clear()
    cloud.bills(tmp_path / "exports")
    asked = [json.loads(call.body)["TimePeriod"]["Start"] for call in aws.calls if to("ce")(call)]
    assert "2026-11-01" in asked
