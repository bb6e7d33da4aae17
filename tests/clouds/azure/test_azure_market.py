from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from clouds.azure.access import Access
from clouds.azure.connection import AzureCloud
from clouds.azure.prices import parse_items
from clouds.errors import Throttled, Unreadable
from tests.clouds.azure.arm import Estate
from tests.clouds.azure.conftest import SHOP, unhurried

pytestmark = pytest.mark.contract
ITEM: Mapping[str, Any] = {
    "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": 0.192, "unitPrice": 0.192,
    "armRegionName": "westeurope", "location": "EU West",
    "effectiveStartDate": "2025-10-01T00:00:00Z", "meterId": "a", "meterName": "D4s v5",
    "productId": "p", "skuId": "p/1", "productName": "Virtual Machines Dsv5 Series",
    "skuName": "D4s v5", "serviceName": "Virtual Machines", "serviceId": "s",
    "serviceFamily": "Compute", "unitOfMeasure": "1 Hour", "type": "Consumption",
    "isPrimaryMeterRegion": True, "armSkuName": "Standard_D4s_v5",
}  # fmt: skip
"""An item in the shape of Microsoft's documentation of the API."""


def items(*changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**ITEM, **change} for change in changes]


def test_prices_are_told_by_system_and_price_type(azure: AzureCloud, estate: Estate) -> None:
    estate.prices = items(
        {},
        {"productName": "Virtual Machines Dsv5 Series Windows", "retailPrice": 0.376},
        {"skuName": "D4s v5 Spot", "retailPrice": 0.0384},
        {"skuName": "D4s v5 Low Priority", "retailPrice": 0.04},
        {"productName": "Dsv5 Series Cloud Services", "retailPrice": 0.5},
        {"type": "DevTestConsumption", "retailPrice": 0.1},
        {"armSkuName": ""},
    )
    found = azure.prices().sort("os", "price_type")
    assert found.select("region", "instance_type", "os", "price_type", "price_hour").rows() == [
        ("westeurope", "Standard_D4s_v5", "linux", "on_demand", Decimal("0.192")),
        ("westeurope", "Standard_D4s_v5", "linux", "spot", Decimal("0.0384")),
        ("westeurope", "Standard_D4s_v5", "windows", "on_demand", Decimal("0.376")),
    ]
    assert found["currency"].unique().to_list() == ["USD"]
    assert found["source"].unique().to_list() == ["azure-retail-prices"]


def test_savings_plans_are_in_the_price_on_demand_and_reservations_cost_a_whole_term(
    azure: AzureCloud, estate: Estate
) -> None:
    plans = [{"unitPrice": 0.14, "retailPrice": 0.14, "term": "1 Year"},
             {"unitPrice": 0.1, "retailPrice": 0.1, "term": "3 Years"},
             {"unitPrice": 0.05, "retailPrice": 0.05, "term": "5 Years"}]  # fmt: skip
    reserved = {"type": "Reservation", "meterId": "a"}
    estate.prices = items(
        {"savingsPlan": plans},
        {"skuName": "D4s v5 Spot", "retailPrice": 0.0384, "savingsPlan": plans},
        {**reserved, "reservationTerm": "1 Year", "retailPrice": 1095.0},
        {**reserved, "reservationTerm": "3 Years", "retailPrice": 2102.4},
        {**reserved, "reservationTerm": "5 Years", "retailPrice": 1.0},
    )
    found = azure.prices().filter(pl.col("price_type") != "spot")
    assert dict(found.select("price_type", "price_hour").rows()) == {
        "on_demand": Decimal("0.192"), "sp_1y": Decimal("0.14"), "sp_3y": Decimal("0.1"),
        "reservation_1y": Decimal("0.125"), "reservation_3y": Decimal("0.08"),
    }  # fmt: skip
    assert set(found["os"]) == {"linux"}


def test_all_pages_of_the_price_list_are_read(azure: AzureCloud, estate: Estate) -> None:
    estate.page = 10
    estate.prices = items(*({"armSkuName": f"Standard_D{n}"} for n in range(35)))
    assert azure.prices().height == 35


def test_only_the_regions_that_are_asked_for_are_read(azure: AzureCloud, estate: Estate) -> None:
    estate.prices = items({}, {"armRegionName": "eastus"}, {"armRegionName": "uksouth"})
    azure.price_regions = ["eastus", "uksouth"]
    assert sorted(azure.prices()["region"]) == ["eastus", "uksouth"]


def test_the_price_that_holds_today_is_the_newest_of_the_primary_meter() -> None:
    found = parse_items(
        items(
            {"retailPrice": 0.2},
            {"retailPrice": 0.3, "effectiveStartDate": "2026-02-01T00:00:00Z"},
            {"retailPrice": 0.4, "effectiveStartDate": "2026-06-01T00:00:00Z"},
            {"retailPrice": 0.5, "isPrimaryMeterRegion": False,
             "effectiveStartDate": "2026-02-02T00:00:00Z"},
        ),
        date(2026, 3, 1),
    )  # fmt: skip
    assert found["price_hour"].to_list() == [Decimal("0.3")]


