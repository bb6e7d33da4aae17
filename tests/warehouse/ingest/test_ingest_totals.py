"""Every known file gives exactly its known totals, to the last digit, in every grain."""

from decimal import Decimal
from pathlib import Path

import pytest
from bills import SAMPLES, SHARED, lake_in, load, query, reference

COSTS = {"billed": "BilledCost", "effective": "EffectiveCost", "list": "ListCost",
         "contracted": "ContractedCost"}  # fmt: skip
COLUMNS = {  # of the native grains, where raw.focus keeps them
    "ChargeType": "json_extract_string(x_extra, '$.ChargeType')",
    "BillingCurrencyCode": "BillingCurrency",
    '"lineItem/LineItemType"': """json_extract_string(x_extra, '$."lineItem/LineItemType"')""",
    '"lineItem/CurrencyCode"': "BillingCurrency",
    '"cost/currencyCode"': "BillingCurrency",
    "cost_type": "json_extract_string(x_extra, '$.cost_type')",
    "currency": "BillingCurrency",
    "BillingPeriodStart": "strftime(BillingPeriodStart, '%Y-%m-%d')",
}


def known() -> list[tuple[Path, list[dict[str, str]]]]:
    files = [(SAMPLES / name, rows) for name, rows in reference(SAMPLES / "totals.csv").items()]
    if SHARED.is_dir():
        folder = SHARED / "data" / "focus"
        totals = reference(SHARED / "focus_reference_totals.csv")
        files += [(folder / name, rows) for name, rows in totals.items()]
    return files


@pytest.mark.parametrize(
    ("file", "totals"), known(), ids=[f"{f.parent.name}/{f.name}" for f, _ in known()]
)
def test_a_file_gives_its_totals_in_every_grain(
    file: Path, totals: list[dict[str, str]], tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, file)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert {entry.file for entry in report.loaded} == {str(file)}
    for row in totals:
        where = " and ".join(_condition(part) for part in row["key"].split("|") if part) or "true"
        found = query(
            lake,
            f"select count(*), {', '.join(f'sum({c})' for c in COSTS.values())},"
            f" count(*) filter (where BilledCost < 0) from raw.focus where {where}",
        )[0]
        assert found[0] == int(row["rows"]), row["key"]
        for position, column in enumerate(COSTS, start=1):
            if column == "billed" and "Amortized" in file.name:
                assert found[2] == Decimal(row["billed"]), "an amortized cost is effective cost"
            elif row[column]:
                assert found[position] == Decimal(row[column]), (row["key"], column)
            elif row["grain"] not in ("native_file", "native_type_currency"):
                assert found[position] is None, (row["key"], column)
        assert "Amortized" in file.name or found[5] == int(row["negative_billed_rows"])


@pytest.mark.parametrize(
    ("file", "totals"), known(), ids=[f"{f.parent.name}/{f.name}" for f, _ in known()]
)
def test_the_report_and_the_manifest_tie_to_the_rows(
    file: Path, totals: list[dict[str, str]], tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, file)
    assert sum(entry.rows or 0 for entry in report.loaded) == int(totals[0]["rows"])
    rows = query(
        lake,
        "select BillingAccountId, cast(BillingPeriodStart as date), BillingCurrency, count(*),"
        " sum(BilledCost), sum(EffectiveCost), sum(ListCost) from raw.focus group by all",
    )
    reported = {
        (e.billing_account, e.period, e.currency, e.rows, e.billed_cost, e.effective_cost,
         e.list_cost)
        for e in report.loaded
    }  # fmt: skip
    assert reported == set(rows)
    manifest = query(
        lake,
        "select billing_account, period, currency, rows, billed_cost, effective_cost, list_cost"
        " from raw.billing_manifest where status = 'loaded'",
    )
    assert set(manifest) == reported


def test_the_shared_files_are_tested_where_they_are() -> None:
    if not SHARED.is_dir():
        pytest.skip("only on machines with the shared reference files beside the repository")
    assert len(known()) > len(reference(SAMPLES / "totals.csv"))


def _condition(part: str) -> str:
    name, _, value = part.partition("=")
    if name == "BillingPeriodStart":
        value = value[:10]
    return f"{COLUMNS.get(name, name)} = '{value}'"
