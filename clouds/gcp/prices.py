"""List prices of machine types, composed from the vCPU and memory SKUs of Cloud Billing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from clouds.cloud import PRICE_SCHEMA
from clouds.gcp.access import Access, sdk
from clouds.gcp.facts import Payload
from clouds.paging import read_anew
from clouds.sweep import frame

PERMISSION = "cloudbilling.googleapis.com: an API key or any signed-in account"
COMPUTE_ENGINE = "services/6F81-5844-456A"
PAGE = 5000  # SKUs; the most that one call gives
SOURCE = "Google Cloud Billing catalogue"
TYPES = {
    "OnDemand": "on_demand",
    "Preemptible": "spot",
    "Commit1Yr": "cud_1y",
    "Commit3Yr": "cud_3y",
}
GIB_PER_GB = Decimal(10**9) / 2**30
BILLED_VCPUS = {"e2-micro": Decimal("0.25"), "e2-small": Decimal("0.5"), "e2-medium": Decimal(1)}

_USE = re.compile(
    r"^(?:Spot Preemptible |Preemptible )?(?P<family>[A-Z]\d+[A-Z]*)"
    r"(?: Predefined)?(?: AMD| Arm)? Instance (?P<part>Core|Ram) running in "
)
_COMMITMENT = re.compile(
    r"^Commitment v1: (?:(?P<family>[A-Z]\d+[A-Z]*)(?: AMD| Arm)? )?(?P<part>Cpu|Ram) in "
)
_PARTS = {"Core": "vcpu", "Cpu": "vcpu", "Ram": "gib"}


@dataclass(frozen=True)
class Rate:
    """What one vCPU or one GiB of a machine family costs per hour."""

    family: str
    region: str
    price_type: str
    part: str  # vcpu or gib
    currency: str
    price_hour: Decimal


def read_prices(
    access: Access, account: str, offers: pl.DataFrame, known: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Prices in the columns of `PRICE_SCHEMA`, of what can be composed.

    Which type exists in which region is what `known` says; the list of SKUs does not say.
    """
    rates = read_anew(lambda: list(parse_skus(fetch_skus(access, account))))
    return compose(rates, offers, known, as_of)


def fetch_skus(access: Access, account: str) -> Iterator[Payload]:
    """Every SKU of Compute Engine, as JSON."""
    as_json = sdk("google.protobuf.json_format").MessageToDict
    method = access.client("catalogue").list_skus
    request = {"parent": COMPUTE_ENGINE, "page_size": PAGE}
    for page in access.pages(account, "catalogue", PERMISSION, method, request):
        for sku in page.skus:
            yield as_json(sku)


def parse_skus(skus: Iterable[Payload]) -> Iterator[Rate]:
    """The rates of predefined machines; custom and sole-tenant ones have SKUs of their own."""
    for sku in skus:
        category = sku.get("category", {})
        price_type = TYPES.get(category.get("usageType", ""))
        text = str(sku.get("description", ""))
        found = _USE.match(text) or _COMMITMENT.match(text)
        price = _price_hour(sku)
        if not found or not price_type or price is None:
            continue
        if bool(_COMMITMENT.match(text)) != price_type.startswith("cud"):
            continue
        currency, amount = price
        for region in sku.get("serviceRegions", ()):
            yield Rate(
                family=(found.group("family") or "N1").lower(),
                region=region,
                price_type=price_type,
                part=_PARTS[found.group("part")],
                currency=currency,
                price_hour=amount,
            )


def compose(
    rates: Iterable[Rate], offers: pl.DataFrame, known: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """vCPUs and GiB times their rates, for the types and regions that are `known` to exist.

    Machines with GPUs or local disks are left out: more than these two SKUs is billed for them.
    """
    machines = _machines(rates)
    exists: dict[str, list[str]] = {}
    for region, name in known.select("region", "instance_type").unique().sort(pl.all()).rows():
        exists.setdefault(name, []).append(region)
    rows = [
        _row(offer, region, machine, as_of)
        for offer in offers.iter_rows(named=True)
        if _is_plain(offer)
        for region in exists.get(offer["instance_type"], ())
        for machine in machines.get((offer["family"], region), ())
    ]
    return frame(PRICE_SCHEMA, rows)


@dataclass(frozen=True)
class _Machine:
    """What a machine family costs per hour in a region."""

    price_type: str
    currency: str
    vcpu: Decimal
    gib: Decimal


def _machines(rates: Iterable[Rate]) -> dict[tuple[str, str], list[_Machine]]:
    """The families and regions of which both parts have one price.

    Two SKUs that look alike with different prices make it unknown which of them is billed.
    """
    found: dict[tuple[str, str, str, str], dict[str, set[Decimal]]] = {}
    for rate in rates:
        key = rate.family, rate.region, rate.price_type, rate.currency
        found.setdefault(key, {}).setdefault(rate.part, set()).add(rate.price_hour)
    machines: dict[tuple[str, str], list[_Machine]] = {}
    for (family, region, price_type, currency), parts in found.items():
        vcpu, gib = parts.get("vcpu", set[Decimal]()), parts.get("gib", set[Decimal]())
        if len(vcpu) == len(gib) == 1:
            machine = _Machine(price_type, currency, *vcpu, *gib)
            machines.setdefault((family, region), []).append(machine)
    return machines


def _row(offer: Mapping[str, Any], region: str, machine: _Machine, as_of: date) -> dict[str, Any]:
    vcpus = BILLED_VCPUS.get(offer["instance_type"], Decimal(str(offer["vcpus"])))
    price = vcpus * machine.vcpu + Decimal(str(offer["memory_gib"])) * machine.gib
    return {
        "cloud": "gcp",
        "region": region,
        "instance_type": offer["instance_type"],
        "os": "linux",
        "price_type": machine.price_type,
        "currency": machine.currency,
        "price_hour": price.quantize(Decimal("1e-9")),
        "as_of": as_of,
        "source": SOURCE,
        "quality": "composed",
    }


def _is_plain(offer: Mapping[str, Any]) -> bool:
    has_more = offer["gpu_count"] or offer["local_storage_gb"] or "lssd" in offer["instance_type"]
    is_known = offer["vcpus"] is not None and offer["memory_gib"] is not None
    return is_known and not has_more


def _price_hour(sku: Payload) -> tuple[str, Decimal] | None:
    """Currency and price per vCPU or GiB and hour; null if it is billed in another unit."""
    if not sku.get("pricingInfo"):
        return None
    expression = sku["pricingInfo"][-1].get("pricingExpression", {})
    rates = expression.get("tieredRates")
    if not rates or expression.get("usageUnit") not in ("h", "GiBy.h", "GBy.h"):
        return None
    money = rates[-1].get("unitPrice", {})
    amount = Decimal(money.get("units", "0")) + Decimal(money.get("nanos", 0)) / 10**9
    if expression["usageUnit"] == "GBy.h":
        amount /= GIB_PER_GB
    return (money.get("currencyCode", "USD"), amount) if amount else None
