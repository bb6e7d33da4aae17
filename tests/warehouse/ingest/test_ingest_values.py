"""Numbers and times are read exactly as they are written, or refused with their row."""

from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    lake_in,
    line,
    load,
    query,
    reason,
    statuses,
    total,
    write,
    write_parquet,
)


@pytest.mark.parametrize(
    "text",
    ["1_000", "1_0.5", "1e1_0", "1,000", "1,5", "1 000", "1e400", "1e20", "inf", "-Infinity", "nan",
     "0x10", "0b1", "1e", ".", "-", "(1.5)", "$5", "5 USD", "true", "\u0661", "\u22125"],
)  # fmt: skip
def test_a_text_that_is_no_number_is_refused(text: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "a.csv", [line(), line(BilledCost=text)]))
    assert f"line 3, column BilledCost: found {text!r}" in reason(report, "a.csv")
    assert total(lake) == (0, None)


def test_every_way_to_write_a_number_is_read_exactly(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    texts = ["1E-7", "1.5e-07", "-2.5E+3", "1e5", "+1.5", " 2 ", ".5", "-.25", "3.", "1e-18",
             "1.234567890123456789", "98765432109876543210.5", "12345678901234567e-17"]  # fmt: skip
    load(lake, write(tmp_path / "a.csv", [line(BilledCost=text) for text in texts]))
    found = query(lake, "select BilledCost from raw.focus order by 1")
    assert [row[0] for row in found] == sorted(Decimal(text.strip()) for text in texts)


def test_a_file_whose_sum_is_out_of_range_is_refused_and_the_rest_is_loaded(
    tmp_path: Path,
) -> None:
    lake = lake_in(tmp_path)
    most = "99999999999999999999.9"
    huge = write(tmp_path / "a" / "huge.csv", [line(BilledCost=most), line(BilledCost="1")])
    good = write(tmp_path / "b" / "good.csv", [line(BillingAccountId="2")])
    report = load(lake, huge, good)
    assert statuses(report) == {"huge.csv": {"rejected"}, "good.csv": {"loaded"}}
    assert "rows can't be read" in reason(report, "huge.csv")
    assert total(lake) == (1, Decimal("1.5"))


@pytest.mark.parametrize("text", ["$1.234,50", "$1,2,3", "$$5", "5$", "$1_000"])
def test_an_amount_in_dollars_must_be_written_as_one(text: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    row = {"product": "Droplets", "group_description": "", "description": "web", "hours": "1",
           "start": "2026-10-01 00:00:00 +0000", "end": "2026-10-02 00:00:00 +0000",
           "USD": text, "project_name": "", "category": "iaas"}  # fmt: skip
    report = load(lake, write(tmp_path / "DigitalOcean Invoice 2026 Oct (1-2).csv", [row]))
    assert f"line 2, column USD: found {text!r}" in (report.loaded[0].reason or "")


@pytest.mark.parametrize(
    "text", ["infinity", "-infinity", "epoch", "Epoch", "now", "today", "-1-1-1"]
)
def test_a_word_is_no_time(text: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, write(tmp_path / "a.csv", [line(ChargePeriodStart=text)]))
    assert f"column ChargePeriodStart: found {text!r}, expected a time" in reason(report, "a.csv")
    report = load(lake, write(tmp_path / "a.csv", [line(BillingPeriodStart=text)]))
    assert f"column BillingPeriodStart: found {text!r}, expected a time" in reason(report, "a.csv")


FOCUS_TYPED = {
    "BilledCost": "1.5", "EffectiveCost": "1.5", "BillingAccountId": "'1'",
    "BillingCurrency": "'USD'", "ProviderName": "'AWS'", "ChargeCategory": "'Usage'",
    "BillingPeriodStart": "timestamp '2026-10-01'", "ChargePeriodStart": "timestamp '2026-10-01'",
    "ConsumedQuantity": "2",
}  # fmt: skip


CUR_TYPED = {
    "bill_payer_account_id": "'1'", "bill_billing_period_start_date": "timestamp '2026-10-01'",
    "line_item_currency_code": "'USD'", "line_item_line_item_type": "'Usage'",
    "line_item_unblended_cost": "1.5", "line_item_usage_start_date": "timestamp '2026-10-01'",
}  # fmt: skip


def typed(path: Path, columns: dict[str, str], name: str, value: str) -> Path:
    """A Parquet file of two rows; the second has the value."""
    changed = {**columns, name: f"if(range = 0, null, {value})"}
    select = ", ".join(f"{sql} as {column}" for column, sql in changed.items())
    return write_parquet(path, f"select {select} from range(2)")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BilledCost", "true", "of type BOOLEAN: found 'true', expected a decimal number."),
        ("BilledCost", "date '2026-10-01'", "of type DATE: found '2026-10-01', expected a dec"),
        ("BilledCost", "timestamp '2026-10-01'", "of type TIMESTAMP: found '2026-10-01 00"),
        ("BilledCost", "[1.5]", "of type DECIMAL(2,1)[]: found '[1.5]'"),
        ("BilledCost", "map {'a': 1}", "of type MAP(VARCHAR, INTEGER): found '{\"a\":1}'"),
        ("BilledCost", "'1.5'::blob", "of type BLOB: found '1.5'"),
        ("BilledCost", "interval 1 day", "of type INTERVAL: found '1 day'"),
        ("ConsumedQuantity", "time '10:00'", "of type TIME: found '10:00:00'"),
        ("ChargePeriodStart", "true", "of type BOOLEAN: found 'true', expected a time."),
        ("ChargePeriodStart", "20261001", "of type INTEGER: found '20261001', expected a time"),
        ("BillingPeriodStart", "2026.5::double", "of type DOUBLE: found '2026.5', expected a time"),
    ],
)
def test_a_parquet_column_of_a_type_that_cannot_hold_its_values_is_refused(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, typed(tmp_path / "a.parquet", FOCUS_TYPED, name, value))
    text = reason(report, "a.parquet")
    assert f"a.parquet, row 2, column {name} {words}" in text
    cure = "TIMESTAMP, DATE or text" if "Period" in name else "DECIMAL, DOUBLE, integers or text"
    assert text.endswith(f"Nothing of this file was loaded; export the column as {cure}.")
    assert total(lake) == (0, None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("line_item_unblended_cost", "true", "of type BOOLEAN: found 'true'"),
        ("line_item_unblended_cost", "'1.5'::blob", "of type BLOB: found '1.5'"),
        ("line_item_usage_start_date", "20261001", "of type INTEGER: found '20261001'"),
    ],
)
def test_so_is_one_of_a_native_layout(name: str, value: str, words: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, typed(tmp_path / "a.parquet", CUR_TYPED, name, value))
    assert f"a.parquet, row 2, column {name} {words}" in reason(report, "a.parquet")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("'inf'::double", "column BilledCost of type DOUBLE: found 'inf'"),
        ("'nan'::float", "column BilledCost of type FLOAT: found 'nan'"),
        ("1e25::decimal(38, 2)", "column BilledCost of type DECIMAL(38,2): found '1000000"),
    ],
)
def test_a_typed_number_that_is_none_is_refused_with_its_row(
    value: str, words: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, typed(tmp_path / "a.parquet", FOCUS_TYPED, "BilledCost", value))
    text = reason(report, "a.parquet")
    assert f"row 2, {words}" in text
    assert text.endswith("correct the value or export the file again.")


def test_a_column_without_a_value_may_be_of_any_type(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    columns = FOCUS_TYPED | {"BillingPeriodEnd": "null", "ListCost": "cast(null as boolean)"}
    report = load(lake, typed(tmp_path / "a.parquet", columns, "ConsumedQuantity", "2"))
    assert statuses(report) == {"a.parquet": {"loaded"}}
    assert total(lake) == (2, Decimal(3))
