"""The rules that keep a total right: replace, never add; refuse, never guess."""

import random
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

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
)

AWS = SAMPLES / "aws_1_2_cost_and_usage_rows100_seed42.csv"
REAL = SAMPLES / "focus_1.0_sample_1000.csv.gz"


def test_loading_a_file_twice_changes_nothing_and_makes_no_snapshot(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = load(lake, AWS)
    second = load(lake, AWS)
    assert statuses(first) == {AWS.name: {"loaded"}}
    assert statuses(second) == {AWS.name: {"unchanged"}}
    assert second.snapshot == first.snapshot
    assert total(lake) == (100, Decimal("1157.488823772133240000"))
    assert "exactly this content" in reason(second, AWS.name)


def test_the_same_content_under_another_name_is_unchanged(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, AWS)
    copy = Path(shutil.copy(AWS, tmp_path / "renamed.csv"))
    assert statuses(load(lake, copy)) == {"renamed.csv": {"unchanged"}}
    assert total(lake)[0] == 100


def test_two_copies_in_one_call_count_once(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for name in ("a.csv", "b.csv"):
        shutil.copy(AWS, tmp_path / name)
    report = load(lake, tmp_path / "b.csv", tmp_path / "a.csv")
    assert statuses(report) == {"a.csv": {"loaded"}, "b.csv": {"superseded"}}
    assert "same content as" in reason(report, "b.csv")
    assert total(lake)[0] == 100


def test_chunks_in_any_order_equal_the_whole_file(tmp_path: Path) -> None:
    header, *rows = AWS.read_text().splitlines()
    random.Random(7).shuffle(rows)
    parts = [rows[:13], rows[13:60], rows[60:]]
    found = set()
    for attempt in range(2):
        folder = tmp_path / str(attempt)
        paths = []
        for number, part in enumerate(parts):
            path = folder / "bills" / f"part-{number}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([header, *part]) + "\n")
            paths.append(path)
        lake = lake_in(folder)
        report = load(lake, *(paths if attempt else reversed(paths)))
        assert {entry.status for entry in report.loaded} == {"loaded"}
        found.add((*total(lake), tuple(sorted(str(e.rows) for e in report.loaded))))
        assert {s for each in statuses(load(lake, *paths)).values() for s in each} == {"unchanged"}
    assert len(found) == 1
    assert next(iter(found))[:2] == (100, Decimal("1157.488823772133240000"))


def test_one_chunk_again_is_unchanged_and_takes_nothing_away(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    write(tmp_path / "bills" / "b.csv", lines(4, ServiceName="AmazonS3"))
    load(lake, tmp_path / "bills")
    report = load(lake, tmp_path / "bills" / "a.csv")
    assert statuses(report) == {"a.csv": {"unchanged"}}
    assert "b.csv" in reason(report, "a.csv")
    assert total(lake) == (7, Decimal(16))


def test_the_rest_of_a_month_does_not_replace_it_while_a_chunk_is_damaged(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    write(tmp_path / "bills" / "b.csv", lines(4, ServiceName="AmazonS3"))
    load(lake, tmp_path / "bills")
    write(tmp_path / "bills" / "a.csv", lines(5))
    write(tmp_path / "bills" / "b.csv", lines(4, BilledCost="?"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"rejected"}, "b.csv": {"rejected"}}
    assert "was refused this time; expected all files of the period" in reason(report, "a.csv")
    assert total(lake) == (7, Decimal(16))


def test_a_later_file_replaces_the_period_and_says_what(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "monday.csv", lines(4)))
    report = load(lake, write(tmp_path / "elsewhere" / "tuesday.csv", lines(5)))
    assert statuses(report) == {"tuesday.csv": {"loaded"}}
    assert reason(report, "tuesday.csv").startswith("replaces 4 rows from")
    assert "monday.csv, loaded 2026-11-20" in reason(report, "tuesday.csv")
    assert total(lake) == (5, Decimal(15))
    states = query(lake, "select file[-10:], status from raw.billing_manifest order by all")
    assert states == [("monday.csv", "superseded"), ("uesday.csv", "loaded")]


def test_other_accounts_and_months_stay_when_one_is_replaced(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    may = {"BillingPeriodStart": "2026-05-01 00:00:00"}
    load(
        lake, write(tmp_path / "a.csv", lines(2) + lines(3, BillingAccountId="9") + lines(4, **may))
    )
    load(lake, write(tmp_path / "b.csv", lines(5)))
    rows = query(
        lake,
        "select BillingAccountId, month(BillingPeriodStart), count(*) from raw.focus"
        " group by all order by all",
    )
    assert rows == [("111111111111", 5, 4), ("111111111111", 10, 5), ("9", 10, 3)]


def test_identical_rows_are_legal_and_negative_and_zero_rows_stay(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(
        lake,
        write(tmp_path / "a.csv", [line()] * 3 + [line(BilledCost="-7.25"), line(BilledCost="0")]),
    )
    assert total(lake) == (5, Decimal("-2.75"))
    assert total(lake, "BilledCost < 0") == (1, Decimal("-7.25"))


def test_the_month_is_that_of_the_billing_period_not_of_the_charge(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = load(lake, REAL)
    october = [e for e in report.loaded if e.provider == "Oracle" and e.period == date(2024, 10, 1)]
    assert [(e.rows, e.billed_cost) for e in october] == [(1, Decimal("0.24"))]
    [row] = query(
        lake,
        "select BillingPeriodStart, ChargePeriodStart from raw.focus"
        " where ProviderName = 'Oracle' and BillingPeriodStart = '2024-10-01'",
    )
    assert str(row[1]) == "2024-09-30 22:00:00"


def test_two_currencies_give_two_totals(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = lines(2) + lines(3, BillingCurrency="EUR")
    report = load(lake, write(tmp_path / "a.csv", rows))
    assert {(e.currency, e.rows, e.billed_cost) for e in report.loaded} == {
        ("USD", 2, Decimal(3)),
        ("EUR", 3, Decimal(6)),
    }
    assert len(query(lake, "select currency from raw.billing_manifest")) == 2


def test_the_texts_null_and_empty_are_null_in_every_column(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, REAL)
    columns = [row[0] for row in query(lake, "select column_name from (describe raw.focus)")]
    texts = " + ".join(
        f"count(*) filter (where cast({c} as varchar) in ('', 'NULL'))" for c in columns
    )
    assert query(lake, f"select {texts} from raw.focus") == [(0,)]
    [row] = query(lake, "select count(ListUnitPrice), count(ContractedCost) from raw.focus")
    assert row == (999, 993)


def test_unknown_columns_are_kept_and_ids_stay_text(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [line(BillingAccountId="007", x_Discounts='{"EDP": -1}', Note='say "hi"', Blank="")]
    load(lake, write(tmp_path / "a.csv", rows))
    [row] = query(
        lake,
        "select BillingAccountId, json_extract_string(x_extra, '$.x_Discounts'),"
        " json_extract_string(x_extra, '$.Note'), json_exists(x_extra, '$.Blank') from raw.focus",
    )
    assert row == ("007", '{"EDP": -1}', 'say "hi"', False)


def test_a_delivery_without_rows_is_an_alarm_and_deletes_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "october.csv", lines(3)))
    report = load(lake, write(tmp_path / "new" / "october.csv", [], header=list(line())))
    assert statuses(report) == {"october.csv": {"rejected"}}
    assert "alarm: a header but no rows" in reason(report, "october.csv")
    assert total(lake) == (3, Decimal(6))


def test_an_empty_chunk_beside_others_is_legal(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    write(tmp_path / "bills" / "b.csv", [], header=list(line()))
    report = load(lake, tmp_path / "bills")
    assert {s for each in statuses(report).values() for s in each} == {"loaded"}
    assert [e.rows for e in report.loaded] == [3, 0]


def test_every_chunk_without_rows_has_an_entry(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    for name in ("b.csv", "c.csv"):
        write(tmp_path / "bills" / name, [], header=list(line()))
    report = load(lake, tmp_path / "bills")
    assert [(Path(e.file).name, e.status, e.rows) for e in report.loaded] == [
        ("a.csv", "loaded", 3), ("b.csv", "loaded", 0), ("c.csv", "loaded", 0),
    ]  # fmt: skip
    report = load(lake, tmp_path / "bills" / "b.csv", tmp_path / "bills" / "c.csv")
    assert statuses(report) == {"b.csv": {"rejected"}, "c.csv": {"rejected"}}


@pytest.mark.parametrize("account", ["111111111111", "9"])
def test_a_chunk_that_lost_its_rows_is_an_alarm_while_they_stay(
    account: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(3))
    write(tmp_path / "bills" / "b.csv", lines(4, ServiceName="S3", BillingAccountId=account))
    load(lake, tmp_path / "bills")
    write(tmp_path / "bills" / "b.csv", [], header=list(line()))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"unchanged"}, "b.csv": {"rejected"}}
    assert "alarm: a header but no rows; expected charges, as 4 rows" in reason(report, "b.csv")
    assert total(lake) == (7, Decimal(16))
    write(tmp_path / "bills" / "a.csv", [*lines(3), line()])
    report = load(lake, tmp_path / "bills")
    is_apart = account == "9"  # else it is part of the month that would be replaced
    assert statuses(report)["b.csv"] == {"rejected"}
    assert total(lake)[0] == (8 if is_apart else 7)


def test_a_period_that_shrinks_is_loaded_with_an_alarm(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(9)))
    report = load(lake, write(tmp_path / "a.csv", lines(2)))
    alarm = "alarm: the period shrank from 9 to 2 rows and its billed cost from 45 to 3"
    assert alarm in reason(report, "a.csv")
    [(note,)] = query(lake, "select note from raw.billing_manifest where status = 'loaded'")
    assert alarm in note


def test_versions_of_one_export_are_not_chunks(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "day1.csv", lines(6))
    write(tmp_path / "bills" / "day2.csv", lines(9))
    write(tmp_path / "bills" / "other.csv", lines(2, BillingAccountId="9"))
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {
        "day1.csv": {"rejected"}, "day2.csv": {"rejected"}, "other.csv": {"loaded"},
    }  # fmt: skip
    assert "shares 6 of 6 rows" in reason(report, "day1.csv")
    assert "versions of one export" in reason(report, "day2.csv")
    assert total(lake) == (2, Decimal(3))


@pytest.mark.parametrize("order", [0, 1])
def test_actual_beside_amortized_of_one_account_are_both_refused(
    order: int, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    pair = [SAMPLES / "EA_ActualCost_Small.csv", SAMPLES / "EA_AmortizedCost_Small.csv"]
    report = load(lake, *(reversed(pair) if order else pair), AWS)
    assert statuses(report) == {
        pair[0].name: {"rejected"}, pair[1].name: {"rejected"}, AWS.name: {"loaded"},
    }  # fmt: skip
    text = reason(report, pair[0].name)
    assert "billing account 8611537, 2023-09 as azure/azure-actual" in text
    assert "azure/azure-amortized" in text
    assert "ingest only one of them" in text


def test_the_newcomer_of_two_feeds_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, SAMPLES / "EA_ActualCost_Small.csv")
    both = load(lake, SAMPLES / "EA_AmortizedCost_Small.csv", SAMPLES / "EA_ActualCost_Small.csv")
    assert statuses(both) == {
        "EA_ActualCost_Small.csv": {"unchanged"}, "EA_AmortizedCost_Small.csv": {"rejected"},
    }  # fmt: skip
    assert "azure/azure-actual is loaded already" in reason(both, "EA_AmortizedCost_Small.csv")
    assert total(lake)[0] == 11


def test_mixed_focus_versions_are_refused_and_one_can_take_over_on_purpose(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    newer = SAMPLES / "aws_1_3_cost_and_usage_rows100_seed42.csv.gz"
    assert set.union(*statuses(load(lake, AWS, newer)).values()) == {"rejected"}
    load(lake, AWS)
    report = load(lake, newer)
    assert statuses(report) == {newer.name: {"rejected"}}
    assert "one FOCUS version" in reason(report, newer.name)
    report = load(lake, newer, replace_feed=True)
    assert statuses(report) == {newer.name: {"loaded"}}
    assert total(lake) == (100, Decimal("1242.115619114860500000"))
    assert query(lake, "select distinct x_source from raw.focus") == [("aws/focus-1.3",)]


def test_a_file_refused_for_one_period_is_refused_for_all(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "a.csv", lines(2)))
    old = lines(3, BillingPeriodStart="2026-09-01")
    rows = [{k: v for k, v in row.items() if k != "InvoiceId"} for row in old + lines(4)]
    report = load(lake, write(tmp_path / "b.csv", rows))
    assert statuses(report) == {"b.csv": {"rejected"}}
    assert total(lake)[0] == 2


def test_a_month_from_two_folders_is_refused_but_day_folders_are_one(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "x" / "hourly" / "a.csv", lines(2))
    write(tmp_path / "x" / "daily" / "b.csv", lines(3, ServiceName="S3"))
    report = load(lake, tmp_path / "x")
    assert set.union(*statuses(report).values()) == {"rejected"}
    assert "from another folder" in reason(report, "a.csv")
    write(tmp_path / "y" / "2026" / "10" / "01" / "a.csv", lines(2))
    write(tmp_path / "y" / "2026" / "10" / "02" / "b.csv", lines(3, ServiceName="S3"))
    assert set.union(*statuses(load(lake, tmp_path / "y")).values()) == {"loaded"}
    assert total(lake) == (5, Decimal(9))


def test_every_line_leads_to_its_file_and_feed(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, REAL)
    rows = query(lake, "select distinct x_cloud, x_source, x_file from raw.focus order by all")
    assert rows == [
        ("aws", "aws/focus-1.0", str(REAL)),
        ("azure", "azure/focus-1.0", str(REAL)),
        ("oci", "oci/focus-1.0", str(REAL)),
    ]


def test_both_provider_names_are_kept(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    old = lines(1)
    new = [
        {k: v for k, v in r.items() if k != "ProviderName"} for r in lines(1, BillingAccountId="9")
    ]
    new = [{**row, "ServiceProviderName": "Databricks", "HostProviderName": "AWS"} for row in new]
    load(lake, write(tmp_path / "old.csv", old), write(tmp_path / "new.csv", new))
    rows = query(
        lake, "select ProviderName, ServiceProviderName, HostProviderName, x_cloud, x_source"
        " from raw.focus order by all",
    )  # fmt: skip
    assert rows == [
        ("AWS", "AWS", None, "aws", "aws/focus-1.2"),
        ("Databricks", "Databricks", "AWS", "databricks", "databricks/focus-1.4"),
    ]


def test_reports_name_files_as_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a [1]*.csv", lines(1))
    monkeypatch.chdir(tmp_path)
    assert [e.file for e in load(lake, Path("bills")).loaded] == ["bills/a [1]*.csv"]


def test_a_json_beside_a_bill_that_is_no_manifest_is_refused_alone(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    write(tmp_path / "bills" / "a.csv", lines(2))
    write_json(tmp_path / "bills" / "manifest.json", {"hello": 1})
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {"a.csv": {"loaded"}, "manifest.json": {"rejected"}}
    assert "not a manifest we know" in reason(report, "manifest.json")


def test_what_is_loaded_is_mapped_anew_where_that_is_asked_for(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    file = write(tmp_path / "a.csv", lines(2))
    load(lake, file)
    with lake.write("an older version mapped it otherwise") as other:
        other.connection.execute("update raw.focus set ContractedCost = 9")
    assert statuses(load(lake, file)) == {"a.csv": {"unchanged"}}
    assert statuses(load(lake, file, replace_feed=True)) == {"a.csv": {"loaded"}}
    assert query(lake, "select count(*), sum(ContractedCost) from raw.focus") == [(2, 3)]
