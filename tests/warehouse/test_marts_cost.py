from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from estate import AS_OF, d, day, line, mart, rows, warehouse
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.build import build


def test_daily_cost_sums_exactly_and_keeps_credits_and_negative_lines() -> None:
    found = mart("daily_cost", raw_focus=[
        line("2026-03-01", "0.100000000000000001"),
        line("2026-03-01", "0.200000000000000002"),
        line("2026-03-01", "-0.05", ChargeClass="Correction"),
        line("2026-03-01", "-1", ChargeCategory="Credit"),
    ])  # fmt: skip
    told = {(row["charge_category"], row["charge_class"]): row["billed_cost"] for row in found}
    assert told == {
        ("Usage", None): d("0.300000000000000003"),
        ("Usage", "Correction"): d("-0.05"),
        ("Credit", None): d("-1"),
    }
    assert sum(row["lines"] for row in found) == 4


def test_a_charge_without_a_category_is_one_of_unknown_category() -> None:
    found = mart("daily_cost", raw_focus=[line("2026-03-01", "1", ChargeCategory=None)])
    assert [row["charge_category"] for row in found] == ["(unknown)"]


def test_two_currencies_are_two_rows_and_never_one_sum() -> None:
    found = mart("monthly_cost", "currency", raw_focus=[
        line("2026-03-01", "1", BillingCurrency="EUR"),
        line("2026-03-01", "2", BillingCurrency="USD"),
    ])  # fmt: skip
    assert [(row["currency"], row["effective_cost"]) for row in found] == [
        ("EUR", d("1")),
        ("USD", d("2")),
    ]


def test_the_month_is_that_of_the_bill_and_the_day_that_of_the_charge() -> None:
    late = line("2026-02-28", "5", BillingPeriodStart=datetime(2026, 3, 1))
    assert [row["month"] for row in mart("monthly_cost", raw_focus=[late])] == [day("2026-03-01")]
    found = mart("daily_cost", raw_focus=[late, line("2026-02-28", "1")])
    assert [(row["day"], row["month"], row["billed_cost"]) for row in found] == [
        (day("2026-02-28"), day("2026-02-01"), d("1")),
        (day("2026-02-28"), day("2026-03-01"), d("5")),
    ]


def test_identical_lines_count_each() -> None:
    found = mart("daily_cost", raw_focus=[line("2026-03-01", "1")] * 3)
    assert [(row["billed_cost"], row["lines"]) for row in found] == [(d("3"), 3)]


def test_without_a_sub_account_the_billing_account_is_the_account() -> None:
    found = mart("daily_cost", raw_focus=[line("2026-03-01", "1", SubAccountId=None)])
    assert found[0]["account"] == "payer"


def test_an_account_has_its_newest_name() -> None:
    found = mart("account", raw_focus=[
        line("2026-03-01", "1", SubAccountName="web shop"),
        line("2026-03-02", "1", SubAccountName="shop"),
        line("2026-03-03", "1", SubAccountName=None),
        line("2026-03-04", "1", SubAccountName=""),
    ])  # fmt: skip
    assert found == [{"cloud": "aws", "account": "shop", "account_name": "shop"}]


def test_a_name_belongs_to_the_id_beside_it() -> None:
    found = mart("account", raw_focus=[
        line("2026-03-01", "1", BillingAccountName="Acme"),
        line("2026-03-01", "1", BillingAccountName="Acme", SubAccountId=None, SubAccountName="app"),
    ])  # fmt: skip
    assert found == [{"cloud": "aws", "account": "payer", "account_name": "Acme"}]


def test_a_line_without_service_or_region_is_named_so() -> None:
    found = mart("daily_cost", raw_focus=[line("2026-03-01", "1", ServiceName=None, RegionId=None)])
    assert (found[0]["service"], found[0]["region"]) == ("(unknown)", "global")


def test_an_unknown_list_price_stays_unknown() -> None:
    found = mart("monthly_cost", raw_focus=[line("2026-03-01", "1", ListCost=None)])
    assert found[0]["list_cost"] is None


