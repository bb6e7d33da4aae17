"""Usage that can be committed to, and what is owned: as bills of each cloud tell it."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from estate import d, line, mart

HOURS: dict[str, Any] = {"PricingUnit": "Hours", "SkuPriceDetails": '{"InstanceType":"m5.large"}'}
OFFER = {"cloud": "aws", "instance_type": "m5.large", "family": "m5"}


def usage(*lines: dict[str, Any], **tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return mart("committable_usage", raw_focus=list(lines), raw_offer=[OFFER], **tables)


def test_a_line_on_demand_has_its_type_family_and_price() -> None:
    (row,) = usage(line("2026-03-01", "2.4", **HOURS))
    assert (row["instance_type"], row["family"], row["slot_hours"]) == ("m5.large", "m5", 24)
    assert (row["commitment_id"], row["on_demand_cost"]) == (None, 2.4)


def test_covered_usage_counts_at_its_contracted_price() -> None:
    covered = line("2026-03-01", "1.7", ContractedCost=d("2.4"), CommitmentDiscountId="sp-1",
                   CommitmentDiscountStatus="Used", **HOURS)  # fmt: skip
    (row,) = usage(covered)
    assert (row["commitment_id"], row["on_demand_cost"], row["effective_cost"]) == (
        "sp-1", 2.4, 1.7,
    )  # fmt: skip


def test_covered_usage_without_any_price_is_unknown_not_zero() -> None:
    covered = line("2026-03-01", "1.7", ContractedCost=d("0"), ListCost=d("0"),
                   CommitmentDiscountId="ri-1", **HOURS)  # fmt: skip
    (row,) = usage(covered)
    assert row["on_demand_cost"] is None


@pytest.mark.parametrize(
    "columns",
    [
        {"PricingCategory": "Dynamic"},
        {"CommitmentDiscountStatus": "Unused", "CommitmentDiscountId": "sp-1"},
        {"ServiceCategory": "Databases"},
        {"PricingUnit": "GB-Months"},
        {"ChargeCategory": "Purchase"},
        {"ChargeClass": "Correction"},
        {"x_cloud": "onprem"},
        {"SkuPriceDetails": None},
        {"SkuMeter": "EUC1-CPUCredits:t3", "PricingUnit": "vCPU-Hours"},
        {"x_cloud": "gcp", "ChargeDescription": "Licensing Fee for Windows Server 2022 (CPU cost)"},
        {"x_cloud": "gcp", "ChargeDescription": "External IP Charge on a Standard VM"},
        {"x_cloud": "azure", "ServiceName": "Virtual Machines Licenses"},
        {"x_cloud": "azure", "x_extra": '{"x_SkuMeterCategory":"Virtual Machines Licenses"}'},
    ],
)
def test_what_can_not_be_committed_to_is_left_out(columns: dict[str, Any]) -> None:
    assert usage(line("2026-03-01", "2.4", **{**HOURS, **columns})) == []


def test_type_and_system_come_from_the_inventory_where_the_bill_is_silent() -> None:
    resource = {"cloud": "aws", "resource_id": "i-1", "kind": "instance", "sku": "m5.large",
                "config": '{"os":"linux"}', "valid_from": datetime(2026, 1, 1)}  # fmt: skip
    (row,) = usage(
        line("2026-03-01", "2.4", ResourceId="i-1", PricingUnit="Hrs"), raw_resource=[resource]
    )
    assert (row["instance_type"], row["os"]) == ("m5.large", "linux")


def test_a_line_of_an_hour_stays_one_and_a_line_of_days_is_spread() -> None:
    hour = line("2026-03-01", "0.1", **HOURS)
    hour["ChargePeriodEnd"] = datetime(2026, 3, 1, 1)
    days = line("2026-03-02", "9.0", **HOURS)
    days["ChargePeriodEnd"] = datetime(2026, 3, 5)
    found = usage(hour, days)
    assert [(row["slot_hours"], row["on_demand_cost"]) for row in found] == [
        (1, 0.1), (24, 3.0), (24, 3.0), (24, 3.0),
    ]  # fmt: skip


@pytest.mark.parametrize("is_text", [False, True], ids=["nested", "of a CSV file"])
def test_google_clouds_credits_say_what_is_covered_and_which_discounts_are_price(
    is_text: bool,
) -> None:
    granted = (
        '[{"id":"cud-1","type":"COMMITTED_USAGE_DISCOUNT","amount":-3.0},'
        '{"id":"sud","type":"SUSTAINED_USAGE_DISCOUNT","amount":"-1.0"},'
        '{"id":"promo","type":"PROMOTION","amount":-2.0}]'
    )
    credits = json.dumps({"credits": granted if is_text else json.loads(granted)})
    found = usage(line("2026-03-01", "10", x_cloud="gcp", x_extra=credits, **HOURS))
    assert {row["commitment_id"]: row["on_demand_cost"] for row in found} == {
        "cud-1": 3.0, None: 6.0,
    }  # fmt: skip


OWNED = {
    "source": "s", "cloud": "aws", "account": "shop", "commitment_id": "sp-1",
    "kind": "savings_plan", "hourly_cost": d("0.1"), "currency": "USD",
    "starts_at": datetime(2026, 1, 1), "ends_at": datetime(2026, 4, 1),
}  # fmt: skip


def owned(*lines: dict[str, Any], commitments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return mart("commitment_owned", raw_focus=list(lines), raw_commitment=commitments)


def test_what_is_bought_or_told_to_be_unused_was_not_used_that_day() -> None:
    sp = {"CommitmentDiscountId": "sp-1"}
    found = mart("commitment_cost", raw_focus=[
        line("2026-03-18", "3", CommitmentDiscountStatus="Used", SubAccountId="b", **sp),
        line("2026-03-18", "2", CommitmentDiscountStatus="Used", SubAccountId="a", **sp),
        line("2026-03-18", "1", CommitmentDiscountStatus="Unused", **sp),
        line("2026-03-18", "0.5", ChargeCategory="Purchase", **sp),
        line("2026-03-18", "7", ChargeCategory="Tax", **sp),
        line("2026-03-19", "4", **sp),
        line("2026-03-19", "9"),
    ])  # fmt: skip
    assert [(row["day"], row["account"], row["committed_cost"], row["unused_cost"])
            for row in found] == [
        (date(2026, 3, 18), "a", d("6.5"), d("1.5")), (date(2026, 3, 19), "shop", d("4"), 0),
    ]  # fmt: skip


def test_what_is_owned_tells_its_use_its_gain_and_its_end() -> None:
    used = line("2026-03-18", "1.8", ContractedCost=d("2.5"), CommitmentDiscountId="sp-1",
                CommitmentDiscountStatus="Used", **HOURS)  # fmt: skip
    unused = line(
        "2026-03-18", "0.6", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Unused"
    )
    (row,) = owned(used, unused, commitments=[OWNED])
    assert (row["committed_cost"], row["unused_cost"]) == (d("2.4"), d("0.6"))
    assert row["utilisation"] == pytest.approx(0.75)
    assert row["saved_cost"] == pytest.approx(0.1)
    assert row["days_left"] == 12


def test_a_plan_saves_on_all_that_it_covers_not_on_instances_alone() -> None:
    """19 days of 6 for an instance and 8 for containers, of 10 each on demand."""
    plan = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountStatus": "Used",
            "ContractedCost": d("10")}  # fmt: skip
    containers = {"ServiceName": "Fargate", "PricingUnit": "vCPU-Hours"}
    days = [f"2026-03-{number:02}" for number in range(1, 20)]
    instances = [line(day, "6", **plan, **HOURS) for day in days]
    lines = [*instances, *(line(day, "8", **plan, **containers) for day in days)]
    (row,) = owned(*lines, commitments=[])
    assert (row["committed_cost"], row["covered_cost"], row["saved_cost"]) == (
        d("14") * 19, 20.0 * 19, 6.0 * 19,
    )  # fmt: skip
    database = line("2026-03-18", "3", **{**plan, "CommitmentDiscountId": "ri-1"},
                    ServiceCategory="Databases")  # fmt: skip
    (row,) = owned(database, commitments=[])
    assert row["saved_cost"] == 7.0


def test_what_a_commitment_saves_is_unknown_where_part_of_its_usage_has_no_price() -> None:
    plan = {"CommitmentDiscountId": "ri-1", "CommitmentDiscountStatus": "Used"}
    no_price = {"ContractedCost": d("0"), "ListCost": d("0")}
    (row,) = owned(
        line("2026-03-18", "6", **plan, ContractedCost=d("10")),
        line("2026-03-18", "5", **plan, **no_price),
        commitments=[],
    )
    assert (row["committed_cost"], row["covered_cost"], row["saved_cost"]) == (d("11"), 10.0, None)


def test_where_the_fee_is_apart_use_is_unknown_and_cost_is_what_was_agreed() -> None:
    credits = '{"credits":[{"id":"sp-1","type":"COMMITTED_USAGE_DISCOUNT","amount":-90.0}]}'
    covered = line("2026-03-18", "90", x_cloud="gcp", x_extra=credits, **HOURS)
    (row,) = owned(covered, commitments=[{**OWNED, "cloud": "gcp"}])
    assert row["utilisation"] is None
    assert row["committed_cost"] == d("0.1") * 24 * 30
    assert row["saved_cost"] == pytest.approx(90 - 72)


def test_what_a_bill_of_actual_cost_covers_was_not_for_nothing() -> None:
    """Azure's actual cost has a fee on its day, and a cost of zero for all that it covers."""
    sp = {"CommitmentDiscountId": "sp-1"}
    lines = [
        line("2026-03-01", "0", BilledCost=d("300"), ChargeCategory="Purchase", **sp),
        line("2026-03-18", "0", ContractedCost=d("5"), CommitmentDiscountStatus="Used", **sp),
    ]
    names = ("committed_cost", "used_cost", "unused_cost", "utilisation", "saved_cost")
    (row,) = owned(*lines, commitments=[{**OWNED, "hourly_cost": None}])
    assert [row[name] for name in names] == [None] * 5
    (row,) = owned(*lines, commitments=[OWNED])
    assert (row["committed_cost"], row["utilisation"]) == (d("72"), None)  # 30 days as agreed
    assert row["saved_cost"] == pytest.approx(5 - 72)


