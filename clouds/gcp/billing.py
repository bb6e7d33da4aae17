"""Google Cloud: the standard and the detailed (resource level) billing export of BigQuery."""

from clouds.billing import Layout

_STANDARD = {
    "billing_account_id": (),
    "service.id": (),
    "service.description": (),
    "sku.id": (),
    "sku.description": (),
    "usage_start_time": (),
    "usage_end_time": (),
    "project.id": (),
    "project.name": (),
    "labels": (),
    "location.location": (),
    "location.region": (),
    "location.zone": (),
    "cost": (),
    "cost_at_list": (),
    "cost_at_effective_price_default": (),
    "currency": (),
    "usage.amount": (),
    "usage.unit": (),
    "usage.amount_in_pricing_units": (),
    "usage.pricing_unit": (),
    "credits": (),
    "invoice.month": (),
    "cost_type": (),
    "price.effective_price": (),
    "price.effective_price_default": (),
    "consumption_model.description": (),
    "subscription.instance_id": (),
    "currency_conversion_rate": (),
    "seller_name": (),
    "resource.name": (),
    "resource.global_name": (),
}
_REQUIRED = frozenset(
    {"billing_account_id", "service.id", "usage_start_time", "cost", "currency", "invoice.month"}
)
_NUMBERS = frozenset(
    {
        "cost",
        "cost_at_list",
        "cost_at_effective_price_default",
        "usage.amount",
        "usage.amount_in_pricing_units",
        "price.effective_price",
        "price.effective_price_default",
    }
)


def _layout(name: str, required: frozenset[str]) -> Layout:
    return Layout(
        name=name,
        cloud="gcp",
        provider="Google Cloud",
        package="clouds.gcp",
        sql="focus_from_export.sql",
        columns=_STANDARD,
        required=required,
        numbers=_NUMBERS,
        times=frozenset({"usage_start_time", "usage_end_time"}),
        credits=frozenset({"credits"}),
        kept=frozenset(
            {
                "service.id",
                "consumption_model.description",
                "credits",
                "currency_conversion_rate",
                "invoice.month",
                "cost_type",
                "resource.name",
                "subscription.instance_id",
            }
        ),
    )


DETAILED = tuple(_STANDARD)  # the columns that are read from the detailed export
LAYOUTS = (
    _layout("gcp-detailed", _REQUIRED | {"resource.global_name"}),
    _layout("gcp-standard", _REQUIRED),
)