def test_tags_split_the_lines_of_resources_and_the_rest_is_untagged() -> None:
    found = mart("tag_cost", "tag_key, tag_value", raw_focus=[
        line("2026-03-01", "1", ResourceId="i-1", Tags='{"team": "web", "app": "shop"}'),
        line("2026-03-01", "2", ResourceId="i-2", Tags='{"team": "web"}'),
        line("2026-03-01", "4", ResourceId="i-3", Tags=None),
        line("2026-03-01", "7", ResourceId="i-4", Tags='{"team": ""}'),
        line("2026-03-01", "1", ResourceId="i-5", Tags='{"team": " "}'),
        line("2026-03-01", "16", ChargeCategory="Tax", Tags=None),
    ])  # fmt: skip
    assert [(row["tag_key"], row["tag_value"], row["effective_cost"]) for row in found] == [
        ("app", "(untagged)", d("14")),
        ("app", "shop", d("1")),
        ("team", "(untagged)", d("12")),
        ("team", "web", d("3")),
    ]


def test_a_key_that_a_line_names_twice_counts_once() -> None:
    twice, other = '{"team": "a", "team": "b"}', '{"team": "", "team": "b"}'
    found = mart("tag_cost", "tag_value", raw_focus=[
        line("2026-03-01", "10", ResourceId="i-1", Tags=twice),
        line("2026-03-01", "5", ResourceId="i-2", Tags=other),
    ])  # fmt: skip
    assert [(row["tag_value"], row["effective_cost"]) for row in found] == [
        ("(untagged)", d("5")),
        ("a", d("10")),
    ]


def test_only_the_keys_of_most_cost_have_an_untagged_rest() -> None:
    found = mart("tag_cost", raw_focus=[
        line("2026-03-01", str(cost), ResourceId="i", Tags=f'{{"key-{cost}": "v"}}')
        for cost in range(1, 302)
    ])  # fmt: skip
    assert len({row["tag_key"] for row in found}) == 301
    rest = {row["tag_key"] for row in found if row["tag_value"] == "(untagged)"}
    assert rest == {f"key-{cost}" for cost in range(102, 302)}


def test_a_fully_tagged_key_has_no_untagged_row_even_if_it_cancels_out() -> None:
    found = mart("tag_cost", raw_focus=[
        line("2026-03-01", "1", ResourceId="i-1", Tags='{"team": "web"}'),
        line("2026-03-01", "2", ResourceId="i-2"),
        line("2026-03-01", "-2", ResourceId="i-2"),
    ])  # fmt: skip
    assert {row["tag_value"]: row["effective_cost"] for row in found} == {
        "web": d("1"),
        "(untagged)": d("0"),
    }


def test_broken_tags_count_as_none() -> None:
    found = mart("unallocated_cost", raw_focus=[
        line("2026-03-01", "1", ResourceId="i-1", Tags="team=web"),
        line("2026-03-01", "3", ResourceId="i-2", Tags='{"team": "web"}'),
    ])  # fmt: skip
    assert (found[0]["unallocated_cost"], found[0]["unallocated_share"]) == (d("1"), 0.25)


def test_everything_allocated_is_zero_and_no_cost_is_unknown() -> None:
    tagged = line("2026-03-01", "3", Tags='{"team": "web"}')
    found = mart("unallocated_cost", "cloud", raw_focus=[
        tagged, line("2026-03-01", "0", x_cloud="gcp"),
    ])  # fmt: skip
    assert [(row["unallocated_cost"], row["unallocated_share"]) for row in found] == [
        (d("0"), 0.0),
        (d("0"), None),
    ]


def test_resource_cost_counts_days_and_the_part_under_commitment() -> None:
    found = mart("resource_cost", raw_focus=[
        line("2026-03-01", "1", ResourceId="i-1", ResourceName="web"),
        line("2026-03-01", "1", ResourceId="i-1", ResourceName="web"),
        line("2026-03-02", "2", ResourceId="i-1", ResourceName="web", CommitmentDiscountId="sp-1"),
        line("2026-03-03", "9"),
    ])  # fmt: skip
    assert len(found) == 1
    assert (found[0]["effective_cost"], found[0]["commitment_cost"]) == (d("4"), d("2"))
    assert (found[0]["days_billed"], found[0]["resource_name"]) == (2, "web")