def test_half_a_price_list_is_none(azure: AzureCloud, estate: Estate) -> None:
    estate.page = 10
    estate.prices = items(*({"armSkuName": f"Standard_D{n}"} for n in range(35)))
    asked: list[str] = []

    def is_third(path: str, _: str) -> bool:
        asked.append(path)
        return len(asked) == 3

    estate.fail(is_third, 500)
    with pytest.raises(Unreadable, match="price list"):
        azure.prices()


def test_the_price_list_makes_us_wait_and_at_last_says_so(
    azure: AzureCloud, estate: Estate, waits: list[float]
) -> None:
    estate.prices = items({})
    estate.fail(lambda path, _: "retail" in path, 429, headers={"Retry-After": "5"})
    assert azure.prices().height == 1
    assert sum(waits) >= 5
    estate.fail(lambda path, _: "retail" in path, 429, times=99)
    with pytest.raises(Throttled):
        azure.prices()


def test_reservations_and_savings_plans_are_commitments(azure: AzureCloud, estate: Estate) -> None:
    estate.page = 1
    order = "/providers/Microsoft.Capacity/reservationOrders/o1/reservations"
    estate.reservations = [
        {"id": f"{order}/r{number}", "type": "Microsoft.Capacity/reservationOrders/reservations",
         "sku": {"name": "Standard_D4s_v5"}, "location": "westeurope",
         "properties": {"quantity": 3, "appliedScopeType": "Single",
                        "appliedScopes": [f"/subscriptions/{SHOP}"],
                        "effectiveDateTime": "2026-01-09T10:00:00.1234567Z",
                        "expiryDate": "2027-01-09", "term": "P1Y"}}
        for number in (1, 2)
    ]  # fmt: skip
    plan = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/o2/savingsPlans/p1"
    estate.plans = [
        {"id": plan, "sku": {"name": "Compute_Savings_Plan"},
         "properties": {"appliedScopeType": "Shared", "billingScopeId": "/billingAccounts/1",
                        "commitment": {"currencyCode": "EUR", "amount": 0.1234, "grain": "Hourly"},
                        "effectiveDateTime": "2026-02-01T00:00:00Z",
                        "expiryDateTime": "2029-02-01T00:00:00Z"}}
    ]  # fmt: skip
    found = azure.commitments()
    assert list(found.failed) == []
    saving, first, second = found.rows.sort("kind", descending=True).to_dicts()
    assert saving == {
        "cloud": "azure", "account": "/billingAccounts/1", "commitment_id": plan,
        "kind": "savings_plan", "region": None, "covers": None, "quantity": None,
        "hourly_cost": Decimal("0.1234"), "currency": "EUR",
        "starts_at": datetime(2026, 2, 1), "ends_at": datetime(2029, 2, 1),
    }  # fmt: skip
    assert first == {
        "cloud": "azure", "account": SHOP, "commitment_id": f"{order}/r1",
        "kind": "reservation", "region": "westeurope", "covers": "Standard_D4s_v5",
        "quantity": 3.0, "hourly_cost": None, "currency": None,
        "starts_at": datetime(2026, 1, 9, 10, 0, 0, 123456), "ends_at": datetime(2027, 1, 9),
    }  # fmt: skip
    assert second["commitment_id"] == f"{order}/r2"


def test_what_was_cancelled_or_split_ended_then_and_what_failed_was_never_owned(
    azure: AzureCloud, estate: Estate
) -> None:
    facts = {"quantity": 3, "effectiveDateTime": "2026-01-09T10:00:00Z", "expiryDate": "2027-01-09"}
    changed = {"lastUpdatedDateTime": "2026-03-01T12:00:00Z"}
    estate.reservations = [
        {"id": name, "location": "westeurope", "properties": {**facts, **more}}
        for name, more in {
            "held": {"provisioningState": "Succeeded", **changed},
            "cancelled": {"provisioningState": "Cancelled", **changed},
            "split": {"provisioningState": "Split", **changed},
            "merged-at-no-known-time": {"provisioningState": "Merged"},
            "failed": {"provisioningState": "Failed", **changed},
            "unpaid": {"provisioningState": "BillingFailed", **changed},
        }.items()
    ]
    found = azure.commitments().rows
    assert dict(found.select("commitment_id", "ends_at").rows()) == {
        "held": datetime(2027, 1, 9),
        "cancelled": datetime(2026, 3, 1, 12),
        "split": datetime(2026, 3, 1, 12),
    }


def test_plans_that_may_not_be_read_leave_the_reservations(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.reservations = [{"id": "r", "location": "westeurope", "properties": {}}]
    estate.fail(lambda path, _: "savingsPlans" in path, 403)
    found = azure.commitments()
    assert found.rows["kind"].to_list() == ["reservation"]
    [failure] = found.failed
    assert "Microsoft.BillingBenefits/savingsPlans/read is missing" in failure.reason


def test_an_unreachable_price_list_is_an_error_of_ours() -> None:
    azure = AzureCloud(Access(budget_of=unhurried), prices_url="http://127.0.0.1:9/prices")
    with pytest.raises(Unreadable, match="ConnectionError"):
        azure.prices()
