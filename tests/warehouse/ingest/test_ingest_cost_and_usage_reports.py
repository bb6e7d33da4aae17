"""A Cost and Usage Report of AWS becomes FOCUS: costs, categories, tags, and nothing is lost."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    lake_in,
    load,
    one,
    query,
    statuses,
    total,
    write,
    write_parquet,
)
from reports import CUR, PLAN, RESERVED, cur, underscored, underscored_name

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


def test_what_a_plan_saves_is_counted_from_the_negotiated_price(tmp_path: Path) -> None:
    """2.00 on demand less a tenth; the plan pays 1.26 with that discount: it saves 0.54."""
    lake = lake_in(tmp_path)
    discounted = {"lineItem/NetUnblendedCost": "1.8", "savingsPlan/SavingsPlanARN": PLAN,
                  "savingsPlan/SavingsPlanEffectiveCost": "1.4",
                  "savingsPlan/NetSavingsPlanEffectiveCost": "1.26"}  # fmt: skip
    load(lake, write(tmp_path / "cur.csv", [cur("SavingsPlanCoveredUsage", "2", **discounted)]))
    assert one(lake, "ContractedCost, EffectiveCost") == (Decimal("1.8"), Decimal("1.26"))
