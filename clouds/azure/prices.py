"""List prices of virtual machines from the public Retail Prices API; no credentials are needed.

On demand, spot, under a savings plan (inside the item of its on-demand price), and reserved.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from clouds.azure.facts import place, time
from clouds.budget import Budget
from clouds.cloud import PRICE_SCHEMA
from clouds.errors import MissingExtra, Unreadable
from clouds.sweep import frame

URL = "https://prices.azure.com/api/retail/prices"
API_VERSION = "2023-01-01-preview"
SOURCE = "azure-retail-prices"
SECONDS = 60  # for one answer
MACHINES = "serviceName eq 'Virtual Machines'"
WANTED = f"{MACHINES} and (priceType eq 'Consumption' or priceType eq 'Reservation')"
TERMS = {"1 Year": "1y", "3 Years": "3y"}
HOURS = {"1y": 8760, "3y": 26280}  # a reservation's price is that of its whole term
NOT_A_MACHINE = ("cloud services", "cloudservices", "dedicated host")  # in the product's name


def prices(
    url: str, currency: str, regions: Sequence[str], today: date, budget: Budget
) -> pl.DataFrame:
    """Prices per hour, in the columns of `PRICE_SCHEMA`; all regions if none.

    Raises `CloudError`: half a price list would replace a whole one.
    """
    items: list[Mapping[str, Any]] = []
    for region in regions or [""]:
        items += fetch_items(url, currency, region, budget)
    return parse_items(items, today)


def fetch_items(
    url: str, currency: str, region: str, budget: Budget
) -> Iterator[Mapping[str, Any]]:
    """All price items of a region, or of all, page by page."""
    where = f"{WANTED} and armRegionName eq '{region}'" if region else WANTED
    asked = {"api-version": API_VERSION, "currencyCode": f"'{currency}'", "$filter": where}
    page: str | None = url
    while page:
        answer = _get(page, asked if page == url else {}, budget)
        yield from answer.get("Items") or []
        page = answer.get("NextPageLink") or None
        if page and urlsplit(page).hostname != urlsplit(url).hostname:
            raise Unreadable("The next page of Azure's prices lies on another host; not followed.")


def parse_items(items: Sequence[Mapping[str, Any]], today: date) -> pl.DataFrame:
    """The price that holds today of each type, region, system and price type."""
    best: dict[tuple[str, ...], tuple[Any, Mapping[str, Any]]] = {}
    for item in items:
        key = _key(item)
        starts = time(item.get("effectiveStartDate"))
        if key is None or (starts and starts.date() > today):
            continue
        rank = (bool(item.get("isPrimaryMeterRegion")), str(starts or ""), str(item.get("meterId")))
        if key not in best or rank > best[key][0]:
            best[key] = rank, item
    records = [
        {
            "cloud": "azure", "region": region, "instance_type": machine, "os": system,
            "price_type": price_type, "currency": currency, "price_hour": price, "as_of": today,
            "source": SOURCE, "quality": "ok",
        }
        for (region, machine, system, listed, currency), (_, item) in sorted(
            best.items(), key=lambda pair: pair[0]
        )
        for price_type, price in _prices_of(item, listed)
    ]  # fmt: skip
    return frame(PRICE_SCHEMA, records)


def _prices_of(item: Mapping[str, Any], price_type: str) -> Iterator[tuple[str, Decimal]]:
    """The price types and prices per hour that one item states."""
    price = Decimal(str(item["retailPrice"]))
    if price_type.startswith("reservation"):
        yield price_type, (price / HOURS[price_type[-2:]]).quantize(Decimal("1e-9"))
        return
    yield price_type, price
    if price_type == "on_demand":
        for plan in item.get("savingsPlan") or []:
            if plan.get("term") in TERMS:
                yield f"sp_{TERMS[plan['term']]}", Decimal(str(plan["retailPrice"]))


def _key(item: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the price is for; null if it is not the hourly price of a virtual machine."""
    product = str(item.get("productName")).lower()
    sku = str(item.get("skuName")).lower()
    if (
        not item.get("armSkuName")
        or not item.get("armRegionName")
        or item.get("type") not in ("Consumption", "Reservation")
        or (item["type"] == "Reservation" and item.get("reservationTerm") not in TERMS)
        or item.get("unitOfMeasure") != "1 Hour"
        or item.get("tierMinimumUnits")
        or sku.endswith("low priority")
        or any(word in product for word in NOT_A_MACHINE)
    ):
        return None
    return (
        place(item["armRegionName"]),
        str(item["armSkuName"]),
        "windows" if "windows" in product else "linux",
        _price_type(item, sku),
        str(item["currencyCode"]),
    )


def _price_type(item: Mapping[str, Any], sku: str) -> str:
    if item["type"] == "Reservation":
        return f"reservation_{TERMS[item['reservationTerm']]}"
    return "spot" if sku.endswith("spot") else "on_demand"


def _get(url: str, asked: Mapping[str, str], budget: Budget) -> Mapping[str, Any]:
    try:
        requests = import_module("requests")
    except ModuleNotFoundError as error:
        raise MissingExtra("azure", error.name or "requests") from error

    def ask() -> Any:
        answer = requests.get(url, params=asked, timeout=SECONDS, allow_redirects=False)
        answer.raise_for_status()
        return answer.json(parse_float=Decimal)

    try:
        return budget.call("GET retail prices", ask, _throttled(requests))
    except requests.RequestException as error:
        raise Unreadable(f"Azure's price list can't be read: {type(error).__name__}.") from error


def _throttled(requests: Any) -> Callable[[Exception], float | None]:
    def asked(error: Exception) -> float | None:
        answer: Any = getattr(error, "response", None)
        is_busy = isinstance(error, requests.HTTPError) and answer.status_code in (429, 503)
        if not is_busy:
            return None
        told = answer.headers.get("Retry-After", "")
        return float(told) if told.isdigit() else 0.0

    return asked