def test_a_commitment_that_has_ended_and_is_not_billed_is_not_owned() -> None:
    gone = {**OWNED, "ends_at": datetime(2026, 3, 1)}
    assert owned(line("2026-03-18", "1"), commitments=[gone]) == []


def test_what_ended_in_the_days_that_are_told_keeps_its_kind_and_its_end() -> None:
    """It was in force from 18 February, the first of the 30 days, up to 4 March."""
    ended = {**OWNED, "ends_at": datetime(2026, 3, 5)}
    used = line("2026-03-04", "1.8", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Used",
                ContractedCost=d("2.5"), **HOURS)  # fmt: skip
    other = line("2026-03-19", "1")
    (row,) = owned(used, other, commitments=[ended])
    assert (row["kind"], row["ends_at"], row["days_left"], row["days"]) == (
        "savings_plan", datetime(2026, 3, 5), -15, 15,
    )  # fmt: skip
    credits = '{"credits":[{"id":"sp-1","type":"COMMITTED_USAGE_DISCOUNT","amount":-50.0}]}'
    covered = line("2026-03-04", "50", x_cloud="gcp", x_extra=credits, **HOURS)
    (row,) = owned(covered, {**other, "x_cloud": "gcp"}, commitments=[{**ended, "cloud": "gcp"}])
    assert row["committed_cost"] == d("0.1") * 24 * 15
    assert row["saved_cost"] == pytest.approx(50 - 36)


