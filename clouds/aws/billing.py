"""AWS: Cost and Usage Reports (legacy and 2.0) and the manifests of reports and Data Exports."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from clouds.billing import Layout, ListedFile, Manifest

CUR = Layout(
    name="aws-cur",
    cloud="aws",
    provider="AWS",
    package="clouds.aws",
    sql="focus_from_cur.sql",
    columns={
        "bill_bill_type": (),
        "bill_billing_entity": (),
        "bill_billing_period_end_date": (),
        "bill_billing_period_start_date": (),
        "bill_invoice_id": (),
        "bill_invoicing_entity": (),
        "bill_payer_account_id": (),
        "bill_payer_account_name": (),
        "line_item_availability_zone": (),
        "line_item_currency_code": (),
        "line_item_legal_entity": (),
        "line_item_line_item_description": (),
        "line_item_line_item_type": (),
        "line_item_net_unblended_cost": (),
        "line_item_operation": (),
        "line_item_product_code": (),
        "line_item_resource_id": (),
        "line_item_unblended_cost": (),
        "line_item_unblended_rate": (),
        "line_item_usage_account_id": (),
        "line_item_usage_account_name": (),
        "line_item_usage_amount": (),
        "line_item_usage_end_date": (),
        "line_item_usage_start_date": (),
        "line_item_usage_type": (),
        "pricing_public_on_demand_cost": (),
        "pricing_public_on_demand_rate": (),
        "pricing_rate_code": (),
        "pricing_rate_id": (),
        "pricing_term": (),
        "pricing_unit": (),
        "product": (),  # CUR 2.0: a map of everything that legacy reports had as columns
        "product_instance_type": (),
        "product_location": (),
        "product_product_family": (),
        "product_product_name": (),
        "product_region": ("product_region_code",),
        "product_servicecode": (),
        "product_sku": (),
        "reservation_effective_cost": (),
        "reservation_net_effective_cost": (),
        "reservation_net_unused_amortized_upfront_fee_for_billing_period": (),
        "reservation_net_unused_recurring_fee": (),
        "reservation_reservation_a_r_n": (),
        "reservation_unused_amortized_upfront_fee_for_billing_period": (),
        "reservation_unused_recurring_fee": (),
        "resource_tags": (),  # CUR 2.0: a map
        "savings_plan_net_savings_plan_effective_cost": (),
        "savings_plan_savings_plan_a_r_n": (),
        "savings_plan_savings_plan_effective_cost": (),
        "savings_plan_total_commitment_to_date": (),
        "savings_plan_used_commitment": (),
    },
    required=frozenset(
        {
            "bill_payer_account_id",
            "bill_billing_period_start_date",
            "line_item_currency_code",
            "line_item_line_item_type",
            "line_item_unblended_cost",
            "line_item_usage_start_date",
        }
    ),
    numbers=frozenset(
        {
            "line_item_net_unblended_cost",
            "line_item_unblended_cost",
            "line_item_unblended_rate",
            "line_item_usage_amount",
            "pricing_public_on_demand_cost",
            "pricing_public_on_demand_rate",
            "reservation_effective_cost",
            "reservation_net_effective_cost",
            "reservation_net_unused_amortized_upfront_fee_for_billing_period",
            "reservation_net_unused_recurring_fee",
            "reservation_unused_amortized_upfront_fee_for_billing_period",
            "reservation_unused_recurring_fee",
            "savings_plan_net_savings_plan_effective_cost",
            "savings_plan_savings_plan_effective_cost",
            "savings_plan_total_commitment_to_date",
            "savings_plan_used_commitment",
        }
    ),
    times=frozenset(
        {
            "bill_billing_period_end_date",
            "bill_billing_period_start_date",
            "line_item_usage_end_date",
            "line_item_usage_start_date",
        }
    ),
    kept=frozenset(
        {
            "bill_bill_type",
            "bill_billing_entity",
            "line_item_line_item_type",
            "line_item_operation",
            "line_item_product_code",
            "line_item_usage_type",
            "product",
            "product_instance_type",
            "product_product_family",
        }
    ),
    tag_columns=(
        ("resourceTags/user:", ""),
        ("resourceTags/", ""),
        ("resource_tags_user_", ""),
        ("resource_tags_aws_", "aws:"),
    ),
    nulls=frozenset({"None"}),
)

LAYOUTS = (CUR,)

_EXPORT_METADATA = re.compile(r"/metadata/billing_period=(\d{4}-\d{2})/(.*)$", re.IGNORECASE)
_TIME = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})")


def read_manifest(path: Path, content: Mapping[str, Any]) -> Manifest | None:
    """The manifest of a Data Export or of a legacy report; None for any other JSON file."""
    if not path.name.lower().endswith("-manifest.json"):
        return None
    keys = content.get("reportKeys") or content.get("dataFiles") or content.get("files")
    if not isinstance(keys, list):
        return None
    listed = [_listed(key) for key in keys]
    name = path.name[: -len("-Manifest.json")]
    export = _EXPORT_METADATA.search(path.as_posix())
    if export is None:
        return _report(path, content, listed, name)
    folder = path.parents[len(Path(export[2]).parts)]  # metadata
    return Manifest(
        path=path,
        cloud="aws",
        export=str(content.get("exportName") or name),
        run=str(content.get("executionId") or export[2]),
        period=export[1],
        files=listed,
        submitted_at=_submitted(content, export[2]),
        root=folder.parent / "data",
        origin=str(folder.parent.resolve()),
    )


def _report(
    path: Path, content: Mapping[str, Any], listed: list[ListedFile], name: str
) -> Manifest | None:
    if "assemblyId" not in content and "billingPeriod" not in content:
        return None
    assembly = str(content.get("assemblyId", ""))
    start = str((content.get("billingPeriod") or {}).get("start", ""))
    folder = path.parent.parent if assembly and path.parent.name == assembly else path.parent
    return Manifest(
        path=path,
        cloud="aws",
        export=str(content.get("reportName") or name),
        run=assembly or path.name,
        period=f"{start[:4]}-{start[4:6]}" if re.match(r"\d{6}", start) else start[:7],
        files=listed,
        submitted_at=_submitted(content, assembly),
        root=folder,
        origin=str(folder.parent.resolve()),
        prefix=name,
    )


def _listed(key: Any) -> ListedFile:
    if isinstance(key, Mapping):
        name = next((key[word] for word in ("key", "name", "path", "s3Key") if word in key), "")
        size = next((key[word] for word in ("size", "byteCount", "sizeBytes") if word in key), None)
        return ListedFile(str(name), int(size) if size is not None else None)
    return ListedFile(str(key).removeprefix("s3://"))


def _submitted(content: Mapping[str, Any], place: str) -> datetime | None:
    """When the delivery was made: AWS writes it into folder names, not into the manifest."""
    words = ("submittedTime", "createdAt", "executionTime", "lastUpdated")
    stated = next((str(content[word]) for word in words if content.get(word)), place)
    found = _TIME.search(stated)
    return datetime(*(int(part) for part in found.groups())) if found else None  # type: ignore[arg-type]
