"""Which commitments can be bought for which usage, and at which part of the on-demand price.

Usage is grouped by what a bound commitment covers, so that all of a group has the same commitments
on offer: the family in a region, or the instance type where whole instances are reserved. What the
bill pays on demand counts, with its discounts, against the committed price as it is listed.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KIND = ("region", "instance_type", "os")
FLEXIBLE = "sp"  # covers all instances of a billing account
WHOLE = "reservation"  # bought in whole instances of one type
BOUND = ("sp_instance", "cud", WHOLE)
GROUP = ("region", "covers", "os", "offered")
PRICES = {
    "region": pl.String, "instance_type": pl.String, "os": pl.String, "price_type": pl.String,
    "price_hour": pl.Float64, "on_demand_hour": pl.Float64,
}  # fmt: skip
"""What a price says; `price_type` is kind and term, such as sp_instance_1y."""


@dataclass(frozen=True)
class Rates:
    """The rates of one scope."""

    types: pl.DataFrame  # one row per KIND that is used, with its `group`
    groups: pl.DataFrame  # one row per GROUP in the order of `group`, with list_factor
    rates: pl.DataFrame  # one row per KIND and price type: price_hour, ratio

    def terms(self) -> list[str]:
        """The terms that anything is offered for, the shortest first."""
        return sorted({term_of(name) for name in self.rates["price_type"].to_list()})

    def ratios(self, price_type: str) -> Floats:
        """One ratio per group, weighted by use; NaN where it is not offered."""
        return self._per_group(price_type, "ratio")

    def bound(self, term: str) -> tuple[Floats, list[str]]:
        """The lowest ratio of a bound commitment per group, and its price type."""
        names = [f"{kind}_{term}" for kind in BOUND]
        ratios = np.stack([self.ratios(name) for name in names])
        best = np.where(np.isfinite(ratios), ratios, np.inf).argmin(axis=0)
        return ratios[best, np.arange(len(best))], [names[place] for place in best]

    def unit(self, price_types: list[str]) -> Floats:
        """What one whole instance costs per hour on demand, per group; 0 = any amount is sold."""
        price = self._per_group(None, "on_demand_hour")
        is_whole = np.array([kind_of(name) == WHOLE for name in price_types], bool)
        return np.where(is_whole, price, 0.0)

    def _per_group(self, price_type: str | None, column: str) -> Floats:
        wanted = self.rates if price_type is None else self.rates.filter(price_type=price_type)
        placed = wanted.join(self.types.drop("family"), on=KIND, nulls_equal=True)
        used = placed.group_by("group").agg(
            (pl.col(column) * pl.col("on_demand_cost")).sum() / pl.col("on_demand_cost").sum()
        )
        values = np.full(len(self.groups), np.nan)
        values[used["group"].to_numpy()] = used[column].to_numpy()
        return values


def kind_of(price_type: str) -> str:
    """The kind of commitment that a price is of.

    >>> kind_of("sp_instance_1y"), term_of("sp_instance_1y")
    ('sp_instance', '1y')
    """
    return price_type.rsplit("_", 1)[0]


def term_of(price_type: str) -> str:
    """How long it is bought for."""
    return price_type.rsplit("_", 1)[1]


def months_of(term: str) -> int:
    """The term in months.

    >>> months_of("3y")
    36
    """
    return int(term.removesuffix("y")) * 12


def days_of(term: str) -> int:
    """The term in days.

    >>> days_of("1y")
    365
    """
    return round(months_of(term) * 30.4375)


def rates_of(usage: pl.DataFrame, prices: pl.DataFrame) -> Rates:
    """Match the usage of one scope with the prices of its cloud and currency (PRICES)."""
    used = (
        usage.group_by(*KIND, "family")
        .agg(pl.col("on_demand_cost", "list_cost").sum())
        .filter(pl.col("on_demand_cost") > 0)
        .sort(*KIND, nulls_last=True)
    )
    rates = (
        prices.join(used, on=KIND)  # an unknown os or region has no rate
        .with_columns(
            (pl.col("on_demand_hour") * pl.col("on_demand_cost") / pl.col("list_cost"))
            .alias("on_demand_hour")  # as billed, with discounts
        )
        .with_columns((pl.col("price_hour") / pl.col("on_demand_hour")).alias("ratio"))
        .sort(*KIND, "price_type")
    )  # fmt: skip
    offered = rates.group_by(KIND).agg(pl.col("price_type").sort().str.join(",").alias("offered"))
    types = used.join(offered, on=KIND, how="left", nulls_equal=True).with_columns(
        pl.col("offered").fill_null(""),
        pl.when(pl.col("offered").str.contains(f"{WHOLE}_") | pl.col("family").is_null())
        .then(pl.col("instance_type")).otherwise("family").alias("covers"),
    )  # fmt: skip
    groups = (
        types.group_by(GROUP)
        .agg(pl.col("on_demand_cost", "list_cost").sum())
        .sort(GROUP, nulls_last=True)
        .with_columns((pl.col("on_demand_cost") / pl.col("list_cost")).alias("list_factor"))
        .with_row_index("group")
    )
    placed = types.join(groups.select(*GROUP, "group"), on=GROUP, nulls_equal=True)
    columns = [*KIND, "family", "price_type", "price_hour", "on_demand_hour", "ratio"]
    return Rates(
        placed.select(*KIND, "family", "group", "on_demand_cost"), groups, rates.select(columns)
    )
