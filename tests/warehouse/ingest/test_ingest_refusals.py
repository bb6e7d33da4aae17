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
