"""Deliveries of AWS billing exports in a bucket, as AWS lays them out."""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from aws_emulator import Emulator

from warehouse.ingest.load import ingest
from warehouse.ingest.records import IngestReport
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

BUCKET, PREFIX, EXPORT = "acme-bills", "exports", "daily"
PAYER = "111111111111"


def lines(count: int, payer: str = PAYER, period: str = "2026-10") -> list[dict[str, str]]:
    """FOCUS lines of 1, 2, 3 ... dollars."""
    start, end = f"{period}-01T00:00:00Z", "2026-11-01T00:00:00Z"
    return [
        {"BilledCost": f"{n}", "EffectiveCost": f"{n}.5", "BillingAccountId": payer,
         "BillingCurrency": "USD", "BillingPeriodStart": start, "BillingPeriodEnd": end,
         "ChargeCategory": "Usage", "ChargePeriodStart": start, "ChargePeriodEnd": end,
         "ProviderName": "AWS", "ServiceName": "AmazonEC2", "SubAccountId": payer,
         "ResourceId": f"i-{n}", "Tags": '{"team": "data"}'}
        for n in range(1, count + 1)
    ]  # fmt: skip


def packed(rows: Sequence[dict[str, str]]) -> bytes:
    """Rows as gzip CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode())


def parquet(rows: Sequence[dict[str, str]], folder: Path) -> bytes:
    """Rows as Parquet, with the types AWS gives them."""
    source, target = folder / "rows.csv.gz", folder / "rows.parquet"
    source.write_bytes(packed(rows))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace (BilledCost::double as BilledCost) from read_csv('{source}',"
            f" types={{'BillingAccountId': 'varchar'}})) to '{target}' (format parquet)"
        )
    return target.read_bytes()


def put(server: Emulator, key: str, body: bytes, bucket: str = BUCKET) -> None:
    """One object; the bucket is made with the first."""
    s3 = server.client("s3")
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def deliver(
    server: Emulator, run: str, chunks: Sequence[bytes], *, period: str = "2026-10",
    prefix: str = PREFIX, suffix: str = "csv.gz", create_new: bool = False, lacks: int = 0,
    bucket: str = BUCKET,
) -> str:  # fmt: skip
    """One run of a Data Export, its manifest last; returns the manifest's key.

    `lacks` chunks are named in the manifest but not there.
    """
    part = f"BILLING_PERIOD={period}" + (f"/{run}" if create_new else "")
    root = f"{prefix}/{EXPORT}"
    names = [
        f"{root}/data/{part}/{EXPORT}-{number:05}.{suffix}"
        for number in range(1, len(chunks) + lacks + 1)
    ]
    for name, chunk in zip(names, chunks, strict=False):
        put(server, name, chunk, bucket)
    manifest = {"exportName": EXPORT, "executionId": run,
                "dataFiles": [f"s3://{bucket}/{name}" for name in names]}  # fmt: skip
    key = f"{root}/metadata/{part}/{EXPORT}-Manifest.json"
    put(server, key, json.dumps(manifest).encode(), bucket)
    return key


def deliver_report(server: Emulator, assembly: str, content: bytes) -> None:
    """One assembly of a legacy Cost and Usage Report, with both copies of its manifest."""
    root = "cur/acme/20261001-20261101"
    key = f"{root}/{assembly}/acme-1.csv.gz"
    put(server, key, content)
    manifest = {
        "assemblyId": assembly, "reportName": "acme", "bucket": BUCKET,
        "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
        "reportKeys": [key],
    }  # fmt: skip
    for place in (f"{root}/{assembly}", root):
        put(server, f"{place}/acme-Manifest.json", json.dumps(manifest).encode())


def load(home: Path, paths: Sequence[Path]) -> tuple[IngestReport, Lake]:
    """Ingest into the lake of a home."""
    from aws_source import NOW

    lake = Lake(LakeSettings(home=home))
    return ingest(lake, paths, now=NOW), lake


def total(lake: Lake, where: str = "true") -> tuple[int, Decimal | None, Any]:
    """Lines, billed and effective cost in the lake."""
    with lake.latest() as connection:
        query = f"select count(*), sum(BilledCost), sum(EffectiveCost) from raw.focus where {where}"
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
