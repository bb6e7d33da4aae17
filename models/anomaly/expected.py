"""Say whether an incident was to be expected: what is known to have been done, and when."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from models.anomaly.wording import because_of

EXPLAINED = 0.65  # of the impact by what is known to have been done: nobody has to look
ORDINARY = 0.1  # of the usual daily total; a rise that costs more a day is never ordinary
OWNED = 0.2  # the same, if a team that was there before answers for what was launched
PRICED = 0.5  # of the impact by price: a commitment that began or ended explains it
BEFORE_ONSET, AFTER_ONSET = 2, 1  # days; what is done later can't have caused it
OPENING = 3  # abnormal days that show what an incident began with

STEP = {"id": pl.String, "value": pl.String, "stepped_on": pl.Date, "billed_until": pl.Date}
OPENED = {"id": pl.String, "value": pl.String, "impact": pl.Float64}


def _none(schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True)
class Facts:
    """What the lake knows about the incidents of single series; `id` is the series' incident."""

    items: pl.DataFrame  # id, dimension, value, the measures, is_new, is_gone
    changes: pl.DataFrame  # id, resource_id, what, at, text, explains: up, down, either or null
    commitments: pl.DataFrame  # id, commitment_id, what: began or ended, on_day
    # Of resources: the day on which the cost changed, and the day after the last that was billed.
    steps: pl.DataFrame = field(default_factory=lambda: _none(STEP))
    opening: pl.DataFrame = field(default_factory=lambda: _none(OPENED))  # impact of first days


@dataclass(frozen=True)
class Known:
    """What is known to have been done, and what the days cost that it has to explain."""

    resources: (
        pl.DataFrame
    )  # one row per member and explained resource: impact, at_onset, is_owned, is_renamed, how
    commitments: pl.DataFrame  # one row per member and commitment that fits: share, word
    days: pl.DataFrame  # one row per member and abnormal day: excess, is_opening


def known(members: pl.DataFrame, facts: Facts, days: pl.DataFrame) -> Known:
    """What explains which part of the members; `days` are those of `models.anomaly.run.Found`."""
    abnormal = days.filter("is_abnormal").sort("id", "day")
    excess = abnormal.select(
        "id",
        "day",
        (pl.col("actual").fill_null(0) - pl.col("expected").fill_null(0)).alias("excess"),
        (pl.int_range(pl.len()).over("id") < OPENING).alias("is_opening"),
    )
    return Known(_resources(members, facts), _commitments(facts), excess)


def because(members: pl.DataFrame, done: Known, usual: float) -> str | None:
    """Why the incident of these members was to be expected; None = nothing known explains it.

    What was done at the onset must explain it. What was done later can explain what came later,
    if the onset explains what the incident began with, and no day became dear.
    """
    resources, committed, days = (
        part.filter(pl.col("id").is_in(members["member"].to_list()))
        for part in (done.resources, done.commitments, done.days)
    )
    resources = resources.filter(~pl.col("id").is_in(committed["id"].to_list()))
    shares = committed.select("id", "share").unique("id")
    parts = members.select(pl.col("member").alias("id"), "impact", "days")
    priced = _sum(_by_price(parts, shares, "impact"))
    at_onset = resources.filter("at_onset")
    impact = float(members["impact"].sum())
    if _explains(_sum(at_onset["impact"]) + priced, impact):
        return _unless_dear(_a_day(parts, shares), impact, usual, committed, at_onset)
    first = days.filter("is_opening")
    began = _sum(_by_price(first, shares, "excess"))
    if not _explains(_sum(resources["impact"]) + priced, impact) or not _explains(
        _sum(at_onset["opening"]) + began, _sum(first["excess"])
    ):
        return None
    return _unless_dear(_dearest(days, shares), impact, usual, committed, resources)


def _sum(money: pl.Series) -> float:
    return float(money.sum())


def _explains(money: float, of: float) -> bool:
    return of != 0 and money / of >= EXPLAINED


def _unless_dear(
    a_day: float, impact: float, usual: float, committed: pl.DataFrame, resources: pl.DataFrame
) -> str | None:
    owned = _sum(resources.filter("is_owned")["impact"])
    renamed = _sum(resources.filter("is_renamed")["impact"])  # costs no more than before
    a_day *= 1 - min(1.0, renamed / impact)
    if impact > 0 and a_day > (OWNED if _explains(owned, impact) else ORDINARY) * usual:
        return None
    counted = resources.group_by("id", "how").agg(pl.col("impact").sum(), pl.len().alias("number"))
    ranked = counted.sort(pl.col("impact").abs(), "how", descending=[True, False])
    words = committed["word"].to_list()
    for how, number in ranked.select("how", "number").iter_rows():
        words.append(f"{number} {'resource' if number == 1 else 'resources'} {how}")
    return because_of(words)


def _by_price(parts: pl.DataFrame, shares: pl.DataFrame, money: str) -> pl.Series:
    """What a commitment explains of each part: the share that its price has in the series."""
    shared = parts.join(shares, on="id", how="inner")
    return shared[money] * shared["share"]


