"""Exports of different subscriptions of one Azure billing account add up; whole and part do not."""

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from bills import SAMPLES, lake_in, lines, load, query, total, write, write_json

from clouds.azure.billing import sub_account
from warehouse.ingest.records import IngestReport
from warehouse.ingest.sub_account import contradict
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

SHOP, LAB = "11111111-1111-1111-1111-1111111111aa", "22222222-2222-2222-2222-2222222222bb"
ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/8615203"
WHOLE = ACCOUNT


def azure_lines(
    count: int, subscription: str, group: str = "web", **changed: str
) -> list[dict[str, str]]:
    place = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/x/y"
    return [
        {**line, "ResourceId": f"{place}/{number}"}
        for number, line in enumerate(lines(
            count, ProviderName="Microsoft", BillingAccountId=ACCOUNT,
            SubAccountId=f"/subscriptions/{subscription.upper()}", **changed,
        ))
    ]  # fmt: skip


def export(
    folder: Path, scope: str, rows: list[dict[str, str]], run: str = "r1", day: int = 20,
    kind: str = "FocusCost", month: str = "2026-10",
) -> Path:  # fmt: skip
    """A delivery of a Cost Management export of some scope, in a folder of its own."""
    file = write(folder / "part_0_0001.csv", rows)
    return write_json(folder / "manifest.json", {
        "exportConfig": {"exportName": "daily", "type": kind,
                         "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/daily"},
        "runInfo": {"runId": run, "submittedTime": f"2026-10-{day}T06:00:00Z",
                    "startDate": f"{month}-01T00:00:00"},
        "blobs": [{"blobName": file.name, "byteCount": file.stat().st_size}],
    }).parent  # fmt: skip


def of(subscription: str, group: str = "") -> str:
    return f"/subscriptions/{subscription}" + (f"/resourceGroups/{group}" if group else "")


def told(report: IngestReport) -> dict[str, str]:
    """Status of each file, by the folder of its delivery."""
    return {Path(entry.file).parent.name: entry.status for entry in report.loaded}


def why(report: IngestReport, folder: str) -> str:
    return next(e.reason or "" for e in report.loaded if Path(e.file).parent.name == folder)


