"""What the forecast is told beside daily costs: commitments that end, and quantities."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from estate import line, rows, warehouse

from pipelines.assets.costs import query
from warehouse.build import build

UNTIL = date(2026, 3, 20)
COMMITMENT = {
    "cloud": "aws", "account": "shop", "commitment_id": "ri-1", "kind": "reservation",
    "starts_at": datetime(2025, 4, 2), "ends_at": datetime(2026, 4, 2, 6), "currency": "USD",
}  # fmt: skip


def days(count: int, cost: str, **columns: Any) -> list[dict[str, Any]]:
    """The same charge on each of the last days."""
    return [
        line((UNTIL - timedelta(days=back)).isoformat(), cost, **columns)
        for back in range(1, count + 1)
    ]


def covered(count: int, effective: str, contracted: str | None, listed: str | None = None,
            **columns: Any) -> list[dict[str, Any]]:  # fmt: skip
    price = {
        "ContractedCost": contracted and Decimal(contracted),
        "ListCost": listed and Decimal(listed),
    }
    return days(count, effective, CommitmentDiscountId="ri-1", CommitmentDiscountStatus="Used",
                **price, **columns)  # fmt: skip


MARTS = (
    "marts.billed_commitment", "marts.billing_rhythm", "marts.daily_cost", "marts.freshness",
)  # fmt: skip


def asked(name: str, **tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    connection = warehouse(**tables)
    build(connection, datetime.combine(UNTIL, datetime.min.time()), MARTS)
    connection.execute("set variable until = ?", [UNTIL])
    return rows(connection, query(f"{name}.sql"))


def test_covered_use_goes_back_to_its_price_without_the_commitment() -> None:
    bill = [*covered(28, "6", "10"), *days(28, "5")]
    [step] = asked("known_steps", raw_focus=bill, raw_commitment=[COMMITMENT])
    assert (step["account"], step["service"], step["commitment_id"]) == ("shop", "EC2", "ri-1")
    assert step["ends_at"] == datetime(2026, 4, 2, 6)
    assert step["daily"] == pytest.approx(4.0)


def test_azures_bills_and_inventory_mean_one_reservation_whatever_its_case() -> None:
    path = "/providers/Microsoft.Capacity/reservationOrders/a965/reservations/f39d"
    bill = [
        {**charge, "x_cloud": "azure", "CommitmentDiscountId": path.lower()}
        for charge in covered(28, "6", "10")
    ]
    owned = {**COMMITMENT, "cloud": "azure", "commitment_id": path}
    [step] = asked("known_steps", raw_focus=bill, raw_commitment=[owned])
    assert (step["commitment_id"], step["daily"]) == (path, pytest.approx(4.0))


def test_what_was_committed_and_not_used_falls_away() -> None:
    unused = days(28, "3", CommitmentDiscountId="ri-1", CommitmentDiscountStatus="Unused")
    [step] = asked("known_steps", raw_focus=unused, raw_commitment=[COMMITMENT])
    assert step["daily"] == pytest.approx(-3.0)


def test_a_zero_is_no_price() -> None:
    bill = covered(28, "6", "0", "12")
    [step] = asked("known_steps", raw_focus=bill, raw_commitment=[COMMITMENT])
    assert step["daily"] == pytest.approx(6.0)
    nothing = covered(28, "6", "0", "0")
    assert asked("known_steps", raw_focus=nothing, raw_commitment=[COMMITMENT]) == []


def test_where_most_of_what_is_covered_has_no_price_there_is_no_step() -> None:
    bill = [*covered(28, "6", "10"), *covered(28, "3", None)]
    assert asked("known_steps", raw_focus=bill, raw_commitment=[COMMITMENT]) == []


def test_what_is_left_of_a_monthly_fee_counts_with_its_days() -> None:
    """As AWS's older reports bill it: a purchase of the whole month, unused."""
    fee = line("2026-03-01", "93", ChargeCategory="Purchase", CommitmentDiscountId="ri-1",
               CommitmentDiscountStatus="Unused", ChargePeriodEnd=datetime(2026, 4, 1))  # fmt: skip
    bill = [*covered(28, "6", "10"), fee]
    [step] = asked("known_steps", raw_focus=bill, raw_commitment=[COMMITMENT])
    assert step["daily"] == pytest.approx(4.0 - 19 * 3 / 28)


