"""What the plans of commitments are made of: usage, rates, owned commitments, accepted changes."""

from datetime import date, datetime
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from estate import AS_OF, d, line, warehouse

from models.commitments.scope import Facts
from pipelines.assets.commitments import facts
from warehouse.build import build

UNTIL = date(2026, 3, 20)
HOURS: dict[str, Any] = {
    "PricingUnit": "Hours", "ResourceId": "i-1",
    "SkuPriceDetails": '{"InstanceType":"m5.large"}',
}  # fmt: skip
RESOURCE = {
    "source": "s", "cloud": "aws", "account": "shop", "region": "eu-west-1", "resource_id": "i-1",
    "kind": "instance", "sku": "m5.large", "state": "running", "config": '{"os":"linux"}',
    "valid_from": datetime(2026, 1, 1),
}  # fmt: skip
READ = {"source": "s", "cloud": "aws", "account": "shop", "what": "bills", "until": AS_OF}
COMMITMENT = {
    "source": "s", "cloud": "aws", "account": "shop", "commitment_id": "sp-1",
    "kind": "savings_plan", "hourly_cost": d("0.1"), "currency": "USD",
    "starts_at": datetime(2026, 1, 1), "ends_at": datetime(2026, 9, 1),
}  # fmt: skip
PRICE = {
    "cloud": "aws", "region": "eu-west-1", "instance_type": "m5.large", "os": "linux",
    "currency": "USD", "price_type": "on_demand", "price_hour": d("0.1"),
    "as_of": date(2026, 3, 1),
}  # fmt: skip
RECOMMENDATION = {
    "id": "r1", "source": "s", "cloud": "aws", "account": "shop", "resource_id": "i-1",
    "kind": "instance", "verb": "resize", "currency": "USD", "status": "open",
    "saving_month_high": d("36.525"),
}  # fmt: skip


def built(
    lines: list[dict[str, Any]],
    recommendations: list[dict[str, Any]] | None = None,
    **tables: list[dict[str, Any]],
) -> Facts:
    connection: DuckDBPyConnection = warehouse(
        raw_focus=lines, raw_resource=[RESOURCE], raw_price=[PRICE], raw_read=[READ],
        actions_recommendation=recommendations or [], **tables,
    )  # fmt: skip
    build(connection, AS_OF)
    return facts(connection, UNTIL)


def days(cost: str = "2.4", **columns: Any) -> list[dict[str, Any]]:
    return [line(f"2026-03-{day:02}", cost, **{**HOURS, **columns}) for day in range(1, 20)]


def test_usage_is_what_was_billed_before_the_first_unknown_day() -> None:
    found = built([*days(), line("2026-03-20", "9", **HOURS)]).usage
    assert found["on_demand_cost"].to_list() == [2.4] * 19
    assert set(found["os"]) == {"linux"}


def test_usage_of_each_account_is_known_up_to_a_day_of_its_own() -> None:
    slow = days(BillingAccountId="slow", ContractedCost=d("1.2"))[:9]
    silent = days(BillingAccountId="silent", ContractedCost=d("0.6"))[:2]
    found = built([*days(), *slow, *silent]).usage
    until = dict(found.select("billing_account", "until").unique().rows())
    assert until == {
        "payer": UNTIL, "slow": date(2026, 3, 10), "silent": UNTIL,
    }, "two weeks behind its cloud an account has ended"  # fmt: skip


def test_only_commitments_beside_a_price_on_demand_are_rates() -> None:
    prices = [
        {**PRICE, "price_type": "sp_1y", "price_hour": d("0.07")},
        {**PRICE, "price_type": "spot", "price_hour": d("0.03")},
        {**PRICE, "price_type": "sp_1y", "region": "us-east-1"},
    ]
    connection = warehouse(raw_price=[PRICE, *prices], raw_read=[READ])
    build(connection, AS_OF)
    found = facts(connection, UNTIL).prices
    assert found.select("region", "price_type", "price_hour", "on_demand_hour").rows() == [
        ("eu-west-1", "sp_1y", 0.07, 0.1)
    ]


def test_a_commitment_of_no_bill_counts_with_its_amount() -> None:
    (row,) = built(days(), raw_commitment=[COMMITMENT]).held.to_dicts()
    assert (row["billing_account"], row["is_unbilled"], row["hourly_cost"]) == ("payer", True, 0.1)
    assert row["ends_on"] == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("ends_at", "first_without"),
    [(datetime(2026, 9, 1), date(2026, 9, 1)), (datetime(2026, 9, 1, 23, 59), date(2026, 9, 2))],
)
def test_a_commitment_is_owned_to_the_end_of_its_last_day(
    ends_at: datetime, first_without: date
) -> None:
    (row,) = built(days(), raw_commitment=[{**COMMITMENT, "ends_at": ends_at}]).held.to_dicts()
    assert row["ends_on"] == first_without


def test_a_commitment_on_the_bill_counts_with_what_lies_idle() -> None:
    used = days("1.8", ContractedCost=d("2.4"), CommitmentDiscountId="sp-1",
                CommitmentDiscountStatus="Used")  # fmt: skip
    idle = [
        line(f"2026-03-{day:02}", "0.6", CommitmentDiscountId="sp-1",
             CommitmentDiscountStatus="Unused")
        for day in range(1, 20)
    ]  # fmt: skip
    euros = [each | {"BillingCurrency": "EUR"} for each in idle]
    (row,) = built([*used, *idle, *euros], raw_commitment=[COMMITMENT]).held.to_dicts()
    assert not row["is_unbilled"]
    assert row["idle_hour"] == pytest.approx(0.6 / 1.8 * 2.4 * 19 / (24 * 30))


def test_a_spot_machine_that_goes_takes_no_demand_away() -> None:
    spot = days(PricingCategory="Dynamic")
    assert built(spot, [{**RECOMMENDATION, "verb": "stop"}]).cuts.is_empty()


@pytest.mark.parametrize(
    ("columns", "list_hour"),
    [
        ({}, 0.1 * 0.5),  # half of what it costs
        ({"verb": "stop"}, 0.1),
        ({"verb": "schedule"}, 0.1),
        ({"status": "suppressed"}, None),
        ({"status": "superseded"}, None),
        ({"verb": "configure"}, None),
    ],
)
def test_open_recommendations_take_their_demand_away(
    columns: dict[str, Any], list_hour: float | None
) -> None:
    found = built(days(), [{**RECOMMENDATION, **columns}]).cuts
    if list_hour is None:
        assert found.is_empty()
    else:
        (row,) = found.to_dicts()
        assert row["list_hour"] == pytest.approx(list_hour, rel=1e-3)
        assert (row["billing_account"], row["instance_type"], row["os"]) == (
            "payer", "m5.large", "linux",
        )  # fmt: skip


@pytest.mark.parametrize("verb", ["stop", "resize"])
def test_what_a_machine_sends_is_no_demand_that_goes_away_with_it(verb: str) -> None:
    sent = days("24", PricingUnit="GB", SkuPriceDetails=None)
    alone, beside = (
        built(lines, [{**RECOMMENDATION, "verb": verb}]).cuts["list_hour"].item()
        for lines in (days(), [*days(), *sent])
    )
    assert beside == pytest.approx(alone, rel=1e-3)


def test_without_bills_there_is_nothing_to_plan() -> None:
    found = built([])
    assert found.usage.is_empty()
    assert found.cuts.is_empty()