def test_a_line_over_several_days_is_spread_and_adds_up_to_the_last_digit() -> None:
    invoice_item = line(
        "2026-03-01", "100.123456789012345678", ResourceId="d-1",
        ChargePeriodEnd=datetime(2026, 3, 8),
    )  # fmt: skip
    found = mart("resource_cost_daily", "day", raw_focus=[invoice_item])
    assert [row["day"] for row in found] == [day(f"2026-03-0{number}") for number in range(1, 8)]
    assert sum(row["effective_cost"] for row in found) == d("100.123456789012345678")
    assert found[0]["effective_cost"] == d("14.303351")


def test_resource_cost_daily_goes_back_92_days() -> None:
    found = mart("resource_cost_daily", raw_focus=[
        line("2025-12-17", "1", ResourceId="i-1"),
        line("2025-12-18", "2", ResourceId="i-1"),
    ])  # fmt: skip
    assert [row["effective_cost"] for row in found] == [d("2")]


def test_the_run_rate_is_that_of_the_last_14_complete_days_of_usage() -> None:
    days = [line(f"2026-03-{number:02}", "2", ResourceId="i-1") for number in range(1, 20)]
    today = line("2026-03-20", "0.1", ResourceId="i-1", ChargePeriodEnd=datetime(2026, 3, 20, 1))
    refund = line("2026-03-18", "-50", ResourceId="i-1", ChargeClass="Correction")
    found = mart("resource_run_rate", raw_focus=[*days, today, refund])
    assert [(row["cost_month"], row["days_billed"]) for row in found] == [(d("60.875"), 14)]
    assert found[0]["last_billed_day"] == day("2026-03-19")


def test_a_young_resource_is_rated_by_the_days_it_was_billed() -> None:
    old = [line(f"2026-03-{number:02}", "1", ResourceId="i-1") for number in range(1, 20)]
    young = [line("2026-03-18", "4", ResourceId="i-2"), line("2026-03-19", "4", ResourceId="i-2")]
    found = mart("resource_run_rate", "resource_id", raw_focus=old + young)
    assert found[1]["cost_month"] == d("121.75")


def test_days_on_which_a_resource_was_off_count_and_days_before_it_was_there_do_not() -> None:
    other = [line(f"2026-03-{number:02}", "1", ResourceId="i-1") for number in range(1, 20)]
    old = [line(f"2026-03-{number:02}", "14", ResourceId="i-2") for number in (1, 10)]
    young = [line(f"2026-03-{number:02}", "5", ResourceId="i-3") for number in (15, 17)]
    found = mart("resource_run_rate", "resource_id", raw_focus=other + old + young)
    assert [row["cost_month"] for row in found] == [d("30.4375"), d("30.4375"), d("60.875")]


def test_a_resource_that_is_no_longer_billed_has_no_run_rate() -> None:
    found = mart("resource_run_rate", raw_focus=[
        line("2026-02-01", "1", ResourceId="i-old"), line("2026-03-19", "1", ResourceId="i-1"),
    ])  # fmt: skip
    assert [row["resource_id"] for row in found] == ["i-1"]


def of_days(first: int, last: int, cost: str, **columns: Any) -> list[dict[str, Any]]:
    """A line on each of these days of March."""
    return [line(f"2026-03-{number:02}", cost, **columns) for number in range(first, last + 1)]


LATE: dict[str, Any] = {"BillingAccountId": "late", "SubAccountId": "other", "ResourceId": "i-9"}


def test_what_a_late_account_has_not_billed_yet_was_not_free() -> None:
    lines = [*of_days(1, 19, "1", ResourceId="i-1"), *of_days(1, 11, "100", **LATE)]
    found = mart("resource_run_rate", "resource_id", raw_focus=lines)
    assert [row["last_billed_day"].day for row in found] == [19, 11]
    meters = mart("resource_meter_rate", "resource_id", raw_focus=lines)
    for rows_of in (found, meters):
        costs = [float(row["cost_month"]) for row in rows_of]
        assert costs == pytest.approx([30.4375, 3043.75])


