"""Write the bills of one month in each provider's own export layout, and the invoices."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from duckdb import DuckDBPyConnection

from clouds.demo.charges import Month

FOLDERS = ("aws", "aws-northwind", "azure", "gcp", "digitalocean", "onprem")
DELIVERY_HOUR = timedelta(hours=6)  # exports arrive in the early morning
PART_ROWS = 250_000  # Azure splits larger months into parts

REGION_NAMES = {
    "eu-west-1": "EU (Ireland)", "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)", "westeurope": "West Europe",
    "germanywestcentral": "Germany West Central",
    "frankfurt-dc1": "Frankfurt, data centre 1", "berlin-dc2": "Berlin, data centre 2",
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """One run of all exports for one month."""

    month: Month
    delivered_at: datetime
    run: str  # differs between an original and its correction
    root: Path  # the estate's folder of bills

    def token(self, feed: str) -> str:
        """A stable id of this run of one feed, shaped as a UUID."""
        text = f"{feed}/{self.month.label}/{self.month.until}/{self.run}"
        return str(UUID(sha256(text.encode()).hexdigest()[:32]))

    @property
    def days(self) -> str:
        """The month as AWS and Azure write it into folder names, the end as each of them counts."""
        return f"{self.month.starts_at:%Y%m%d}"


def deliver(connection: DuckDBPyConnection, delivery: Delivery, feeds: tuple[str, ...]) -> None:
    """Write the files of the given feeds from the table `charge`; a feed without any gets none."""
    _prepare(connection, delivery)
    charged = {
        feed for (feed,) in connection.execute("select distinct feed from charge").fetchall()
    }
    for feed in feeds:
        if feed in charged:
            WRITERS[feed](connection, delivery)


def invoices(connection: DuckDBPyConnection, month: Month) -> pl.DataFrame:
    """One row per feed: what the provider asks for, which is the sum of its bill."""
    issued = month.ends_at + timedelta(days=3)
    frame = connection.execute(
        "select charge.cloud, charge.feed, charge.billing_account,"
        " strftime(min(month.starts_at), '%Y%m-') || any_value(issuer.invoice_code) as invoice_id,"
        " charge.currency, sum(charge.billed_cost) as amount"
        " from charge inner join issuer using (feed) cross join month group by all order by all"
    ).pl()
    return frame.with_columns(
        pl.lit(month.starts_at.date()).alias("period"), pl.lit(issued).alias("issued_at")
    )


def _prepare(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    month = delivery.month
    with as_file(files("clouds.demo") / "issuers.csv") as path:
        issuers = pl.read_csv(path, infer_schema=False)
    regions = pl.DataFrame({"region": list(REGION_NAMES), "name": list(REGION_NAMES.values())})
    row = pl.DataFrame({
        "starts_at": [month.starts_at], "ends_at": [month.ends_at],
        "invoice_prefix": [f"{month.starts_at:%Y%m}-" if month.is_closed else None],
        "delivered_at": [delivery.delivered_at],
    }, schema_overrides={"invoice_prefix": pl.String})  # fmt: skip
    for name, frame in (("issuer", issuers), ("region_name", regions), ("month", row)):
        connection.register("incoming", frame.to_arrow())
        connection.execute(f"create or replace table {name} as from incoming")
        connection.unregister("incoming")
    connection.execute(_sql("focus"))


def _sql(name: str) -> str:
    return (files("clouds.demo") / "sql" / f"{name}.sql").read_text().strip().rstrip(";")


def _copy(connection: DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    """Write the rows of a query to a file that appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    row = connection.execute(f"copy ({query}) to '{partial}' ({options})").fetchone()
    partial.replace(path)
    return row[0] if row else 0


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1))
    partial.replace(path)


def _columns(connection: DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    rows = connection.execute(f"describe ({query})").fetchall()
    return [(row[0], row[1]) for row in rows]


PARQUET = "format parquet, compression snappy"


def _aws(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """AWS Data Exports: data and manifest by billing period; each run keeps the ones before it."""
    export, month = "acme-focus", delivery.month.label
    home = delivery.root / "aws" / export
    token = delivery.token("aws")
    run = f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%S}.000Z-{token}"
    name = f"{export}-00001.snappy.parquet"
    query = _sql("bill_aws")
    path = home / "data" / f"BILLING_PERIOD={month}" / run / name
    _copy(connection, query, path, PARQUET)
    prefix = f"s3://acme-billing/exports/{export}"
    manifest = {
        "exportName": export,
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:210987654300:export/{export}-1f3c",
        "executionId": token,
        "createdAt": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%SZ}",
        "billingPeriod": month,
        "table": "FOCUS_1_2_AWS",
        "outputConfiguration": {"format": "PARQUET", "compression": "PARQUET",
                                "overwrite": "CREATE_NEW_REPORT"},
        "columns": [{"name": column, "type": kind} for column, kind in _columns(connection, query)],
        "dataFiles": [f"{prefix}/data/BILLING_PERIOD={month}/{run}/{name}"],
    }  # fmt: skip
    metadata = home / "metadata" / f"BILLING_PERIOD={month}"
    _write_json(metadata / run / f"{export}-Manifest.json", manifest)
    _write_json(metadata / f"{export}-Manifest.json", manifest)