def _a_day(parts: pl.DataFrame, shares: pl.DataFrame) -> float:
    """What it costs a day, without what a commitment explains."""
    daily = parts.with_columns(pl.col("impact") / pl.col("days"))
    return _sum(daily["impact"]) - _sum(_by_price(daily, shares, "impact"))


def _dearest(days: pl.DataFrame, shares: pl.DataFrame) -> float:
    """What the dearest day costs: a machine that came late would be lost in the mean of all."""
    rest = pl.col("excess") * (1 - pl.col("share").fill_null(0.0))
    by_day = days.join(shares, on="id", how="left").group_by("day").agg(rest.sum())
    dearest = by_day["excess"].max()
    return float(dearest) if isinstance(dearest, float) else 0.0


def _resources(members: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    onset = members.select(pl.col("member").alias("id"), "starts_on")
    money = pl.col("impact").cast(pl.Float64)
    opening = facts.opening.select("id", "value", money.alias("opening"))
    resources = (
        facts.items.filter(pl.col("dimension") == "resource")
        .select("id", "value", "is_gone", money, _way().alias("way"))
        .join(onset, on="id")
        .join(facts.steps, on=["id", "value"], how="left")
        .join(opening, on=["id", "value"], how="left")
        .with_columns(pl.col("opening").fill_null(0.0))
    )
    last = pl.col("starts_on") + pl.duration(days=1 + AFTER_ONSET)
    falls = pl.col("way") == "down"
    left = resources.with_columns(
        (falls & (pl.col("is_gone") | (pl.col("billed_until") <= last))).alias("left_at_onset"),
        (falls & (pl.col("stepped_on") == pl.col("billed_until"))).alias("left_later"),
    )
    return (
        left.join(_done(facts.changes, resources), on=["id", "value"], how="left")
        .with_columns(
            pl.col("at_onset").fill_null(value=False) | pl.col("left_at_onset"),
            *(
                pl.col("what").list.contains(name).fill_null(value=False).alias(f"is_{name}")
                for name in ("owned", "renamed")
            ),
            _how().alias("how"),
        )
        .drop_nulls("how")
        .select("id", "value", "impact", "opening", "at_onset", "is_owned", "is_renamed", "how")
        .sort("id", "value")
    )


def _how() -> pl.Expr:
    what = pl.col("what").list
    return (
        pl.when(what.contains("ours")).then(pl.lit("changed by us"))
        .when(what.contains("renamed")).then(pl.lit("billed by a service of another name"))
        .when(what.contains("created")).then(pl.lit("launched"))
        .when(pl.col("left_at_onset") | pl.col("left_later")).then(pl.lit("removed or stopped"))
        .when(what.contains("resized")).then(pl.lit("resized"))
        .when(what.contains("resold")).then(pl.lit("resized, as the bill shows"))
        .when(what.contains("state")).then(pl.lit("started or stopped"))
    )  # fmt: skip


def _done(changes: pl.DataFrame, resources: pl.DataFrame) -> pl.DataFrame:
    """Per member and resource: what was done to it in time, and moves cost the way it went.

    In time is at the onset of the incident, or when the cost of the resource itself changed.
    """
    day = pl.col("at").cast(pl.Date)
    at_onset, at_step = (
        (day - pl.col(of)).dt.total_days().is_between(-BEFORE_ONSET, AFTER_ONSET)
        for of in ("starts_on", "stepped_on")
    )
    fits = (pl.col("explains") == pl.col("way")) | (pl.col("explains") == "either")
    return (
        changes.rename({"resource_id": "value"})
        .join(resources.select("id", "value", "way", "starts_on", "stepped_on"), on=["id", "value"])
        .with_columns(at_onset.alias("at_onset"))
        .filter(fits, pl.col("at_onset") | at_step)
        .group_by("id", "value")
        .agg("what", pl.col("at_onset").any())
    )


def _commitments(facts: Facts) -> pl.DataFrame:
    """A commitment that began explains a lower price, one that ended a higher.

    It explains no more than the price did: usage that grew beside it is another matter.
    """
    whole = (
        facts.items.filter(pl.col("dimension") == "service")
        .group_by("id")
        .agg(pl.col("impact", "price_effect").cast(pl.Float64).sum())
        .filter(pl.col("price_effect") / pl.col("impact") >= PRICED)
    )
    way = pl.col("what").replace_strict({"began": "down", "ended": "up"}, return_dtype=pl.String)
    share = (pl.col("price_effect") / pl.col("impact")).clip(upper_bound=1.0)
    word = pl.format("commitment {} {} on {}", "commitment_id", "what", "on_day")
    return (
        facts.commitments.join(whole, on="id")
        .filter(way == _way())
        .sort("id", "on_day", "commitment_id")
        .select("id", share.alias("share"), word.alias("word"))
    )


def _way() -> pl.Expr:
    return (
        pl.when(pl.col("impact").cast(pl.Float64) > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    )