def test_a_commitment_that_is_not_used_at_all_saves_nothing_and_costs_its_price() -> None:
    idle = line("2026-03-18", "2.4", CommitmentDiscountId="sp-1", ContractedCost=d("0"),
                ListCost=d("0"), CommitmentDiscountStatus="Unused")  # fmt: skip
    (row,) = owned(idle, commitments=[OWNED])
    assert (row["utilisation"], row["covered_cost"], row["saved_cost"]) == (0, 0, -2.4)
    actual = {**idle, "EffectiveCost": d("0"), "CommitmentDiscountStatus": "Used"}
    (row,) = owned(actual, commitments=[OWNED])
    assert row["saved_cost"] is None, "a bill without any cost or price tells nothing"


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_a_commitment_is_one_in_the_currency_of_its_bill(currency: str | None) -> None:
    """Azure's inventory has no currency of reservations, and the price list's of savings plans."""
    used = line("2026-03-18", "1.8", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Used",
                ContractedCost=d("2.5"))  # fmt: skip
    known = {**OWNED, "currency": currency}
    (row,) = owned(used, commitments=[known])
    assert (row["currency"], row["kind"], row["days_left"]) == ("USD", "savings_plan", 12)
    assert (row["committed_cost"], row["hourly_cost"]) == (
        d("1.8"), None if currency else d("0.1"),
    )  # fmt: skip
    (row,) = owned(line("2026-03-18", "1"), commitments=[known])
    assert (row["currency"], row["committed_cost"]) == (currency, d("72"))


