"""Turn the rate card and what ran into charges in the columns of FOCUS 1.2."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from clouds.onprem.cost import month_costs, split
from clouds.onprem.history import Day, Guest
from clouds.onprem.rate_card import Host, RateCard, Rates
from clouds.onprem.sizes import MIB_PER_GIB, size_name

PROVIDER = "On-premises"  # the name by which the ingestion knows our own machines
HOURS = 24
MONEY = pl.Decimal(38, 18)
UNIT_PRICE = Decimal("1E-18")

_MONEY_COLUMNS = (
    "BilledCost", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "ListCost",
    "ListUnitPrice", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice", "ConsumedQuantity", "PricingQuantity",
)  # fmt: skip
_TIME_COLUMNS = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
_COLUMNS = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName",
    "BillingAccountType", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "CapacityReservationId", "CapacityReservationStatus", "ChargeCategory", "ChargeClass",
    "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
    "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost",
    "ListUnitPrice", "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity",
    "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId",
    "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory",
    "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName",
    "SubAccountType", "Tags",
)  # fmt: skip
FOCUS_SCHEMA: Mapping[str, pl.DataType] = {
    name: MONEY
    if name in _MONEY_COLUMNS or name == "CommitmentDiscountQuantity"
    else pl.Datetime("us")
    if name in _TIME_COLUMNS
    else pl.String()
    for name in _COLUMNS
}

_OF_EACH = (
    "BilledCost", "ChargeDescription", "ChargePeriodStart", "ListUnitPrice", "PricingQuantity",
    "PricingUnit", "ResourceId", "ResourceName", "ResourceType", "ServiceName", "SkuId", "SkuMeter",
    "SkuPriceDetails", "SkuPriceId", "Tags",
)  # fmt: skip


@dataclass(frozen=True)
class Meter:
    """What is metered, in which unit, and how much of it a guest and a host have."""

    name: str
    unit: str
    of_guest: str  # attribute of Guest
    per_unit: int  # how much of that attribute is one unit

    def of_host(self, rates: Rates) -> int:
        """The host's capacity, counted as the guest's attribute is."""
        return rates.vcpus if self.name == "vCPU" else int(rates.memory_gib * MIB_PER_GIB)


VCPU = Meter("vCPU", "vCPU-Hours", "vcpus", 1)
MEMORY = Meter("Memory", "GiB-Hours", "memory_mib", MIB_PER_GIB)


def month_lines(
    card: RateCard,
    month: date,
    until: date,
    seen: Mapping[date, Day],
    account: str,
    regions: Mapping[str, str],
) -> pl.DataFrame:
    """One row per host, day, guest and meter, and the rest of each host, before `until`.

    `seen` says what ran; a host that was not seen on a day is one row with its whole cost. The rows
    of a host and day add up to its cost of that day exactly.
    """
    costs = month_costs(card, month)
    frames = [pl.DataFrame(schema=dict(FOCUS_SCHEMA))]
    for host in card.hosts:
        rows: list[dict[str, Any]] = []
        for day in _days(month, until):
            cost = costs[host.name, day]
            rates = card.rates(host, day)
            if rates is None or not cost:
                continue
            guests = seen.get(day, {}).get(host.name)
            lines = (
                _unseen(host, cost, rates)
                if guests is None
                else _seen(host, cost, rates, guests, card)
            )
            start = datetime.combine(day, time())
            rows += [{"ChargePeriodStart": start, **line} for line in lines]
        region = regions.get(host.name, account)
        frames.append(_complete(rows, _common(card, month, account, region)))
    return pl.concat(frames)


def _complete(rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> pl.DataFrame:
    """All columns of FOCUS: those of each row, what follows from them, and what all have in common.

    What a rate card says is list price, contract price and cost at once.
    """
    frame = pl.DataFrame(list(rows), schema={name: FOCUS_SCHEMA[name] for name in _OF_EACH})
    cost, price = pl.col("BilledCost"), pl.col("ListUnitPrice")
    follows = {
        **dict.fromkeys(("EffectiveCost", "ListCost", "ContractedCost"), cost),
        "PricingCurrencyEffectiveCost": cost,
        "ContractedUnitPrice": price,
        "PricingCurrencyListUnitPrice": price,
        "PricingCurrencyContractedUnitPrice": price,
        "ConsumedQuantity": pl.col("PricingQuantity"),
        "ConsumedUnit": pl.col("PricingUnit"),
        "ChargePeriodEnd": pl.col("ChargePeriodStart") + timedelta(days=1),
    }
    same = {
        name: pl.lit(common.get(name), dtype)
        for name, dtype in FOCUS_SCHEMA.items()
        if name not in (*_OF_EACH, *follows)
    }
    return frame.with_columns(**follows, **same).select(list(FOCUS_SCHEMA))


def _seen(
    host: Host, cost: Decimal, rates: Rates, guests: Sequence[Guest], card: RateCard
) -> Iterator[dict[str, Any]]:
    """The guests' parts and what is idle, first by vCPU, then by memory."""
    parts = split(cost, [int(share * 10**9) for share in _shares(card)])
    for meter, part in zip((VCPU, MEMORY), parts, strict=True):
        if not part:
            continue
        used = [int(getattr(guest, meter.of_guest)) for guest in guests]
        capacity = meter.of_host(rates)
        idle = max(0, capacity - sum(used))
        amounts = split(part, [*used, idle])
        price = _price(part, max(capacity, sum(used)), meter)
        for guest, amount, quantity in zip(guests, amounts, used, strict=False):
            if quantity:
                yield _guest_line(guest, host) | _metered(meter, amount, quantity, price, rates)
        if idle:
            yield _idle_line(host) | _metered(meter, amounts[-1], idle, price, rates)


