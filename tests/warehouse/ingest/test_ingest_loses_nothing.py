"""However the paths are written and whatever is missing this time: no charge goes unnoticed."""

import os
from pathlib import Path

import pytest

from tests.warehouse.ingest.bills import lake_in, line, lines, load, total, write, write_json
from tests.warehouse.ingest.test_ingest_manifests import aws_export, azure_export
from warehouse.ingest.records import LoadedFile


def reason(file: LoadedFile) -> str:
    return file.reason or ""


def test_a_part_does_not_replace_a_folder_that_was_given_by_another_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    second = write(tmp_path / "bills" / "b.csv", lines(4, SubAccountId="333333333333"))
    load(lake, tmp_path / "bills")
    write(tmp_path / "bills" / "a.csv", lines(5))
    second.write_text(second.read_text() + '"never closed')
    monkeypatch.chdir(tmp_path)
    report = load(lake, Path("bills"))
    assert {file.status for file in report.loaded} == {"rejected"}
    assert total(lake) == (7, 16)


def test_an_account_that_vanished_from_an_export_is_missed_by_whatever_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_in(tmp_path)
    other = lines(2, BillingAccountId="222222222222")
    aws_export(tmp_path / "acme", "1a", [lines(3) + other])
    load(lake, tmp_path / "acme")
    aws_export(tmp_path / "acme", "2b", [lines(4)])
    monkeypatch.chdir(tmp_path)
    report = load(lake, Path("acme"))
    assert "no rows for 222222222222" in " ".join(map(reason, report.loaded))
    assert total(lake) == (5, 9)
    load(lake, Path("acme"), accept_empty=True)
    assert total(lake) == (4, 10)


