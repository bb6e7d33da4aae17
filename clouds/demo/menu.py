"""The instance types the company uses, with the catalogue's real specifications and prices."""

import polars as pl

from clouds import offers as catalogue
from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA
from clouds.demo.company import accounts

EUR_PER_USD = 0.92  # the fixed rate of the company's European price sheet
RATE_CARD = {"vcpu_hour": 0.0125, "gib_hour": 0.0034}  # EUR, our own machines
ONPREM_SIZES = ((2, 4), (2, 8), (4, 8), (4, 16), (8, 16), (8, 32), (16, 32), (16, 64))
RATE_CARD_SOURCE = "internal rate card"
PRICE_SHEET_SOURCE = "enterprise price sheet of the demo company"
COMMITTED_SOURCE = "commitment rates of the demo company"
COMMITTED = {  # cloud, price type: part of the list price, about what providers ask without upfront
    ("aws", "sp_1y"): 0.72, ("aws", "sp_3y"): 0.50,
    ("aws", "sp_instance_1y"): 0.63, ("aws", "sp_instance_3y"): 0.43,
    ("azure", "sp_1y"): 0.73, ("azure", "sp_3y"): 0.53,
    ("azure", "reservation_1y"): 0.65, ("azure", "reservation_3y"): 0.45,
}  # fmt: skip

FAMILIES = {  # pattern of the instance type: how often the company picks it
    "aws": {
        r"^m5\.": 0.28, r"^m6i\.": 0.16, r"^c6i\.": 0.12, r"^r6i\.": 0.10, r"^r5\.": 0.06,
        r"^t3\.": 0.12, r"^m7g\.": 0.09, r"^c7g\.": 0.07,
    },
    "azure": {
        r"^Standard_D\d+s_v5$": 0.55, r"^Standard_E\d+s_v5$": 0.25, r"^Standard_D\d+_v5$": 0.20,
    },
    "gcp": {
        r"^n2-standard-": 0.4, r"^e2-standard-": 0.3, r"^n2-highmem-": 0.15,
        r"^n2d-standard-": 0.15,
    },
    "digitalocean": {r"^s-\dvcpu-\d+gb$": 0.5, r"^g-\d+vcpu-\d+gb$": 0.3, r"^c-": 0.2},
    "onprem": {r"^vm-": 1.0},
}  # fmt: skip
SIZES = {2: 0.36, 4: 0.34, 8: 0.2, 16: 0.08, 32: 0.02}  # vCPUs: how often
SUCCESSORS = (  # previous generation, its successor with the same vCPUs and memory
    ("aws", r"^m4\.(large|xlarge|2xlarge|4xlarge)$", r"^m4\.", "m5."),
    ("aws", r"^t2\.(medium|large|xlarge|2xlarge)$", r"^t2\.", "t3."),
    ("azure", r"^Standard_D\d+s_v3$", r"_v3$", "_v5"),
    ("azure", r"^Standard_E\d+s_v3$", r"_v3$", "_v5"),
)


def offers() -> pl.DataFrame:
    """The catalogue and the sizes of our own machines, in the columns of `OFFER_SCHEMA`."""
    return pl.concat([catalogue.offers(), own_offers()])


def own_offers() -> pl.DataFrame:
    """The sizes of our own machines."""
    own = pl.DataFrame(
        {
            "cloud": "onprem",
            "instance_type": [f"vm-{vcpus}-{memory}" for vcpus, memory in ONPREM_SIZES],
            "family": [f"vm-x{memory // vcpus}" for vcpus, memory in ONPREM_SIZES],
            "vcpus": [float(vcpus) for vcpus, _ in ONPREM_SIZES],
            "memory_gib": [float(memory) for _, memory in ONPREM_SIZES],
            "arch": "x86_64",
            "burstable": False,
            "gpu_count": 0.0,
            "current_generation": True,
            "source": RATE_CARD_SOURCE,
        }
    )
    columns = [
        (pl.col(name) if name in own.columns else pl.lit(None).alias(name)).cast(dtype)
        for name, dtype in OFFER_SCHEMA.items()
    ]
    return own.select(columns)


def prices() -> pl.DataFrame:
    """The catalogue in USD and what the company pays, in the columns of `PRICE_SCHEMA`."""
    return pl.concat([catalogue.prices(), own_prices()])


