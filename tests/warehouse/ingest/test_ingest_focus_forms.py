"""FOCUS in its many forms: versions, types, times, ids and tags."""

from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    lake_in,
    line,
    lines,
    load,
    one,
    query,
    write,
    write_parquet,
)


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
