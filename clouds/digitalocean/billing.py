"""DigitalOcean: invoices as CSV (the console's download) and as JSON (the API's items)."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from clouds.billing import Layout, ListedFile, Manifest

_MAPPED = {
    "product": (),
    "group_description": (),
    "description": (),
    "project_name": (),
    "category": (),
}

_NUMBERS = frozenset({"amount", "duration", "hours"})

INVOICE_CSV = Layout(
    name="digitalocean-invoice",
    cloud="digitalocean",
    provider="DigitalOcean",
    package="clouds.digitalocean",
    sql="focus_from_invoice.sql",
    columns={
        **_MAPPED,
        "hours": (),
        "start": (),
        "end": (),
        "amount": ("USD",),
        "duration": (),
        "duration_unit": (),
        "resource_id": (),
        "resource_uuid": (),
    },
    required=frozenset({"product", "description", "hours", "start", "end", "amount"}),
    numbers=_NUMBERS,
    times=frozenset({"start", "end"}),
    kept=frozenset({"group_description", "category", "project_name"}),
)

INVOICE_ITEMS = Layout(
    name="digitalocean-items",
    cloud="digitalocean",
    provider="DigitalOcean",
    package="clouds.digitalocean",
    sql="focus_from_invoice.sql",
    columns={
        **_MAPPED,
        "hours": (),
        "start": ("start_time",),
        "end": ("end_time",),
        "amount": (),
        "duration": (),
        "duration_unit": (),
        "resource_id": (),
        "resource_uuid": (),
    },
    required=frozenset({"product", "amount", "start", "end"}),
    numbers=_NUMBERS,
    times=frozenset({"start", "end"}),
    kept=frozenset({"group_description", "category", "project_name"}),
    records="invoice_items",
)

LAYOUTS = (INVOICE_CSV, INVOICE_ITEMS)


def read_manifest(path: Path, content: Mapping[str, Any]) -> Manifest | None:
    """The manifest that `exports.py` writes for a month; None for any other JSON file."""
    if content.get("kind") != "digitalocean-invoices":
        return None
    files = content["files"]
    return Manifest(
        path=path,
        cloud="digitalocean",
        export=str(content["account"]),
        run=str(content["read_at"]),
        period=str(content["period"]),
        files=[ListedFile(str(each["name"]), int(each["bytes"])) for each in files],
        submitted_at=datetime.fromisoformat(content["read_at"]),
        root=path.parent,
    )
