"""Azurite, a real blob store on this machine, and exports as Cost Management delivers them."""

import gzip
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import free_port, node_server, started

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The public development key of Azurite's README; it opens nothing but such servers."""
SCOPE = "/providers/Microsoft.Billing/billingAccounts/1/providers/Microsoft.CostManagement/exports"


@contextmanager
def azurite(folder: Path) -> Generator[str]:
    """The address of a storage account; skips the test if Azurite is not installed."""
    port = free_port()
    command = [
        *node_server("azurite/dist/src/blob/main.js"),
        "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder),
        "--silent", "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    with started(command, port):
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


def credential() -> dict[str, str]:
    return {"account_name": ACCOUNT, "account_key": KEY}


def deliver(
    container: Any,
    run: str,
    submitted: str,
    files: Sequence[bytes],
    *,
    export: str = "daily",
    kind: str = "FocusCost",
    month: str = "2026-10",
    lost: Sequence[int] = (),
    overwrite: bool = False,
) -> str:
    """One delivery: all its files, then its manifest; `lost` files are listed but not there.

    Returns the name of the manifest's blob.
    """
    period = f"{month.replace('-', '')}01-{month.replace('-', '')}28"
    folder = f"costs/{export}/{period}" + ("" if overwrite else f"/{submitted[:10]}/{run}")
    blobs: list[dict[str, Any]] = []
    for number, content in enumerate(files):
        name = f"{folder}/part_{number}_0001.csv" + (".gz" if content[:2] == b"\x1f\x8b" else "")
        if number not in lost:
            container.upload_blob(name, content, overwrite=True)
        blobs.append({"blobName": name, "byteCount": len(content)})
    manifest = {
        "manifestVersion": "2024-04-01",
        "blobCount": len(blobs),
        "exportConfig": {"exportName": export, "resourceId": f"{SCOPE}/{export}",
                         "dataVersion": "1.2-preview", "type": kind},
        "deliveryConfig": {"partitionData": True, "fileFormat": "Csv",
                           "dataOverwriteBehavior": "OverwritePreviousReport" if overwrite
                           else "CreateNewReport"},
        "runInfo": {"executionType": "Scheduled", "submittedTime": submitted, "runId": run,
                    "startDate": f"{month}-01T00:00:00", "endDate": f"{month}-28T00:00:00"},
        "blobs": blobs,
    }  # fmt: skip
    name = f"{folder}/manifest.json"
    container.upload_blob(name, json.dumps(manifest), overwrite=True)
    return name


def packed(content: bytes) -> bytes:
    """As an export that is compressed."""
    return gzip.compress(content, mtime=0)
