"""Put incidents together: members of one cause, how bad, what explains them, whether expected."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from models import attribution
from models.anomaly.run import KEYS, Found
from models.anomaly.wording import because_of, evidence, evidence_of_cause, kind_of, scope, sentence

LEVELS = (  # severity: so many usual days of the currency's cost, and so much money at least
    ("critical", 1.0, 1000.0),
    ("high", 0.25, 100.0),
    ("medium", 0.05, 20.0),
)
PLANNED = 0.65  # of the impact by launches, removals and resizes is an ordinary change
ORDINARY = 0.2  # of the usual daily total; a change that costs more a day is never ordinary
BY_US = "changed by us"
MIXED = 0.5  # of a resource's impact by mix: it is sold as another SKU than before
PRICED = 0.5  # of the impact by price: a commitment that ended explains it
LARGE = 0.3  # of the impact: a resource worth a word where many explain it
ON_TIME = 2  # days between a change and the onset

ANOMALY = {
    "id": pl.String, **dict.fromkeys(KEYS, pl.String), "starts_on": pl.Date, "ends_on": pl.Date,
    "direction": pl.String, "days": pl.Int32, "actual": pl.Float64, "expected": pl.Float64,
    "impact": pl.Float64, "score": pl.Float64, "resource_id": pl.String,
    "resource_share": pl.Float64, "reason": pl.String, "evidence": pl.String,
    "flagged_on": pl.Date, "members": pl.Int32, "scope": pl.String, "severity": pl.String,
    "share_of_day": pl.Float64, "cause": pl.String, "is_expected": pl.Boolean,
    "expected_because": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What the lake knows about the incidents of single series; `id` is the series' incident."""

    items: pl.DataFrame  # id, dimension, value, the measures, is_new, is_gone, is_resized
    changes: pl.DataFrame  # id, resource_id, what, at, text
    commitments: pl.DataFrame  # id, commitment_id, what, on_day


@dataclass(frozen=True)
class Incidents:
    """Rows of models.anomaly, anomaly_member, anomaly_cause and anomaly_day."""

    anomaly: pl.DataFrame
    member: pl.DataFrame
    cause: pl.DataFrame
    day: pl.DataFrame


def incidents(found: Found, facts: Facts, *, until: date) -> Incidents:
    """One incident per cause, from incidents of single series before `until`."""
    of = attribution.groups(found.incidents, facts.items)
    members = _members(found, of)
    causes = _causes(members, facts, of, until)
    planned = _planned(members, facts)
    first = {row["id"]: row for row in causes.filter(pl.col("rank") == 1).iter_rows(named=True)}
    of_resources = causes.filter(pl.col("dimension") == "resource", pl.col("share") >= LARGE)
    largest = {row["id"]: row for row in of_resources[::-1].iter_rows(named=True)}
    rows = [
        _incident(part, first[part["id"][0]], largest.get(part["id"][0]), planned, until)
        for _, part in members.group_by("id", maintain_order=True)
    ]
    anomaly = pl.DataFrame(rows, schema=ANOMALY).sort(
        pl.col("impact").abs(), "id", descending=[True, False]
    )
    return Incidents(anomaly, members.drop("member", "usual"), causes, _days(found.days, of))


def _members(found: Found, of: dict[str, str]) -> pl.DataFrame:
    """One row per incident and series, the largest first, with the usual cost of a day."""
    usual = found.totals.rename({"day": "starts_on"})
    return (
        found.incidents.drop("resource_id", "resource_share", "evidence")
        .join(usual, on=["currency", "starts_on"], how="left")
        .with_columns(
            pl.col("id").alias("member"),
            pl.col("id").replace_strict(of, return_dtype=pl.String),
        )
        .sort("id", pl.col("impact").abs(), "member", descending=[False, True, False])
    )


def _causes(members: pl.DataFrame, facts: Facts, of: dict[str, str], until: date) -> pl.DataFrame:
    """Ranked causes, with the changes of their time and the query that shows the rows."""
    causes = attribution.ranked(attribution.summed(facts.items, of))
    changes = (
        facts.changes.with_columns(pl.col("id").replace_strict(of, return_dtype=pl.String))
        .group_by("id", pl.col("resource_id").alias("value"))
        .agg(pl.col("text").unique().sort().str.join("; ").alias("changes"))
        .with_columns(pl.lit("resource").alias("dimension"))
    )
    joined = causes.join(
        changes, on=["id", "dimension", "value"], how="left", maintain_order="left"
    )
    parts = members.partition_by("id", as_dict=True)
    queries = [
        evidence_of_cause(parts[(row["id"],)], row["dimension"], row["value"], until)
        for row in joined.select("id", "dimension", "value").iter_rows(named=True)
    ]
    return joined.with_columns(pl.Series("evidence", queries, dtype=pl.String))