ORDER = "/providers/Microsoft.Capacity/reservationOrders/A965D46F/reservations"
RESERVED = "f39d1c73-af74-4308-9083-fbf5efab37d1"


@pytest.mark.parametrize(
    "billed",
    [
        f"{ORDER}/{RESERVED}",
        f"{ORDER}/{RESERVED}".lower(),
        f"{ORDER}/{RESERVED}".upper(),
        RESERVED,
    ],
)
def test_azures_bill_may_write_the_id_of_a_commitment_in_any_case(billed: str) -> None:
    known = f"{ORDER}/{RESERVED}"
    azure: dict[str, Any] = {"x_cloud": "azure", "CommitmentDiscountId": billed, **HOURS}
    tables: dict[str, Any] = {
        "raw_focus": [
            line("2026-02-10", "1.8", CommitmentDiscountStatus="Used", **azure),
            line("2026-03-18", "1.8", ContractedCost=d("2.5"), CommitmentDiscountStatus="Used",
                 **azure),
            line("2026-03-18", "0.6", CommitmentDiscountStatus="Unused", **azure),
        ],
        "raw_commitment": [{**OWNED, "cloud": "azure", "commitment_id": known}],
    }  # fmt: skip
    (owned,) = mart("commitment_owned", **tables)
    assert (owned["commitment_id"], owned["kind"]) == (known, "savings_plan")
    assert (owned["used_cost"], owned["unused_cost"], owned["covered_cost"]) == (
        d("1.8"), d("0.6"), 2.5,
    )  # fmt: skip
    (idle,) = mart("commitment_idle", **tables)
    assert (idle["commitment_id"], idle["idle_share"]) == (known, 0.0)
    assert idle["missing"] is None


def test_what_is_bought_by_an_order_alone_is_no_commitment_of_the_inventory() -> None:
    found = mart(
        "billed_commitment",
        raw_focus=[line("2026-03-18", "3", x_cloud="azure", CommitmentDiscountId=f"{ORDER}/")],
        raw_commitment=[{**OWNED, "cloud": "azure", "commitment_id": f"{ORDER}/{RESERVED}"}],
    )
    assert found == []


def test_a_fee_of_a_month_that_runs_tells_nothing_of_its_use_yet() -> None:
    fee = line("2026-03-01", "12", CommitmentDiscountId="ri-1", ChargeCategory="Purchase",
               CommitmentDiscountStatus="Unused")  # fmt: skip
    fee["ChargePeriodEnd"] = datetime(2026, 4, 1)
    tables: dict[str, Any] = {
        "raw_focus": [fee, line("2026-03-19", "3", CommitmentDiscountId="ri-1")],
        "raw_commitment": [{**OWNED, "commitment_id": "ri-1", "kind": "reservation"}],
    }
    (row,) = mart("commitment_owned", **tables)
    assert (row["unused_cost"], row["utilisation"]) == (None, None)
    assert row["committed_cost"] == d("0.1") * 24 * 30
    (idle,) = mart("commitment_idle", **tables)
    assert idle["missing"] == "no bill says how much of it was used"


def fee(starts_on: str, ends_at: datetime, account: str = "a", **columns: Any) -> dict[str, Any]:
    """What of a reservation was not used in a month, as AWS's own reports have it."""
    return line(
        starts_on, "12", CommitmentDiscountId="ri-1", ChargeCategory="Purchase",
        CommitmentDiscountStatus="Unused", BillingAccountId=account,
    ) | {"ChargePeriodEnd": ends_at, **columns}  # fmt: skip


