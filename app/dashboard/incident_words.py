"""Say about a cost incident what a person in finance needs: how sure, how bad, what to do."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from app.dashboard.money import markdown
from app.words import day

CERTAIN, LIKELY = 12.0, 6.0  # times the usual deviation
DIMENSIONS = {
    "resource": "Resource", "sku": "SKU", "tag": "Tag", "region": "Region",
    "charge_category": "Priced as", "account": "Account", "service": "Service",
}  # fmt: skip
KINDS = {
    "quantity": "more of", "price": "another price of", "mix": "other SKUs of",
    "new": "new:", "gone": "gone:", "unknown": "more or dearer:",
}  # fmt: skip
LONGEST = 44  # characters of a name


def short(name: str) -> str:
    """The telling end of an id or name.

    >>> short("arn:aws:logs:eu-west-1:210987654301:log-group:/acme/web-billing-logs")
    'web-billing-logs'
    """
    if "/" in name and " " not in name and len(name) > LONGEST // 2:
        name = name.rstrip("/").rsplit("/", 1)[-1]
    return name if len(name) <= LONGEST else f"\u2026{name[-LONGEST:]}"


def cause(row: Mapping[str, Any]) -> str:
    """The first cause in a few words."""
    if row["cause_value"] is None:
        return ""
    way = KINDS.get(row["cause"] or "", "")
    way = "less of" if way == "more of" and row["direction"] == "down" else way
    return f"{way} {short(row['cause_name'] or row['cause_value'])}".strip()


def how_sure(score: float | None) -> str | None:
    """In words, by how far the worst day is off."""
    if not score:
        return None
    far = f"{score:.0f} times the usual deviation"
    if score >= CERTAIN:
        return f"certain ({far})"
    if score >= LIKELY:
        return f"very likely ({far})"
    return "likely: no day stands out, but it grew for weeks"


def days(number: int, first: date, until: date | None) -> str:
    """How long it lasted; `until` is the first day after it.

    >>> days(9, date(2026, 11, 12), date(2026, 11, 21))
    '9, from 12 Nov 2026 to 20 Nov 2026'
    """
    if until is None:
        return f"{number}, since {day(first)} and still going on"
    return f"{number}, from {day(first)} to {day(until - timedelta(days=1))}"


def severity(level: str | None, share: float | None, currency: str) -> str | None:
    """The level, and what it is measured by."""
    if level is None or share is None:
        return level
    size = f"{share:.1f} days" if share >= 1 else f"{share:.0%} of a day"
    return f"{level} ({size} of all {currency} cost)"


def next_steps(incident: Mapping[str, Any], first: Mapping[str, Any] | None) -> list[str]:
    """What to do next, in the order of doing it, in Markdown."""
    if incident["is_expected"]:
        return ["Nothing, if this was wanted. The evidence shows the lines."]
    if first is None:
        return ["Look at the evidence, and run the pipeline again to find the causes."]
    what = f"**{markdown(short(first['name']))}**"
    steps = _STEPS.get(incident["cause"] or "quantity", _STEPS["quantity"])
    if incident["direction"] == "down":
        steps = _DROP
    elif incident.get("state") in ("just ended", "ended"):
        steps = _OVER
    if first["changes"]:
        steps = ("Ask who made the change of that time: {changes}.", *steps)
    changes = markdown(first["changes"] or "")
    return [step.format(what=what, changes=changes) for step in steps]


_STEPS = {
    "price": (
        "Compare the price of {what} with the price list and your contract: a discount that "
        "ended, a tier that was left, or a new price.",
        "If it is a contract's end, renew it or plan the budget with the new price.",
        "If it is neither, ask the provider for a correction; the evidence has the lines.",
    ),
    "new": (
        "Ask the owner whether {what} is wanted, and for how long.",
        "If not, stop or delete it. If it is, add it to the budget.",
    ),
    "mix": (
        "Look which size or class of {what} is used now, and whether it was meant to change.",
        "If not, go back to the one before.",
    ),
    "unknown": (
        "The bill names no SKU or no quantity, so look whether more of {what} is used, or whether "
        "its price changed.",
        "An export in FOCUS or the provider's detailed export tells; see the page of your cloud in "
        "the documentation.",
    ),
    "gone": ("See whether {what} was to end; if not, ask its owner.",),
    "quantity": (
        "Ask the owner of {what} what uses more of it since then.",
        "If it runs away (logs, retries, transfer), stop that first; it costs more each day.",
        "If it is growth that is wanted, raise the budget.",
    ),
}
_OVER = (
    "It is over: ask the owner of {what} what it was, and whether it can come again.",
    "If nobody knows, look at the lines of the evidence, and ask the provider for a correction of "
    "what nobody used.",
)
_DROP = (
    "See whether {what} works: a drop in cost can be an outage, or a bill that is missing lines.",
    "If it is a saving, nothing is to be done.",
)
