"""A month that can't be loaded holds back itself and what hangs together with it, nothing else."""

from pathlib import Path

import pytest
from bills import lake_in, lines, load, reason, statuses, total, write


def of_month(month: int, count: int, **changed: str) -> list[dict[str, str]]:
    """Charges of a month of 2026."""
    period = {
        "BillingPeriodStart": f"2026-{month:02}-01", "BillingPeriodEnd": f"2026-{month + 1:02}-01",
        "ChargePeriodStart": f"2026-{month:02}-01", "ChargePeriodEnd": f"2026-{month:02}-02",
    }  # fmt: skip
    return lines(count, **{**period, **changed})


def rows_of(lake: object, month: int) -> int:
    return total(lake, f"month(BillingPeriodStart) = {month}")[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("was_loaded", [False, True])
def test_a_bad_month_holds_back_its_own_files_only(was_loaded: bool, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bills = tmp_path / "bills"
    for month in (8, 9, 10):
        for part in "ab":
            write(bills / f"{month}{part}.csv", of_month(month, 3, ServiceName=part))
    if was_loaded:
        load(lake, bills)
    for month in (8, 9, 10):
        write(bills / f"{month}a.csv", of_month(month, 4, ServiceName="a"))
    write(bills / "9b.csv", of_month(9, 3, ServiceName="b", BilledCost="?"))
    write(bills / "9other.csv", of_month(9, 2, BillingAccountId="9"))
    report = load(lake, bills)
    refused = {name for name, found in statuses(report).items() if "rejected" in found}
    assert refused == {"9a.csv", "9b.csv"}
    assert "9b.csv" in reason(report, "9a.csv")
    assert "expected all files of the period" in reason(report, "9a.csv")
    assert [rows_of(lake, month) for month in (8, 10)] == [7, 7]
    assert rows_of(lake, 9) == (8 if was_loaded else 2)


def test_a_file_of_two_months_is_held_back_whole(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", of_month(8, 3) + of_month(9, 3))
    write(tmp_path / "bills" / "b.csv", of_month(7, 2))
    write(tmp_path / "bills" / "c.csv", of_month(9, 3, BillingCurrency="usd", ServiceName="c"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {
        "a.csv": {"rejected"}, "b.csv": {"loaded"}, "c.csv": {"rejected"},
    }  # fmt: skip
    assert total(lake)[0] == 2


def test_a_file_that_no_longer_says_its_months_holds_back_all(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bills = tmp_path / "bills"
    for month in (8, 9):
        for part in "ab":
            write(bills / f"{month}{part}.csv", of_month(month, 3, ServiceName=part))
    load(lake, bills)
    for month in (8, 9):
        write(bills / f"{month}a.csv", of_month(month, 4, ServiceName="a"))
    write(bills / "9b.csv", of_month(9, 3, BillingPeriodStart="soon"))
    report = load(lake, bills)
    assert {"loaded"} & set.union(*statuses(report).values()) == set()
    assert total(lake)[0] == 12


def test_a_month_of_other_charges_is_refused_and_the_next_one_is_loaded(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "old" / "9.csv", of_month(9, 3)))
    write(tmp_path / "new" / "9.csv", of_month(9, 4, SubAccountId="other"))
    write(tmp_path / "new" / "10.csv", of_month(10, 5))
    report = load(lake, tmp_path / "new")
    assert statuses(report) == {"9.csv": {"rejected"}, "10.csv": {"loaded"}}
    assert "which has 0 of 3 charges in common" in reason(report, "9.csv")
    assert [rows_of(lake, month) for month in (9, 10)] == [3, 5]


def test_a_month_that_lost_an_account_is_refused_and_the_next_one_is_loaded(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bills = tmp_path / "bills"
    write(bills / "9.csv", of_month(9, 3) + of_month(9, 2, BillingAccountId="9"))
    load(lake, bills)
    write(bills / "9.csv", of_month(9, 4))
    write(bills / "10.csv", of_month(10, 5))
    report = load(lake, bills)
    assert statuses(report) == {"9.csv": {"rejected"}, "10.csv": {"loaded"}}
    assert "no rows for 9, 2026-09" in reason(report, "9.csv")
    assert [rows_of(lake, month) for month in (9, 10)] == [5, 5]
    load(lake, bills, accept_empty=True)
    assert [rows_of(lake, month) for month in (9, 10)] == [4, 5]
