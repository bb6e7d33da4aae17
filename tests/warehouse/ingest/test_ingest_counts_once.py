"""No charge is counted twice, and none is dropped for another's sake."""

import os
from pathlib import Path

from bills import lake_in, line, lines, load, query, reason, statuses, total, write, write_json
from test_ingest_manifests import aws_export, azure_export, azure_lines

JANUARY = {
    "BillingPeriodStart": "2026-01-01T00:00:00Z", "BillingPeriodEnd": "2026-02-01T00:00:00Z",
}  # fmt: skip


def test_two_payers_may_name_their_exports_alike(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for payer in ("111", "222"):
        aws_export(tmp_path / "exports" / payer, f"run-{payer}", [lines(4, BillingAccountId=payer)])
    report = load(lake, tmp_path / "exports")
    assert {file.status for file in report.loaded} == {"loaded"}
    assert total(lake) == (8, 20)
    aws_export(tmp_path / "exports" / "111", "run-3", [lines(5, BillingAccountId="111")])
    load(lake, tmp_path / "exports" / "111")
    assert total(lake) == (9, 25)


def test_a_preliminary_and_a_final_export_are_versions_not_chunks(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(4, InvoiceId=""))
    write(tmp_path / "bills" / "b.csv", lines(4, InvoiceId="INV-9"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"rejected"}, "b.csv": {"rejected"}}
    assert total(lake) == (0, None)


def test_files_of_several_months_that_share_one_month_are_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    shared = lines(4, **JANUARY)
    write(tmp_path / "bills" / "a.csv", shared + lines(20))
    write(tmp_path / "bills" / "b.csv", shared + lines(20, BillingAccountId="333"))
    load(lake, tmp_path / "bills")
    assert total(lake, "BillingPeriodStart = '2026-01-01'") == (0, None)


def test_a_manifest_never_takes_the_file_of_another_month(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    root = tmp_path / "exports" / "acme-daily"
    aws_export(root, "run-1", [lines(3)])
    aws_export(root, "run-2", [lines(3)], period="2026-11")
    (root / "data/BILLING_PERIOD=2026-11/acme-daily-00001.csv.gz").unlink()
    report = load(lake, tmp_path / "exports")
    assert {"loaded", "rejected"} == {file.status for file in report.loaded}
    assert total(lake) == (3, 6)


def test_content_delivered_anew_is_newer_than_what_came_between(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    azure_export(tmp_path / "first", "run-1", "2026-11-01T00:00:00Z", [azure_lines(3)])
    azure_export(tmp_path / "third", "run-3", "2026-11-03T00:00:00Z", [azure_lines(3)])
    azure_export(tmp_path / "second", "run-2", "2026-11-02T00:00:00Z", [azure_lines(9)])
    load(lake, tmp_path / "first")
    again = load(lake, tmp_path / "third")
    assert {file.status for file in again.loaded} == {"unchanged"}
    between = load(lake, tmp_path / "second")
    assert {file.status for file in between.loaded} == {"superseded"}
    assert total(lake) == (3, 6)


def test_a_correction_below_zero_is_no_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", [line(BilledCost="-10")]))
    report = load(lake, write(tmp_path / "b.csv", [line(BilledCost="-11")]))
    assert "alarm" not in (report.loaded[0].reason or "")


def test_an_account_stays_one_when_the_lines_of_another_provider_grow(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    own, sold = lines(3), lines(2, ProviderName="Microsoft", ServiceName="Marketplace")
    load(lake, write(tmp_path / "a.csv", own + sold))
    grown = lines(9, ProviderName="Microsoft", ServiceName="Marketplace")
    report = load(lake, write(tmp_path / "b.csv", own + grown))
    assert statuses(report) == {"b.csv": {"loaded"}}
    assert total(lake) == (12, 51)


def test_one_account_in_two_versions_of_focus_is_refused_whoever_sells_most(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    own = lines(3)
    newer = [{**each, "ServiceProviderName": "AWS"} for each in own]
    sold = lines(9, ProviderName="Microsoft", ServiceProviderName="Microsoft")
    write(tmp_path / "bills" / "old.csv", own)
    write(tmp_path / "bills" / "new.csv", newer + sold)
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"old.csv": {"rejected"}, "new.csv": {"rejected"}}


def test_another_part_of_a_period_never_replaces_the_first(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = write(tmp_path / "bills" / "day1.csv", lines(3))
    load(lake, first)
    second = write(tmp_path / "bills" / "day2.csv", lines(4, ChargePeriodStart="2026-10-02"))
    report = load(lake, second)
    assert "give all parts of the period in one call" in (report.loaded[0].reason or "")
    assert total(lake) == (3, 6)
    load(lake, tmp_path / "bills")
    assert total(lake) == (7, 16)
    load(lake, second, replace_feed=True)
    assert total(lake) == (4, 10)


def test_a_bill_with_other_charges_of_the_same_days_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(3)))
    report = load(lake, write(tmp_path / "b.csv", lines(4, SubAccountId="999")))
    assert "which has 0 of 3 charges in common" in (report.loaded[0].reason or "")
    assert total(lake) == (3, 6)


def test_an_overwritten_bill_with_other_charges_is_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(3)))
    report = load(lake, write(tmp_path / "a.csv", lines(4, SubAccountId="999")))
    assert "alarm: 0 of 3 charges in common" in (report.loaded[0].reason or "")
    assert total(lake) == (4, 10)


def test_a_bill_whose_every_cost_was_corrected_is_a_newer_version(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(3)))
    load(lake, write(tmp_path / "b.csv", lines(3, BilledCost="7")))
    assert total(lake) == (3, 21)