def test_a_correction_of_what_a_commitment_covers_is_no_part_of_its_share() -> None:
    covered = {"ResourceId": "i-1", "CommitmentDiscountId": "sp-1"}
    (rate,) = mart("resource_run_rate", raw_focus=[
        *of_days(1, 19, "5", ResourceId="i-1"), *of_days(1, 19, "5", **covered),
        line("2026-03-15", "-150", ChargeClass="Correction", **covered),
    ])  # fmt: skip
    assert float(rate["cost_month"]) == pytest.approx(304.375)
    assert rate["commitment_share"] == 0.5


def test_no_more_than_all_is_covered_by_a_commitment() -> None:
    (rate,) = mart("resource_run_rate", raw_focus=[
        *of_days(1, 19, "5", ResourceId="i-1", CommitmentDiscountId="sp-1"),
        *of_days(1, 19, "-2", ResourceId="i-1"),  # a discount
    ])  # fmt: skip
    assert rate["commitment_share"] == 1


HELD: dict[str, Any] = {
    "source": "s", "cloud": "aws", "account": "shop", "resource_id": "v-1", "kind": "disk",
    "valid_from": datetime(2025, 1, 1),
}  # fmt: skip


def test_of_an_id_that_two_accounts_are_billed_for_the_one_that_has_it_counts() -> None:
    lines = [
        *of_days(1, 19, "1", ResourceId="v-1", PricingUnit="GB-Mo"),
        *of_days(1, 19, "3", ResourceId="v-1", PricingUnit="Hrs", SubAccountId="other"),
    ]
    known = {"raw_focus": lines, "raw_resource": [HELD]}
    (rate,) = mart("resource_run_rate", **known)
    assert (rate["cost_month"], rate["account"]) == (d("30.4375"), "shop")
    assert [row["unit"] for row in mart("resource_meter_rate", **known)] == ["GB-Mo"]
    elsewhere = [{**HELD, "account": "as the cloud calls it"}]
    (rate,) = mart("resource_run_rate", raw_focus=lines, raw_resource=elsewhere)
    assert (rate["cost_month"], rate["account"]) == (d("121.75"), None)


@pytest.mark.parametrize(
    ("before", "rate"),
    [
        ({"size_gib": 100.0}, ["30.437500"]),  # four days of 1
        ({"sku": "gp2"}, ["30.437500"]),
        ({"state": "in_use"}, ["226.107143"]),  # and ten days of 10
        ({"size_gib": 100.0, "valid_to": datetime(2026, 3, 20, 6)}, []),  # no day of the new size
    ],
)
def test_what_a_resource_cost_at_another_size_is_not_what_it_costs(
    before: dict[str, Any], rate: list[str]
) -> None:
    now = {**HELD, "sku": "gp3", "size_gib": 10.0, "state": "available"}
    changed = before.get("valid_to", datetime(2026, 3, 15, 12))
    looks = [{**now, "valid_from": changed}, {**now, "valid_to": changed, **before}]
    found = mart("resource_run_rate", raw_resource=looks, raw_focus=[
        *of_days(1, 15, "10", ResourceId="v-1"), *of_days(16, 19, "1", ResourceId="v-1"),
    ])  # fmt: skip
    assert [f"{row['cost_month']:.6f}" for row in found] == rate


def test_a_meter_of_several_days_costs_what_its_days_among_the_14_do() -> None:
    months = [
        line(start, cost, ResourceId="db-1", PricingUnit="Mo", ChargePeriodEnd=end)
        for start, end, cost in (
            ("2026-02-01", datetime(2026, 3, 1), "280"),
            ("2026-03-01", datetime(2026, 4, 1), "310"),
        )
    ]
    found = mart("resource_meter_rate", "unit", raw_focus=[
        *months, *of_days(1, 19, "1", ResourceId="db-1", PricingUnit="IOPS-Mo"),
    ])  # fmt: skip
    costs = {row["unit"]: float(row["cost_month"]) for row in found}
    assert costs == pytest.approx({"IOPS-Mo": 30.4375, "Mo": 304.375})


