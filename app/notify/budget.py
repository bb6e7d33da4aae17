"""The rules `budget` and `forecast_breach`: what was spent, and what will be, against a budget."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import floor
from typing import Any

from app.dashboard.money import chance, full
from app.exact import exact
from app.notify.finding import Finding, Place, agrees
from app.notify.message import Message
from app.notify.queries import query
from app.words import cloud_name, day
from pipelines.alert_settings import BudgetRule, ForecastBreachRule

STEADY = 0.8  # a breach counts as averted below this share of the rule's probability: no flapping
MONEY = ("amount", "spent", "expected", "lo80", "hi80")
FULL = 100  # percent
DIGITS = 9  # of a percentage behind the point; a sum of binary numbers may miss it by less
LIKELY = 0.5  # a breach of this probability is more likely than not


def judge_spent(place: Place, rule: BudgetRule) -> list[Finding]:
    """One finding per budget that crossed a share, about the highest one it crossed."""
    found: list[Finding] = []
    for row in _budgets(place, rule):
        used = _used(row)
        crossed = [share for share in rule.at_percent if used is not None and used >= share]
        if crossed:
            level = max(crossed)
            message = _spent_message(place, row, level)
            found.append(Finding(_cause(row), message, level=level, is_critical=level >= FULL))
    return found


def judge_breach(place: Place, rule: ForecastBreachRule) -> list[Finding]:
    """One finding per budget in its running period, also of those that will be kept.

    So a budget without a finding is one whose period is over, or that was ended or replaced. What
    is still judged of a period that is over can't be acted on any more.
    """
    return [_breach(place, rule, row) for row in _budgets(place, rule)
            if row["ends_on"] > place.today]  # fmt: skip


def _breach(place: Place, rule: ForecastBreachRule, row: Mapping[str, Any]) -> Finding:
    probability, used = row["breach_probability"], _used(row)
    cause, message = _cause(row), _breach_message(place, row)
    if used is not None and used >= FULL:  # it happened: the rule `budget` tells
        return Finding(cause, message, is_silenced=True)
    if probability is None:  # nobody knows: neither told, nor is what was told over
        return Finding(cause, message, may_start=False)
    if probability < rule.probability * STEADY:
        title = f"Budget {row['name']} is no longer likely to be exceeded: {_compared(row)}"
        return Finding(cause, replace(message, title=title), is_over=True, may_start=False)
    return Finding(cause, message, may_start=probability >= rule.probability)


def _budgets(place: Place, rule: BudgetRule | ForecastBreachRule) -> list[dict[str, Any]]:
    """Those of the rule that still hold: one ended since the last run tells nothing any more."""
    return [
        row
        for row in place.rows(query("budgets"))
        if row["id"] in place.budgets and agrees(row, rule.filter)
    ]


def _used(row: Mapping[str, Any]) -> Decimal | None:
    """Percent of the budget that is spent."""
    if row["spent"] is None or not row["amount"] or row["amount"] <= 0:
        return None
    share = Decimal(str(row["spent"])) / Decimal(str(row["amount"]))
    return round(share * FULL, DIGITS)


def _cause(row: Mapping[str, Any]) -> str:
    return f"{row['id']} {row['starts_on']}"


def _spent_message(place: Place, row: Mapping[str, Any], level: int) -> Message:
    currency = row["currency"]
    over = Decimal(str(row["spent"])) - Decimal(str(row["amount"]))
    used = floor(_used(row) or level)
    title = f"Budget {row['name']}: {used} % of {full(row['amount'], currency)} is spent"
    if over > 0:
        title = f"Budget {row['name']} is exceeded by {full(over, currency)}"
    return Message(
        title=title,
        facts=(*_facts(row), *_outlook(row)),
        advice="Look which services grew, and which recommendations are open. If the plan itself "
        "changed, give the budget another amount.",
        link=place.link(""),
        severity="critical" if level >= FULL else "warning",
        data={**_data(row), "percent": level},
    )


def _breach_message(place: Place, row: Mapping[str, Any]) -> Message:
    when = f", probably on {day(row['breach_on'])}" if row["breach_on"] else ""
    probability = row["breach_probability"]
    is_likely = probability is not None and probability >= LIKELY
    how = "will probably" if is_likely else "may"
    return Message(
        title=f"Budget {row['name']} {how} be exceeded: {_compared(row)}",
        facts=(
            *_facts(row),
            *_outlook(row),
            ("Chance of a breach", f"{chance(probability)}{when}"),
        ),
        advice="There is time to act: look which services grew, and apply open recommendations "
        "before that day.",
        link=place.link(""),
        data=_data(row),
    )


def _compared(row: Mapping[str, Any]) -> str:
    expected, allowed = full(row["expected"], row["currency"]), full(row["amount"], row["currency"])
    return f"{expected} expected, {allowed} allowed"


def _facts(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    currency, used = row["currency"], _used(row)
    scope = [cloud_name(row["cloud"]) if row["cloud"] else "all clouds"]
    scope += [f"account {row['account']}"] if row["account"] else []
    scope += [row["service"]] if row["service"] else []
    share = "" if used is None else f" ({floor(used)} %)"
    return (
        ("What", f"{row['name']}: {', '.join(scope)}, per {row['period']}"),
        (
            "Money",
            f"{full(row['spent'], currency)} of {full(row['amount'], currency)} spent{share}",
        ),
        ("Period", f"{day(row['starts_on'])} to {day(row['ends_on'] - timedelta(days=1))}"),
    )


def _outlook(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if row["expected"] is None:
        return (("Outlook", "there is no forecast"),)
    currency = row["currency"]
    text = f"{full(row['expected'], currency)} at the end of the {row['period']}"
    if row["lo80"] is not None and row["hi80"] is not None:
        text += f", {full(row['lo80'], currency)} to {full(row['hi80'], currency)} in 4 of 5 cases"
    return (("Outlook", text),)


def _data(row: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: value for name, value in row.items() if name != "id"}
    return {"budget": row["id"], **facts, **{name: exact(row[name]) for name in MONEY}}
