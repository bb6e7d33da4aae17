"""An export of Google Cloud becomes FOCUS: credits, invoice months, nested or flat."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import (
    lake_in,
    load,
    one,
    query,
    reason,
    statuses,
    write,
    write_parquet,
)


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


def test_what_a_google_commitment_covers_and_what_lies_idle_of_its_fee(tmp_path: Path) -> None:
    """Google's own example of a fee of $0.216 an hour, of which $0.193 was used."""
    own = {"subscription.instance_id": "subscriptions/1f", "project.id": "shop"}
    fee = gcp(**own, **{"consumption_model.description": "Default", "price.effective_price": "1"})
    offset = [{"amount": "-0.193", "type": "FEE_UTILIZATION_OFFSET"}]
    flexible = {"consumption_model.description": "Compute Flexible CUDs 1 Year"}
    rows = [
        fee | {"cost": "0.193", "credits": offset, "price.effective_price": "0.92"},
        fee | {"cost": "0.023", "credits": []},
        gcp(cost="0.193", credits=[], **own, **flexible,
            **{"cost_at_list": "0.28", "cost_at_effective_price_default": "0.268",
               "price.effective_price": "0.0157", "price.effective_price_default": "0.0218"}),
        # A commitment to resources has neither a model nor a price of its own.
        gcp(cost="0.5", credits=[], **own, **{"consumption_model.description": "Default",
                                              "price.effective_price": "0.03"}),
    ]  # fmt: skip
    lake = lake_in(tmp_path)
    load(
        lake,
        write(tmp_path / "g.csv", [flat(row) for row in rows], [*flat({**rows[0], **rows[2]})]),
    )
    found = query(
        lake,
        "select BilledCost, EffectiveCost, ListCost, ContractedCost, ContractedUnitPrice,"
        " CommitmentDiscountId, CommitmentDiscountName, CommitmentDiscountStatus, PricingCategory"
        " from raw.focus order by all",
    )
    d, plan = Decimal, "subscriptions/1f"
    assert found == [
        (d("0.023"), d("0.023"), None, d("0.023"), d(1), plan, None, "Unused", "Committed"),
        (d("0.193"), d(0), None, d("0.193"), d("0.92"), plan, None, "Unused", "Committed"),
        (d("0.193"), d("0.193"), d("0.28"), d("0.268"), d("0.0218"), plan,
         "Compute Flexible CUDs 1 Year", "Used", "Committed"),
        (d("0.5"), d("0.5"), None, d("0.5"), d("0.03"), None, None, None, "Standard"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "credits",
    ["[{'amount': -0.1}]", '{"amount": -0.1}', '[{"amount": null}]', "[-0.1]", "none"],
)
def test_google_credits_that_can_not_be_read_are_refused(credits: str, tmp_path: Path) -> None:
    """Lists as pandas writes them, above all: without their credits the cost would be too high."""
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "g.csv", [flat(gcp()), flat(gcp(credits=credits))]))
    assert "line 3, column credits: found" in reason(report, "g.csv")
    assert "expected a JSON list of credits" in reason(report, "g.csv")


@pytest.mark.parametrize("credits", ["[]", "[ ]", "null", ""])
def test_google_lines_may_have_no_credits(credits: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "g.csv", [flat(gcp(credits=credits))]))
    assert one(lake, "EffectiveCost - BilledCost") == (0,)


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        ('[{"key": "team", "value": "data"}]', {"team": "data"}),
        ("[]", None),
        ("[{'key': 'team', 'value': 'data'}]", {"x_text": "[{'key': 'team', 'value': 'data'}]"}),
    ],
)
def test_google_labels_that_are_no_json_are_kept_as_they_are(
    labels: str, tags: dict[str, str] | None, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "g.csv", [flat(gcp(labels=labels))]))
    (found,) = one(lake, "Tags")
    assert (None if found is None else json.loads(found)) == tags