def test_a_machine_costs_the_same_whatever_it_sends() -> None:
    machine = {"ResourceId": "i-1", "PricingUnit": "Hrs", "CommitmentDiscountId": "sp-1"}
    lines = [
        *of_days(1, 19, "2", **machine),
        *of_days(1, 19, "30", ResourceId="i-1", PricingUnit="GB"),
        *of_days(1, 19, "7", ResourceId="i-2", PricingUnit=None),
    ]
    found = mart("machine_run_rate", "resource_id", raw_focus=lines)
    assert [float(row["cost_month"]) for row in found] == pytest.approx([60.875, 213.0625])
    assert [row["commitment_share"] for row in found] == [pytest.approx(1), 0]


@pytest.mark.parametrize(
    ("lines", "until"),
    [
        (of_days(1, 19, "1"), 20),
        # Billed by two, of whom one is behind: the others' days are not complete.
        ([*of_days(1, 19, "1"), *of_days(1, 11, "1", BillingAccountId="late")], 12),
        # A feed that took over from another one of the same bill is not behind.
        ([*of_days(12, 19, "1"), *of_days(1, 11, "1", x_source="former")], 20),
        # Nothing is to come of a bill that ended 14 days ago.
        ([*of_days(1, 19, "1"), *of_days(1, 4, "1", BillingAccountId="ended")], 20),
        ([*of_days(1, 19, "1"), *of_days(1, 5, "1", BillingAccountId="late")], 6),
    ],
)
def test_an_account_is_billed_until_all_who_bill_it_have(
    lines: list[dict[str, Any]], until: int
) -> None:
    (found,) = mart("sub_account_billed_until", raw_focus=lines)
    assert (found["account"], found["until"]) == ("shop", date(2026, 3, until))


def test_an_account_without_sub_account_is_its_billing_account() -> None:
    found = mart("sub_account_billed_until", "account", raw_focus=[
        *of_days(1, 19, "1", SubAccountId=None),
        *of_days(1, 11, "1", BillingAccountId=None, SubAccountId=None),
    ])  # fmt: skip
    assert [(row["account"], row["until"].day) for row in found] == [
        ("(unknown)", 12),
        ("payer", 20),
    ]


@pytest.mark.parametrize(("other", "costs"), [("paris", []), ("berlin", [d("30.4375")])])
def test_of_two_resources_with_one_id_nobody_knows_which_of_them_a_line_is(
    other: str, costs: list[Decimal]
) -> None:
    host: dict[str, Any] = {"cloud": "onprem", "resource_id": "web-1", "kind": "instance",
                            "account": "berlin", "valid_from": datetime(2026, 1, 1)}  # fmt: skip
    found = mart(
        "resource_run_rate",
        raw_focus=[line("2026-03-19", "1", ResourceId="web-1", x_cloud="onprem")],
        raw_resource=[host, host | {"account": other, "region": "r2"}],
    )
    assert [row["cost_month"] for row in found] == costs


def test_the_run_rate_says_which_share_a_commitment_covers() -> None:
    found = mart("resource_run_rate", raw_focus=[
        line("2026-03-19", "1", ResourceId="i-1"),
        line("2026-03-19", "3", ResourceId="i-1", CommitmentDiscountId="sp-1"),
    ])  # fmt: skip
    assert found[0]["commitment_share"] == 0.75


