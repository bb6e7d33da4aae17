"""What everything costs beside instances: list prices of the providers, and our own rate card."""

from importlib.resources import as_file, files

import polars as pl

from clouds.demo.company import accounts
from clouds.demo.menu import EUR_PER_USD, prices

REGION_FACTORS = {  # list prices are written down for the cheapest regions
    "eu-west-1": 1.08, "us-west-2": 1.0, "us-east-1": 1.0, "westeurope": 1.06,
    "germanywestcentral": 1.1, "europe-west1": 1.05, "us-central1": 1.0,
}  # fmt: skip
DISCOUNTS = (  # feed, service or None for all, share of the list price
    ("aws", "AmazonRDS", 0.20),
    ("aws", "AmazonS3", 0.06),
    ("aws", "AWSDataTransfer", 0.15),
    ("azure", None, 0.10),
)


def _read() -> pl.DataFrame:
    with as_file(files("clouds.demo") / "rates.csv") as path:
        return pl.read_csv(path, schema_overrides={"price": pl.Float64, "coefficient": pl.Float64})


RATES = _read()


def tariff(looks: pl.DataFrame) -> pl.DataFrame:
    """One row per cloud, region, feed, kind, sku and state that occurs, and per meter of it.

    `looks` has those six columns; the price is the list price in the account's currency.
    """
    places = ["cloud", "region", "feed", "kind"]
    seen = looks.select(*places, "sku", "state").unique()
    euro = pl.when((pl.col("currency") == "EUR") & (pl.col("cloud") != "onprem"))
    regions = accounts().select("cloud", "region", "currency", "feed").unique()
    priced = RATES.join(regions, on="cloud").with_columns(
        (
            pl.col("price")
            * pl.col("region").replace_strict(REGION_FACTORS, default=1.0)
            * euro.then(EUR_PER_USD).otherwise(1.0)
        ).round(9)
    )
    of_any = pl.col("sku") == "*"
    exact = priced.filter(~of_any).join(seen, on=[*places, "sku"], suffix="_now")
    general = priced.filter(of_any).drop("sku").join(seen, on=places, suffix="_now")
    both = pl.concat([exact, general], how="diagonal").filter(
        (pl.col("state") == "*") | (pl.col("state") == pl.col("state_now"))
    )
    machines = (
        prices()
        .filter((pl.col("price_type") == "on_demand") & (pl.col("os") == "linux"))
        .select("cloud", "region", "currency", pl.col("instance_type").alias("sku"),
                pl.col("price_hour").cast(pl.Float64).alias("machine_price"))
    )  # fmt: skip
    return (
        both.join(machines, on=["cloud", "region", "currency", "sku"], how="left")
        .with_columns(pl.coalesce("price", "machine_price").alias("price"),
                      pl.col("state_now").alias("state"), _discount().alias("discount"))
        .drop("machine_price", "state_now")
        .sort(*places, "sku", "state", "meter")
    )  # fmt: skip


def _discount() -> pl.Expr:
    share = pl.lit(0.0)
    for feed, service, value in DISCOUNTS:
        chosen = pl.col("feed") == feed
        if service is not None:
            chosen = chosen & (pl.col("service") == service)
        share = pl.when(chosen).then(pl.lit(value)).otherwise(share)
    return share
