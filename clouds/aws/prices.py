"""What instances cost by the hour: on demand, reserved, spot, and under savings plans."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl

from clouds.aws.access import Account
from clouds.aws.place import Payload, Place, utc
from clouds.aws.savings_rates import fetch_rates, parse_rates
from clouds.cloud import PRICE_SCHEMA
from clouds.paging import read_anew
from clouds.sweep import WORKERS, frame

LIST, SPOT = "aws-price-list", "aws-spot-history"
SYSTEMS = {"linux": "Linux", "windows": "Windows"}
SPOT_SYSTEMS = {"Linux/UNIX": "linux", "Windows": "windows"}
PLAIN = {
    "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
    "licenseModel": "No License required", "marketoption": "OnDemand",
}  # fmt: skip
RESERVED = {"1yr": "reservation_1y", "3yr": "reservation_3y"}
PAID_BY_THE_HOUR = {"OfferingClass": "standard", "PurchaseOption": "No Upfront"}
KEY = ("cloud", "region", "instance_type", "os", "price_type", "currency")


def prices(account: Account, regions: Sequence[str], now: datetime) -> pl.DataFrame:
    """List prices, reservations, spot prices and savings plan rates of the regions.

    Raises `CloudError` if any region can't be read: half of the prices would replace all of them.
    """

    def read(region: str) -> pl.DataFrame:
        return read_anew(partial(fetch, region))

    def fetch(region: str) -> pl.DataFrame:
        place = Place(account, region)
        records = [
            *(row for page in fetch_list(place) for row in parse_list(page)),
            *(row for page in fetch_spot(place, now) for row in parse_spot(page, region)),
            *(row for page in fetch_rates(place) for row in parse_rates(page, now.date())),
        ]
        return cheapest(frame(PRICE_SCHEMA, records))

    with ThreadPoolExecutor(WORKERS) as pool:
        found = pl.concat([frame(PRICE_SCHEMA), *pool.map(read, regions)])
    return found.sort(KEY)


def fetch_list(place: Place) -> Iterator[Payload]:
    """Pages of the Price List: plain instances of one region."""
    for system in SYSTEMS.values():
        wanted = {**PLAIN, "regionCode": place.region, "operatingSystem": system}
        yield from place.account.pages(
            "pricing", "get_products", ServiceCode="AmazonEC2", FormatVersion="aws_v1",
            Filters=[
                {"Type": "TERM_MATCH", "Field": field, "Value": value}
                for field, value in wanted.items()
            ],
        )  # fmt: skip


def parse_list(page: Payload) -> Iterator[dict[str, Any]]:
    """One price per instance type, system and way to buy it by the hour.

    Of reservations those count that are standard and paid by the hour alone: a fee paid upfront is
    no price of an hour.
    """
    systems = {name: system for system, name in SYSTEMS.items()}
    for document in page.get("PriceList", ()):
        entry: Mapping[str, Any] = json.loads(document)
        facts = entry["product"]["attributes"]
        for price_type, quality, currency, amount in _by_the_hour(entry["terms"]):
            yield {
                "cloud": "aws", "region": facts["regionCode"],
                "instance_type": facts["instanceType"],
                "os": systems[facts["operatingSystem"]], "price_type": price_type,
                "currency": currency, "price_hour": amount,
                "as_of": date.fromisoformat(entry["publicationDate"][:10]),
                "source": LIST, "quality": quality,
            }  # fmt: skip


def _by_the_hour(terms: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Decimal]]:
    """Price type, quality, currency and amount of each term that is paid by the hour."""
    sold = [("on_demand", "ok", term) for term in terms.get("OnDemand", {}).values()]
    for term in terms.get("Reserved", {}).values():
        bought = term["termAttributes"]
        price_type = RESERVED.get(bought.get("LeaseContractLength"))
        if price_type and all(bought.get(key) == v for key, v in PAID_BY_THE_HOUR.items()):
            sold.append((price_type, "no_upfront", term))
    for price_type, quality, term in sold:
        for dimension in term["priceDimensions"].values():
            for currency, amount in dimension["pricePerUnit"].items():
                if dimension["unit"] == "Hrs" and Decimal(amount) > 0:
                    yield price_type, quality, currency, Decimal(amount)


def fetch_spot(place: Place, now: datetime) -> Iterator[Payload]:
    """Pages of the spot prices that hold now."""
    return place.pages(
        "ec2", "describe_spot_price_history", StartTime=now,
        ProductDescriptions=list(SPOT_SYSTEMS),
    )  # fmt: skip


def parse_spot(page: Payload, region: str) -> Iterator[dict[str, Any]]:
    """One price per instance type, system and zone."""
    for found in page.get("SpotPriceHistory", ()):
        system = SPOT_SYSTEMS.get(found["ProductDescription"])
        changed = utc(found["Timestamp"])
        if system and changed:
            yield {
                "cloud": "aws", "region": region, "instance_type": found["InstanceType"],
                "os": system, "price_type": "spot", "currency": "USD",
                "price_hour": Decimal(found["SpotPrice"]), "as_of": changed.date(),
                "source": SPOT, "quality": "cheapest_zone",
            }  # fmt: skip


def cheapest(found: pl.DataFrame) -> pl.DataFrame:
    """One price per key: the newest and then the lowest one of several zones."""
    return found.sort("as_of", "price_hour", descending=[True, False]).unique(
        KEY, keep="first", maintain_order=True
    )