def test_a_packed_copy_counts_once(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    write(tmp_path / "bills" / "a.csv.gz", lines(3))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"loaded"}, "a.csv.gz": {"superseded"}}
    assert total(lake) == (3, 6)


def test_a_copy_of_a_file_that_was_refused_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bills = tmp_path / "bills"
    for name in ("a.csv", "copy.csv"):
        write(bills / name, lines(6))
    write(bills / "b.csv", lines(9))  # another version
    report = load(lake, bills)
    assert set.union(*statuses(report).values()) == {"rejected"}
    assert "same content as" in reason(report, "copy.csv")
    assert "a.csv, which was refused" in reason(report, "copy.csv")


def test_a_copy_of_a_file_that_was_not_loaded_in_the_end_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "day1.csv", lines(3)))
    other = lines(4, ChargePeriodStart="2026-10-02")
    report = load(lake, write(tmp_path / "day2.csv", other), write(tmp_path / "day3.csv", other))
    assert statuses(report) == {"day2.csv": {"rejected"}, "day3.csv": {"rejected"}}


def test_a_missing_cost_is_said_and_not_taken_for_zero(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "a.csv", [*lines(3), line(BilledCost="")]))
    assert "1 rows of" in (report.loaded[0].reason or "")
    assert "in no total" in (report.loaded[0].reason or "")
    assert total(lake) == (4, 6)