def own_prices() -> pl.DataFrame:
    """What no catalogue says: Azure's price sheet and the rate card in EUR, committed rates."""
    listed = catalogue.prices()
    known = accounts()
    regions = known.filter(pl.col("cloud") == "azure").select("cloud", "region").unique()
    sheet = listed.join(regions, on=["cloud", "region"], how="semi").with_columns(
        pl.lit("EUR").alias("currency"),
        (pl.col("price_hour").cast(pl.Float64) * EUR_PER_USD)
        .round(6)
        .cast(pl.Decimal(18, 9))
        .alias("price_hour"),
        pl.lit(PRICE_SHEET_SOURCE).alias("source"),
    )
    sites = known.filter(pl.col("cloud") == "onprem")["region"]
    day = listed["as_of"].max()
    card = [
        {"cloud": "onprem", "region": site, "instance_type": f"vm-{vcpus}-{memory}", "os": "linux",
         "price_type": "on_demand", "currency": "EUR", "as_of": day, "source": RATE_CARD_SOURCE,
         "price_hour": round(vcpus * RATE_CARD["vcpu_hour"] + memory * RATE_CARD["gib_hour"], 6),
         "quality": "ok"}
        for site in sites for vcpus, memory in ONPREM_SIZES
    ]  # fmt: skip
    own = pl.DataFrame(card).select(pl.col(name).cast(kind) for name, kind in PRICE_SCHEMA.items())
    sheet = sheet.select(listed.columns)
    return pl.concat([sheet, own, _committed(pl.concat([listed, sheet]))])


def _committed(listed: pl.DataFrame) -> pl.DataFrame:
    """What instances cost under commitments where the company is, in the accounts' currency."""
    wanted = accounts().select("cloud", "region", "currency").unique()
    on_demand = listed.filter(
        (pl.col("price_type") == "on_demand") & (pl.col("os") == "linux")
    ).join(wanted, on=["cloud", "region", "currency"], how="semi")
    return pl.concat(
        on_demand.filter(pl.col("cloud") == cloud).with_columns(
            pl.lit(price_type).alias("price_type"),
            (pl.col("price_hour").cast(pl.Float64) * part)
            .round(6).cast(pl.Decimal(18, 9)).alias("price_hour"),
            pl.lit(COMMITTED_SOURCE).alias("source"),
        )
        for (cloud, price_type), part in COMMITTED.items()
    )  # fmt: skip


def menu() -> pl.DataFrame:
    """What the company picks from: one row per cloud, region and type, with price and weight.

    `down_sku` is the same family at half the size, `next_sku` the successor of an old type; each
    with its price in the currency of the account.
    """
    wanted = accounts().select("cloud", "region", "currency").unique()
    listed = (
        prices()
        .filter((pl.col("price_type") == "on_demand") & (pl.col("os") == "linux"))
        .join(wanted, on=["cloud", "region", "currency"], how="semi")
        .join(offers().drop("source"), on=["cloud", "instance_type"])
        .select(
            "cloud", "region", "currency", pl.col("instance_type").alias("sku"), "family", "vcpus",
            "memory_gib", pl.col("price_hour").cast(pl.Float64).alias("price"),
        )
    )  # fmt: skip
    weight = pl.lit(0.0)
    for cloud, families in FAMILIES.items():
        for pattern, share in families.items():
            chosen = (pl.col("cloud") == cloud) & pl.col("sku").str.contains(pattern)
            weight = pl.when(chosen).then(pl.lit(share)).otherwise(weight)
    size = pl.col("vcpus").replace_strict({float(k): v for k, v in SIZES.items()}, default=0.0)
    between = (pl.col("cloud") == "azure") & (pl.col("vcpus") > 16)  # 20 lies between 16 and 32
    size = pl.when(between).then(0.0).otherwise(size)
    small = listed.select(
        "cloud", "region", "family", pl.col("vcpus") * 2, pl.col("memory_gib") * 2,
        pl.col("sku").alias("down_sku"), pl.col("price").alias("down_price"),
    )  # fmt: skip
    successor = pl.lit(None, dtype=pl.String)
    for cloud, pattern, old, new in SUCCESSORS:
        chosen = (pl.col("cloud") == cloud) & pl.col("sku").str.contains(pattern)
        successor = pl.when(chosen).then(pl.col("sku").str.replace(old, new)).otherwise(successor)
    after = listed.select(
        "cloud", "region", pl.col("sku").alias("next_sku"), pl.col("price").alias("next_price")
    )
    return (
        listed.with_columns((weight * size).alias("weight"), successor.alias("next_sku"))
        .join(small, on=["cloud", "region", "family", "vcpus", "memory_gib"], how="left")
        .join(after, on=["cloud", "region", "next_sku"], how="left")
        .filter((pl.col("weight") > 0) | pl.col("next_price").is_not_null())
        .unique(["cloud", "region", "sku"], keep="first", maintain_order=True)
        .sort("cloud", "region", "sku")
    )