def _aws_cur(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """A legacy Cost and Usage Report: gzipped CSV in a folder per assembly, and its manifest."""
    report, month = "northwind-hourly", delivery.month
    span = f"{month.starts_at:%Y%m%d}-{month.ends_at:%Y%m%d}"
    home = delivery.root / "aws-northwind" / report / span
    assembly = f"{delivery.delivered_at:%Y%m%dT%H%M%SZ}"
    query = _sql("bill_aws_cur")
    key = f"{report}/{span}/{assembly}/{report}-00001.csv.gz"
    _copy(connection, query, home / assembly / f"{report}-00001.csv.gz",
          "format csv, header, compression gzip")  # fmt: skip
    manifest = {
        "assemblyId": assembly,
        "account": "118822663300",
        "columns": [
            {"category": column.split("/")[0], "name": column.split("/", 1)[1], "type": "String"}
            for column, _ in _columns(connection, query)
        ],
        "charset": "UTF-8", "compression": "GZIP", "contentType": "text/csv",
        "reportId": "6b1d55e6northwind", "reportName": report,
        "billingPeriod": {"start": f"{month.starts_at:%Y%m%dT000000.000Z}",
                          "end": f"{month.ends_at:%Y%m%dT000000.000Z}"},
        "bucket": "northwind-billing", "reportKeys": [key], "additionalArtifactKeys": [],
    }  # fmt: skip
    _write_json(home / assembly / f"{report}-Manifest.json", manifest)
    _write_json(home / f"{report}-Manifest.json", manifest)


def _azure(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """A Cost Management export that creates a new report each day: parts and manifest.json."""
    export, month = "acme-focus-cost", delivery.month
    last = month.ends_at - timedelta(days=1)
    token = delivery.token("azure")
    inner = f"{month.starts_at:%Y%m%d}-{last:%Y%m%d}/{delivery.delivered_at:%Y%m%d%H%M}/{token}"
    home = delivery.root / "azure" / export / inner
    query = _sql("bill_azure")
    blobs: list[dict[str, Any]] = []
    connection.execute(f"create or replace temp table azure_rows as {query}")
    found = connection.execute("select count(*) from azure_rows").fetchone()
    rows = found[0] if found else 0
    for number, start in enumerate(range(0, max(rows, 1), PART_ROWS)):
        name = f"part_{number}_0001.parquet"
        part = f"from azure_rows where rowid >= {start} and rowid < {start + PART_ROWS}"
        written = _copy(connection, part, home / name, PARQUET)
        size = (home / name).stat().st_size
        blobs.append({"blobName": f"costs/{export}/{inner}/{name}", "byteCount": size,
                      "dataRowCount": written})  # fmt: skip
    _write_json(home / "manifest.json", {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(blob["byteCount"] for blob in blobs),
        "blobCount": len(blobs),
        "dataRowCount": rows,
        "exportConfig": {
            "exportName": export,
            "resourceId": "/providers/Microsoft.Billing/billingAccounts/8615203"
            f"/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "1.2-preview", "apiVersion": "2025-03-01", "type": "FocusCost",
            "timeFrame": "OneTime", "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True, "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Parquet", "compressionMode": "Snappy",
            "containerUri": "https://acmebilling.blob.core.windows.net/exports",
            "rootFolderPath": "costs",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%S}.0000000Z",
            "runId": token,
            "startDate": f"{month.starts_at:%Y-%m-%dT%H:%M:%S}",
            "endDate": f"{last:%Y-%m-%dT%H:%M:%S}",
        },
        "blobs": blobs,
    })  # fmt: skip


def _gcp(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """The detailed export's table, extracted from BigQuery by invoice month."""
    table = "gcp_billing_export_resource_v1_01A2B3_C4D5E6_F7A8B9"
    name = f"{delivery.month.starts_at:%Y%m}-000000000000.parquet"
    _copy(connection, _sql("bill_gcp"), delivery.root / "gcp" / table / name, PARQUET)


def _digitalocean(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """The items of one invoice as the API gives them; the open month is the preview."""
    month = delivery.month
    beside = {
        "invoice_uuid": delivery.token("digitalocean") if month.is_closed else "preview",
        "invoice_id": f"{month.starts_at:%Y%m}-DO-90" if month.is_closed else None,
        "billing_account": "do:team:acme",
        "billing_period": month.label,
        "updated_at": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    path = delivery.root / "digitalocean" / f"invoice-{month.label}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    cursor = connection.execute(
        f"select cast(to_json(item) as varchar) from ({_sql('bill_digitalocean')}) as item"
    )
    with partial.open("w") as file:
        file.write(json.dumps(beside)[:-1] + ', "invoice_items": [')
        comma = ""
        while rows := cursor.fetchmany(PART_ROWS):
            file.write(comma + ",\n".join(text for (text,) in rows))
            comma = ",\n"
        file.write("]}\n")
    partial.replace(path)


def _onprem(connection: DuckDBPyConnection, delivery: Delivery) -> None:
    """One FOCUS file per month."""
    name = f"focus-{delivery.month.label}.csv.gz"
    _copy(connection, _sql("bill_onprem"), delivery.root / "onprem" / name,
          "format csv, header, compression gzip")  # fmt: skip


WRITERS: dict[str, Callable[[DuckDBPyConnection, Delivery], None]] = {
    "aws": _aws, "aws-cur": _aws_cur, "azure": _azure, "gcp": _gcp,
    "digitalocean": _digitalocean, "onprem": _onprem,
}  # fmt: skip
FEEDS = tuple(WRITERS)


def clear(root: Path) -> None:
    """Remove the bills of an earlier estate."""
    shutil.rmtree(root, ignore_errors=True)
