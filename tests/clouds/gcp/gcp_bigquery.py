"""A BigQuery emulator of our own on free ports, and billing exports in it."""

import os
import subprocess
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table, TimePartitioning
from servers import free_port

from clouds.gcp.access import Access

FOLDER = Path(__file__).parents[2] / "servers" / "bq"
PROGRAM = FOLDER / ".venv" / "bin" / "bqemulator"
SECONDS = 60  # for the start; 5 are usual


@contextmanager
def bigquery() -> Generator[str]:
    """Address of an emulator; skips the test if there is none."""
    if not PROGRAM.exists():
        pytest.skip("no BigQuery emulator here: .ci/install-test-servers")
    port = free_port()
    with subprocess.Popen(
        [PROGRAM, "start", "--rest-host", "127.0.0.1", "--rest-port", str(port),
         "--grpc-host", "127.0.0.1", "--grpc-port", str(free_port())],
        env={**os.environ, "HOME": str(FOLDER / "home")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process)
            yield address
        finally:
            process.terminate()


def access_to(address: str) -> Access:
    return Access(AnonymousCredentials(), {"bigquery": address})


def client(address: str, project: str) -> Client:
    return Client(
        project=project, credentials=AnonymousCredentials(),
        client_options={"api_endpoint": address},
    )  # fmt: skip


def _fields(*names: str, type_: str = "STRING") -> list[SchemaField]:
    return [SchemaField(name, type_) for name in names]


def _record(name: str, *fields: SchemaField, mode: str = "NULLABLE") -> SchemaField:
    return SchemaField(name, "RECORD", mode, fields=fields)


DETAILED = [
    *_fields("billing_account_id", "currency", "cost_type", "transaction_type", "seller_name"),
    _record("service", *_fields("id", "description")),
    _record("sku", *_fields("id", "description")),
    *_fields("usage_start_time", "usage_end_time", "export_time", type_="TIMESTAMP"),
    _record("project", *_fields("id", "number", "name"),
            _record("ancestors", *_fields("resource_name", "display_name"), mode="REPEATED")),
    _record("labels", *_fields("key", "value"), mode="REPEATED"),
    _record("location", *_fields("location", "country", "region", "zone")),
    _record("resource", *_fields("name", "global_name")),
    *_fields("cost", "cost_at_list", "currency_conversion_rate", type_="FLOAT"),
    _record("usage", *_fields("amount", "amount_in_pricing_units", type_="FLOAT"),
            *_fields("unit", "pricing_unit")),
    _record("credits", *_fields("name", "full_name", "id", "type"),
            SchemaField("amount", "FLOAT"), mode="REPEATED"),
    _record("invoice", *_fields("month", "publisher_type")),
    _record("price", *_fields("effective_price", "effective_price_default", type_="NUMERIC"),
            *_fields("unit")),
    *_fields("cost_at_effective_price_default", type_="NUMERIC"),
    _record("consumption_model", *_fields("id", "description")),
    _record("subscription", *_fields("instance_id")),
]  # fmt: skip
FOCUS = [
    *_fields("BillingAccountId", "BillingCurrency", "ChargeCategory", "ChargeDescription",
             "ChargeFrequency", "InvoiceIssuerName", "ProviderName", "PublisherName", "RegionId",
             "ResourceId", "ServiceCategory", "ServiceName", "SkuId", "SubAccountId",
             "ConsumedUnit", "PricingUnit", "PricingCategory"),
    *_fields("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
             "x_ExportTime", type_="TIMESTAMP"),
    *_fields("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "ConsumedQuantity",
             "PricingQuantity", type_="NUMERIC"),
    _record("Tags", *_fields("key", "value"), mode="REPEATED"),
    _record("x_Credits", *_fields("Id", "Type"), SchemaField("Amount", "NUMERIC"),
            mode="REPEATED"),
]  # fmt: skip


def create(address: str, name: str, schema: list[SchemaField]) -> None:
    """An empty export, partitioned by the day of its delivery as Google's is."""
    project, dataset, _ = name.split(".")
    here = client(address, project)
    here.create_dataset(dataset, exists_ok=True)
    table = Table(name, schema=schema)
    table.time_partitioning = TimePartitioning(type_="DAY")
    here.create_table(table)


def insert(address: str, name: str, lines: Iterable[dict[str, Any]]) -> None:
    here = client(address, name.split(".")[0])
    rows = list(lines)
    for start in range(0, len(rows), 1000):
        assert here.insert_rows_json(name, rows[start : start + 1000]) == []


def detailed_line(
    month: str, cost: str, *credits: str, day: str = "02", account: str = "01AB-CD", **more: Any
) -> dict[str, Any]:
    at = f"{month[:4]}-{month[4:]}-{day}"
    return {
        "billing_account_id": account, "currency": "USD", "cost_type": "regular",
        "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
        "sku": {"id": "SKU-1", "description": "N2 Instance Core running in Americas"},
        "usage_start_time": f"{at}T08:00:00Z", "usage_end_time": f"{at}T09:00:00Z",
        "export_time": f"{at}T12:00:00Z",
        "project": {"id": "shop", "number": "111", "name": "Shop", "ancestors": []},
        "labels": [{"key": "team", "value": 'we"b 😀'}],
        "location": {"location": "us-central1", "region": "us-central1", "country": "US",
                     "zone": "us-central1-a"},
        "resource": {
            "name": "projects/111/instances/web-1",
            "global_name": "//compute.googleapis.com/projects/shop/zones/us-central1-a/instances/7",
        },
        "cost": float(cost), "cost_at_list": float(Decimal(cost) * 2),
        "usage": {"amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0,
                  "pricing_unit": "hour"},
        "credits": [{"name": "CUD", "id": "c", "type": "COMMITTED_USAGE_DISCOUNT",
                     "amount": float(credit)} for credit in credits],
        "invoice": {"month": month, "publisher_type": "GOOGLE"},
        "price": {"effective_price": "0.031611", "unit": "hour"},
        **more,
    }  # fmt: skip


def focus_line(month: str, cost: str) -> dict[str, Any]:
    start = f"{month[:4]}-{month[4:]}"
    after = f"{month[:4]}-{int(month[4:]) + 1:02}"
    money = dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost)
    who = dict.fromkeys(("InvoiceIssuerName", "ProviderName", "PublisherName"), "Google Cloud")
    return {
        "BillingAccountId": "02EF", "BillingCurrency": "EUR", "ChargeCategory": "Usage",
        "ChargeDescription": "N2 core", "ChargeFrequency": "Usage-Based", "RegionId": "us-central1",
        "ResourceId": "r-1", "ServiceCategory": "Compute", "ServiceName": "Compute Engine",
        "SkuId": "SKU-1", "SubAccountId": "shop", "ConsumedUnit": "hour", "PricingUnit": "hour",
        "PricingCategory": "Standard", "ConsumedQuantity": "1", "PricingQuantity": "1",
        "BillingPeriodStart": f"{start}-01T08:00:00Z", "BillingPeriodEnd": f"{after}-01T08:00:00Z",
        "ChargePeriodStart": f"{start}-02T08:00:00Z", "ChargePeriodEnd": f"{start}-02T09:00:00Z",
        "x_ExportTime": f"{start}-03T00:00:00Z",
        "Tags": [{"key": "team", "value": "web"}],
        "x_Credits": [{"Id": "c", "Type": "PROMOTION", "Amount": "-0.01"}],
        **money, **who,
    }  # fmt: skip


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"{address}/bigquery/v2/projects/probe/datasets", timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{PROGRAM} does not answer at {address}")