def test_late_bills_make_no_step_smaller() -> None:
    late = covered(28, "6", "10")[20:]
    [step] = asked("known_steps", raw_focus=late, raw_commitment=[COMMITMENT])
    assert step["daily"] == pytest.approx(4.0)


def test_only_the_last_four_weeks_count() -> None:
    [step] = asked("known_steps", raw_focus=covered(60, "6", "10"), raw_commitment=[COMMITMENT])
    assert step["daily"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("bill", "commitment"),
    [
        (covered(28, "6", None), COMMITMENT),  # nobody knows what it costs without
        (covered(28, "6", "10"), {**COMMITMENT, "ends_at": datetime(2026, 3, 19)}),
        (covered(28, "6", "10"), {**COMMITMENT, "commitment_id": "other"}),
        (days(28, "6"), COMMITMENT),
    ],
)
def test_no_step_is_made_up(bill: list[dict[str, Any]], commitment: dict[str, Any]) -> None:
    assert asked("known_steps", raw_focus=bill, raw_commitment=[commitment]) == []


def sold(cost: str, quantity: str | None, unit: str, **columns: Any) -> list[dict[str, Any]]:
    amount = None if quantity is None else Decimal(quantity)
    return days(60, cost, PricingUnit=unit, PricingQuantity=amount, **columns)


def test_quantity_and_cost_of_the_unit_that_is_most_of_the_bill() -> None:
    bill = [*sold("8", "24", "Hours"), *sold("2", "7", "GB")]
    found = asked("quantities", raw_focus=bill)
    assert {(row["unit"], row["quantity"], row["cost"]) for row in found} == {("Hours", 24.0, 8.0)}
    assert len(found) == 60


def month(start: str, end: str, cost: str, **columns: Any) -> dict[str, Any]:
    """One charge for more than a day."""
    return line(start, cost, ChargePeriodEnd=datetime.fromisoformat(end), **columns)


def test_what_is_billed_by_the_month_has_no_quantity_of_a_day() -> None:
    sku: dict[str, Any] = {"PricingUnit": "Hours", "PricingQuantity": Decimal(672)}
    bill = [
        month("2026-01-01", "2026-02-01", "31", **sku),
        month("2026-02-01", "2026-03-01", "28", **sku),
    ]
    assert asked("quantities", raw_focus=bill) == []


def test_a_bill_by_the_month_is_spread_over_the_days_that_it_is_for() -> None:
    bill = [
        month("2026-01-01", "2026-02-01", "62", x_cloud="digitalocean", ServiceName="Droplets"),
        month("2026-03-01", "2026-03-27", "52", x_cloud="digitalocean", ServiceName="Droplets"),
        month("2026-03-01", "2026-04-01", "62", x_cloud="digitalocean", ServiceName="Seats"),
    ]
    found = asked("all_costs", raw_focus=bill)
    assert {row["cost"] for row in found} == {2.0}
    droplets, seats = (
        [row["day"] for row in found if row["service"] == name] for name in ("Droplets", "Seats")
    )
    assert droplets[0] == date(2026, 1, 1)
    assert droplets[-1] == seats[-1] == date(2026, 3, 19)  # of the running month as far as known
    assert len(droplets) == 31 + 19  # of February nobody knows anything
    assert len(seats) == 19


def test_a_machine_of_some_hours_makes_no_bill_a_daily_one() -> None:
    cloud = {"x_cloud": "digitalocean"}
    bill = [
        month("2026-01-01", "2026-02-01", "62", **cloud),
        line("2026-01-20", "5", **cloud, ServiceName="Short"),
        month("2026-02-01", "2026-03-01", "56", **cloud),
    ]
    found = asked("all_costs", raw_focus=bill)
    assert len(found) == 31 + 1 + 28
    assert {row["cost"] for row in found if row["service"] != "Short"} == {2.0}
    assert [row["day"] for row in found if row["service"] == "Short"] == [date(2026, 1, 20)]


