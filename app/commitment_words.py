"""Commitments in the words of somebody from finance."""

from collections.abc import Sequence
from typing import Any

from app.dashboard.money import between, full, full_range, percent, sign
from app.words import cloud_name

KINDS = {
    "sp": "savings plan over all instances", "sp_instance": "savings plan for {place}",
    "cud": "committed use of {place}", "reservation": "reservation of {place}",
}  # fmt: skip
TERMS = {"1y": "1 year", "3y": "3 years"}
NOISE = 0.005  # share of a saving; the levels of a curve seldom meet its top
SUGGESTION = [
    "buy", "for", ">amount", "first", ">saves a month", ">likely", ">break-even", ">used",
    ">pays above",
]  # fmt: skip


def what(one: dict[str, Any]) -> str:
    """What is bought: `savings plan for m5 in us-east-1 (linux)`."""
    place = one["covers"] or "all instances"
    place += f" in {one['region']}" if one["region"] else ""
    place += f" ({one['os']})" if one["os"] else ""
    kind = one["price_type"].rsplit("_", 1)[0]
    return KINDS[kind].format(place=place)


def amount(one: dict[str, Any], *, prefix: str = "") -> str:
    """How much of it: instances, or money per hour.

    >>> amount({"quantity": 3.0, "commitment_hour": 0.2, "currency": "EUR"})
    '3 instances'
    """
    quantity = one[f"{prefix}quantity"]
    if quantity is not None:
        return f"{quantity:.0f} instance{'' if quantity == 1 else 's'}"
    hourly = one["first_hour"] if prefix else one["commitment_hour"]
    return f"{sign(one['currency'])}{hourly:.3f} an hour"


def first_part(one: dict[str, Any]) -> str:
    """What to buy first and when, if not all at once and now.

    >>> from datetime import date
    >>> part = {"parts": 3, "first_quantity": 3.0, "made_on": date(2026, 11, 22)}
    >>> first_part({**part, "first_on": date(2026, 11, 22), "last_on": date(2027, 1, 21)})
    '3 instances now, 3 parts until 2027-01-21'
    >>> first_part({**part, "first_on": date(2027, 1, 6), "last_on": date(2027, 3, 7)})
    '3 instances on 2027-01-06, 3 parts until 2027-03-07'
    """
    if not one["parts"]:
        return ""
    is_now = one["first_on"] <= one["made_on"]
    if one["parts"] == 1:
        return "all at once" if is_now else f"all on {one['first_on']}"
    when = "now" if is_now else f"on {one['first_on']}"
    return f"{amount(one, prefix='first_')} {when}, {one['parts']} parts until {one['last_on']}"


def _term(one: dict[str, Any]) -> str:
    return TERMS.get(one["term"]) or str(one["term"])


def suggestion(one: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one line of `SUGGESTION`."""
    months = one["break_even_months"]
    return (
        what(one),
        f"{_term(one)}, {cloud_name(one['cloud'])} {one['billing_account']}",
        amount(one),
        first_part(one),
        between(one["saving_month_low"], one["saving_month_high"], one["currency"]),
        full(one["saving_month_mean"], one["currency"]),
        f"{months:.1f} months",
        percent(one["utilisation"]),
        percent(one["ratio"]),
    )


def sentence(one: dict[str, Any]) -> str:
    """The whole suggestion as one paragraph: what, the gain, and what happens if use falls."""
    currency, ratio = one["currency"], one["ratio"]
    months = 12 * int(one["term"].removesuffix("y"))
    whole = one["commitment_hour"] * 730.5 * months
    return (
        f"Buy a {what(one)} on {cloud_name(one['cloud'])} ({one['billing_account']}) for "
        f"{_term(one)}: {amount(one)}, which is "
        f"{full(whole, currency)} over the term. {_later(one)}It likely saves "
        f"{full(one['saving_month_mean'], currency)} a month, in 8 of 10 cases "
        f"{full_range(one['saving_month_low'], one['saving_month_high'], currency)}. It has paid "
        "off after "
        f"{one['break_even_months']:.1f} months of full use. If you use less than {percent(ratio)} "
        f"of it, you pay more than without it; if you stop using it, it costs "
        f"{full(one['commitment_hour'] * 730.5, currency)} a month for nothing until it ends."
    )


def _later(one: dict[str, Any]) -> str:
    if not one["starts_on"] or one["starts_on"] <= one["made_on"]:
        return ""
    return f"Buy none of it before {one['starts_on']}: what you own covers that use until then. "


def beyond(one: dict[str, Any], curve: Sequence[tuple[float, float]]) -> str:
    """What more than is suggested would do; the curve has amounts an hour and savings a month."""
    more = [saved for hourly, saved in curve if hourly > one["commitment_hour"] * (1 + 1e-9)]
    if not more:
        return "No more than that is ever used."
    if max(more) > one["saving_month_mean"] * (1 + NOISE):
        return (
            "A little more would save, too, if it were bought now; but buying it when what you own "
            "has ended saves more, and is planned then."
        )
    end = more[-1]
    told = (
        f"still saves {full(end, one['currency'])} a month"
        if end >= 0
        else f"costs {full(-end, one['currency'])} a month more than on demand"
    )
    return f"To the right each further unit loses: the whole {told} at the end."


def unanswered(one: dict[str, Any]) -> str:
    """For whose usage nothing can be suggested, and why.

    >>> unanswered({"cloud": "gcp", "billing_account": "01A2", "currency": "EUR",
    ...             "reason": "9 days of usage, need 28"})
    'Google Cloud (01A2) in EUR: 9 days of usage, need 28.'
    """
    scope = f"{cloud_name(one['cloud'])} ({one['billing_account']}) in {one['currency']}"
    return f"{scope}: {one['reason']}."


def owned_line(one: dict[str, Any]) -> tuple[str, ...]:
    """The cells of one owned commitment."""
    named = one["commitment_id"].rsplit("/", 1)[-1]
    kind = (one["kind"] or "commitment").replace("_", " ")
    covers = f" of {one['covers']}" if one["covers"] else ""
    return (
        f"{kind}{covers} {named}", cloud_name(one["cloud"]), percent(one["utilisation"]),
        full(one["committed_cost"], one["currency"]), full(one["saved_cost"], one["currency"]),
        f"{one['ends_at']:%Y-%m-%d}" if one["ends_at"] else "unknown",
        _left(one["days_left"]),
    )  # fmt: skip


def _left(days: int | None) -> str:
    if days is None:
        return ""
    return "ended" if days < 0 else f"{days}{' !' if days <= 30 else ''}"
