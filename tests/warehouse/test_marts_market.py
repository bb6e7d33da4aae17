"""Which of several stated prices and sizes is reckoned with, and where sources disagree."""

from typing import Any

import pytest
from estate import d, day, line, mart


def price(read_by: str | None, amount: str, as_of: str, **columns: Any) -> dict[str, Any]:
    return {
        "read_by": read_by, "cloud": "aws", "region": "eu-west-1", "instance_type": "m5.large",
        "os": "linux", "price_type": "on_demand", "currency": "USD", "price_hour": d(amount),
        "as_of": day(as_of), "source": f"list of {read_by}", **columns,
    }  # fmt: skip


PACKAGED = price(None, "0.100", "2026-03-01")


def test_what_a_source_has_read_goes_before_what_is_packaged_even_if_it_is_dated_earlier() -> None:
    (found,) = mart("price", raw_price=[PACKAGED, price("ours", "0.107", "2026-01-15")])
    assert (found["read_by"], found["price_hour"]) == ("ours", d("0.107"))


def test_of_two_sources_the_newer_price_counts() -> None:
    prices = [price("a", "0.1", "2026-03-02"), price("b", "0.2", "2026-03-03")]
    assert [row["price_hour"] for row in mart("price", raw_price=prices)] == [d("0.2")]


def test_a_price_that_no_source_has_read_is_the_packaged_one() -> None:
    other = price("ours", "0.107", "2026-03-02", region="us-east-1")
    found = mart("price", order="region", raw_price=[PACKAGED, other])
    assert [row["price_hour"] for row in found] == [d("0.1"), d("0.107")]


@pytest.mark.parametrize(
    ("other", "columns", "is_told"),
    [
        ("0.1021", {}, True),
        ("0.0979", {}, True),
        ("0.102", {}, False),  # exactly 2 %
        ("0.2", {"currency": "EUR"}, False),
        ("0.2", {"price_type": "spot"}, False),
        ("0.2", {"os": "windows"}, False),
    ],
)
def test_sources_that_disagree_by_more_than_two_percent_are_told(
    other: str, columns: dict[str, Any], is_told: bool
) -> None:
    prices = [price("ours", "0.1", "2026-03-02"), price("theirs", other, "2026-03-01", **columns)]
    found = mart("price_disagreement", raw_price=prices)
    assert [(row["read_by"], row["other_read_by"]) for row in found] == [
        ("ours", "theirs")
    ] * is_told
    if is_told:
        assert found[0]["difference"] == pytest.approx(float(other) / 0.1 - 1)


def test_a_size_that_a_source_has_read_goes_before_the_packaged_one() -> None:
    size = {"cloud": "aws", "instance_type": "m5.large", "source": "a"}
    offers = [{**size, "read_by": None, "vcpus": 2}, {**size, "read_by": "ours", "vcpus": 4}]
    assert [row["vcpus"] for row in mart("offer", raw_offer=offers)] == [4]
    resource = {"source": "ours", "cloud": "aws", "resource_id": "i-1", "sku": "m5.large"}
    (found,) = mart("resource_now", raw_offer=offers, raw_resource=[resource])
    assert found["vcpus"] == 4


def commitment(**columns: Any) -> dict[str, Any]:
    return {
        "source": "acme", "cloud": "aws", "account": "payer", "commitment_id": "plan",
        "kind": "savings_plan", "currency": "USD", "starts_at": day("2026-01-01"),
        "ends_at": day("2027-01-01"), **columns,
    }  # fmt: skip


def charge(on: str, cost: str, **columns: Any) -> dict[str, Any]:
    status = {"CommitmentDiscountStatus": "Used"}
    return line(on, cost, CommitmentDiscountId="plan", **{**status, **columns})


def idle(owned: dict[str, Any], *charges: dict[str, Any]) -> list[dict[str, Any]]:
    return mart("commitment_idle", raw_commitment=[owned], raw_focus=list(charges))


def test_what_lay_idle_is_that_of_the_last_month_billed_completely_per_hour() -> None:
    unused = {"CommitmentDiscountStatus": "Unused"}
    (found,) = idle(
        commitment(quantity=4.0),
        charge("2026-01-10", "300"), charge("2026-01-10", "444", **unused),
        charge("2026-02-10", "300"), charge("2026-02-10", "100", **unused),
        charge("2026-03-10", "1"),
    )  # fmt: skip
    assert (found["month"], found["hours"]) == (day("2026-02-01"), 672)
    assert found["idle_share"] == pytest.approx(0.25)
    assert found["idle_quantity"] == pytest.approx(1)
    assert found["idle_hour"] == d("0.148809524")  # 100 / 672
    assert (found["rate_type"], found["missing"]) == ("sp_1y", None)


