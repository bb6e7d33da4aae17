"""Lines of AWS's own Cost and Usage Reports, legacy and 2.0."""

CUR = {
    "bill/PayerAccountId": "111111111111",
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "bill/InvoicingEntity": "Amazon Web Services EMEA SARL",
    "lineItem/UsageAccountId": "222222222222",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-02T00:00:00Z",
    "lineItem/UsageEndDate": "2026-10-02T01:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "BoxUsage:m5.large",
    "lineItem/UsageAmount": "1",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0.1",
    "lineItem/NetUnblendedCost": "",
    "lineItem/ResourceId": "i-1",
    "pricing/publicOnDemandRate": "0.12",
    "pricing/publicOnDemandCost": "0.11",
    "reservation/EffectiveCost": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "reservation/ReservationARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "None",
    "savingsPlan/SavingsPlanARN": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
    "resourceTags/user:team": "data",
    "resourceTags/aws:createdBy": "me",
    "costCategory/Unit": "shop",
}
PLAN = "arn:aws:savingsplans::111111111111:savingsplan/1"
RESERVED = "arn:aws:ec2:us-east-1:111111111111:reserved-instances/1"


def cur(kind: str, cost: str, **more: str) -> dict[str, str]:
    return {**CUR, "lineItem/LineItemType": kind, "lineItem/UnblendedCost": cost, **more}


def underscored(row: dict[str, str]) -> dict[str, str]:
    """A line of a legacy report as CUR 2.0 has it."""
    named = {underscored_name(key): value for key, value in row.items() if "Tags" not in key}
    return {**named, "resource_tags": '{"user_team":"data","aws_created_by":"me"}'}


def underscored_name(name: str) -> str:
    """A column as CUR 2.0 names it: lineItem/UsageAmount is line_item_usage_amount."""
    out = ""
    for before, letter in zip(" " + name, name, strict=False):
        if letter.isupper() and before.islower():
            out += "_"
        out += "_" if letter in "/:" else letter.lower()
    return out