def test_what_a_resource_was_billed_for_is_told_by_the_meter() -> None:
    native, own = '{"x_UsageType": "EU-VpcEndpoint-Hours"}', '{"lineItem/UsageType": "BoxUsage"}'
    found = mart("resource_meter", "meter", raw_focus=[
        line("2026-03-18", "1", ResourceId="e", x_extra=native, PricingQuantity=d("24")),
        line("2026-03-19", "2", ResourceId="e", x_extra=native, PricingQuantity=d("24")),
        line("2026-03-19", "4", ResourceId="e", x_extra=own, SkuMeter="not asked"),
        line("2026-03-19", "8", ResourceId="e", SkuMeter="Compute Hours"),
        line("2026-03-19", "16", ResourceId="e", ChargeDescription="Support"),
        line("2026-03-19", "-9", ResourceId="e", ChargeClass="Correction"),
        line("2026-02-15", "32", ResourceId="e", SkuMeter="Compute Hours"),
        line("2026-03-20", "64", ResourceId="e", ChargeCategory="Credit"),
        line("2026-03-19", "99"),
    ])  # fmt: skip
    assert [(row["meter"], row["cost"], row["days_billed"]) for row in found] == [
        ("BoxUsage", d("4"), 1), ("Compute Hours", d("8"), 1),
        ("EU-VpcEndpoint-Hours", d("3"), 2), ("Support", d("16"), 1),
    ]  # fmt: skip
    assert found[2]["quantity"] == d("48")


def test_traffic_is_told_of_each_endpoint_and_whether_the_cloud_tells_any() -> None:
    def metered(resource_id: str, usage: str, quantity: str, unit: str) -> dict[str, Any]:
        return line(
            "2026-03-19", "1", ResourceId=resource_id, SkuMeter=usage, PricingQuantity=d(quantity),
            PricingUnit=unit,
        )  # fmt: skip

    found = mart("metered_traffic", "family, resource_id", raw_focus=[
        metered("used", "EU-VpcEndpoint-Hours", "24", "Hrs"),
        metered("used", "EU-VpcEndpoint-Bytes", "3", "GB"),
        metered("quiet", "EU-VpcEndpoint-Hours", "24", "Hrs"),
        metered("gateway", "EU-VpcEndpoint-GWLBE-Hours", "24", "Hrs"),
        metered("wall", "EU-Traffic-GB-Processed", "5", "GB"),
        metered("machine", "BoxUsage", "24", "Hrs"),
    ])  # fmt: skip
    names = ("family", "resource_id", "days_held", "traffic", "tells_traffic")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("firewall", "wall", None, 5, True),
        ("gateway_endpoint", "gateway", 1, 0, False),
        ("private_endpoint", "quiet", 1, 0, True),
        ("private_endpoint", "used", 1, 3, True),
    ]


def test_a_dearer_price_and_a_larger_quantity_are_told_apart() -> None:
    found = mart("price_quantity_change", raw_focus=[
        line("2026-02-01", "10", SkuId="vm", PricingQuantity=d("100")),
        line("2026-03-01", "18", SkuId="vm", PricingQuantity=d("150")),
    ])  # fmt: skip
    assert len(found) == 1
    change = found[0]
    assert (change["cost_before"], change["cost_after"]) == (d("10"), d("18"))
    assert (change["quantity_effect"], change["price_effect"]) == (d("5"), d("3"))
    assert change["new_or_gone_effect"] == 0


def test_new_and_gone_skus_are_their_own_effect() -> None:
    found = mart("price_quantity_change", "sku_id", raw_focus=[
        line("2026-02-01", "10", SkuId="gone", PricingQuantity=d("1")),
        line("2026-03-01", "7", SkuId="new", PricingQuantity=d("1")),
    ])  # fmt: skip
    assert [(row["sku_id"], row["new_or_gone_effect"]) for row in found] == [
        ("gone", d("-10")),
        ("new", d("7")),
    ]


def test_what_has_no_quantity_changes_in_price_only() -> None:
    found = mart("price_quantity_change", raw_focus=[
        line("2026-02-01", "1", SkuId=None, ChargeCategory="Tax"),
        line("2026-03-01", "3", SkuId=None, ChargeCategory="Tax"),
    ])  # fmt: skip
    assert [(row["price_effect"], row["quantity_effect"]) for row in found] == [(d("2"), d("0"))]


def test_a_month_after_a_gap_is_compared_with_nothing() -> None:
    assert not mart("price_quantity_change", raw_focus=[
        line("2026-01-01", "1", SkuId="vm"), line("2026-03-01", "1", SkuId="vm"),
    ])  # fmt: skip


