"""What could be rented and at which list price: the catalogue that travels with the package.

The files, their sources and licences are described in `catalogue/PROVENANCE.md`.
"""

from collections.abc import Mapping

import polars as pl

from clouds.cloud import OFFER_SCHEMA, PRICE_SCHEMA
from clouds.packaged import packaged


def offers() -> pl.DataFrame:
    """Every instance type we know, in the columns of `OFFER_SCHEMA`; null = unknown."""
    return _read("offers", OFFER_SCHEMA)


def prices() -> pl.DataFrame:
    """List prices in US dollars, in the columns of `PRICE_SCHEMA`."""
    return _read("prices", PRICE_SCHEMA)


def _read(name: str, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    frame = pl.read_parquet(packaged(f"{name}.parquet"))
    return frame.select(pl.col(column).cast(dtype) for column, dtype in schema.items())
