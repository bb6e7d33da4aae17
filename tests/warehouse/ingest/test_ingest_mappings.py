"""Each native layout becomes FOCUS: costs, categories, periods, tags, and nothing is lost."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import (
    SAMPLES,
    lake_in,
    line,
    lines,
    load,
    query,
    reason,
    statuses,
    total,
    write,
    write_json,
    write_parquet,
)
from reports import CUR, PLAN, RESERVED, cur, underscored, underscored_name

from warehouse.lake import Lake


def one(lake: Lake, columns: str) -> Any:
    [row] = query(lake, f"select {columns} from raw.focus")
    return row


CUR_LINES: list[tuple[dict[str, str], str, str, str]] = [
    (cur("Usage", "0.1"), "Usage", "0.1", "0.1"),
    (cur("Usage", "0.1", **{"lineItem/NetUnblendedCost": "0.09"}), "Usage", "0.09", "0.09"),
    (cur("SavingsPlanCoveredUsage", "2", **{"savingsPlan/SavingsPlanEffectiveCost": "1.4",
         "savingsPlan/SavingsPlanARN": PLAN}), "Usage", "2", "1.4"),
    (cur("SavingsPlanNegation", "-2", **{"savingsPlan/SavingsPlanARN": PLAN}), "Usage", "-2", "0"),
    (cur("SavingsPlanUpfrontFee", "50", **{"savingsPlan/SavingsPlanARN": PLAN}),
     "Purchase", "50", "0"),
    (cur("SavingsPlanRecurringFee", "5", **{"savingsPlan/SavingsPlanARN": PLAN,
         "savingsPlan/TotalCommitmentToDate": "5", "savingsPlan/UsedCommitment": "3.5"}),
     "Purchase", "5", "1.5"),
    (cur("DiscountedUsage", "0", **{"reservation/EffectiveCost": "0.06",
         "reservation/ReservationARN": RESERVED}), "Usage", "0", "0.06"),
    (cur("RIFee", "30", **{"reservation/ReservationARN": RESERVED,
         "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "1.5",
         "reservation/UnusedRecurringFee": "2.25"}), "Purchase", "30", "3.75"),
    (cur("Fee", "100", **{"reservation/ReservationARN": RESERVED}), "Purchase", "100", "0"),
    (cur("Fee", "15"), "Purchase", "15", "15"),
    (cur("Tax", "7"), "Tax", "7", "7"),
    (cur("Credit", "-3"), "Credit", "-3", "-3"),
    (cur("Refund", "-4"), "Adjustment", "-4", "-4"),
    (cur("EdpDiscount", "-0.5"), "Usage", "-0.5", "-0.5"),
]  # fmt: skip


@pytest.mark.parametrize("style", ["slashes", "underscores"])
def test_every_line_item_type_of_a_cost_and_usage_report(style: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [row for row, *_ in CUR_LINES]
    if style == "underscores":  # as in CUR 2.0: lineItem/UsageAmount -> line_item_usage_amount
        rows = [underscored(row) for row in rows]
    report = load(lake, write(tmp_path / "cur.csv", rows))
    assert statuses(report) == {"cur.csv": {"loaded"}}
    expected = sorted((c, Decimal(b), Decimal(e)) for _, c, b, e in CUR_LINES)
    found = query(
        lake, "select ChargeCategory, BilledCost, EffectiveCost from raw.focus order by all"
    )
    assert found == expected
    tags = {json.loads(row[0])["team"] for row in query(lake, "select Tags from raw.focus")}
    assert tags == {"data"}
    rows = query(
        lake,
        "select CommitmentDiscountStatus, count(*) from raw.focus"
        " where CommitmentDiscountId is not null and CommitmentDiscountStatus is not null"
        " group by all order by all",
    )
    assert rows == [("Unused", 2), ("Used", 2)]


def test_a_report_line_keeps_ids_tags_list_price_and_the_rest(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "cur.csv.gz", [CUR]))
    row = one(
        lake,
        "BillingAccountId, SubAccountId, ResourceId, ListCost, ListUnitPrice, InvoiceIssuerName,"
        " ProviderName, x_cloud, Tags, json_extract_string(x_extra, '$.\"costCategory/Unit\"')",
    )
    assert row[:8] == (
        "111111111111", "222222222222", "i-1", Decimal("0.12"), Decimal("0.12"), "AWS", "AWS",
        "aws",
    )  # fmt: skip
    assert json.loads(row[8]) == {"team": "data", "aws:createdBy": "me"}
    assert row[9] == "shop"


def test_a_report_as_parquet_with_doubles_is_as_exact(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    columns = ", ".join(
        f"cast('{v}' as double) as {underscored_name(k)}"
        if v.replace(".", "").isdigit() and "Cost" in k
        else f"timestamp '{v[:10]}' as {underscored_name(k)}" if k.endswith("Date") and v
        else f"'{v}' as {underscored_name(k)}"
        for k, v in CUR.items() if "/Tags" not in k and "resourceTags" not in k
    )  # fmt: skip
    query_text = f"select {columns}, map {{'user_team': 'data'}} as resource_tags from range(10)"
    load(lake, write_parquet(tmp_path / "cur.parquet", query_text))
    assert total(lake) == (10, Decimal("1"))
    assert one(lake, "distinct Tags") == ('{"team":"data"}',)


# ---- Azure


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


# ---- Google Cloud


def gcp(**changed: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "billing_account_id": "01-AB", "service.id": "6F81",
        "service.description": "Compute Engine",
        "sku.id": "s", "sku.description": "N1", "usage_start_time": "2026-10-31 23:00:00 UTC",
        "usage_end_time": "2026-11-01 00:00:00 UTC", "project.id": "shop",
        "labels": [{"key": "team", "value": "data"}], "location.region": "europe-west1",
        "cost": "0.30000000000000004", "currency": "EUR", "usage.amount": "3600",
        "credits": [{"name": "SUD", "amount": "-0.1", "type": "DISCOUNT"},
                    {"name": "Promo", "amount": "-0.5", "type": "PROMOTION"}],
        "invoice.month": "202610", "cost_type": "regular",
    }  # fmt: skip
    return {**base, **changed}


def flat(row: dict[str, Any]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()}


def nested(row: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in row.items():
        first, _, rest = name.partition(".")
        if rest:
            out.setdefault(first, {})[rest] = value
        else:
            out[name] = value
    return out


def write_gcp(folder: Path, form: str, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if form == "csv":
        return write(folder / "gcp.csv", [flat(row) for row in rows])
    lines_ = folder / "gcp.jsonl"
    lines_.write_text("".join(json.dumps(nested(row)) + "\n" for row in rows))
    if form == "jsonl":
        return lines_
    return write_parquet(folder / "gcp.parquet", f"select * from read_json('{lines_}')")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_google_credits_lower_the_effective_cost_and_repeat_no_row(
    form: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    rows = [gcp(), gcp(cost_type="tax", cost="2", credits=[]), gcp(cost="-1.5", credits=[])]
    report = load(lake, write_gcp(tmp_path, form, rows))
    assert statuses(report) == {f"gcp.{form}": {"loaded"}}
    found = query(
        lake, "select ChargeCategory, BilledCost, EffectiveCost from raw.focus order by all"
    )
    assert found == [
        ("Tax", Decimal(2), Decimal(2)),
        ("Usage", Decimal("-1.5"), Decimal("-1.5")),
        ("Usage", Decimal("0.30000000000000004"), Decimal("-0.29999999999999996")),
    ]
    assert query(lake, "select credits from raw.billing_manifest") == [(Decimal("-0.6"),)]
    row = query(
        lake,
        "select SubAccountId, RegionId, json_extract_string(Tags, '$.team'),"
        " json_extract_string(x_extra, '$.x_credits'), json_extract_string(x_extra, '$.credits')"
        " from raw.focus where EffectiveCost < 0 and BilledCost > 0",
    )[0]
    assert row[:3] == ("shop", "europe-west1", "data")
    assert Decimal(row[3]) == Decimal("-0.6")
    assert "Promo" in row[4]


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("202610", "2026-10-01 07:00:00", "2026-11-01 07:00:00"),
        ("202611", "2026-11-01 07:00:00", "2026-12-01 08:00:00"),
        ("202603", "2026-03-01 08:00:00", "2026-04-01 07:00:00"),
        ("202612", "2026-12-01 08:00:00", "2027-01-01 08:00:00"),
    ],
)
def test_a_google_invoice_month_begins_at_midnight_in_los_angeles(
    month: str, start: str, end: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "gcp.csv", [flat(gcp(**{"invoice.month": month}))]))
    found = one(lake, "cast(BillingPeriodStart as varchar), cast(BillingPeriodEnd as varchar)")
    assert found == (start, end)
    assert f"{report.loaded[0].period:%Y%m}" == month


# ---- Oracle


def test_an_oracle_correction_and_its_tags(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    with gzip.open(SAMPLES / "oci_cost_report_no_tags.csv.gz", "rt") as file:
        header, first, second = [next(file).rstrip("\n") for _ in range(3)]
    second = second.replace(",false,false,", ",false,true,")
    path = tmp_path / "oci.csv"
    path.write_text(f"{header},tags/team,tags/Oracle-Tags.CreatedBy\n{first},data,\n{second},,me\n")
    load(lake, path)
    rows = query(lake, "select ChargeClass, Tags, RegionId, x_cloud from raw.focus order by all")
    assert rows == [
        ("Correction", '{"Oracle-Tags.CreatedBy":"me"}', "us-sanjose-1", "oci"),
        (None, '{"team":"data"}', "us-sanjose-1", "oci"),
    ]


# ---- DigitalOcean

INVOICE = """product,group_description,description,hours,start,end,USD,project_name,category
Droplets,,web-1 (s-1vcpu-1gb),744,{start},2026-11-01 00:00:00 +0000,$6.00,shop,iaas
Kubernetes,prod,node-1,10,{start},2026-10-03 10:00:00 +0000,"$1,234.56",shop,iaas
Taxes,,VAT,,{start},2026-10-31 23:59:59 +0000,$0.70,,tax
Credits,,Promo,,{start},2026-10-31 23:59:59 +0000,-$2.00,,
""".replace("{start}", "2026-10-01 00:00:00 +0000")


def test_a_digitalocean_invoice_as_csv(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = tmp_path / "DigitalOcean Invoice 2026 Oct (7654321-500012345).csv"
    path.write_text(INVOICE)
    [entry] = load(lake, path).loaded
    assert (entry.status, entry.billing_account, str(entry.period), entry.currency, entry.rows) == (
        "loaded", "7654321", "2026-10-01", "USD", 4,
    )  # fmt: skip
    assert entry.billed_cost == entry.effective_cost == entry.list_cost == Decimal("1239.26")
    rows = query(
        lake,
        "select ChargeCategory, BilledCost, InvoiceId, cast(ChargePeriodEnd as varchar),"
        " SubAccountName from raw.focus order by all",
    )
    end = "2026-11-01 00:00:00"
    assert rows == [
        ("Credit", Decimal("-2"), "500012345", end, None),
        ("Tax", Decimal("0.7"), "500012345", end, None),
        ("Usage", Decimal("6"), "500012345", end, "shop"),
        ("Usage", Decimal("1234.56"), "500012345", "2026-10-03 10:00:00", "shop"),
    ]


def test_a_digitalocean_invoice_whose_account_stands_beside_it(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "oct.csv").write_text(INVOICE)
    beside = {"invoice_uuid": "u-1", "invoice_id": "500", "billing_period": "2026-10",
              "team_uuid": "team-1"}  # fmt: skip
    write_json(tmp_path / "bills" / "oct.json", beside)
    [entry] = load(lake, tmp_path / "bills").loaded
    assert (entry.billing_account, entry.file[-7:]) == ("team-1", "oct.csv")
    assert one(lake, "distinct InvoiceId, json_extract_string(x_extra, '$.x_invoice_uuid')") == (
        "500", "u-1",
    )  # fmt: skip


def test_digitalocean_invoice_items_as_json(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    item = {"product": "Droplets", "resource_uuid": "d-1", "description": "web-1",
            "amount": "12.34",
            "duration": "744", "duration_unit": "Hours", "start_time": "2026-10-01T00:00:00Z",
            "end_time": "2026-11-01T00:00:00Z", "project_name": "shop"}  # fmt: skip
    tax = {"product": "Taxes", "description": "VAT", "amount": "0.10",
           "start_time": "2026-10-01T00:00:00Z", "end_time": "2026-10-31T23:59:59Z"}  # fmt: skip
    document = {"invoice_items": [item, tax], "meta": {"total": 2}, "invoice_id": "500",
                "billing_period": "2026-10", "account_urn": "do:team:1"}  # fmt: skip
    load(lake, write_json(tmp_path / "items.json", document))
    rows = query(
        lake,
        "select BillingAccountId, ResourceId, ServiceCategory, BilledCost, ConsumedQuantity,"
        " ConsumedUnit, InvoiceId from raw.focus order by all",
    )
    assert rows == [
        ("do:team:1", "d-1", "Compute", Decimal("12.34"), Decimal(744), "Hours", "500"),
        ("do:team:1", None, "Other", Decimal("0.1"), None, None, "500"),
    ]


def test_text_in_a_dollar_column_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = tmp_path / "DigitalOcean Invoice 2026 Oct (1-2).csv"
    path.write_text(INVOICE.replace("$6.00", "six"))
    report = load(lake, path)
    assert "line 2, column USD: found 'six', expected a decimal number" in reason(report, path.name)


# ---- FOCUS in its many forms


@pytest.mark.parametrize(
    ("columns", "version"),
    [
        ({}, "1.0"),
        ({"SkuMeter": "m"}, "1.1"),
        ({"PricingCurrency": "USD"}, "1.2"),
        ({"HostProviderName": "AWS"}, "1.3"),
        ({"InvoiceDetailId": "1"}, "1.4"),
    ],
)
def test_the_version_is_found_from_the_columns(
    columns: dict[str, str], version: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    row = {k: v for k, v in line().items() if k != "InvoiceId"} | columns
    load(lake, write(tmp_path / "a.csv", [row]))
    assert query(lake, "select layout from raw.billing_manifest") == [(f"focus-{version}",)]
    for column, value in columns.items():
        assert one(lake, column) == (value,)


@pytest.mark.parametrize(
    "money", ["double", "decimal(38, 18)", "decimal(28, 12)", "varchar", "float"]
)
def test_focus_parquet_of_any_type_is_exact(money: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    amounts = ["0.1", "-2.5", "1234.567891", "0.0000004", "12345678.25"]
    if money == "float":
        amounts = ["0.5", "-2.25", "1024"]
    if money == "double":
        amounts += ["1.33650169321284", "8.5450077867419368", "45.6804766902627", "3e-15"]
    values = ", ".join(f"(cast('{amount}' as {money}))" for amount in amounts)
    load(lake, write_parquet(
        tmp_path / "a.parquet",
        "select cost as BilledCost, cost as EffectiveCost, 42 as BillingAccountId, 'USD' as"
        " BillingCurrency, 'AWS' as ProviderName, 'Usage' as ChargeCategory, timestamptz"
        " '2026-10-01 00:00:00+00' as BillingPeriodStart, date '2026-10-02' as ChargePeriodStart,"
        f" map {{'team': 'data'}} as Tags, 'NULL' as RegionId, 7.5 as x_rate"
        f" from (values {values}) t(cost)",
    ))  # fmt: skip
    exact = sorted(Decimal(repr(float(a))) if money == "double" else Decimal(a) for a in amounts)
    assert [row[0] for row in query(lake, "select BilledCost from raw.focus order by 1")] == exact
    row = one(lake, "distinct BillingAccountId, RegionId, Tags, x_extra")
    assert row == ("42", None, '{"team":"data"}', '{"x_rate":7.5}')


def test_offsets_are_turned_into_utc(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", [line(ChargePeriodStart="2026-10-01T02:00:00+02:00")]))
    assert str(one(lake, "ChargePeriodStart")[0]) == "2026-10-01 00:00:00"


def test_azure_ids_are_lower_case_as_in_the_inventory(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", [line(ProviderName="Microsoft", ResourceId="/Sub/A/VM")]))
    assert one(lake, "ResourceId") == ("/sub/a/vm",)


def test_tags_are_a_json_object_or_null(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    tags = ['{"a": "b"}', '"a": "b"', "", "NULL", "free text"]
    load(lake, write(tmp_path / "a.csv", [line(Tags=tag) for tag in tags]))
    rows = query(lake, "select Tags, count(*) from raw.focus group by all order by all")
    assert rows == [('{"a": "b"}', 2), ('{"x_text":"free text"}', 1), (None, 2)]


def test_a_year_of_months_in_one_file(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [r for m in range(1, 13) for r in lines(m, BillingPeriodStart=f"2026-{m:02}-01")]
    report = load(lake, write(tmp_path / "a.csv", rows))
    assert [(e.period.month, e.rows) for e in report.loaded if e.period] == [
        (m, m) for m in range(1, 13)
    ]