def _unseen(host: Host, cost: Decimal, rates: Rates) -> Iterator[dict[str, Any]]:
    """The host as a whole: what ran on it that day was never observed."""
    yield {
        **_host_line(host),
        "BilledCost": cost,
        "ListUnitPrice": (cost / HOURS).quantize(UNIT_PRICE),
        "PricingQuantity": Decimal(HOURS),
        "PricingUnit": "Hours",
        "ChargeDescription": f"{host.name}: not observed, so not allocated",
        "ServiceName": "Not observed (on-premises)",
        "SkuId": f"{_sku(host)}/host",
        "SkuMeter": "Host",
        "SkuPriceId": f"{_sku(host)}/host/{rates.valid_from}",
    }


def _guest_line(guest: Guest, host: Host) -> dict[str, Any]:
    size = size_name(guest.vcpus, guest.memory_mib)
    return {
        "ChargeDescription": f"{guest.name} on {host.name}: its part of the host",
        "ResourceId": guest.resource_id,
        "ResourceName": guest.name,
        "ResourceType": "Virtual machine",
        "ServiceName": "Virtual Machines (on-premises)",
        "SkuId": _sku(host),
        "SkuPriceDetails": json.dumps({"InstanceType": size}),
        "Tags": json.dumps(dict(sorted(guest.tags.items())), ensure_ascii=False),
    }


def _idle_line(host: Host) -> dict[str, Any]:
    return {
        **_host_line(host),
        "ChargeDescription": f"{host.name}: idle capacity, which no machine uses",
        "ServiceName": "Idle capacity (on-premises)",
        "SkuId": _sku(host),
    }


def _host_line(host: Host) -> dict[str, Any]:
    return {
        "ResourceId": host.name,
        "ResourceName": host.name,
        "ResourceType": "Host",
        "Tags": "{}",
    }


def _metered(
    meter: Meter, amount: Decimal, quantity: int, price: Decimal, rates: Rates
) -> dict[str, Any]:
    return {
        "BilledCost": amount,
        "ListUnitPrice": price,
        "PricingQuantity": Decimal(quantity) / meter.per_unit * HOURS,
        "PricingUnit": meter.unit,
        "SkuMeter": meter.name,
        "SkuPriceId": f"{meter.name.lower()}/{rates.valid_from}",
    }


def _price(part: Decimal, capacity: int, meter: Meter) -> Decimal:
    """Of one unit for one hour."""
    return (part * meter.per_unit / (capacity * HOURS)).quantize(UNIT_PRICE)


def _common(card: RateCard, month: date, account: str, region: str) -> dict[str, Any]:
    after = (month + timedelta(days=32)).replace(day=1)
    return {
        "BillingAccountId": account,
        "BillingAccountName": account,
        "BillingAccountType": "Cost centre",
        "BillingCurrency": card.currency,
        "BillingPeriodStart": datetime.combine(month, time()),
        "BillingPeriodEnd": datetime.combine(after, time()),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "InvoiceId": f"{account}-{month:%Y-%m}",  # nobody sends one; the month's charges are it
        "InvoiceIssuerName": PROVIDER,
        "PricingCategory": "Standard",
        "PricingCurrency": card.currency,
        "ProviderName": PROVIDER,
        "PublisherName": PROVIDER,
        "RegionId": region,
        "RegionName": region,
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Virtual Machines",
        "SubAccountId": account,
        "SubAccountName": account,
        "SubAccountType": "Site",
    }


def _days(month: date, until: date) -> Iterator[date]:
    day = month
    while day < until and day.month == month.month:
        yield day
        day += timedelta(days=1)


def _shares(card: RateCard) -> tuple[Decimal, Decimal]:
    return card.allocation.vcpu, card.allocation.memory


def _sku(host: Host) -> str:
    return host.of_class or host.name
