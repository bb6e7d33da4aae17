"""Loose files of one folder: chunks of a bill add up, windows that overlap are refused."""

import csv
import gzip
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from bills import SAMPLES, lake_in, line, lines, load, reason, statuses, total, write


def days(first: int, last: int, count: int = 3, **changed: str) -> list[dict[str, str]]:
    """A few charges of each of these days of October."""
    return [
        row
        for day in range(first, last + 1)
        for row in lines(count, **{"ChargePeriodStart": f"2026-10-{day:02}", **changed})
    ]


def text_of(sample: str) -> list[str]:
    """The lines of a sample file, its header first."""
    content = (SAMPLES / sample).read_bytes()
    return (gzip.decompress(content) if sample.endswith("gz") else content).decode().splitlines()


def test_exports_that_share_one_day_of_a_week_are_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "week1.csv", days(1, 7))
    write(tmp_path / "bills" / "week2.csv", days(7, 13))
    write(tmp_path / "bills" / "other.csv", days(1, 7, BillingAccountId="9"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {
        "week1.csv": {"rejected"}, "week2.csv": {"rejected"}, "other.csv": {"loaded"},
    }  # fmt: skip
    text = reason(report, "week1.csv")
    assert "shares 3 of 3 rows of 2026-10-07 of 111111111111, 2026-10 with" in text
    assert "give only the newest one, and if each lacks days of the other, one export" in text
    assert total(lake) == (21, 42)


@pytest.mark.parametrize(
    "changed",
    [{"InvoiceId": "INV-9"}, {"BilledCost": "0.9", "EffectiveCost": "0.9"}, {"Note": "new"}],
    ids=["an invoice id came", "the cost was restated", "a column was added"],
)
def test_they_are_refused_although_something_about_the_charges_changed(
    changed: dict[str, str], tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", days(1, 7, InvoiceId=""))
    later = days(7, 13, InvoiceId="")
    write(tmp_path / "bills" / "b.csv", [{**row, **changed} for row in later])
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"rejected"}, "b.csv": {"rejected"}}
    assert "shares 3 of 3 rows of 2026-10-07 of" in reason(report, "b.csv")


def test_late_charges_of_a_day_beside_a_repeated_day_hide_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", days(1, 7, 20))
    late = days(1, 6, 5, SubAccountId="9")
    write(tmp_path / "bills" / "b.csv", days(7, 9, 2) + late)
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"rejected"}, "b.csv": {"rejected"}}


def test_windows_without_a_common_day_add_up(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", days(1, 7))
    write(tmp_path / "bills" / "b.csv", days(8, 14))
    load(lake, tmp_path / "bills")
    assert total(lake) == (42, 84)


SPLITS: dict[str, Callable[[int, int], int]] = {
    "in order": lambda n, of: n * 3 // of,
    "by turns": lambda n, of: n % 3,
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    "sample",
    ["focus_1.0_sample_1000.csv.gz", "aws_1_3_cost_and_usage_rows100_seed42.csv.gz",
     "aws_cur_1.0_sample.csv.gz", "oci_cost_report_no_tags.csv.gz", "EA_AmortizedCost_Small.csv",
     "gcp_standard_2026-10.csv.gz"],
)  # fmt: skip
def test_chunks_of_the_same_days_add_up(sample: str, split: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    header, *rows = text_of(sample)
    for number in range(3):
        chosen = [row for n, row in enumerate(rows) if SPLITS[split](n, len(rows)) == number]
        bill = tmp_path / "bills" / f"{number}-{sample.removesuffix('.gz')}"
        bill.parent.mkdir(exist_ok=True)
        bill.write_text("\n".join([header, *chosen]) + "\n")
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"loaded"}, report.loaded[0].reason
    assert total(lake)[0] == len(rows)


@pytest.mark.parametrize("times", [2, 3])
def test_rows_alike_that_fall_into_different_chunks_add_up(times: int, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = days(1, 9, 10) * times
    random.Random(7).shuffle(rows)
    for number in range(2):
        write(tmp_path / "bills" / f"{number}.csv", rows[number::2])
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"loaded"}, report.loaded[0].reason
    assert total(lake)[0] == 90 * times


def test_the_days_of_the_real_sample_given_twice_are_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    text = text_of("focus_1.0_sample_1000.csv.gz")
    rows = sorted(csv.DictReader(text), key=lambda row: row["ChargePeriodStart"])
    write(tmp_path / "bills" / "a.csv", rows[:520])
    write(tmp_path / "bills" / "b.csv", rows[480:])
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"rejected"}
    assert total(lake) == (0, None)


def test_a_single_row_alike_in_two_chunks_of_a_day_is_no_version(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", [line(), *lines(20, ServiceName="S3")])
    write(tmp_path / "bills" / "b.csv", [line(), *lines(20, ServiceName="EC2")])
    load(lake, tmp_path / "bills")
    assert total(lake) == (42, Decimal(423))
