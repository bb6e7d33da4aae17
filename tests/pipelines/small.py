"""A small real source: two resources, a FOCUS file, no network; parts of it can be told to fail."""

import csv
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    METRIC_SCHEMA,
    OFFER_SCHEMA,
    PRICE_SCHEMA,
    RESOURCE_SCHEMA,
    Exports,
    Failure,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import Unreadable

NOW = datetime(2026, 3, 20, 12)
DAYS = 78  # of bills, from January 1
COLUMNS = (
    "BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
    "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost", "ListCost",
    "ContractedCost", "BillingCurrency", "ProviderName", "PublisherName", "InvoiceIssuerName",
    "ServiceName", "ServiceCategory", "RegionId", "ResourceId", "SubAccountId",
    "PricingQuantity", "PricingUnit", "SkuId", "Tags",
)  # fmt: skip


class SmallCloud:
    """A source of one account; `failing` names the readings that are refused."""

    kinds: Mapping[tuple[str, str], ResourceKind] = {}
    cannot: Mapping[str, str] = {}

    def __init__(self, folder: Path, name: str = "small", account: str = "shop") -> None:
        self.name = name
        self.account = account
        self.clock = NOW
        self.failing: set[str] = set()
        self.resources = [self._resource("i-1"), self._resource("i-2")]
        self.regions = ["eu-west-1"]
        self.unread: list[Failure] = []
        self.unmeasured: list[Failure] = []
        self.unbilled: list[Failure] = []
        self.asked: list[tuple[datetime, datetime]] = []  # spans of metrics
        self.anew: list[date] = []  # months of bills
        self.bill = folder / f"{name}.csv"
        write_bill(self.bill, account, Decimal("1.25"))

    def now(self) -> datetime:
        return self.clock

    def examine(self) -> Iterator[Finding]:
        yield Finding(self.account, "bills", True, str(self.bill))

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        self._answer("bills")
        self.anew += anew
        return Exports([self.bill])

    def inventory(self) -> Reading:
        self._answer("inventory")
        frame = pl.DataFrame(self.resources, schema=dict(RESOURCE_SCHEMA))
        return Reading(frame, [("aws", self.account, r) for r in self.regions], self.unread)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        self._answer("metrics")
        for resource in wanted.filter(pl.col("resource_id") == "i-1").iter_rows(named=True):
            since = resource["since"]
            self.asked.append((since, until))
            hours = int((until - since) / timedelta(hours=1))
            rows = [
                {**{key: resource[key] for key in ("cloud", "account", "region", "resource_id")},
                 "metric": "cpu_percent", "hour": since + timedelta(hours=number), "avg": 10.0,
                 "max": 20.0, "p95": 19.0, "p99": 20.0, "samples": 12}
                for number in range(hours)
            ]  # fmt: skip
            yield Reading(pl.DataFrame(rows, schema=dict(METRIC_SCHEMA)), failed=self.unmeasured)

    def offers(self) -> pl.DataFrame:
        self._answer("offers")
        return pl.DataFrame(
            [{"cloud": "aws", "instance_type": "m5.large", "vcpus": 2.0, "memory_gib": 8.0}],
            schema=dict(OFFER_SCHEMA),
        )

    def prices(self) -> pl.DataFrame:
        self._answer("prices")
        return pl.DataFrame(schema=dict(PRICE_SCHEMA))

    def commitments(self) -> Reading:
        self._answer("commitments")
        return Reading(pl.DataFrame(schema=dict(COMMITMENT_SCHEMA)))

    def invoices(self) -> Reading:
        self._answer("invoices")
        rows = [
            {"cloud": "aws", "billing_account": f"{self.account}-payer", "invoice_id": "INV-1",
             "period": date(2026, 1, 1), "currency": "USD", "amount": Decimal("77.50")}
        ]  # fmt: skip
        return Reading(pl.DataFrame(rows, schema=dict(INVOICE_SCHEMA)), failed=self.unbilled)

    def _answer(self, what: str) -> None:
        if what in self.failing:
            raise Unreadable(f"{what} of {self.name} is refused; expected read access")

    def _resource(self, resource_id: str) -> dict[str, Any]:
        return {"cloud": "aws", "account": self.account, "region": "eu-west-1",
                "resource_id": resource_id, "kind": "instance", "sku": "m5.large",
                "state": "running", "tags": '{"team": "web"}',
                "created_at": datetime(2026, 1, 1)}  # fmt: skip


def write_bill(path: Path, account: str, cost: Decimal) -> None:
    """Two lines a day from January 1, one of them without a resource."""
    with path.open("w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for number in range(DAYS):
            day = date(2026, 1, 1) + timedelta(days=number)
            for resource in ("i-1", ""):
                rows.writerow(_line(day, account, cost, resource))


def _line(day: date, account: str, cost: Decimal, resource: str) -> dict[str, str]:
    month = day.replace(day=1)
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), str(cost))
    return {
        "BillingAccountId": f"{account}-payer", "SubAccountId": account,
        "BillingPeriodStart": f"{month}T00:00:00Z",
        "BillingPeriodEnd": f"{(month + timedelta(days=32)).replace(day=1)}T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "ChargeCategory": "Usage", "BillingCurrency": "USD", "ProviderName": "AWS",
        "PublisherName": "AWS", "InvoiceIssuerName": "AWS", "ServiceName": "EC2",
        "ServiceCategory": "Compute", "RegionId": "eu-west-1", "ResourceId": resource,
        "PricingQuantity": "24", "PricingUnit": "hours", "SkuId": "sku-1",
        "Tags": '{"team": "web"}' if resource else "", **money,
    }  # fmt: skip
