"""The rule `anomaly`: a cost incident of some size begins or ends."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import polars as pl

from actions.feedback import Incident, Opinion, opinions
from app.dashboard.money import full
from app.exact import exact
from app.notify.finding import Finding, Place, agrees
from app.notify.message import Message
from app.notify.queries import query
from app.words import cloud_name, day
from models.anomaly.wording import scope
from pipelines.alert_settings import OTHER, AnomalyRule, FilterSettings

TOLD = (
    "cloud", "account", "service", "currency", "direction", "starts_on", "ends_on", "days",
    "resource_id", "members", "scope",
)  # fmt: skip
CRITICAL = 1  # level of a finding


def judge(place: Place, rule: AnomalyRule) -> list[Finding]:
    """One finding per open incident that the rule is about, small and silenced ones included.

    Of an incident of several series, those that the rule is about count and are told.
    """
    rows = [row for row in place.rows(query("incidents")) if row["direction"] in rule.directions]
    incidents = {row["id"]: Incident.of_row(row) for row in rows}
    known = opinions(incidents.values(), place.said, place.today)
    return [
        _finding(place, rule, part, incidents[row["id"]], known.get(row["id"]))
        for row in rows
        if (part := _part(row, rule.filter)) is not None
    ]


def _part(row: Mapping[str, Any], wanted: FilterSettings) -> Mapping[str, Any] | None:
    """The incident as far as the rule is about it; None = not at all.

    `first` is the series that was noticed first: which one is the largest changes by the day.
    """
    series: Sequence[Mapping[str, Any]] = row["series"] or [row]
    own = [one for one in series if agrees(one, wanted)]
    if not own:
        return None
    named = ("cloud", "account", "service")
    first = min(
        own, key=lambda one: (one["flagged_on"] or date.max, *(one[name] or "" for name in named))
    )
    if len(own) == len(series):
        return {**row, "first": first, "whole": None}
    sums = {name: sum(one[name] for one in own) for name in ("actual", "expected", "impact")}
    largest = {name: own[0][name] for name in (*named, "account_name")}
    return {
        **row, **largest, **sums, "days": max(one["days"] for one in own), "members": len(own),
        "scope": scope(pl.DataFrame([{name: one[name] for name in named} for one in own])),
        "first": first, "whole": row,
    }  # fmt: skip


def _finding(
    place: Place,
    rule: AnomalyRule,
    row: Mapping[str, Any],
    incident: Incident,
    opinion: Opinion | None,
) -> Finding:
    amount = abs(Decimal(str(row["impact"] or 0)))
    series, first = incident.series, row["first"]
    is_critical = _limit(rule.critical_at, series.currency, Decimal("Infinity")) <= amount
    message = _message(place, row, incident, opinion, is_critical)
    return Finding(
        cause=" ".join(
            part or "*"
            for part in (
                first["cloud"], first["account"], first["service"],
                series.currency, series.direction,
            )
        ),
        message=message,
        starts_on=incident.starts_on,
        ends_on=incident.ends_on,
        is_over=incident.ends_on is not None,
        end=_stays(message) if row.get("is_new_normal") else None,
        is_critical=is_critical,
        level=CRITICAL if is_critical else None,  # growing to it is told anew
        may_start=amount >= _limit(rule.at_least, series.currency, Decimal(0)),
        is_silenced=opinion is not None and opinion.is_settled,
    )  # fmt: skip


def _limit(given: Mapping[str, Decimal], currency: str, default: Decimal) -> Decimal:
    return given.get(currency, given.get(OTHER, default))


def _message(
    place: Place,
    row: Mapping[str, Any],
    incident: Incident,
    opinion: Opinion | None,
    is_critical: bool,
) -> Message:
    currency, impact = row["currency"], row["impact"]
    more = "more" if incident.series.direction == "up" else "less"
    short, what = _covered(row)
    days = f"{row['days']} {'day' if row['days'] == 1 else 'days'}"
    ended = ", still going on"
    if incident.ends_on:
        how = "counts as normal" if row.get("is_new_normal") else "over"
        ended = f", {how} since {day(incident.ends_on)}"
    facts = [
        ("What", what),
        (
            "Money",
            f"{full(row['actual'], currency)} in {days} instead of the expected "
            f"{full(row['expected'], currency)}: {full(abs(impact or 0), currency)} {more}",
        ),
        ("Since", f"{day(incident.starts_on)}{ended}"),
        ("Likely cause", row["reason"] or "not known"),
    ]
    if row["whole"] is not None:
        whole = full(abs(row["whole"]["impact"] or 0), currency)
        number = row["whole"]["members"]
        facts.append(("Part of", f"an incident of {number} series, {whole} {more} in all"))
    if opinion is not None:
        facts.append(("People say", opinion.sentence))
    return Message(
        title=f"{short} cost {full(abs(impact or 0), currency)} {more} than expected",
        facts=tuple(facts),
        advice=_advice(incident),
        link=place.link(f"anomalies?anomaly={quote(incident.id)}&currency={quote(currency)}"),
        severity="critical" if is_critical else "warning",
        data={
            "incident": incident.id,
            **{name: row[name] for name in TOLD},
            **{name: exact(row[name]) for name in ("actual", "expected", "impact")},
        },
    )  # fmt: skip


def _stays(message: Message) -> Message:
    """The end of an incident whose cost did not come back to what it was."""
    return replace(
        message,
        title=f"New normal: {message.title}",
        advice="The cost is still there: it has stayed for weeks, so that only what differs from "
        "it is told from now on. If it is not wanted, it still has to be changed; if it is, see "
        "whether budgets allow for it.",
        severity="warning",
    )


def _covered(row: Mapping[str, Any]) -> tuple[str, str]:
    """What the incident is in, for a title and in full.

    One of several series is called by all of them: the largest alone would hide the others.
    """
    if (row["members"] or 1) > 1:
        number = f"{row['members']} series"
        parts = row["scope"].removeprefix(f"{number}: ")
        return parts, f"{number}: {parts}"
    what = row["service"] or "Several services"
    where = row["account_name"] or "several accounts"
    on = [cloud_name(row["cloud"])] if row["cloud"] else []
    return f"{what} in {where}", ", ".join([what, f"account {where}", *on])


def _advice(incident: Incident) -> str:
    said = f"instance-select anomaly dismiss {incident.id} --reason WHY"
    if incident.series.direction == "down":
        return (
            "Find out whether something was switched off on purpose, or whether bills are missing. "
            f"If it is fine, say so on its page, or with: {said}"
        )
    return (
        "Ask whoever runs it whether this is wanted, and stop what is not. If it is harmless or "
        f"planned, say so on its page, or with: {said}"
    )
