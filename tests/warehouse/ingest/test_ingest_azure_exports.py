"""An export of Azure becomes FOCUS: costs, charge types, actual and amortized."""

from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    lake_in,
    lines,
    load,
    one,
    query,
    reason,
    statuses,
    total,
    write,
)


def azure(**changed: str) -> dict[str, str]:
    base = {
        "BillingAccountId": "8611537", "BillingPeriodStartDate": "10/01/2026",
        "BillingPeriodEndDate": "10/31/2026", "SubscriptionId": "sub-1", "Date": "10/05/2026",
        "MeterCategory": "Virtual Machines", "MeterId": "m-1", "Quantity": "2",
        "CostInBillingCurrency": "3", "BillingCurrencyCode": "EUR", "UnitPrice": "1.5",
        "PayGPrice": "2", "ResourceId": "/subscriptions/SUB-1/resourceGroups/RG/providers/"
        "Microsoft.Compute/virtualMachines/VM", "Tags": '"team": "data","env": "prod"',
        "ChargeType": "Usage", "PricingModel": "OnDemand", "ServiceFamily": "Compute",
        "ResourceLocation": "West Europe",
    }  # fmt: skip
    return {**base, **changed}


def test_an_azure_line_becomes_focus(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", [azure()]))
    row = one(
        lake,
        "BilledCost, EffectiveCost, ListCost, BillingCurrency, cast(BillingPeriodEnd as varchar),"
        " cast(ChargePeriodStart as varchar), cast(ChargePeriodEnd as varchar), ResourceId,"
        " ResourceName, ResourceType, RegionId, Tags, ServiceCategory, x_cloud",
    )
    assert row == (
        Decimal(3), Decimal(3), Decimal(4), "EUR", "2026-11-01 00:00:00", "2026-10-05 00:00:00",
        "2026-10-06 00:00:00",
        "/subscriptions/sub-1/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm",
        "VM", "microsoft.compute/virtualmachines", "westeurope",
        '{"team": "data","env": "prod"}', "Compute", "azure",
    )  # fmt: skip


AZURE_LINES = [
    (azure(PricingModel="Reservation"), "Usage", None, "0", "3"),
    (azure(PricingModel="SavingsPlan"), "Usage", None, "0", "3"),
    (azure(PricingModel="Reservation", ChargeType="UnusedReservation"), "Usage", None, "0", "3"),
    (azure(PricingModel="SavingsPlan", ChargeType="UnusedSavingsPlan"), "Usage", None, "0", "3"),
    (azure(PricingModel="Reservation", ChargeType="Purchase"), "Purchase", None, "3", "0"),
    (azure(ChargeType="Purchase"), "Purchase", None, "3", "3"),
    (azure(ChargeType="Refund", PricingModel="Reservation"), "Adjustment", "Correction", "3", "0"),
    (azure(ChargeType="RoundingAdjustment"), "Adjustment", None, "3", "3"),
    (azure(ChargeType="Tax"), "Tax", None, "3", "3"),
]


@pytest.mark.parametrize(
    ("row", "category", "charge_class", "billed", "effective"), AZURE_LINES,
    ids=[f"{r['ChargeType']} {r['PricingModel']}" for r, *_ in AZURE_LINES],
)  # fmt: skip
def test_the_charge_types_of_azure(
    row: dict[str, str],
    category: str,
    charge_class: str | None,
    billed: str,
    effective: str,
    tmp_path: Path,
) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", [row]))
    found = one(lake, "ChargeCategory, ChargeClass, BilledCost, EffectiveCost")
    assert found == (category, charge_class, Decimal(billed), Decimal(effective))


def test_actual_or_amortized_is_told_by_the_rows_then_by_the_name(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    files = [
        write(tmp_path / "one_amortized.csv", [azure(BillingAccountId="1")]),
        write(tmp_path / "two.csv", [azure(BillingAccountId="2")]),
        write(tmp_path / "three_actual.csv", [azure(BillingAccountId="3",
                                                    PricingModel="Reservation")]),
        write(tmp_path / "four.csv", [azure(BillingAccountId="4", ChargeType="Purchase",
                                            PricingModel="Reservation")]),
        write(tmp_path / "five.csv", [azure(BillingAccountId="5", PricingModel="SavingsPlan"),
              azure(BillingAccountId="5", ChargeType="Purchase", PricingModel="SavingsPlan")]),
    ]  # fmt: skip
    report = load(lake, *files)
    rows = query(lake, "select BillingAccountId, x_source from raw.focus order by all")
    assert rows == [
        ("1", "azure/azure-amortized"), ("2", "azure/azure-actual"), ("3", "azure/azure-amortized"),
        ("4", "azure/azure-actual"),
    ]  # fmt: skip
    assert "1 rows of an actual export and 1 rows of an amortized export" in reason(
        report, "five.csv"
    )


def test_azure_columns_may_be_named_as_in_any_export(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    row = azure()
    names = {"CostInBillingCurrency": "PreTaxCost", "Quantity": "UsageQuantity",
             "Date": "usagedatetime", "SubscriptionId": "SubscriptionGuid",
             "BillingCurrencyCode": "Currency", "ResourceId": "InstanceId"}  # fmt: skip
    gone = ("BillingAccountId", "BillingPeriodStartDate", "BillingPeriodEndDate")
    row = {names.get(k, k): v for k, v in row.items() if k not in gone}
    load(lake, write(tmp_path / "a.csv", [row]))
    assert one(lake, "BilledCost, BillingAccountId, cast(BillingPeriodEnd as varchar)") == (
        Decimal(3), "sub-1", "2026-11-01 00:00:00",
    )  # fmt: skip


def test_prices_in_another_currency_than_the_costs_are_converted(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    row = azure(PricingCurrency="USD", UnitPrice="1.5", PayGPrice="2", PricingModel="SavingsPlan")
    rows = [
        row | {"ExchangeRatePricingToBilling": "0.9", "Date": "10/01/2026"},
        row | {"ExchangeRatePricingToBilling": "", "Date": "10/02/2026"},
    ]
    load(lake, write(tmp_path / "a_amortized.csv", rows))
    found = query(
        lake,
        "select ContractedCost, ContractedUnitPrice, ListCost, ListUnitPrice, PricingCurrency,"
        " PricingCurrencyContractedUnitPrice, PricingCurrencyListUnitPrice from raw.focus"
        " order by ChargePeriodStart",
    )
    stated = "USD", Decimal("1.5"), Decimal(2)
    assert found == [
        (Decimal("2.7"), Decimal("1.35"), Decimal("3.6"), Decimal("1.8"), *stated),
        (None, None, None, None, *stated),
    ]


ACCOUNT = "0aa1bb22:3cc4_2019-05-31"


def profile(name: str, **changed: str) -> dict[str, str]:
    """A line of a customer agreement, which invoices billing profiles."""
    return azure(
        BillingAccountId=ACCOUNT, BillingAccountName="Acme", BillingProfileId=name,
        BillingProfileName=f"Acme {name}", **changed,
    )  # fmt: skip


def test_each_billing_profile_of_a_customer_agreement_is_an_account_of_its_own(
    tmp_path: Path,
) -> None:
    lake = lake_in(tmp_path)
    for name in ("AB-CD", "EF-GH"):
        report = load(lake, write(tmp_path / f"{name}.csv", [profile(name)]))
        assert statuses(report) == {f"{name}.csv": {"loaded"}}
    rows = query(lake, "select BillingAccountId, BillingAccountName from raw.focus order by all")
    assert rows == [("AB-CD", "Acme AB-CD"), ("EF-GH", "Acme EF-GH")]


@pytest.mark.parametrize(
    ("native", "path"),
    [
        (azure(), "8611537"),
        (profile("AB-CD"), f"{ACCOUNT}/billingProfiles/ab-cd"),
    ],
    ids=["enrollment", "customer agreement"],
)
def test_an_account_is_the_same_in_a_focus_export_that_writes_its_path(
    native: dict[str, str], path: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    path = f"/providers/Microsoft.Billing/billingAccounts/{path}"
    focus = lines(2, ProviderName="Microsoft", BillingAccountId=path)
    load(lake, write(tmp_path / "native.csv", [native]))
    refused = load(lake, write(tmp_path / "focus.csv", focus))
    assert "expected" in reason(refused, "focus.csv")
    assert total(lake) == (1, Decimal(3))
    load(lake, tmp_path / "focus.csv", replace_feed=True)
    assert query(lake, "select distinct BillingAccountId from raw.focus") == [(path,)]
