"""Taxes and support stand on the first day of their month, and grow until it is over."""

from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from estate import AS_OF, day, line, mart, rows, warehouse

from warehouse.build import build

FIRST = {"January": "2026-01-01", "February": "2026-02-01", "March": "2026-03-01"}
NEXT = {"January": "2026-02-01", "February": "2026-03-01", "March": "2026-04-01"}


def usage(billed: int) -> list[dict[str, Any]]:
    """One a day since January, and in March as many days as are billed."""
    days = (day("2026-01-01") + timedelta(number) for number in range(59 + billed))
    return [line(one.isoformat(), "1") for one in days]


def monthly(service: str, category: str, *costs: str) -> list[dict[str, Any]]:
    """A charge for each whole month, the running one last."""
    return [
        line(FIRST[month], cost, ServiceName=service, ChargeCategory=category,
             ChargePeriodEnd=datetime.fromisoformat(NEXT[month]))
        for month, cost in zip(list(FIRST)[-len(costs) :], costs, strict=True)
    ]  # fmt: skip


@pytest.mark.parametrize(("billed", "so_far"), [(19, "55"), (10, "29"), (1, "0.5")])
def test_what_is_to_come_of_a_tax_on_the_running_month(billed: int, so_far: str) -> None:
    tax = monthly("Tax", "Tax", "92", "88", so_far)
    [row] = mart("running_charge", raw_focus=[*usage(billed), *tax])
    assert (row["service"], row["month"]) == ("Tax", date(2026, 3, 1))
    rest = 1 - billed / 31
    assert row["owed"] == pytest.approx(rest * (float(so_far) + rest * 90))
    assert row["last_month_owed"] == pytest.approx(rest * 88)


@pytest.mark.parametrize(
    "costs",
    [
        ["90", "90", "90"],  # a fee that is there in full
        ["90", "90", "99"],
        ["-50", "-50", "-50"],
        ["55"],  # nobody knows what it was before
        ["0", "0", "55"],
        ["90", "-90", "55"],
        ["90", "90", "0"],
    ],
)
def test_of_a_charge_that_does_not_grow_with_the_month_nothing_is_to_come(costs: list[str]) -> None:
    assert mart("running_charge", raw_focus=[*usage(19), *monthly("Tax", "Tax", *costs)]) == []


def test_a_bill_that_ended_in_an_earlier_month_is_of_that_month() -> None:
    long_ago = [row for row in usage(0) if row["ChargePeriodStart"] < datetime(2026, 2, 15)]
    [row] = mart(
        "running_charge", raw_focus=[*long_ago, *monthly("Tax", "Tax", "90", "46", "7")[:2]]
    )
    assert row["month"] == date(2026, 2, 1)
    assert row["owed"] == pytest.approx(0.5 * (46 + 0.5 * 90))


def test_the_running_month_is_compared_with_what_of_the_last_had_been_due() -> None:
    bill = [
        *usage(19),
        *monthly("Tax", "Tax", "31", "31", "19"),  # grows by one a day
        *monthly("Licence", "Purchase", "20", "20", "20"),
    ]
    [found] = mart("overview", raw_focus=bill)
    assert float(found["month_to_date"]) == 19 + 19 + 20
    assert float(found["last_month_same_days"]) == pytest.approx(19 + 19 + 20)
    connection = warehouse(raw_focus=bill)
    build(connection, AS_OF)
    connection.execute("set variable currency = 'USD'")
    connection.execute("set variable as_of = ?", [AS_OF])
    movers = (files("app.dashboard") / "queries" / "movers.sql").read_text()
    assert rows(connection, movers) == []