def test_of_a_cloud_that_came_or_went_all_is_new_or_gone_once_the_month_is_over() -> None:
    gcp = {"x_cloud": "gcp", "SkuId": "vm"}
    found = mart("price_quantity_change", "month, cloud", raw_focus=[
        *(line(f"2026-0{month}-01", "1", SkuId="vm") for month in (1, 2, 3)),
        line("2026-01-01", "50", **gcp),
        line("2026-02-01", "7", x_cloud="azure"),
    ])  # fmt: skip
    assert [(row["month"].month, row["cloud"], row["new_or_gone_effect"]) for row in found] == [
        (2, "aws", d("0")),
        (2, "azure", d("7")),
        (2, "gcp", d("-50")),
        (3, "aws", d("0")),
    ]


money = st.decimals(-(10**6), 10**6, places=18, allow_nan=False)
sold = st.tuples(
    st.sampled_from(["2026-01-03", "2026-02-03", "2026-03-03"]),
    money,
    st.sampled_from(["vm", "disk", None]),
    st.one_of(st.none(), st.decimals(0, 10**4, places=6)),
    st.sampled_from(["hours", "gb"]),
)


@given(st.lists(sold, max_size=12))
@settings(max_examples=25, deadline=None)
def test_effects_and_totals_add_up_for_any_lines(
    lines: list[tuple[str, Decimal, str | None, Decimal | None, str]],
) -> None:
    connection = warehouse(raw_focus=[
        line(when, str(cost), SkuId=sku, PricingQuantity=quantity, PricingUnit=unit)
        for when, cost, sku, quantity, unit in lines
    ])  # fmt: skip
    build(
        connection, AS_OF, ["marts.price_quantity_change", "marts.daily_cost", "marts.monthly_cost"]
    )
    for change in rows(connection, "from marts.price_quantity_change"):
        effects = change["price_effect"] + change["quantity_effect"] + change["new_or_gone_effect"]
        assert effects == change["cost_after"] - change["cost_before"]
    totals = dict(
        connection.execute("select month, sum(effective_cost) from marts.monthly_cost group by 1")
        .fetchall()
    )  # fmt: skip
    assert sum(totals.values()) == sum(cost for _, cost, *_ in lines)
    months = dict(
        connection.execute(
            "select month, sum(cost_after - cost_before)"
            " from marts.price_quantity_change group by 1"
        ).fetchall()
    )
    for before, after in pairwise([day("2026-01-01"), day("2026-02-01"), day("2026-03-01")]):
        if before in totals and after in totals:
            assert months[after] == totals[after] - totals[before]


@pytest.mark.parametrize(("used", "unused", "share"), [("3", "1", 0.75), ("0", "0", None)])
def test_commitment_use(used: str, unused: str, share: float | None) -> None:
    commitment = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountStatus": "Used"}
    found = mart("commitment_use", raw_focus=[
        line("2026-03-01", used, **commitment),
        line("2026-03-01", unused, **{**commitment, "CommitmentDiscountStatus": "Unused"}),
        line("2026-03-01", "0", ChargeCategory="Purchase", BilledCost=d("99"), **commitment),
    ])  # fmt: skip
    assert found[0]["used_cost"] == d(used)
    assert found[0]["unused_cost"] == d(unused)
    assert found[0]["committed_cost"] == d(used) + d(unused)
    assert found[0]["utilisation"] == share


def test_commitment_coverage_is_at_list_prices_and_leaves_spot_and_other_services_out() -> None:
    found = mart("commitment_coverage", raw_focus=[
        line("2026-03-01", "2", ListCost=d("3"), CommitmentDiscountId="sp-1"),
        line("2026-03-01", "1", ListCost=d("1")),
        line("2026-03-01", "5", PricingCategory="Dynamic"),
        line("2026-03-01", "7", ServiceName="S3", ServiceCategory="Storage"),
    ])  # fmt: skip
    assert len(found) == 1
    assert (found[0]["covered_cost"], found[0]["on_demand_cost"]) == (d("3"), d("1"))
    assert found[0]["coverage"] == 0.75
