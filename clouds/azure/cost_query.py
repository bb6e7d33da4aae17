"""Bills without an export: daily cost from the Cost Management query API, as a FOCUS delivery.

The API knows less than an export: it groups by two things at most, so there are resources and
services, but no list prices, quantities, tags, regions and charge categories (all is `Usage`). The
current month and the one before, which Azure still corrects, are read each time, a year once.
"""

import csv
import io
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from clouds.azure.access import Access
from clouds.cloud import Exports, Failure
from clouds.errors import CloudError, Unauthorized, Unreadable
from clouds.paging import read_anew

PERMISSION = "Microsoft.CostManagement/query/read"  # a POST, but readers may
API_VERSION = "2023-11-01"
GROUPS = ("ResourceId", "ServiceName")
AZURE = "Microsoft Azure"
COLUMNS: tuple[str, ...] = (
    "BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
    "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost",
    "BillingCurrency", "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName",
    "ResourceId", "SubAccountId",
)  # fmt: skip

MONTHS = 13  # the current one and a year, as far back as one query reaches

Line = tuple[str, ...]  # day (yyyymmdd), the groups, currency


def fetch_costs(
    access: Access, scope: str, folder: Path, now: datetime, anew: Collection[date] = ()
) -> Exports:
    """Write the months of one scope below `folder`, if they changed.

    A month before the last one is read once, or when it is in `anew`.
    """
    home = folder / "query" / sha256(scope.lower().encode()).hexdigest()[:16]
    failed: list[Failure] = []
    known = _months(now.date())
    for month in known:
        is_settled = month not in known[-2:] and month not in anew
        if is_settled and (home / f"{month:%Y-%m}").is_dir():
            continue
        try:
            actual = _read(access, scope, "ActualCost", month)
            amortized = _read(access, scope, "AmortizedCost", month)
            _deliver(home / f"{month:%Y-%m}", scope, month, parse_costs(
                actual, amortized, scope, month), now)  # fmt: skip
        except Unauthorized as error:
            failed.append(Failure("", "", "", str(error)))
            break
        except CloudError as error:
            failed.append(Failure(scope, "", "bills", str(error)))
            break
    return Exports([home] if any(home.glob("*/manifest.json")) else [], failed)


def count_lines(access: Access, scope: str, month: date) -> int:
    """How many lines one month has. Raises `CloudError`."""
    return len(_read(access, scope, "ActualCost", month))


def parse_costs(
    actual: Mapping[Line, Decimal], amortized: Mapping[Line, Decimal], scope: str, month: date
) -> list[dict[str, str]]:
    """FOCUS lines: what is billed is the actual cost, what is effective the amortized one."""
    return [
        _line(line, actual.get(line, Decimal(0)), amortized.get(line, Decimal(0)), scope, month)
        for line in sorted({*actual, *amortized})
    ]


def parse_rows(answer: Mapping[str, Any]) -> Iterator[tuple[Line, Decimal]]:
    """The rows of one page, by the names of its columns. Raises `Unreadable`."""
    try:
        facts = answer["properties"]
        names = [str(column["name"]) for column in facts["columns"]]
        cost = next(names.index(name) for name in ("Cost", "PreTaxCost") if name in names)
        order = [names.index(name) for name in ("UsageDate", *GROUPS, "Currency")]
        for row in facts["rows"]:
            yield tuple(str(row[at] or "") for at in order), Decimal(str(row[cost]))
    except (KeyError, ValueError, StopIteration, IndexError, TypeError) as error:
        raise Unreadable(f"Cost Management's answer can't be read ({error!r}).") from error


def request(kind: str, month: date) -> dict[str, Any]:
    """The question for one month: cost by day and group."""
    last = _next(month) - timedelta(days=1)
    return {
        "type": kind,
        "timeframe": "Custom",
        "timePeriod": {"from": f"{month}T00:00:00Z", "to": f"{last}T23:59:59Z"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [{"type": "Dimension", "name": name} for name in GROUPS],
        },
    }


def _read(access: Access, scope: str, kind: str, month: date) -> dict[Line, Decimal]:
    path = f"/{scope.strip('/')}/providers/Microsoft.CostManagement/query"

    def read() -> dict[Line, Decimal]:
        found: dict[Line, Decimal] = {}
        for answer in access.post_all(path, API_VERSION, request(kind, month), PERMISSION):
            for line, cost in parse_rows(answer):
                found[line] = found.get(line, Decimal(0)) + cost
        return found

    return read_anew(read)


def _line(
    line: Line, billed: Decimal, effective: Decimal, scope: str, month: date
) -> dict[str, str]:
    day_text, resource, service, currency = line
    day = datetime.strptime(day_text, "%Y%m%d").date()
    return {
        "BillingAccountId": _billing_account(scope),
        "BillingPeriodStart": f"{month}T00:00:00Z",
        "BillingPeriodEnd": f"{_next(month)}T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "ChargeCategory": "Usage",
        "BilledCost": str(billed),
        "EffectiveCost": str(effective),
        "BillingCurrency": currency,
        "ProviderName": AZURE,
        "PublisherName": AZURE,
        "InvoiceIssuerName": AZURE,
        "ServiceName": service,
        "ResourceId": resource.lower(),
        "SubAccountId": _subscription(resource) or _subscription(scope),
    }


def _deliver(
    folder: Path, scope: str, month: date, lines: Sequence[dict[str, str]], now: datetime
) -> None:
    """One file and a manifest, as an export has, so that the newer one replaces the month."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    content = text.getvalue().encode()
    run = sha256(content).hexdigest()[:16]
    name = f"cost-{run}.csv"
    folder.mkdir(parents=True, exist_ok=True)  # a month without lines has been read, too
    if not lines or (folder / name).is_file():
        return
    manifest = {
        "exportConfig": {"exportName": "cost-query", "resourceId": f"{scope.strip('/')}/query",
                         "type": "FocusCost"},
        "runInfo": {"runId": run, "submittedTime": f"{now:%Y-%m-%dT%H:%M:%S}Z",
                    "startDate": f"{month}T00:00:00"},
        "blobs": [{"blobName": name, "byteCount": len(content)}],
    }  # fmt: skip
    _put(folder / name, content)
    _put(folder / "manifest.json", json.dumps(manifest).encode())
    for older in folder.glob("cost-*.csv"):
        if older.name != name:
            older.unlink()


def _put(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _billing_account(scope: str) -> str:
    """The billing profile or account of a scope, or what the scope is about.

    >>> _billing_account("/providers/Microsoft.Billing/billingAccounts/8615203/departments/7")
    '8615203'
    >>> _billing_account("/providers/Microsoft.Billing/billingAccounts/a:b/billingProfiles/AB-CD")
    'AB-CD'
    """
    parts = scope.strip("/").split("/")
    found = dict(pairwise(parts))
    of_kind = {kind.lower(): name for kind, name in found.items()}
    return of_kind.get("billingprofiles") or of_kind.get("billingaccounts") or parts[-1]


def _subscription(path: str) -> str:
    """The subscription in an id or a scope; empty if there is none."""
    parts = path.lower().strip("/").split("/")
    return parts[1] if parts[0] == "subscriptions" and len(parts) > 1 else ""


def _months(today: date) -> list[date]:
    """The first days of the months that Azure answers for, the oldest first."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