def test_an_account_that_vanished_is_missed_when_the_export_has_moved(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    other = lines(2, BillingAccountId="222222222222")
    aws_export(tmp_path / "acme", "1a", [lines(3) + other])
    load(lake, tmp_path / "acme")
    aws_export(tmp_path / "moved" / "acme", "2b", [lines(4)])
    report = load(lake, tmp_path / "moved")
    assert "no rows for 222222222222" in " ".join(map(reason, report.loaded))
    assert total(lake) == (5, 9)


def test_a_lost_chunk_is_missed_although_another_one_changed(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    second = write(tmp_path / "bills" / "b.csv", lines(4, SubAccountId="333333333333"))
    load(lake, tmp_path / "bills")
    write(tmp_path / "bills" / "a.csv", lines(5))
    second.unlink()
    report = load(lake, tmp_path / "bills")
    assert "which has 0 of 4 charges in common" in reason(report.loaded[0])
    assert total(lake) == (7, 16)
    load(lake, tmp_path / "bills", replace_feed=True)
    assert total(lake) == (5, 15)


def test_chunks_that_were_cut_anew_replace_the_old_ones(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    whole = lines(4) + lines(4, SubAccountId="333333333333")
    write(tmp_path / "bills" / "a.csv", whole[:5])
    second = write(tmp_path / "bills" / "b.csv", whole[5:])
    load(lake, tmp_path / "bills")
    second.unlink()
    write(tmp_path / "bills" / "a.csv", [*whole, line(ResourceId="i-new")])
    report = load(lake, tmp_path / "bills")
    assert [file.status for file in report.loaded] == ["loaded"]
    assert total(lake)[0] == 9


def test_an_account_that_vanished_from_a_file_is_missed(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    other = lines(2, BillingAccountId="222222222222")
    bill = write(tmp_path / "a.csv", lines(3) + other)
    load(lake, bill)
    write(bill, lines(4))
    report = load(lake, bill)
    assert "no rows for 222222222222" in reason(report.loaded[0])
    assert total(lake) == (5, 9)
    load(lake, bill, accept_empty=True)
    assert total(lake) == (4, 10)


def test_a_file_that_is_overwritten_every_month_keeps_the_months_before(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "a.csv", lines(3))
    load(lake, bill)
    november = {
        "BillingPeriodStart": "2026-11-01", "BillingPeriodEnd": "2026-12-01",
        "ChargePeriodStart": "2026-11-01", "ChargePeriodEnd": "2026-11-02",
    }  # fmt: skip
    write(bill, lines(4, **november))
    report = load(lake, bill)
    assert [file.status for file in report.loaded] == ["loaded"]
    assert total(lake)[0] == 7


def test_an_old_file_does_not_roll_its_month_back(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    old = write(tmp_path / "monday.csv", lines(3))
    load(lake, old)
    load(lake, write(tmp_path / "tuesday.csv", lines(4)))
    report = load(lake, old)
    assert report.loaded[0].status == "superseded"
    assert "replaced by" in reason(report.loaded[0])
    assert total(lake) == (4, 10)
    load(lake, old, replace_feed=True)
    assert total(lake) == (3, 6)


def test_two_exports_of_one_account_are_refused_with_a_cure(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    azure = {"ProviderName": "Microsoft"}
    for number, name in enumerate(("one", "two")):
        manifest = azure_export(
            tmp_path / "bills" / name, f"run-{number}", "2026-11-01T00:00:00Z",
            [lines(3, SubAccountId=name, **azure)],
        )  # fmt: skip
        text = manifest.read_text()
        manifest.write_text(text.replace("/exports/daily", f"/exports/{name}"))
    report = load(lake, tmp_path / "bills")
    assert {file.status for file in report.loaded} == {"rejected"}
    assert all("export the whole billing account" in reason(file) for file in report.loaded)


def day(number: int) -> dict[str, str]:
    return {
        "ChargePeriodStart": f"2026-10-{number:02}",
        "ChargePeriodEnd": f"2026-10-{number + 1:02}",
    }


def test_a_part_with_some_late_charges_of_the_first_is_refused_and_the_cure_works(
    tmp_path: Path,
) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "1.csv", lines(20, **day(1)))
    load(lake, tmp_path / "bills" / "1.csv")
    late = lines(20, **day(2)) + lines(2, **day(1), BilledCost="0.5", EffectiveCost="0.5")
    second = write(tmp_path / "bills" / "2.csv", late)
    report = load(lake, second)
    assert "which has 2 of 20 charges in common" in reason(report.loaded[0])
    load(lake, tmp_path / "bills")
    assert total(lake) == (42, 421)
    load(lake, second, replace_feed=True)
    assert total(lake) == (22, 211)
    load(lake, tmp_path / "bills")
    assert total(lake) == (42, 421)


def test_versions_whose_costs_were_restated_are_not_added_up(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "preliminary.csv", lines(5))
    write(tmp_path / "bills" / "final.csv", lines(5, BilledCost="0.9", EffectiveCost="0.9"))
    report = load(lake, tmp_path / "bills")
    assert {file.status for file in report.loaded} == {"rejected"}
    assert all("versions of one export" in reason(file) for file in report.loaded)


def test_days_that_are_missing_from_a_newer_version_are_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    days = [charge for number in range(1, 21) for charge in lines(2, **day(number))]
    bill = write(tmp_path / "a.csv", days)
    load(lake, bill)
    report = load(lake, write(bill, days[4:]))
    assert "alarm: 2 days of" in reason(report.loaded[0])


def test_a_resellers_name_does_not_make_a_second_account(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "a.csv", lines(3))
    load(lake, bill)
    write(bill, lines(4, ProviderName="Reseller Ltd"))
    load(lake, bill)
    assert total(lake) == (4, 10)


def test_a_file_that_has_its_old_content_again_is_loaded(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for count, expected in ((3, 6), (4, 10), (3, 6)):
        load(lake, write(tmp_path / "a.csv", lines(count)))
        assert total(lake) == (count, expected)


def test_an_account_that_left_one_of_its_files_leaves_no_rows_behind(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    other = {"BillingAccountId": "222222222222"}
    write(tmp_path / "bills" / "a.csv", lines(3) + lines(2, **other, SubAccountId="9"))
    write(tmp_path / "bills" / "b.csv", lines(4, **other))
    load(lake, tmp_path / "bills")
    write(tmp_path / "bills" / "a.csv", lines(3))
    load(lake, tmp_path / "bills")
    assert total(lake) == (7, 16)


def test_an_account_that_left_with_its_other_file_can_be_dropped(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    other = {"BillingAccountId": "222222222222"}
    write(tmp_path / "bills" / "a.csv", lines(3) + lines(2, **other, SubAccountId="9"))
    gone = write(tmp_path / "bills" / "b.csv", lines(4, **other))
    load(lake, tmp_path / "bills")
    gone.unlink()
    write(tmp_path / "bills" / "a.csv", lines(4))
    report = load(lake, tmp_path / "bills")
    assert "--accept-empty --replace-feed" in reason(report.loaded[0])
    load(lake, tmp_path / "bills", accept_empty=True, replace_feed=True)
    assert total(lake) == (4, 10)


def test_charges_without_a_day_can_be_updated(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "a.csv", lines(3, ChargePeriodStart=""))
    load(lake, bill)
    load(lake, write(bill, lines(4, ChargePeriodStart="")))
    assert total(lake) == (4, 10)


def test_an_azure_run_of_a_week_does_not_replace_its_month(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    manifest = azure_export(
        tmp_path, "run-1", "2026-10-15T00:00:00Z", [lines(3, ProviderName="Microsoft")]
    )
    manifest.write_text(manifest.read_text().replace("2026-10-01T", "2026-10-08T"))
    report = load(lake, tmp_path)
    assert {file.status for file in report.loaded} == {"rejected"}
    assert "month to date" in " ".join(map(reason, report.loaded))


def test_bills_alike_of_two_accounts_both_count(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    header = "product,group_description,description,hours,start,end,USD,project_name,category"
    charge = "Droplets,,web,1,2026-10-01 00:00:00 +0000,2026-10-01 01:00:00 +0000,$6.00,p,iaas"
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text(f"{header}\n{charge}\n")
        write_json(tmp_path / f"{name}.json", {"billing_account": f"do-{name}"})
    load(lake, *(tmp_path / f"{name}.{end}" for name in ("one", "two") for end in ("csv", "json")))
    assert total(lake) == (2, 12)


def test_a_file_whose_name_is_no_text_is_refused_and_the_others_are_loaded(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "bills" / "a.csv", lines(3))
    other = tmp_path / "bills" / os.fsdecode(b"\xff.csv")
    other.write_text(bill.read_text())
    report = load(lake, tmp_path / "bills")
    assert sorted(file.status for file in report.loaded) == ["loaded", "rejected"]
    assert "rename the file" in " ".join(map(reason, report.loaded))
    assert total(lake) == (3, 6)