def test_exports_of_two_subscriptions_add_up_and_replace_only_themselves(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    shop = export(tmp_path / "shop", of(SHOP), azure_lines(3, SHOP))
    lab = export(tmp_path / "lab", of(LAB), azure_lines(2, LAB))
    assert set(told(load(lake, shop, lab)).values()) == {"loaded"}
    assert total(lake) == (5, Decimal(9))
    newer = export(tmp_path / "shop", of(SHOP), azure_lines(4, SHOP), "r2", 21)
    assert told(load(lake, newer)) == {"shop": "loaded"}
    assert total(lake) == (6, Decimal(13))
    assert set(told(load(lake, shop, lab)).values()) == {"unchanged"}
    assert query(lake, "select sub_account, rows from raw.billing_manifest"
                 " where status = 'loaded' order by all") == [(SHOP, 4), (LAB, 2)]  # fmt: skip


def test_one_after_the_other_they_add_up_too(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, export(tmp_path / "shop", of(SHOP), azure_lines(3, SHOP)))
    report = load(lake, export(tmp_path / "lab", of(LAB.upper()), azure_lines(2, LAB)))
    assert told(report) == {"lab": "loaded"}
    assert total(lake) == (5, Decimal(9))


def test_the_subscription_is_kept_as_the_inventory_writes_it(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, export(tmp_path / "shop", of(SHOP), azure_lines(1, SHOP)))
    aws = write(tmp_path / "aws.csv", lines(1, SubAccountId=LAB.upper()))
    load(lake, aws)
    kept = query(lake, "select x_cloud, SubAccountId from raw.focus order by all")
    assert kept == [("aws", LAB.upper()), ("azure", SHOP)]


@pytest.mark.parametrize("first", ["whole", "part"])
def test_the_whole_account_and_a_part_of_it_contradict_each_other(
    first: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    whole = export(tmp_path / "whole", WHOLE, [*azure_lines(3, SHOP), *azure_lines(2, LAB)])
    part = export(tmp_path / "part", of(SHOP), azure_lines(3, SHOP))
    both = {"whole": whole, "part": part}
    second = "part" if first == "whole" else "whole"
    load(lake, both[first])
    before = total(lake)
    report = load(lake, both[second])
    assert told(report) == {second: "rejected"}
    assert f"the subscription {SHOP}" in why(report, second)
    assert "the whole billing account" in why(report, second)
    assert "ingest either the whole, or exports of subscriptions" in why(report, second)
    assert total(lake) == before
    report = load(lake, both[second], replace_feed=True)
    assert told(report) == {second: "loaded"}
    assert total(lake)[0] == (5 if second == "whole" else 3)


def test_whole_and_part_in_one_call_are_both_refused_and_other_parts_stay(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    whole = export(tmp_path / "whole", WHOLE, [*azure_lines(3, SHOP), *azure_lines(2, LAB)])
    part = export(tmp_path / "part", of(SHOP), azure_lines(3, SHOP))
    assert set(told(load(lake, whole, part)).values()) == {"rejected"}
    assert total(lake)[0] == 0
    load(lake, part)
    lab = export(tmp_path / "lab", of(LAB), azure_lines(2, LAB))
    report = load(lake, whole, part, lab)
    assert told(report) == {"whole": "rejected", "part": "unchanged", "lab": "loaded"}
    assert total(lake) == (5, Decimal(9))


def test_a_loose_file_is_of_the_whole_account(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, export(tmp_path / "shop", of(SHOP), azure_lines(3, SHOP)))
    report = load(lake, write(tmp_path / "loose" / "a.csv", azure_lines(2, LAB)))
    assert told(report) == {"loose": "rejected"}
    assert total(lake)[0] == 3


def test_resource_groups_of_a_subscription_add_up_and_it_contradicts_them(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    web = export(tmp_path / "web", of(SHOP, "Web"), azure_lines(3, SHOP, "WEB"))
    data = export(tmp_path / "data", of(SHOP, "Data"), azure_lines(2, SHOP, "data"))
    assert set(told(load(lake, web, data)).values()) == {"loaded"}
    assert total(lake) == (5, Decimal(9))
    report = load(lake, export(tmp_path / "all", of(SHOP), azure_lines(9, SHOP)))
    assert told(report) == {"all": "rejected"}
    assert f"the resource group data of {SHOP}" in why(report, "all")


@pytest.mark.parametrize(
    ("scope", "rows", "found"),
    [
        (of(SHOP), azure_lines(2, LAB), f"2 rows are of {LAB} web"),
        (of(SHOP), [*azure_lines(1, SHOP), {**azure_lines(1, SHOP)[0], "SubAccountId": ""}],
         "1 rows are of (none) web"),
        (of(SHOP, "web"), azure_lines(2, SHOP, "data"), f"2 rows are of {SHOP} data"),
    ],
)  # fmt: skip
def test_lines_of_another_part_are_refused(
    scope: str, rows: list[dict[str, str]], found: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, export(tmp_path / "shop", scope, rows))
    assert told(report) == {"shop": "rejected"}
    assert found in why(report, "shop")
    assert "expected its charges only" in why(report, "shop")
    assert total(lake)[0] == 0


def test_an_actual_cost_export_of_a_subscription_holds_its_lines_only(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    text = (SAMPLES / "EA_ActualCost_Small.csv").read_text(encoding="utf-8-sig")
    sample = list(csv.DictReader(StringIO(text)))
    mine = sample[0]["SubscriptionId"]
    own = [row for row in sample if row["SubscriptionId"] == mine]
    assert 0 < len(own) < len(sample)
    actual = {"kind": "ActualCost", "month": "2023-09"}
    report = load(lake, export(tmp_path / "all", of(mine), sample, **actual))
    assert told(report) == {"all": "rejected"}
    assert f"{len(sample) - len(own)} rows are of" in why(report, "all")
    report = load(lake, export(tmp_path / "own", of(mine), own, **actual))
    assert told(report) == {"own": "loaded"}
    assert query(lake, "select distinct SubAccountId from raw.focus") == [(mine.lower(),)]


def test_a_lake_of_before_learns_the_scopes_of_its_deliveries(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    shop = export(tmp_path / "shop", of(SHOP), azure_lines(3, SHOP))
    load(lake, shop, write(tmp_path / "aws.csv", lines(2)))
    older(lake)
    lake = Lake(LakeSettings(home=lake.settings.home))
    lab = export(tmp_path / "lab", of(LAB), azure_lines(2, LAB))
    report = load(lake, shop, lab)
    assert told(report) == {"shop": "unchanged", "lab": "loaded"}
    assert query(lake, "select cloud, sub_account from raw.billing_manifest order by all") == [
        ("aws", ""), ("azure", SHOP), ("azure", LAB)
    ]  # fmt: skip
    assert query(lake, "select distinct x_cloud, SubAccountId from raw.focus order by all") == [
        ("aws", "222222222222"), ("azure", SHOP), ("azure", LAB)
    ]  # fmt: skip
    before = lake.snapshot()
    lake.close()
    assert load(lake, shop, lab).snapshot == before, "once is enough"


def older(lake: Lake) -> None:
    """The lake as it was before deliveries had scopes, and Azure's subscriptions one form."""
    with lake.write("go back") as write_:
        write_.connection.execute("alter table raw.billing_manifest drop column sub_account")
        write_.connection.execute(
            "update raw.focus set SubAccountId = '/subscriptions/' || upper(SubAccountId)"
            " where x_cloud = 'azure'"
        )
    lake.close()


def test_scopes_are_read_from_the_id_of_the_export() -> None:
    exports = "providers/Microsoft.CostManagement/exports/daily"
    assert sub_account(f"/subscriptions/{SHOP.upper()}/{exports}") == SHOP
    assert sub_account(f"subscriptions/{SHOP}/query") == SHOP
    assert sub_account(f"/subscriptions/{SHOP}/resourceGroups/Web/{exports}") == f"{SHOP}/web"
    for whole in (ACCOUNT, f"{ACCOUNT}/billingProfiles/b", f"{ACCOUNT}/departments/1",
                  "/providers/Microsoft.Management/managementGroups/all", ""):  # fmt: skip
        assert sub_account(f"{whole}/{exports}" if whole else "") == ""


def test_a_scope_contradicts_what_holds_it_and_what_it_holds() -> None:
    assert contradict("", "")
    assert contradict("a", "")
    assert contradict("a/web", "a")
    assert not contradict("a", "ab")
    assert not contradict("a/web", "a/data")
