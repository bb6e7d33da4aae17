"""However the paths are written and whatever is missing this time: no charge goes unnoticed."""

from pathlib import Path

import pytest

from tests.warehouse.ingest.bills import lake_in, line, lines, load, total, write
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
