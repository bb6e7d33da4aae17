"""Bad input: each refusal says which file, where in it, what was expected and what to do."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from bills import (
    LINE,
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
    write_parquet,
)

AWS = SAMPLES / "aws_1_2_cost_and_usage_rows100_seed42.csv"

OTHER_DATASETS = {  # of FOCUS 1.4
    "ContractCommitment": """
        BillingCurrency ContractCommitmentApplicability ContractCommitmentBenefitCategory
        ContractCommitmentCategory ContractCommitmentCost ContractCommitmentCreated
        ContractCommitmentDescription ContractCommitmentDiscountPercentage
        ContractCommitmentDurationType ContractCommitmentFulfillmentInterval
        ContractCommitmentId ContractCommitmentLastUpdated ContractCommitmentLifecycleStatus
        ContractCommitmentModel ContractCommitmentOfferCategory
        ContractCommitmentPaymentInterval ContractCommitmentPaymentModel
        ContractCommitmentPaymentUpfrontPercentage ContractCommitmentPeriodEnd
        ContractCommitmentPeriodStart ContractCommitmentQuantity ContractCommitmentType
        ContractCommitmentUnit ContractId ContractPeriodEnd ContractPeriodStart
        InvoiceIssuerName PricingCurrency PricingCurrencyContractCommitmentCost
        ServiceProviderName
    """,
    "InvoiceDetail": """
        BilledCost BillingAccountId BillingCurrency BillingPeriodEnd BillingPeriodStart
        ChargeCategory InvoiceDetailCreated InvoiceDetailDescription InvoiceDetailGrain
        InvoiceDetailId InvoiceDetailLastUpdated InvoiceId InvoiceIssueDate InvoiceIssueStatus
        InvoiceIssuerName PaymentCurrency PaymentCurrencyBilledCost
        PaymentCurrencyInvoiceDetailId PaymentDueDate PaymentTerms PurchaseOrderNumber
        ReferenceInvoiceId
    """,
    "BillingPeriod": """
        BillingPeriodCreated BillingPeriodEnd BillingPeriodLastUpdated BillingPeriodStart
        BillingPeriodStatus InvoiceIssuerName
    """,
}


def truncated_gzip(path: Path) -> Path:
    whole = gzip.compress(AWS.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    return path


def gzip_without_its_last_bytes(path: Path) -> Path:
    path.write_bytes(gzip.compress(AWS.read_bytes())[:-4])
    return path


def truncated_parquet(path: Path) -> Path:
    write_parquet(path, f"select * from read_csv('{AWS}', all_varchar = true)")
    path.write_bytes(path.read_bytes()[:-100])
    return path


def damaged_parquet(path: Path) -> Path:
    write_parquet(path, f"select * from read_csv('{AWS}', all_varchar = true)")
    content = bytearray(path.read_bytes())
    content[200:3000] = os.urandom(2800)
    path.write_bytes(bytes(content))
    return path


def wrong_header(path: Path) -> Path:
    return write(path, [{"Month": "10", "Amount": "5"}])


def focus_without_effective_cost(path: Path) -> Path:
    return write(path, [{k: v for k, v in line().items() if k != "EffectiveCost"}])


def contract_commitments(path: Path) -> Path:
    return write(path, [{"ContractCommitmentId": "c", "ContractId": "x", "BillingCurrency": "USD"}])


def commitments_of_a_cloud(path: Path) -> Path:
    """With every column of the dataset ContractCommitment of FOCUS 1.4."""
    return write(path, [dict.fromkeys(OTHER_DATASETS["ContractCommitment"].split(), "1")])


def invoice_details(path: Path) -> Path:
    return write(path, [dict.fromkeys(OTHER_DATASETS["InvoiceDetail"].split(), "1")])


def billing_periods(path: Path) -> Path:
    return write(path, [dict.fromkeys(OTHER_DATASETS["BillingPeriod"].split(), "1")])


def text_after_a_quote(path: Path) -> Path:
    write(path, lines(3))
    path.write_text(path.read_text().replace("AmazonEC2", '"5" disk"', 1) + "\n")
    return path


def text_in_a_cost_column(path: Path) -> Path:
    rows = [line(Note="two\nlines"), line(), line(BilledCost="12,50"), line(BilledCost="n/a")]
    return write(path, rows)


def text_in_a_time_column(path: Path) -> Path:
    return write(path, [line(), line(ChargePeriodStart="yesterday")])


def unknown_currency(path: Path) -> Path:
    return write(path, [line(), line(BillingCurrency="usd")])


def no_currency(path: Path) -> Path:
    return write(path, [line(), line(BillingCurrency="")])


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def latin_text(path: Path) -> Path:
    text = ",".join(LINE) + "\n" + ",".join(LINE.values()) + "\n"
    path.write_bytes(text.replace("Compute", "Möbel").replace('"', "").encode("latin-1"))
    return path


def late_latin_text(path: Path) -> Path:
    write(path, lines(30_000))
    with path.open("ab") as file:
        file.write(",".join(LINE.values()).replace("Compute", "Möbel").encode("latin-1"))
    return path


def utf16_text(path: Path) -> Path:
    path.write_bytes(AWS.read_text().encode("utf-16"))
    return path


def too_few_columns(path: Path) -> Path:
    write(path, lines(3))
    path.write_text(path.read_text() + "1,2,3\n")
    return path


def open_quote(path: Path) -> Path:
    write(path, lines(3))
    path.write_text(path.read_text() + '"1,2,3\n')
    return path


def broken_json(path: Path) -> Path:
    path.write_text('{"billing_account_id": "a", "cost": ')
    return path


BAD: list[tuple[Callable[[Path], Path], str, list[str]]] = [
    (truncated_gzip, "csv.gz", ["gzip stream is truncated", "a complete gzip file",
                                "copy or export"]),
    (gzip_without_its_last_bytes, "csv.gz", ["gzip stream is truncated"]),
    (truncated_parquet, "parquet", ["not a complete Parquet file", "with its footer"]),
    (damaged_parquet, "parquet", ["rows can't be read", "an undamaged file"]),
    (wrong_header, "csv", ["wrong header: found the columns Month, Amount", "FOCUS 1.0 to 1.4",
                           "aws-cur", "export it again"]),
    (focus_without_effective_cost, "csv", ["wrong header", "also needs EffectiveCost"]),
    (contract_commitments, "csv", ["FOCUS contract commitments, which hold no charges"]),
    (commitments_of_a_cloud, "csv", ["(dataset ContractCommitment); expected the dataset Cost and "
                                     "Usage", "the only one of FOCUS that is read"]),
    (invoice_details, "csv", ["FOCUS invoice details, which hold no charges"]),
    (billing_periods, "csv", ["FOCUS billing periods, which hold no charges", "take it out"]),
    (text_after_a_quote, "csv", ["line 2 goes on after the end of a quoted text",
                                 "a quote inside of quoted text is written twice"]),
    (text_in_a_cost_column, "csv", ["line 5, column BilledCost: found '12,50'",
                                    "expected a decimal number (2 rows in all)",
                                    "correct the value"]),
    (text_in_a_time_column, "csv", ["line 3, column ChargePeriodStart: found 'yesterday'",
                                    "expected a time"]),
    (unknown_currency, "csv", ["line 3, column BillingCurrency: found the currency 'usd' (1 rows)",
                               "an ISO 4217 code such as USD"]),
    (no_currency, "csv", ["line 3, column BillingCurrency: found ''", "a value in every row"]),
    (empty_file, "csv", ["the file is empty (0 bytes)", "export it again"]),
    (latin_text, "csv", ["line 2 is not UTF-8 text", "iconv -f LATIN1 -t UTF-8"]),
    (late_latin_text, "csv", ["line 30002 is not UTF-8 text"]),
    (utf16_text, "csv", ["the text is UTF-16", "iconv -f UTF-16"]),
    (too_few_columns, "csv", ["line 5 has 3 columns", "expected 18, as in the header"]),
    (open_quote, "csv", ["line 5 opens a quote that is never closed"]),
    (broken_json, "jsonl", ["not valid JSON"]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "ending", "words"), BAD, ids=[each[0].__name__ for each in BAD])
def test_bad_input_is_refused_with_a_reason_and_the_rest_is_loaded(
    make: Callable[[Path], Path], ending: str, words: list[str], tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    good = write(tmp_path / "bills" / "good.csv", lines(4, BillingAccountId="9"))
    bad = make(tmp_path / "bills" / f"bad.{ending}")
    report = load(lake, tmp_path / "bills")
    assert statuses(report) == {good.name: {"loaded"}, bad.name: {"rejected"}}
    text = reason(report, bad.name)
    assert str(bad) in text
    for word in words:
        assert word in text
    assert total(lake) == (4, Decimal(10))
    assert not list((tmp_path / "home" / "tmp").glob("ingest-*"))


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


def test_a_missing_path_and_a_folder_without_bills_are_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    (tmp_path / "empty" / "notes.txt").write_text("no bill")
    report = load(lake, tmp_path / "empty", tmp_path / "nowhere", AWS)
    assert statuses(report) == {
        "empty": {"rejected"},
        "nowhere": {"rejected"},
        AWS.name: {"loaded"},
    }
    assert "no bills in this folder; expected files ending in .csv" in reason(report, "empty")
    assert "does not exist" in reason(report, "nowhere")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    text = "\ufeff" + AWS.read_text().replace("\n", "\r\n")
    (tmp_path / "windows.csv").write_bytes(text.encode())
    assert statuses(load(lake, tmp_path / "windows.csv")) == {"windows.csv": {"loaded"}}
    assert total(lake) == (100, Decimal("1157.488823772133240000"))


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("quoted", [False, True])
def test_lines_of_different_ends_are_read(quoted: bool, ending: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    wanted = [line(ResourceId=f"i-{n}", ServiceName="a\nb" if quoted else "a") for n in range(5)]
    path = write(tmp_path / "plain.csv", wanted)
    rows = path.read_text().split("\n1.5,")
    ends = ["\r\n", "\n", "\n", "\r\n", "\r"]
    text = rows[0] + "".join(f"{end}1.5,{row}" for end, row in zip(ends, rows[1:], strict=True))
    content = text.encode()
    mixed = tmp_path / f"mixed.{ending}"
    mixed.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    report = load(lake, mixed)
    assert statuses(report) == {mixed.name: {"loaded"}}, report.loaded[0].reason
    found = query(lake, "select ResourceId, ServiceName from raw.focus order by all")
    assert found == [(row["ResourceId"], row["ServiceName"]) for row in wanted]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_and_line_ends_in_quotes_count_as_lines(end: str, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    rows = [line(), line(ServiceName='5" disk\n\nfast'), line(), line(BillingCurrency="usd")]
    header, *first, last = write(tmp_path / "a.csv", rows).read_text().splitlines()
    text = "\n".join([header, "", "", *first, "", last, ""])
    (tmp_path / "a.csv").write_text(text, newline=end)
    assert "a.csv, line 10, column BillingCurrency" in reason(
        load(lake, tmp_path / "a.csv"), "a.csv"
    )


def test_a_mistake_among_lines_of_different_ends_is_named_as_it_is(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = write(tmp_path / "a.csv", lines(4))
    content = path.read_bytes().replace(b"\n", b"\r\n", 2)
    path.write_bytes(content + b"1,2,3\n")
    assert "line 6 has 3 columns; expected 18" in reason(load(lake, path), "a.csv")


def test_semicolons_tabs_and_zip_archives_are_read(tmp_path: Path) -> None:
    import zipfile

    lake = lake_in(tmp_path)
    write(tmp_path / "plain.csv", lines(2))
    text = (tmp_path / "plain.csv").read_text()
    (tmp_path / "tabs.tsv").write_text(text.replace(",", "\t").replace("111111111111", "8"))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("inside.csv", text.replace("111111111111", "7"))
    report = load(lake, tmp_path / "tabs.tsv", tmp_path / "packed.zip")
    assert set.union(*statuses(report).values()) == {"loaded"}
    assert total(lake) == (4, Decimal(6))


def test_a_full_disk_is_said_and_nothing_is_half_done(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    load(lake, write(tmp_path / "first.csv", lines(3)))
    big = write_parquet(
        tmp_path / "big.parquet",
        "select cast(hash(range) as varchar) as ResourceId, 1.5 as BilledCost, 1 as EffectiveCost,"
        " '333333333333' as BillingAccountId, 'USD' as BillingCurrency, 'AWS' as ProviderName,"
        " 'INV' as InvoiceId, 'Usage' as ChargeCategory, timestamp '2026-10-01' as"
        " BillingPeriodStart, timestamp '2026-10-02' as ChargePeriodStart from range(400000)",
    )
    program = (
        "import resource, sys; from pathlib import Path; from datetime import datetime\n"
        "from warehouse.ingest.load import ingest; from warehouse.lake import Lake\n"
        "from warehouse.settings import LakeSettings\n"
        "lake = Lake(LakeSettings(home=Path(sys.argv[1])))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "[entry] = ingest(lake, [Path(sys.argv[2])], now=datetime(2026, 11, 20)).loaded\n"
        "print(entry.status, entry.reason)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "home"), str(big)],
        capture_output=True, text=True, cwd=root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rejected ")
    assert "the disk is full" in done.stdout
    assert "free some space in the home folder" in done.stdout
    assert total(lake) == (3, Decimal(6))
    assert statuses(load(lake, big)) == {"big.parquet": {"loaded"}}
    assert total(lake) == (400_003, Decimal(600_006))