def test_a_charge_of_no_day_or_no_category_is_kept_and_said(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [*lines(3), line(ChargePeriodStart=""), line(ChargeCategory="NULL")]
    report = load(lake, write(tmp_path / "a.csv", rows))
    text = report.loaded[0].reason or ""
    assert text.startswith("alarm: 1 row has no ChargePeriodStart (in no total by day)")
    assert "; 1 row has no ChargeCategory (shown as '(unknown)')" in text
    assert "they are kept and in the total of the period" in text
    assert total(lake) == (5, 9)
    assert query(lake, "select note from raw.billing_manifest") == [(text,)]


def test_a_period_written_in_another_time_zone_stays_its_month(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    starts = {"BillingPeriodStart": "2026-10-01T00:00:00+02:00"}
    report = load(lake, write(tmp_path / "a.csv", lines(2, **starts)))
    assert str(report.loaded[0].period) == "2026-10-01"


def test_files_that_can_be_no_bills_are_named(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(2))
    (tmp_path / "bills" / "b.xlsx").write_text("x")
    report = load(lake, tmp_path / "bills")
    assert [Path(name).name for name in report.ignored] == ["b.xlsx"]


def test_a_hidden_folder_is_named_once(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "_bills" / "a.csv", lines(2))
    for name in ("_old/deep/.er/b.csv", "_old/c.csv", "more/.git/d.csv", "more/_e.csv"):
        write(tmp_path / "_bills" / name, lines(3))
    report = load(lake, tmp_path / "_bills")
    assert statuses(report) == {"a.csv": {"loaded"}}
    ignored = [name.removeprefix(f"{tmp_path}/_bills/") for name in report.ignored]
    assert ignored == ["_old/", "more/.git/", "more/_e.csv"]


def test_a_bill_in_json_is_no_note_on_the_bill_beside_it(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(2))
    write_json(tmp_path / "bills" / "a.json", {"invoice_items": [{"product": "x"}]})
    report = load(lake, tmp_path / "bills")
    assert set(statuses(report)) == {"a.csv", "a.json"}


def test_an_older_export_without_a_time_in_it_replaces_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    newer = aws_export(tmp_path / "newer" / "acme", "9a", [lines(4)])
    older = aws_export(tmp_path / "older" / "acme", "0f", [lines(3)])
    os.utime(older, (1_780_000_000, 1_780_000_000))
    load(lake, newer.parents[2])
    report = load(lake, older.parents[2])
    assert {file.status for file in report.loaded} == {"superseded"}
    assert total(lake)[0] == 4


def test_an_account_whose_letters_change_case_stays_one(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "a.csv", lines(3, BillingAccountId="AcC-1"))
    load(lake, bill)
    report = load(lake, write(tmp_path / "b.csv", lines(4, BillingAccountId="acc-1")))
    assert reason(report, "b.csv").startswith("replaces 3 rows from")
    assert total(lake) == (4, 10)
    assert query(lake, "select distinct BillingAccountId from raw.focus") == [("acc-1",)]
    assert statuses(load(lake, bill)) == {"a.csv": {"superseded"}}
    other = [{**row, "ServiceProviderName": "AWS"} for row in lines(5, BillingAccountId="ACC-1")]
    report = load(lake, write(tmp_path / "c.csv", other))
    assert "aws/focus-1.2 is loaded already" in reason(report, "c.csv")


def test_spellings_of_an_account_in_one_call_are_chunks_of_one_bill(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3, BillingAccountId="AcC-1"))
    write(
        tmp_path / "bills" / "b.csv",
        lines(4, BillingAccountId="acc-1", ServiceName="S3") + lines(2, BillingAccountId="9"),
    )
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake) == (9, 19)
    again = load(lake, tmp_path / "bills")
    assert {entry.status for entry in again.loaded} == {"unchanged"}
    write(tmp_path / "bills" / "a.csv", lines(4, BillingAccountId="acc-1"))
    load(lake, tmp_path / "bills")
    assert total(lake) == (10, 23)
    spelled = query(lake, "select distinct BillingAccountId from raw.focus order by 1")
    assert spelled == [("9",), ("acc-1",)]


def test_versions_that_spell_the_account_in_two_ways_are_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3, BillingAccountId="AcC-1"))
    write(tmp_path / "bills" / "b.csv", lines(4, BillingAccountId="acc-1"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"rejected"}, "b.csv": {"rejected"}}


def test_an_export_that_changes_case_replaces_and_misses_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for run, account, count in (("1a", "AcC-1", 3), ("2b", "acc-1", 4)):
        aws_export(tmp_path / "acme", run, [lines(count, BillingAccountId=account)])
        report = load(lake, tmp_path / "acme")
        assert {entry.status for entry in report.loaded} == {"loaded"}, report.loaded[0].reason
    assert total(lake) == (4, 10)
    active = query(lake, "select file from raw.billing_manifest where status = 'loaded'")
    assert len(active) == 1


def test_a_file_that_spells_an_account_in_two_ways_is_replaced_whole(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = lines(3, BillingAccountId="AcC-1") + lines(2, BillingAccountId="acc-1", SubAccountId="9")
    bill = write(tmp_path / "a.csv", rows)
    [entry] = load(lake, bill).loaded
    assert (entry.rows, entry.billed_cost) == (5, 9)
    load(lake, write(bill, [*rows, line(BillingAccountId="acc-1", ResourceId="new")]))
    assert total(lake)[0] == 6
