"""Files of one header are read in one pass, and what is wrong is still said of the one file."""

import gzip
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from bills import lake_in, line, lines, load, query, reason, statuses, total, write
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ingest_manifests import aws_export

from warehouse.ingest.load import macros
from warehouse.lake import Lake
from warehouse.settings import LakeSettings


def chunks(folder: Path, count: int = 9) -> list[Path]:
    """Files of one header, each with other charges: n rows that cost 1 to n, and a credit."""
    return [
        write(
            folder / f"part-{n:02}.csv.gz",
            [*lines(n, ServiceName=f"S{n}", Team=f"t{n}"),
             line(BilledCost=f"-{n}.123456789012345678", ServiceName=f"S{n}", Team="")],
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def test_each_of_many_files_keeps_its_rows_its_sums_and_its_name(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    files = chunks(tmp_path / "bills")
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"loaded"}
    wanted = [
        (str(file), n + 1, Decimal(n * (n + 1) // 2) - Decimal(f"{n}.123456789012345678"))
        for n, file in enumerate(files, start=1)
    ]
    assert [(e.file, e.rows, e.billed_cost) for e in report.loaded] == wanted
    rows = "select x_file, count(*), sum(BilledCost) from raw.focus group by all order by all"
    assert query(lake, rows) == wanted
    kept = "select file, rows, billed_cost from raw.billing_manifest order by all"
    assert query(lake, kept) == wanted
    extra = query(
        lake, "select distinct x_extra from raw.focus where ServiceName = 'S3' order by 1"
    )
    assert extra == [('{"Team":"t3"}',), (None,)]
    assert load(lake, tmp_path / "bills").snapshot == report.snapshot, "nothing changed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BilledCost": "n/a"}, "line 4, column BilledCost: found 'n/a', expected a decimal"),
        ({"ChargePeriodStart": "infinity"}, "line 4, column ChargePeriodStart: found 'infinity'"),
        ({"BillingPeriodStart": "2026-10-01T00:00+02:00"},
         "line 4, column BillingPeriodStart: found '2026-10-01T00:00+02:00'"),
        ({"BillingAccountId": ""}, "line 4, column BillingAccountId: found ''"),
        ({"BillingCurrency": "usd"}, "line 4, column BillingCurrency: found the currency 'usd'"),
        ({"ServiceName": "a\x00" * 3_000_000}, "line 4"),
    ],
    ids=["number", "time", "offset", "account", "currency", "too long a line"],
)  # fmt: skip
def test_of_many_files_only_the_bad_one_is_refused(
    change: dict[str, str], words: str, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    files = chunks(tmp_path / "bills")
    other = {"Team": "", "BillingAccountId": "9"}  # else the month of the others waits for it
    bad = write(files[4], [*lines(2, **other), line(**other) | change])
    report = load(lake, tmp_path / "bills")
    assert {n for n, s in statuses(report).items() if s == {"rejected"}} == {bad.name}
    assert words in reason(report, bad.name)
    assert total(lake)[0] == sum(n + 1 for n in range(1, 10) if n != 5)


EVERY = "select * from raw.focus order by all"


def adopted(lake: Lake) -> int:
    return len(list(lake.settings.lake_folder.rglob("adopted-*.parquet")))


@pytest.mark.parametrize(
    ("change", "is_adopted"),
    [
        ({}, True),
        ({"ProviderName": "Snowflake"}, False),  # a line that another cloud's bill passes on
        ({"ProviderName": "Microsoft", "SubAccountId": "/subscriptions/A"}, False),
        ({"ProviderName": ""}, False),
    ],
    ids=["one provider", "resold", "subscriptions are rewritten", "no provider"],
)
def test_a_delivery_holds_the_same_whether_its_rows_are_staged_or_copied(
    change: dict[str, str], is_adopted: bool, tmp_path: Path
) -> None:
    parts = [lines(n, ServiceName=f"S{n}", Tags="") for n in range(1, 4)]
    parts[1][0] |= change
    aws_export(tmp_path / "acme-daily", "run-1", parts)
    lakes = [lake_in(tmp_path), Lake(LakeSettings(home=tmp_path / "secret", encrypted=True))]
    for lake in lakes:
        assert {e.status for e in load(lake, tmp_path / "acme-daily").loaded} == {"loaded"}
    assert [adopted(lake) for lake in lakes] == [int(is_adopted), 0]
    staged, copied = (query(lake, EVERY) for lake in lakes)
    assert staged == copied
    assert len(staged) == 6
    parts[2][0]["BilledCost"] = "7"
    aws_export(tmp_path / "acme-daily", "run-2", parts)
    for lake in lakes:
        load(lake, tmp_path / "acme-daily")
    staged, copied = (query(lake, EVERY) for lake in lakes)
    assert staged == copied
    assert total(lakes[0]) == (6, Decimal(1 + 3 + 6 + 6))


def test_a_bad_chunk_amid_a_delivery_is_named_and_refuses_the_others(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    parts = [lines(2, ServiceName=f"S{n}") for n in range(8)]
    parts[5][1]["EffectiveCost"] = "1,5"
    parts[6][0]["BilledCost"] = "also"
    aws_export(tmp_path / "acme-daily", "run-1", parts)
    report = load(lake, tmp_path / "acme-daily")
    assert {entry.status for entry in report.loaded} == {"rejected"}
    assert "line 3, column EffectiveCost: found '1,5'" in reason(report, "acme-daily-00006.csv.gz")
    others = [e.reason or "" for e in report.loaded if not e.file.endswith("00006.csv.gz")]
    assert len(others) == 7
    assert all("acme-daily-00006.csv.gz of the same manifest was refused" in e for e in others)
    assert total(lake) == (0, None)


def test_files_of_other_headers_ends_and_packings_add_up(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    folder = tmp_path / "bills"
    write(folder / "a.csv.gz", lines(1, ServiceName="a"))
    write(folder / "b.csv", lines(2, ServiceName="b"))
    other = write(folder / "c.csv", lines(3, ServiceName="c", Zone="x"))
    other.write_text("\ufeff" + other.read_text().replace("\n", "\r\n"), newline="")
    marked = write(folder / "d.csv.gz", lines(4, ServiceName="d"))
    marked.write_bytes(gzip.compress(b"\xef\xbb\xbf" + gzip.decompress(marked.read_bytes())))
    header = list(line())
    write(folder / "e.csv", [dict(reversed(row.items())) for row in lines(5, ServiceName="e")])
    write(folder / "f.csv", [], header=header)
    report = load(lake, folder)
    assert {entry.status for entry in report.loaded} == {"loaded"}
    found = query(lake, "select ServiceName, count(*), sum(BilledCost) from raw.focus group by all"
                        " order by all")  # fmt: skip
    assert found == [(name, n, Decimal(n * (n + 1) // 2)) for n, name in enumerate("abcde", 1)]


def test_a_column_that_bears_a_name_of_ours_is_kept(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for name in ("a", "b"):
        row = line(X_File="mine", file_index="7", Id=name, ServiceName=name)
        write(tmp_path / "bills" / f"{name}.csv", [row])
    load(lake, tmp_path / "bills")
    found = query(lake, "select x_file, x_extra from raw.focus order by all")
    assert found == [
        (f"{tmp_path}/bills/{name}.csv", f'{{"X_File":"mine","file_index":"7","Id":"{name}"}}')
        for name in ("a", "b")
    ]


def test_an_amount_that_is_stated_twice_is_each_time_what_it_says(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    stated = [("2.5", "2.5"), ("2.50", "2.5"), ("3", "2.5"), ("", "2.5"), ("-2.5", "")]
    for n, (contracted, billed) in enumerate(stated):
        row = line(ContractedCost=contracted, BilledCost=billed or "1", ServiceName=f"S{n}",
                   ConsumedQuantity=contracted, PricingQuantity=billed)  # fmt: skip
        write(tmp_path / "bills" / f"{n}.csv", [row])
    report = load(lake, tmp_path / "bills")
    assert {entry.status for entry in report.loaded} == {"loaded"}
    found = query(lake, "select ContractedCost, BilledCost, ConsumedQuantity, PricingQuantity"
                        " from raw.focus order by ServiceName")  # fmt: skip
    assert found == [
        (amount(contracted), amount(billed or "1"), amount(contracted), amount(billed))
        for contracted, billed in stated
    ]
    write(tmp_path / "bills" / "bad.csv", [line(ContractedCost="x", Zone="new")])
    write(tmp_path / "bills" / "worse.csv", [line(ContractedCost="x", BilledCost="x", Zone="new")])
    report = load(lake, tmp_path / "bills")
    for name, column in {"bad.csv": "ContractedCost", "worse.csv": "BilledCost"}.items():
        assert f"column {column}: found 'x'" in reason(report, name)


def amount(text: str) -> Decimal | None:
    return Decimal(text) if text else None


digits = st.text("0123456789", max_size=18)
decimals = st.builds("{}{}.{}{}".format, st.sampled_from(["", "-"]), digits.map(lambda d: d or "0"),
                     digits, st.sampled_from(["", "0", "0" * 12]))  # fmt: skip


texts = st.text("0123456789.-+eE_ ", min_size=1, max_size=26)
near = st.builds("{}{}{}".format, decimals, st.sampled_from(["", " ", "e-3", "E2", "_", ".", "-1"]),
                 st.text("0123456789", max_size=6))  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(st.lists(texts | near, min_size=100, max_size=500))
def test_a_text_is_an_amount_if_and_only_if_duckdb_reads_it_as_a_decimal(texts: list[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute(macros())
        rows = connection.execute(
            "select t, try(amount(t)), try(cast(replace(t, '_', '?') as decimal(38, 18)))"
            " from (select unnest($texts) as t)",
            {"texts": texts},
        ).fetchall()
    assert [row[:2] for row in rows] == [(text, expected) for text, _, expected in rows]


@settings(deadline=None, max_examples=10)
@given(st.lists(decimals, min_size=50, max_size=300))
def test_a_decimal_text_is_read_to_its_last_digit(texts: list[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute(macros())
        query = "select amount(text) from (select unnest($texts) as text)"
        rows = connection.execute(query, {"texts": texts}).fetchall()
    assert [row[0] for row in rows] == [Decimal(text) for text in texts]
