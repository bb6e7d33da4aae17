"""Azure: actual and amortized cost exports, and the manifests of Cost Management exports."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clouds.billing import Layout, ListedFile, Manifest

COST = Layout(
    name="azure-actual",
    cloud="azure",
    provider="Microsoft Azure",
    package="clouds.azure",
    sql="focus_from_cost.sql",
    columns={
        "availability_zone": (),
        "benefit_id": (),
        "benefit_name": (),
        "billing_account_id": ("BillingAccount",),
        "billing_account_name": (),
        "billing_profile_id": (),
        "billing_profile_name": (),
        "billing_currency": ("BillingCurrencyCode", "Currency"),
        "billing_period_end_date": ("BillingPeriodEnd",),
        "billing_period_start_date": ("BillingPeriodStart",),
        "charge_type": (),
        "consumed_service": (),
        "cost_in_billing_currency": ("Cost", "PreTaxCost"),
        "date": ("UsageDateTime", "UsageDate"),
        "effective_price": ("ResourceRate",),
        "exchange_rate_pricing_to_billing": (),
        "frequency": (),
        "invoice_id": (),
        "meter_category": (),
        "meter_id": (),
        "meter_name": (),
        "meter_sub_category": ("MeterSubcategory",),
        "payg_cost_in_billing_currency": (),
        "payg_price": (),
        "pricing_currency": ("PricingCurrencyCode",),
        "pricing_model": (),
        "product_id": (),
        "product_name": ("Product",),
        "publisher_name": (),
        "publisher_type": (),
        "quantity": ("UsageQuantity",),
        "reservation_id": (),
        "reservation_name": (),
        "resource_id": ("InstanceId",),
        "resource_location": ("ResourceLocationNormalized",),
        "resource_name": ("InstanceName",),
        "resource_type": (),
        "service_family": (),
        "subscription_id": ("SubscriptionGuid",),
        "subscription_name": (),
        "azure_tags": ("Tags",),
        "unit_of_measure": (),
        "unit_price": (),
    },
    required=frozenset(
        {
            "billing_currency",
            "cost_in_billing_currency",
            "date",
            "meter_category",
            "meter_id",
            "quantity",
            "resource_id",
            "subscription_id",
        }
    ),
    numbers=frozenset(
        {
            "cost_in_billing_currency",
            "exchange_rate_pricing_to_billing",
            "payg_cost_in_billing_currency",
            "payg_price",
            "quantity",
            "unit_price",
        }
    ),
    times=frozenset({"billing_period_end_date", "billing_period_start_date", "date"}),
    kept=frozenset(
        {
            "charge_type",
            "effective_price",
            "exchange_rate_pricing_to_billing",
            "publisher_type",
            "pricing_model",
        }
    ),
    variants={"actual": "azure-actual", "amortized": "azure-amortized"},
    variant_sql="cost_variant.sql",
)

LAYOUTS = (COST,)

_SUBSCRIPTION = re.compile(r"/?subscriptions/([^/]+)(?:/resourcegroups/([^/]+))?")


def read_manifest(path: Path, content: Mapping[str, Any]) -> Manifest | None:
    """The manifest.json of a Cost Management export; None for any other JSON file."""
    run, config = content.get("runInfo"), content.get("exportConfig")
    if not isinstance(run, Mapping) or not isinstance(content.get("blobs"), list):
        return None
    config = config if isinstance(config, Mapping) else {}
    kind = str(config.get("type", ""))
    export = str(config.get("exportName") or config.get("resourceId") or path.parent.name)
    return Manifest(
        path=path,
        cloud="azure",
        export=f"{config.get('resourceId') or export}/{kind}".lower().strip("/"),
        run=str(run.get("runId") or path.parent.name),
        period=_month(run),
        files=[_listed(blob) for blob in content["blobs"]],
        submitted_at=_utc(run.get("submittedTime")),
        root=path.parent,
        variant=kind,
        sub_account=sub_account(str(config.get("resourceId") or "")),
    )


def sub_account(resource_id: str) -> str:
    """What an export covers: a subscription, a resource group of one, or else (empty) all.

    Scopes between them and the billing account, a department or a management group, are not told
    apart by their lines; they count as all.

    >>> sub_account("/subscriptions/AB-1/providers/Microsoft.CostManagement/exports/daily")
    'ab-1'
    >>> sub_account("/subscriptions/AB-1/resourceGroups/Web/providers/x/exports/daily")
    'ab-1/web'
    >>> sub_account("/providers/Microsoft.Billing/billingAccounts/8615203")
    ''
    """
    found = _SUBSCRIPTION.match(resource_id.lower())
    return "/".join(part for part in found.groups() if part) if found else ""


def _month(run: Mapping[str, Any]) -> str:
    """The month that a run covers from its first day on: it replaces what is loaded of it."""
    start = str(run.get("startDate", ""))[:10]
    if start and not start.endswith("-01"):
        raise ValueError(
            f"it begins on {start}, and a run replaces its whole month; set the time frame of the "
            "export to month to date"
        )
    return start[:7]


def _listed(blob: Mapping[str, Any]) -> ListedFile:
    size = blob.get("byteCount")
    return ListedFile(str(blob.get("blobName", "")), int(size) if size is not None else None)


def _utc(text: Any) -> datetime | None:
    if not text:
        return None
    head, dot, fraction = str(text).replace("Z", "+00:00").partition(".")
    digits = len(fraction) - len(fraction.lstrip("0123456789"))  # Azure writes seven
    found = datetime.fromisoformat(f"{head}{dot}{fraction[: min(digits, 6)].ljust(6, '0')}"
                                   f"{fraction[digits:]}" if dot else head)  # fmt: skip
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
