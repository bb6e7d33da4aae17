"""Oracle Cloud: proprietary cost reports. Its FOCUS reports need no layout."""

from clouds.billing import Layout

COST_REPORT = Layout(
    name="oci-cost",
    cloud="oci",
    provider="Oracle",
    package="clouds.oci",
    sql="focus_from_cost_report.sql",
    columns={
        "lineItem/tenantId": (),
        "lineItem/intervalUsageStart": (),
        "lineItem/intervalUsageEnd": (),
        "product/service": (),
        "product/compartmentId": (),
        "product/compartmentName": (),
        "product/region": (),
        "product/availabilityDomain": (),
        "product/resourceId": (),
        "usage/billedQuantity": (),
        "cost/subscriptionId": (),
        "cost/productSku": (),
        "product/Description": (),
        "cost/unitPrice": (),
        "cost/myCost": (),
        "cost/currencyCode": (),
        "cost/skuUnitDescription": (),
        "lineItem/isCorrection": (),
    },
    required=frozenset(
        {
            "lineItem/tenantId",
            "lineItem/intervalUsageStart",
            "cost/myCost",
            "cost/currencyCode",
            "usage/billedQuantity",
        }
    ),
    numbers=frozenset({"cost/myCost", "cost/unitPrice", "usage/billedQuantity"}),
    times=frozenset({"lineItem/intervalUsageStart", "lineItem/intervalUsageEnd"}),
    kept=frozenset({"product/compartmentId", "lineItem/isCorrection"}),
    tag_columns=(("tags/", ""),),
)

LAYOUTS = (COST_REPORT,)