def _planned(members: pl.DataFrame, facts: Facts) -> dict[str, tuple[float, list[str]]]:
    """Member -> impact that ordinary changes explain, and what they are."""
    timely = facts.changes.join(members.select("starts_on", pl.col("member").alias("id")), on="id")
    timely = timely.filter(
        pl.col("at").cast(pl.Date) >= pl.col("starts_on") - pl.duration(days=ON_TIME)
    )
    done = timely.group_by("id", pl.col("resource_id").alias("value")).agg(pl.col("what"))
    resources = facts.items.filter(pl.col("dimension") == "resource").join(
        done, on=["id", "value"], how="left"
    )
    money = pl.col("impact", "mix_effect").cast(pl.Float64).abs()
    resources = resources.with_columns(money.name.suffix("_size"))
    is_mixed = pl.col("mix_effect_size") > pl.col("impact_size") * MIXED
    how = (
        pl.when(pl.col("what").list.contains("ours")).then(pl.lit(BY_US))
        .when(pl.col("what").list.contains("created")).then(pl.lit("launched"))
        .when("is_gone").then(pl.lit("removed or stopped"))
        .when(pl.col("what").list.contains("resized") | pl.col("is_resized") | is_mixed)
        .then(pl.lit("resized"))
        .when(pl.col("what").list.contains("state")).then(pl.lit("started or stopped"))
    )  # fmt: skip
    counted = (
        resources.with_columns(how.alias("how"), pl.col("impact").cast(pl.Float64))
        .drop_nulls("how")
        .group_by("id", "how")
        .agg(pl.col("impact").sum(), pl.len().alias("number"))
        .sort("id", pl.col("impact").abs(), descending=[False, True])
    )
    out: dict[str, tuple[float, list[str]]] = {}
    for one, how_, impact, number in counted.iter_rows():
        money, words = out.get(one, (0.0, []))
        noun = "resource" if number == 1 else "resources"
        out[one] = (money + impact, [*words, f"{number} {noun} {how_}"])
    for one, name, what, day in facts.commitments.select(
        "id", "commitment_id", "what", "on_day"
    ).iter_rows():
        priced = facts.items.filter((pl.col("id") == one) & (pl.col("dimension") == "service"))
        share = float(priced["price_effect"].sum()) / (float(priced["impact"].sum()) or 1.0)
        if share >= PRICED:
            money = float(priced["impact"].sum())
            out[one] = (money, [f"commitment {name} {what} on {day}"])
    return out


def _incident(
    members: pl.DataFrame,
    first: dict[str, Any],
    largest_resource: dict[str, Any] | None,
    planned: dict[str, tuple[float, list[str]]],
    until: date,
) -> dict[str, Any]:
    largest = members.row(0, named=True)
    impact = float(members["impact"].sum())
    is_open = members["ends_on"].null_count() > 0
    starts_on: date = (
        members["starts_on"].to_list()[0] if members.height == 1 else min(members["starts_on"])
    )
    usual = largest["usual"] or 0.0
    share = abs(impact) / usual if usual > 0 else None
    because = _because(members, planned, impact, usual)
    is_resource = first["dimension"] == "resource"
    return {
        **{key: largest[key] for key in (*KEYS, "id", "direction")},
        "starts_on": starts_on,
        "ends_on": None if is_open else max(members["ends_on"]),
        "flagged_on": min(members["flagged_on"]),
        "days": max(members["days"]),
        "actual": float(members["actual"].sum()),
        "expected": float(members["expected"].sum()),
        "impact": impact,
        "score": max(members["score"]),
        "resource_id": first["value"] if is_resource else None,
        "resource_share": min(first["share"], 1.0) if is_resource else None,
        "members": members.height,
        "scope": scope(members),
        "severity": severity(abs(impact), share),
        "share_of_day": share,
        "cause": kind_of(first),
        "is_expected": because is not None,
        "expected_because": because,
        "reason": sentence(members, first, largest_resource, because),
        "evidence": evidence(members, until),
    }


def severity(money: float, share: float | None) -> str:
    """By the usual cost of a day in the currency, and by the money: both must be reached."""
    for name, days, least in LEVELS:
        if money >= least and (share is None or share >= days):
            return name
    return "low"


def _because(
    members: pl.DataFrame,
    planned: dict[str, tuple[float, list[str]]],
    impact: float,
    usual: float,
) -> str | None:
    """Why it was to be expected; None = nothing known explains it."""
    known = [planned[one] for one in members["member"] if one in planned]
    explained = sum(money for money, _ in known)
    if not known or explained / impact < PLANNED:
        return None
    words = [word for _, said in known for word in said]
    decided = any(word.startswith("commitment") or word.endswith(BY_US) for word in words)
    a_day = abs(impact) / max(members["days"])
    if not decided and impact > 0 and usual > 0 and a_day > ORDINARY * usual:
        return None
    return because_of(words)


def _days(days: pl.DataFrame, of: dict[str, str]) -> pl.DataFrame:
    """Actual and expected cost of an incident's series together, a row per day."""
    return (
        days.with_columns(pl.col("id").replace_strict(of, return_dtype=pl.String))
        .group_by("id", "day")
        .agg(pl.col("actual", "expected").sum(), pl.col("is_abnormal").any())
        .sort("id", "day")
    )