def test_the_hours_of_the_running_month_go_as_far_as_the_bill_of_the_commitment() -> None:
    late = line("2026-03-04", "5", BillingAccountId="late", SubAccountId="other")
    (found,) = idle(
        commitment(starts_at=day("2026-03-01")), late,
        charge("2026-03-01", "12", CommitmentDiscountStatus="Unused"),
        charge("2026-03-10", "12"),
    )  # fmt: skip
    assert (found["month"], found["hours"]) == (day("2026-03-01"), 240)
    assert found["idle_hour"] == d("0.05")  # 12 / 240


def test_of_a_commitment_that_no_bill_names_the_use_is_unknown() -> None:
    (found,) = idle(commitment(kind="committed_use"), line("2026-02-10", "5"))
    assert found["idle_share"] is found["idle_hour"] is found["hours"] is None
    assert found["missing"] == "no bill says how much of it was used"


def test_a_commitment_that_has_ended_or_not_begun_is_not_owned() -> None:
    assert idle(commitment(ends_at=day("2026-03-01"))) == []
    assert idle(commitment(starts_at=day("2027-10-01"))) == []


def test_a_family_s_plan_of_three_years_is_priced_by_its_own_rates() -> None:
    (found,) = idle(commitment(covers="m5", ends_at=day("2029-01-01")))
    assert found["rate_type"] == "sp_instance_3y"


def test_disks_cost_what_the_kind_most_bought_there_costs_and_egress_what_is_billed() -> None:
    disks = [
        {"source": "a", "cloud": "aws", "account": "1", "resource_id": name, "kind": "disk",
         "sku": sku, "valid_from": day("2026-01-01")}
        for name, sku in (("vol-1", "gp3"), ("vol-2", "io2"))
    ]  # fmt: skip
    usage = {"x_cloud": "aws", "RegionId": "eu-west-1", "PricingUnit": "GB-Mo"}
    found = mart("unit_price", raw_resource=disks, raw_focus=[
        line("2026-03-10", "8", ResourceId="vol-1", PricingQuantity=d("100"),
             ContractedUnitPrice=d("0.08"), **usage),
        line("2026-03-10", "5", ResourceId="vol-2", PricingQuantity=d("40"),
             ContractedUnitPrice=d("0.125"), **usage),
        line("2026-03-10", "9", ResourceId="bucket", PricingQuantity=d("400"),
             ContractedUnitPrice=d("0.023"), **usage),
        line("2026-03-10", "9", PricingQuantity=d("100"),
             ChargeDescription="$0.09 per GB - data transfer out to Internet",
             **usage | {"PricingUnit": "GB"}),
        line("2026-01-10", "9", ResourceId="vol-1", PricingQuantity=d("900"),
             ContractedUnitPrice=d("0.07"), **usage),
    ])  # fmt: skip
    told = {row["what"]: (row["price"], row["sku"]) for row in found}
    assert told == {"disk_gib_month": (d("0.08"), "gp3"), "egress_gib": (d("0.09"), None)}


def test_a_disk_that_two_sources_read_was_bought_once() -> None:
    disk = {"cloud": "aws", "account": "shop", "kind": "disk", "valid_from": day("2026-01-01")}
    found = mart("unit_price", raw_resource=[
        {**disk, "source": "one", "resource_id": "vol-1", "sku": "gp3"},
        {**disk, "source": "one", "resource_id": "vol-2", "sku": "io2"},
        {**disk, "source": "two", "resource_id": "vol-2", "sku": "io2"},
    ], raw_focus=[
        line("2026-03-10", "8", x_cloud="aws", RegionId="eu-west-1", PricingUnit="GB-Mo",
             ResourceId=name, PricingQuantity=d(bought), ContractedUnitPrice=d(price))
        for name, bought, price in (("vol-1", "100", "0.08"), ("vol-2", "60", "0.125"))
    ])  # fmt: skip
    assert [row["sku"] for row in found] == ["gp3"]
