"""The rule `freshness`: what a source tells is too old, by the clock and not by the last run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.notify.finding import Finding, Place
from app.notify.message import Message
from app.notify.queries import query
from app.words import cloud_name
from pipelines.alert_settings import FilterSettings, FreshnessRule


def judge(place: Place, rule: FreshnessRule) -> list[Finding]:
    """One finding per source, billing account and kind of reading that is too old."""
    found: list[Finding] = []
    for row in place.rows(query("ages")):
        if row["what"] not in rule.what or not _is_about(row, rule.filter):
            continue
        limit = rule.after_hours if rule.after_hours is not None else row["late_after_hours"]
        age = _age_hours(row["until"], place.clock)
        is_late = age is not None and limit is not None and age > limit
        if is_late or (age is None and row["failed"]):
            found.append(Finding(_cause(row), _message(place, row, age, limit)))
    return found


def _is_about(row: Mapping[str, Any], wanted: FilterSettings) -> bool:
    """A bill is about the account that pays it and those that it is for."""
    accounts = {row["account"], *(row["accounts"] or ())}
    return wanted.cloud in (None, row["cloud"]) and (
        wanted.account is None or wanted.account in accounts
    )


def _age_hours(until: datetime | None, clock: datetime) -> float | None:
    return None if until is None else (clock - until).total_seconds() / 3600


def _cause(row: Mapping[str, Any]) -> str:
    return " ".join(str(row[name] or "*") for name in ("source", "cloud", "account", "what"))


def _message(
    place: Place, row: Mapping[str, Any], age: float | None, limit: float | None
) -> Message:
    what, source = row["what"].capitalize(), row["source"] or "ingested files"
    whose = f" for account {row['account']}" if row["account"] else ""
    old = "could not be read" if age is None else f"are {_time(age)} old"
    usual = f", and more than {_time(limit)} is late" if age is not None and limit else ""
    facts = [
        ("What", ", ".join(
            part for part in (
                f"{what} of {source}", cloud_name(row["cloud"] or ""),
                f"account {row['account']}" if row["account"] else "",
            ) if part
        )),
    ]  # fmt: skip
    if row["what"] != "exports":  # how far they reach is told of the bills
        known = f"{row['until']:%-d %b %Y %H:%M} UTC" if row["until"] else "nothing"
        facts.append(("Known up to", known))
    if row["failed"]:
        facts.append(("Likely cause", f"the last reading failed: {row['failed']}"))
    return Message(
        title=f"{what} of {source}{whose} {old}{usual}",
        facts=tuple(facts),
        advice="Totals, forecasts and anomalies miss what has not arrived. Run 'instance-select "
        "doctor' to see why, then 'instance-select run'.",
        link=place.link(""),
        data={name: row[name] for name in ("source", "cloud", "account", "what", "until")},
    )


def _time(hours: float) -> str:
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
