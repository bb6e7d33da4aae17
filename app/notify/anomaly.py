"""The rule `anomaly`: a cost incident of some size begins or ends."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from actions.feedback import Incident, Opinion, opinions
from app.dashboard.money import full
from app.exact import exact
from app.notify.finding import Finding, Place, agrees
from app.notify.message import Message
from app.notify.queries import query
from app.words import cloud_name, day
from pipelines.alert_settings import OTHER, AnomalyRule

TOLD = (
    "cloud", "account", "service", "currency", "direction", "starts_on", "ends_on", "days",
    "resource_id", "members", "scope",
)  # fmt: skip
CRITICAL = 1  # level of a finding


def judge(place: Place, rule: AnomalyRule) -> list[Finding]:
    """One finding per open incident that the rule is about, small and silenced ones included."""
    rows = [
        row
        for row in place.rows(query("incidents"))
        if agrees(row, rule.filter) and row["direction"] in rule.directions
    ]
    incidents = {row["id"]: Incident.of_row(row) for row in rows}
    known = opinions(incidents.values(), place.said, place.today)
    return [_finding(place, rule, row, incidents[row["id"]], known.get(row["id"])) for row in rows]


def _finding(
    place: Place,
    rule: AnomalyRule,
    row: Mapping[str, Any],
    incident: Incident,
    opinion: Opinion | None,
) -> Finding:
    amount = abs(Decimal(str(row["impact"] or 0)))
    series = incident.series
    is_critical = _limit(rule.critical_at, series.currency, Decimal("Infinity")) <= amount
    return Finding(
        cause=" ".join(
            part or "*"
            for part in (
                row["cloud"], row["account"], row["service"], series.currency, series.direction,
            )
        ),
        message=_message(place, row, incident, opinion, is_critical),
        starts_on=incident.starts_on,
        ends_on=incident.ends_on,
        is_over=incident.ends_on is not None,
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
    ended = f", over since {day(incident.ends_on)}" if incident.ends_on else ", still going on"
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
