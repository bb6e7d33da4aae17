"""Bills where no export is set up: what Cost Explorer says per day, service and account, as FOCUS.

Without resources, tags, prices and list costs: enough for totals and forecasts. Each call costs
0.01 USD, so closed months are read once more at most.
"""

import csv
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from clouds.aws.access import Account
from clouds.cloud import Failure
from clouds.errors import CloudError, Unreadable

FOLDER = "cost-explorer"
MONTHS = 13  # Cost Explorer keeps fourteen, the current one included
CORRECTED_DAYS = 14  # AWS corrects a closed month for about two weeks
ORIGIN = "AWS Cost Explorer"
TAX = "Tax"  # the name under which Cost Explorer shows taxes among services
COLUMNS: Sequence[str] = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "EffectiveCost", "InvoiceIssuerName", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName", "SubAccountId", "x_Origin",
)  # fmt: skip


def write_months(
    payer: Account, folder: Path, now: datetime, anew: Collection[date] = ()
) -> list[Failure]:
    """Write each month that may have changed as `folder`/cost-explorer/YYYY-MM.csv.

    `payer` is the management account; months in `anew` are written in any case. What can't be read
    is a failure; older files stay.
    """
    for month in months(now):
        file = folder / FOLDER / f"{month:%Y-%m}.csv"
        if month not in anew and file.exists() and not _may_change(month, file, now):
            continue
        try:
            rows = [
                row
                for page in fetch_month(payer, month, now)
                for row in parse_page(page, payer.id, month)
            ]
        except CloudError as error:
            return [Failure(payer.id, "", "bills", f"Cost Explorer, {month:%Y-%m}: {error}")]
        if rows:
            _write(file, rows)
    return []


def months(now: datetime) -> list[date]:
    """First days of the months that Cost Explorer knows in full, the oldest first."""
    first = now.date().replace(day=1)
    found: list[date] = []
    for _ in range(MONTHS):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found[::-1]


def fetch_month(payer: Account, month: date, now: datetime) -> Iterator[Mapping[str, Any]]:
    """Every page of a month's daily costs; of the current one up to yesterday."""
    ends = min(_next(month), now.date())
    if ends <= month:
        return
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": f"{month}", "End": f"{ends}"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "AmortizedCost"],
        "GroupBy": [
            {"Type": "DIMENSION", "Key": "SERVICE"},
            {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
        ],
    }
    seen: set[str] = set()
    while True:
        page = payer.call("ce", "get_cost_and_usage", **asked)
        yield page
        token = page.get("NextPageToken")
        if not token:
            return
        if token in seen:
            raise Unreadable("Cost Explorer gave the same page token twice; try again later")
        seen.add(token)
        asked["NextPageToken"] = token


def parse_page(page: Mapping[str, Any], payer: str, month: date) -> Iterator[dict[str, str]]:
    """One FOCUS line per day, service and account."""
    for span in page.get("ResultsByTime", ()):
        for group in span.get("Groups", ()):
            service, account = group["Keys"]
            billed, effective = (
                group["Metrics"][name] for name in ("UnblendedCost", "AmortizedCost")
            )
            yield {
                "BilledCost": billed["Amount"],
                "BillingAccountId": payer,
                "BillingCurrency": billed["Unit"],
                "BillingPeriodEnd": _time(_next(month)),
                "BillingPeriodStart": _time(month),
                "ChargeCategory": "Tax" if service == TAX else "Usage",
                "ChargeDescription": f"{service}, whole day, from {ORIGIN}",
                "ChargeFrequency": "Usage-Based",
                "ChargePeriodEnd": f"{span['TimePeriod']['End']}T00:00:00Z",
                "ChargePeriodStart": f"{span['TimePeriod']['Start']}T00:00:00Z",
                "EffectiveCost": effective["Amount"],
                "InvoiceIssuerName": "AWS",
                "ProviderName": "AWS",
                "PublisherName": "AWS",
                "ServiceCategory": "Other",
                "ServiceName": service,
                "SubAccountId": account,
                "x_Origin": ORIGIN,
            }


def _may_change(month: date, file: Path, now: datetime) -> bool:
    """Whether the file was written before AWS had corrected the month for the last time."""
    settled = datetime.combine(_next(month), datetime.min.time()) + timedelta(days=CORRECTED_DAYS)
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None)
    return min(written, now) < settled


def _write(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}")
    with fresh.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(fresh, file)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _time(day: date) -> str:
    return f"{day}T00:00:00Z"
