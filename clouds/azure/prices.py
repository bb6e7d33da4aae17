"""List prices of virtual machines from the public Retail Prices API; no credentials are needed."""

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
WANTED = "serviceName eq 'Virtual Machines' and priceType eq 'Consumption'"
NOT_A_MACHINE = ("cloud services", "cloudservices", "dedicated host")  # in the product's name


def prices(
    url: str, currency: str, regions: Sequence[str], today: date, budget: Budget
) -> pl.DataFrame:
    """Prices per hour on demand and spot, in the columns of `PRICE_SCHEMA`; all regions if none.

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
            "price_type": price_type, "currency": currency,
            "price_hour": Decimal(str(item["retailPrice"])), "as_of": today, "source": SOURCE,
            "quality": "ok",
        }
        for (region, machine, system, price_type, currency), (_, item) in sorted(
            best.items(), key=lambda pair: pair[0]
        )
    ]  # fmt: skip
    return frame(PRICE_SCHEMA, records)


def _key(item: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the price is for; null if it is not the hourly price of a virtual machine."""
    product = str(item.get("productName")).lower()
    sku = str(item.get("skuName")).lower()
    if (
        not item.get("armSkuName")
        or not item.get("armRegionName")
        or item.get("type") != "Consumption"
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
        "spot" if sku.endswith("spot") else "on_demand",
        str(item["currencyCode"]),
    )


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
