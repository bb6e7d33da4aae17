"""Azure's billing periods that begin within a month, told by calendar months.

A subscription that is paid as it goes may be billed from the 15th, while its exports hold calendar
months: of each period one export has the first days and the next one the rest. So each of them
would replace what the other brought.
"""

from collections.abc import Sequence

from warehouse.ingest.records import Part


def begin_within_months(parts: Sequence[Part]) -> bool:
    """Whether there is such a period."""
    return any(part.cloud == "azure" and part.period.day != 1 for part in parts)


def with_calendar_months(select: str) -> str:
    """The rows of a bill with the months of their charges instead of such periods."""
    is_within = "cloud_of(line.ProviderName) = 'azure' and day(line.BillingPeriodStart) <> 1"
    month = "date_trunc('month', coalesce(line.ChargePeriodStart, line.BillingPeriodStart))"
    return (
        "select * replace ("
        f"if({is_within}, {month}, line.BillingPeriodStart) as BillingPeriodStart,"
        f" if({is_within}, {month} + interval 1 month, line.BillingPeriodEnd) as BillingPeriodEnd)"
        f" from ({select}) as line"
    )
