from datetime import date
from decimal import Decimal
from typing import Any

import gcp_discovery as discovery
import polars as pl
import pytest
from gcp_emulator import Google

from clouds import offers
from clouds.cloud import PRICE_SCHEMA
from clouds.gcp.access import Access
from clouds.gcp.prices import SOURCE, compose, fetch_skus, parse_skus, read_prices

pytestmark = pytest.mark.contract

TODAY = date(2026, 11, 1)


def sku(
    text: str, nanos: int, usage: str = "OnDemand", unit: str = "h", units: str = "0",
    regions: tuple[str, ...] = ("us-central1",),
) -> dict[str, Any]:  # fmt: skip
    money = {"currencyCode": "USD", "units": units, "nanos": nanos}
    made = {
        "name": "services/6F81-5844-456A/skus/X", "skuId": "X", "description": text,
        "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": "Compute",
                     "resourceGroup": "CPU", "usageType": usage},
        "serviceRegions": list(regions),
        "pricingInfo": [{"pricingExpression": {
            "usageUnit": unit, "displayQuantity": 1,
            "tieredRates": [{"startUsageAmount": 0, "unitPrice": money}],
        }}],
    }  # fmt: skip
    discovery.check("cloudbilling.v1", "Sku", made)
    return made


N2 = [
    sku("N2 Instance Core running in Americas", 31_611_000),
    sku("N2 Instance Ram running in Americas", 4_237_000, unit="GiBy.h"),
]


def known(*types: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the catalogue says about these machine types, and where they exist."""
    return (
        offers.offers().filter(pl.col("cloud") == "gcp", pl.col("instance_type").is_in(types)),
        offers.prices().filter(pl.col("cloud") == "gcp", pl.col("instance_type").is_in(types)),
    )


def composed(skus: list[dict[str, Any]], *types: str) -> dict[tuple[str, str, str], Decimal]:
    rows = compose(parse_skus(skus), *known(*types), TODAY).iter_rows(named=True)
    return {(r["instance_type"], r["region"], r["price_type"]): r["price_hour"] for r in rows}


def test_a_machine_costs_its_cores_and_its_memory() -> None:
    assert composed(N2, "n2-standard-8") == {
        ("n2-standard-8", "us-central1", "on_demand"): Decimal("0.388472000")  # as published
    }


def test_spot_and_commitments_are_prices_of_their_own() -> None:
    skus = [
        sku("Spot Preemptible N2 Instance Core running in X", 10_000_000, "Preemptible"),
        sku("Spot Preemptible N2 Instance Ram running in X", 1_000_000, "Preemptible", "GiBy.h"),
        sku("Commitment v1: N2 Cpu in Americas for 1 Year", 20_000_000, "Commit1Yr"),
        sku("Commitment v1: N2 Ram in Americas for 1 Year", 2_000_000, "Commit1Yr", "GiBy.h"),
    ]  # fmt: skip
    assert {key[2]: price for key, price in composed(skus, "n2-standard-8").items()} == {
        "spot": Decimal("0.112"), "cud_1y": Decimal("0.224"),
    }  # fmt: skip


def test_memory_in_decimal_gigabytes_is_converted() -> None:
    core = sku("C4D Instance Core running in Americas", 0, units="1")
    skus = [core, sku("C4D Instance Ram running in Americas", 10**8, unit="GBy.h")]
    [price] = set(composed(skus, "c4d-standard-2").values())
    memory = known("c4d-standard-2")[0]["memory_gib"][0]
    assert price == 2 + (Decimal("0.1") * Decimal(str(memory)) * 2**30 / 10**9).quantize(
        Decimal("1e-9")
    )


def test_shared_cores_are_billed_in_part() -> None:
    skus = [
        sku("E2 Instance Core running in Americas", 20_000_000),
        sku("E2 Instance Ram running in Americas", 3_000_000, unit="GiBy.h"),
    ]
    assert composed(skus, "e2-micro", "e2-medium") == {
        ("e2-micro", "us-central1", "on_demand"): Decimal("0.008"),
        ("e2-medium", "us-central1", "on_demand"): Decimal("0.032"),
    }


def test_a_price_without_its_memory_part_is_unknown() -> None:
    assert composed(N2[:1], "n2-standard-8") == {}


def test_two_skus_that_look_alike_with_different_prices_make_it_unknown() -> None:
    assert composed([*N2, sku("N2 Instance Core running in Iowa", 1)], "n2-standard-8") == {}


@pytest.mark.parametrize(
    "text",
    ["N2 Custom Instance Core running in Americas", "N2 Sole Tenancy Instance Core running in X",
     "Reserved N2 Instance Core in Americas"],
)  # fmt: skip
def test_custom_and_sole_tenant_machines_have_other_prices(text: str) -> None:
    assert list(parse_skus([sku(text, 1)])) == []


def test_machines_with_local_disks_or_gpus_are_not_composed() -> None:
    skus = [
        sku("A2 Instance Core running in Americas", 1), sku("C3 Instance Core running in X", 1),
        sku("A2 Instance Ram running in Americas", 1, unit="GiBy.h"),
        sku("C3 Instance Ram running in X", 1, unit="GiBy.h"),
    ]  # fmt: skip
    assert composed(skus, "a2-highgpu-1g", "c3-standard-8-lssd") == {}


def test_a_type_is_priced_only_in_regions_where_it_exists() -> None:
    everywhere = [each | {"serviceRegions": ["us-central1", "mars-north1"]} for each in N2]
    assert {key[1] for key in composed(everywhere, "n2-standard-8")} == {"us-central1"}


def test_all_pages_are_read_and_what_can_not_be_composed_has_no_price(
    google: Google, access: Access
) -> None:
    google.skus = [*(sku(f"Something else {number}", 1) for number in range(25)), *N2]
    google.page = 4
    assert len(list(fetch_skus(access, "shop"))) == 27
    found = read_prices(access, "shop", *known("n2-standard-8", "a2-highgpu-1g"), TODAY)
    assert list(found.schema.items()) == list(PRICE_SCHEMA.items())
    now = found.filter(region="us-central1", price_type="on_demand", instance_type="n2-standard-8")
    assert now.select("price_hour", "as_of", "source").rows() == [
        (Decimal("0.388472"), TODAY, SOURCE)
    ]
    assert found["source"].unique().to_list() == [SOURCE]
    assert "a2-highgpu-1g" not in found["instance_type"]
