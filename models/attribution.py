"""Which series' incidents are one, and what explains them: pure, on what each value cost.

`items` has a row per series incident (id), dimension and value: actual, expected, impact and its
price, quantity, mix and unknown effect; the values of a dimension add up to the incident's impact.
"""

from collections.abc import Iterable
from itertools import pairwise

import polars as pl

# From the most specific to the widest.
DIMENSIONS = ("resource", "sku", "tag", "region", "charge_category", "account", "service")
EFFECTS = ("quantity_effect", "price_effect", "mix_effect", "unknown_effect")
MEASURES = ("actual", "expected", "impact", *EFFECTS)
EXPLAINS = 0.8  # of the impact: what does so is the cause
TELLS = 0.1  # by so much more of the impact than of the expected cost, or it says nothing
SHOWN = 5  # values of one dimension; of services all, so that they add up to the incident
WORTH_SHOWING = 0.02  # of the impact
TOGETHER = 2  # days between onsets of one incident
UNKNOWN = "(unknown)"  # of a line that names no SKU: what all such lines share ties nothing


def groups(members: pl.DataFrame, items: pl.DataFrame) -> dict[str, str]:
    """Member -> the incident it belongs to, named after the member that was flagged first.

    Members are one if they went the same way in the same currency, began within two days, and
    share what explains each of them: a resource of one account, the price of an SKU, or, where no
    single resource does, a tag that did not carry them before.
    """
    leader: dict[str, str] = {one: one for one in members["id"]}
    shared = _explanations(members, items).join(
        members.select("id", "currency", "direction", "starts_on"), on="id"
    )
    for _, part in shared.group_by("by", "currency", "direction"):
        ordered = part.sort("starts_on", "id").select("id", "starts_on").rows()
        for (one, began), (other, later) in pairwise(ordered):
            if (later - began).days <= TOGETHER:
                _unite(leader, one, other)
    roots = {one: _root(leader, one) for one in leader}
    first = members.sort("flagged_on", "id").with_columns(
        pl.col("id").replace_strict(roots).alias("root")
    ).unique("root", keep="first", maintain_order=True)  # fmt: skip
    names = dict(first.select("root", "id").iter_rows())
    return {one: names[root] for one, root in roots.items()}


def summed(items: pl.DataFrame, incident_of: dict[str, str]) -> pl.DataFrame:
    """The items of whole incidents: those of the members, value by value."""
    return (
        items.with_columns(pl.col("id").replace_strict(incident_of, return_dtype=pl.String))
        .group_by("id", "dimension", "value")
        .agg(pl.col(MEASURES).sum(), pl.col("is_new", "is_gone").all(), pl.col("name").max())
    )


def ranked(items: pl.DataFrame) -> pl.DataFrame:
    """Candidate causes with rank and share, the first of which is the cause.

    First comes the most specific value that explains at least 80 % of the impact and, unless it is
    a resource, less of the expected cost than of the impact: a region in which everything runs
    explains nothing, and is left out. If there is none, the service does. The others follow by
    what they explain.
    """
    known = (
        items.with_columns(
            _share("impact"),
            _share("expected", "carried"),
            pl.col("dimension").replace_strict(_order(), return_dtype=pl.Int32).alias("width"),
        )
        .filter((pl.col("share") >= WORTH_SHOWING) | (pl.col("dimension") == "service"))
    )  # fmt: skip
    explains = pl.col("share") >= EXPLAINS
    always = pl.col("dimension").is_in(["resource", "sku", "service"])
    spread = (pl.col("dimension") == "account") & (pl.col("share") < 1 - WORTH_SHOWING)
    tells = (pl.col("share") - pl.col("carried") >= TELLS) | (pl.col("dimension") == "resource")
    whole = pl.col("dimension") == "service"
    first = pl.when(explains & tells).then("width").when(whole).then(len(DIMENSIONS))
    return (
        known.filter(always | tells | spread)
        .with_columns(first.alias("candidate"))
        .sort("candidate", "share", "width", "value", descending=[False, True, False, False],
              nulls_last=True)
        .with_columns(pl.int_range(pl.len()).over("id").alias("order"))
        .with_columns(pl.when(pl.col("order") > 0).then(1).otherwise(0).alias("later"))
        .sort("later", "share", "width", "value", descending=[False, True, False, False])
        .with_columns(pl.int_range(pl.len()).over("id", "dimension").alias("nth"))
        .filter((pl.col("nth") < SHOWN) | whole)
        .with_columns((pl.int_range(pl.len()).over("id") + 1).cast(pl.Int32).alias("rank"))
        .sort("id", "rank")
        .select("id", "rank", "dimension", "value", "name", *MEASURES, "share", "is_new", "is_gone")
    )  # fmt: skip


def _explanations(members: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """id and what explains it, of the kinds that tie series together."""
    known = items.join(members.select("id", "cloud", "account"), on="id").with_columns(
        _share("impact"), _share("expected", "carried")
    )
    is_one = (pl.col("dimension") == "resource") & (pl.col("share") >= EXPLAINS)
    by_one = is_one.any().over("id")  # two launches on one day have env=prod in common, no more
    price = pl.col("price_effect").cast(pl.Float64) / pl.col("impact").cast(pl.Float64) >= EXPLAINS
    ties = (
        ((pl.col("dimension") == "resource") & (pl.col("share") >= EXPLAINS / 2))
        | ((pl.col("dimension") == "sku") & (pl.col("value") != UNKNOWN)
           & (pl.col("share") >= EXPLAINS) & price)
        | ((pl.col("dimension") == "tag") & (pl.col("share") >= EXPLAINS)
           & (pl.col("carried") <= 0.5) & ~by_one)
    )  # fmt: skip
    # An id such as `default` is another resource in another account; a price is everybody's.
    account = pl.when(pl.col("dimension") == "resource").then("account").otherwise(pl.lit(""))
    by = pl.concat_str("cloud", account, "dimension", "value", separator="\n")
    return known.filter(ties).select("id", by.alias("by"))


def _share(of: str, name: str = "share") -> pl.Expr:
    whole = pl.col(of).cast(pl.Float64).sum().over("id", "dimension")
    # Tags overlap, and what has none is in none of them: the whole is that of another dimension.
    sku = pl.col(of).cast(pl.Float64).filter(pl.col("dimension") == "sku").sum().over("id")
    whole = pl.when(sku != 0).then(sku).otherwise(whole)
    return pl.when(whole != 0).then(pl.col(of).cast(pl.Float64) / whole).otherwise(0.0).alias(name)


def _order() -> dict[str, int]:
    return {name: place for place, name in enumerate(DIMENSIONS)}


def _root(leader: dict[str, str], one: str) -> str:
    while leader[one] != one:
        one = leader[one]
    return one


def _unite(leader: dict[str, str], *those: str) -> None:
    roots: Iterable[str] = sorted({_root(leader, one) for one in those})
    first, *others = roots
    for other in others:
        leader[other] = first
