"""Put incidents together: members of one cause, how bad, what explains them, whether expected."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from models import attribution
from models.anomaly.expected import Facts, Known, because, known
from models.anomaly.run import KEYS, Found
from models.anomaly.wording import evidence, evidence_of_cause, kind_of, scope, sentence

LEVELS = (  # severity: so many usual days of the currency's cost, and so much money at least
    ("critical", 1.0, 1000.0),
    ("high", 0.25, 100.0),
    ("medium", 0.05, 20.0),
)
LARGE = 0.3  # of the impact: a resource worth a word where many explain it

ANOMALY = {
    "id": pl.String, **dict.fromkeys(KEYS, pl.String), "starts_on": pl.Date, "ends_on": pl.Date,
    "direction": pl.String, "days": pl.Int32, "actual": pl.Float64, "expected": pl.Float64,
    "impact": pl.Float64, "score": pl.Float64, "resource_id": pl.String,
    "resource_share": pl.Float64, "reason": pl.String, "evidence": pl.String,
    "flagged_on": pl.Date, "members": pl.Int32, "scope": pl.String, "severity": pl.String,
    "share_of_day": pl.Float64, "cause": pl.String, "is_expected": pl.Boolean,
    "expected_because": pl.String, "is_new_normal": pl.Boolean,
}  # fmt: skip


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
    done = known(members, facts, found.days)
    first = {row["id"]: row for row in causes.filter(pl.col("rank") == 1).iter_rows(named=True)}
    of_resources = causes.filter(pl.col("dimension") == "resource", pl.col("share") >= LARGE)
    largest = {row["id"]: row for row in of_resources[::-1].iter_rows(named=True)}
    rows = [
        _incident(part, first[part["id"][0]], largest.get(part["id"][0]), done, until)
        for _, part in members.group_by("id", maintain_order=True)
    ]
    anomaly = pl.DataFrame(rows, schema=ANOMALY).sort(
        pl.col("impact").abs(), "id", descending=[True, False]
    )
    return Incidents(
        anomaly, members.drop("member", "usual", "is_new_normal"), causes, _days(found, of)
    )


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


def _incident(
    members: pl.DataFrame,
    first: dict[str, Any],
    largest_resource: dict[str, Any] | None,
    done: Known,
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
    expected_because = because(members, done, usual)
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
        "is_expected": expected_because is not None,
        "expected_because": expected_because,
        "is_new_normal": largest["is_new_normal"],
        "reason": sentence(members, first, largest_resource, expected_because),
        "evidence": evidence(members, until),
    }


def severity(money: float, share: float | None) -> str:
    """By the usual cost of a day in the currency, and by the money: both must be reached."""
    for name, days, least in LEVELS:
        if money >= least and (share is None or share >= days):
            return name
    return "low"


def _days(found: Found, of: dict[str, str]) -> pl.DataFrame:
    """Actual and expected cost of an incident's series together, a row per day.

    All series are summed over the widest window of them. A day that one of them lacks is unknown;
    before a series began it adds nothing.
    """
    windows = (
        found.days.group_by(pl.col("id").replace_strict(of, return_dtype=pl.String))
        .agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
        .rows_by_key("id", unique=True)
    )
    courses: list[pl.DataFrame] = []
    for member, incident in of.items():
        first, last = windows[incident]
        course = found.courses[member].between(first, last + timedelta(days=1))
        courses.append(course.with_columns(pl.lit(incident).alias("id")))
    if not courses:
        return found.days
    together = pl.concat(courses).group_by("id", "day")
    return together.agg(_whole("actual"), _whole("expected"), pl.col("is_abnormal").any()).sort(
        "id", "day"
    )


def _whole(of: str) -> pl.Expr:
    """The sum over all series that have begun; null if one of them is unknown, or none has."""
    own = pl.col(of).filter("has_begun")
    return pl.when((own.len() > 0) & (own.null_count() == 0)).then(own.sum()).alias(of)
