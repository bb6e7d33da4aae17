"""Reports of Oracle and invoices of DigitalOcean become FOCUS."""

import gzip
from decimal import Decimal
from pathlib import Path

from bills import (
    SAMPLES,
    lake_in,
    load,
    one,
    query,
    reason,
    write_json,
)


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
