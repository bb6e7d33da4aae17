"""What comes back in another shape than it was loaded: an alarm, or a refusal with the cure."""

import gzip
from pathlib import Path

import pytest
from bills import SAMPLES, lake_in, lines, load, reason, total, write
from test_ingest_loses_nothing import day
from test_ingest_manifests import aws_export


def first_reason(report: object) -> str:
    return report.loaded[0].reason or ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["all", "sum"])
def test_a_month_whose_sign_turned_is_an_alarm(how: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    before = lines(3)
    bill = write(tmp_path / "a.csv", before)
    load(lake, bill)
    turned = [{**row, "BilledCost": "-" + row["BilledCost"]} for row in before]
    if how == "sum":
        turned = [*before, {**before[0], "BilledCost": "-9", "ResourceId": "refund"}]
    text = first_reason(load(lake, write(bill, turned)))
    cost = "-6" if how == "all" else "-3"
    assert f"alarm: the billed cost turned from 6 to {cost} USD" in text
    assert "other sign" in text


def test_a_month_of_refunds_that_becomes_positive_is_none(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bill = write(tmp_path / "a.csv", lines(3, BilledCost="-1"))
    load(lake, bill)
    refunds = lines(3, BilledCost="-1")
    assert "turned" not in first_reason(load(lake, write(bill, refunds + lines(3))))


def test_an_export_without_rows_that_may_have_moved_says_so(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    aws_export(tmp_path / "acme", "1a", [lines(3)])
    load(lake, tmp_path / "acme")
    moved = tmp_path / "moved" / "acme"
    aws_export(moved, "2b", [[]])
    report = load(lake, moved)
    assert {entry.status for entry in report.loaded} == {"rejected"}
    assert "no rows, and nothing is loaded from this place" in first_reason(report)
    assert "has 3 rows of 2026-10" in first_reason(report)
    report = load(lake, moved, accept_empty=True)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake) == (3, 6)


def test_the_empty_month_of_a_second_payer_is_none(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    aws_export(tmp_path / "one", "1a", [lines(3)])
    september = {"BillingPeriodStart": "2026-09-01", "BillingAccountId": "2"}
    aws_export(tmp_path / "two", "1a", [lines(2, **september)], period="2026-09")
    load(lake, tmp_path / "one", tmp_path / "two")
    aws_export(tmp_path / "two", "2b", [[]])
    report = load(lake, tmp_path / "two")
    assert {entry.status for entry in report.loaded} <= {"loaded", "unchanged"}


def test_days_that_an_export_has_lost_are_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    days = [charge for number in range(1, 31) for charge in lines(2, **day(number))]
    aws_export(tmp_path / "acme", "1a", [days])
    load(lake, tmp_path / "acme")
    aws_export(tmp_path / "acme", "2b", [days[:20], days[20:-4]])
    text = first_reason(load(lake, tmp_path / "acme"))
    assert "alarm: 2 days of what was loaded before (2026-10-29, 2026-10-30) have no" in text
    assert total(lake)[0] == 56
    aws_export(tmp_path / "acme", "3c", [days])
    assert "alarm" not in first_reason(load(lake, tmp_path / "acme"))


def test_a_column_that_was_added_does_not_hide_what_is_in_common(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(5)))
    added = lines(6, SkuId="sku-1", ChargeDescription="an hour", ConsumedQuantity="24")
    report = load(lake, write(tmp_path / "b.csv", added))
    assert {entry.status for entry in report.loaded} == {"loaded"}, first_reason(report)
    assert "alarm" not in first_reason(report)
    report = load(lake, write(tmp_path / "c.csv", lines(7)))
    assert {entry.status for entry in report.loaded} == {"loaded"}, first_reason(report)
    assert total(lake)[0] == 7


@pytest.mark.parametrize("by_turns", [False, True])
def test_half_of_an_oracle_report_never_replaces_the_other_half(
    by_turns: bool, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    packed = (SAMPLES / "oci_cost_report_no_tags.csv.gz").read_bytes()
    header, *rows = gzip.decompress(packed).decode().splitlines()
    halves = (rows[::2], rows[1::2]) if by_turns else (rows[:253], rows[253:])
    (tmp_path / "reports").mkdir()
    for number, half in enumerate(halves):
        text = "\n".join([header, *half]) + "\n"
        (tmp_path / "reports" / f"{number}.csv").write_text(text)
    load(lake, tmp_path / "reports" / "0.csv")
    report = load(lake, tmp_path / "reports" / "1.csv")
    assert {entry.status for entry in report.loaded} == {"rejected"}
    assert "give all parts of the period in one call" in reason(report, "1.csv")
    assert total(lake)[0] == 253
    load(lake, tmp_path / "reports")
    assert total(lake)[0] == 506