def test_a_fee_for_a_month_stays_on_its_day_where_usage_is_billed_by_the_day() -> None:
    fee = month("2026-03-01", "2026-04-01", "90", ServiceName="Support")
    found = asked("all_costs", raw_focus=[*days(40, "1"), fee])
    assert [(r["day"], r["cost"]) for r in found if r["service"] == "Support"] == [
        (date(2026, 3, 1), 90.0)
    ]


def test_what_comes_late_counts_from_the_month_that_bills_it() -> None:
    billed = {"BillingPeriodStart": datetime(2026, 3, 1), "BillingPeriodEnd": datetime(2026, 4, 1)}
    late = line("2026-02-27", "500", **billed, ServiceName="Late")
    found = asked("all_costs", raw_focus=[*days(40, "1"), late])
    assert [(r["day"], r["cost"]) for r in found if r["service"] == "Late"] == [
        (date(2026, 3, 1), 500.0)
    ]


def of_payer(payer: str, last: date, count: int) -> list[dict[str, Any]]:
    """One charge a day of the account shop, up to a day."""
    behind = (UNTIL - last).days - 1
    return days(count + behind, "1", BillingAccountId=payer)[behind:]


def test_an_account_of_two_payers_is_known_as_far_as_both_have_billed_it() -> None:
    bill = [*of_payer("one", date(2026, 3, 19), 30), *of_payer("two", date(2026, 3, 11), 30)]
    found = asked("late_accounts", raw_focus=bill)
    assert found == [{"cloud": "aws", "account": "shop", "until": date(2026, 3, 12)}]


def test_an_account_that_moved_to_another_payer_long_ago_is_not_late() -> None:
    bill = [*of_payer("one", date(2026, 3, 19), 90), *of_payer("two", date(2025, 12, 31), 30)]
    assert asked("late_accounts", raw_focus=bill) == []


@pytest.mark.parametrize(
    ("newest", "unknown"),
    [
        ((10, 10), 0),
        ((10, 5), 1),
        ((4, 5), 2),
        ((5, 5, 5), 3),
        ((5, 5, 5, 5), 0),  # that is what it costs now
        ((8, 7.5), 0),
        ((5, 10), 0),  # a day before one that is whole
        ((10, -3), 1),
    ],
)
def test_the_newest_days_are_not_whole_while_they_cost_far_less_than_any_before(
    newest: tuple[float, ...], unknown: int
) -> None:
    bill = [
        line((UNTIL - timedelta(days=back)).isoformat(), str(cost))
        for back, cost in enumerate([*reversed(newest), *[10] * 30], start=1)
    ]
    found = asked("late_accounts", raw_focus=bill)
    until = UNTIL - timedelta(days=unknown)
    late = [{"cloud": "aws", "account": "shop", "until": until}]
    assert found == (late if unknown else [])


def test_a_cheap_day_that_comes_each_week_is_whole() -> None:
    bill = [
        line((UNTIL - timedelta(days=back)).isoformat(), "2" if back % 7 == 1 else "10")
        for back in range(1, 40)
    ]
    assert asked("late_accounts", raw_focus=bill) == []


def test_a_day_is_whole_where_one_currency_of_the_account_says_so() -> None:
    falling = [*days(40, "10")[1:], *days(1, "1"), *days(40, "7", BillingCurrency="EUR")]
    assert asked("late_accounts", raw_focus=falling) == []


def test_without_a_common_unit_there_is_no_quantity() -> None:
    assert asked("quantities", raw_focus=[*sold("7", "24", "Hours"), *sold("3", "7", "GB")]) == []
    assert asked("quantities", raw_focus=sold("7", None, "Hours")) == []


def test_what_was_paid_for_nothing_is_cost_and_no_quantity() -> None:
    unused = sold("2", "10", "Hours", CommitmentDiscountStatus="Unused")
    found = asked("quantities", raw_focus=[*sold("8", "24", "Hours"), *unused])
    assert {(row["quantity"], row["cost"]) for row in found} == {(24.0, 10.0)}


def test_refunds_do_not_let_two_units_be_most_of_the_bill() -> None:
    bill = [*sold("100", "24", "Hours"), *sold("90", "7", "GB"), *sold("-90", None, "Refund")]
    assert {row["unit"] for row in asked("quantities", raw_focus=bill)} == {"Hours"}