def used(day: str, account: str = "a") -> dict[str, Any]:
    return line(day, "3", CommitmentDiscountId="ri-1", CommitmentDiscountStatus="Used",
                BillingAccountId=account)  # fmt: skip


FEBRUARY = fee("2026-02-01", datetime(2026, 3, 1))


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        ([FEBRUARY, used("2026-03-18")], [(date(2026, 2, 1), date(2026, 3, 1))]),
        ([fee("2026-02-01", datetime(2026, 2, 28, 23, 59, 59)), used("2026-03-18")],
         [(date(2026, 2, 1), date(2026, 3, 1))]),
        ([FEBRUARY | {"ChargePeriodStart": datetime(2026, 2, 10, 13)}, used("2026-03-18")],
         [(date(2026, 2, 10), date(2026, 3, 1))]),
        ([FEBRUARY, line("2026-03-18", "1", BillingAccountId="a")], []),
        ([fee("2026-01-01", datetime(2026, 2, 1)), used("2026-03-18")], []),
        ([FEBRUARY, used("2026-02-10"), line("2026-03-18", "1", BillingAccountId="b")],
         [(None, None)]),
        ([FEBRUARY, fee("2026-03-01", datetime(2026, 4, 1)), used("2026-03-18")],
         [(date(2026, 2, 1), date(2026, 3, 1))]),
    ],
    ids=["whole month", "end included", "bought within a day", "ended", "told by the day since",
         "billed up to the 10th while another payer's bill goes on", "and the running one"],
)  # fmt: skip
def test_a_month_tells_what_was_not_used_if_it_is_over_and_the_last(
    lines: list[dict[str, Any]], known: list[tuple[date | None, date | None]]
) -> None:
    found = mart("commitment_month", raw_focus=lines)
    assert [(row["starts_on"], row["ends_on"]) for row in found] == known


def test_a_commitment_that_is_billed_in_two_currencies_is_idle_once() -> None:
    lines = [
        line("2026-02-10", cost, CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Unused",
             BillingCurrency=currency)
        for currency, cost in (("EUR", "9"), ("USD", "1"))
    ]  # fmt: skip
    owned = [{**OWNED, "currency": "USD"}]
    (row,) = mart("commitment_idle", raw_focus=lines, raw_commitment=owned)
    assert (row["currency"], row["idle_share"]) == ("USD", 1.0)


def test_a_commitment_is_known_as_far_as_the_bill_that_names_it() -> None:
    late = [
        line(f"2026-03-{number:02}", "3", CommitmentDiscountId="sp-1", BillingAccountId="late",
             CommitmentDiscountStatus="Used" if number % 2 else "Unused")
        for number in range(1, 11)
    ]  # fmt: skip
    lines = [*late, line("2026-03-18", "1")]
    (row,) = mart("commitment_owned", raw_focus=lines)
    assert (row["until"], row["committed_cost"]) == (date(2026, 3, 11), d("30"))
    gone = [*late, line("2026-03-18", "1"), line("2026-02-10", "9", CommitmentDiscountId="sp-0",
                                                 BillingAccountId="closed")]  # fmt: skip
    assert [row["commitment_id"] for row in mart("commitment_owned", raw_focus=gone)] == ["sp-1"]


def test_each_account_is_covered_in_the_last_30_days_of_its_own_bill() -> None:
    def days(first: str, count: int, account: str, **columns: Any) -> list[dict[str, Any]]:
        start = date.fromisoformat(first).toordinal()
        return [
            line(date.fromordinal(start + number).isoformat(), "1", BillingAccountId=account,
                 **HOURS, **columns)
            for number in range(count)
        ]  # fmt: skip

    bought = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountStatus": "Used"}
    lines = [
        *days("2026-01-01", 68, "a"), *days("2026-03-10", 10, "a", **bought),
        *days("2026-02-01", 20, "late", **bought),
        *days("2026-01-01", 5, "ended"),
    ]  # fmt: skip
    found = mart("commitment_covered_now", raw_focus=lines, raw_offer=[OFFER])
    assert [(row["billing_account"], row["until"], row["usage_cost"], row["covered_cost"])
            for row in found] == [
        ("a", date(2026, 3, 20), 30.0, 10.0), ("late", date(2026, 2, 21), 20.0, 20.0),
    ]  # fmt: skip
