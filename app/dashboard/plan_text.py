"""Plans in words: the same list that is applied, explained to whoever has to agree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from actions.audit import Event
from actions.planned import Plan, PlannedChange
from actions.run import Run, Step
from actions.verify import Verdict
from app.dashboard.money import between, code, full_range, markdown, signed
from app.dashboard.page import cloud_name
from app.words import look

Colour = Literal["red", "orange", "blue", "green", "gray"]


@dataclass(frozen=True)
class Words:
    """How a state is shown: never by its colour alone."""

    words: str
    icon: str
    colour: Colour


STATUS: Mapping[str, Words] = {
    "proposed": Words("Waiting for approval", ":material/hourglass_top:", "orange"),
    "approved": Words("Approved", ":material/verified:", "blue"),
    "lapsed": Words("Approval lapsed", ":material/timer_off:", "orange"),
    "rejected": Words("Rejected", ":material/block:", "gray"),
    "expired": Words("Expired", ":material/timer_off:", "gray"),
    "applying": Words("Being applied", ":material/sync:", "blue"),
    "applied": Words("Applied", ":material/check_circle:", "green"),
    "partly_applied": Words("Partly applied", ":material/rule:", "orange"),
    "failed": Words("Failed", ":material/error:", "red"),
    "rolled_back": Words("Rolled back", ":material/undo:", "gray"),
}
OUTCOME: Mapping[str, Words] = {
    "applied": Words("applied", ":material/check_circle:", "green"),
    "already": Words("was so already", ":material/check_circle:", "green"),
    "drifted": Words("drifted, left alone", ":material/shuffle:", "orange"),
    "refused": Words("refused", ":material/block:", "orange"),
    "failed": Words("failed", ":material/error:", "red"),
}
RISK: Mapping[str, str] = {
    "R0": "R0, advice only",
    "R1": "R1, reversible at once",
    "R2": "R2, reversible, with a short interruption",
    "R3": "R3, reversible from a backup",
    "R4": "R4, not reversible",
    "R5": "R5, a migration",
}
BACK: Mapping[str, str] = {
    "start": "start it again",
    "stop": "stop it again",
    "resize": "resize it back",
    "restore": "restore it from the snapshot that is taken first",
    "schedule": "take the schedule away",
    "delete": "delete it again",
}


def saving(plan: Plan) -> str:
    """What the plan saves a month, each currency for itself; below zero it costs more."""
    return ", ".join(
        between(low, high, currency) for currency, (low, high) in _sums(plan).items()
    ) or "an unknown amount"  # fmt: skip


def effect(plan: Plan) -> str:
    """What the plan does to the bill: `saves $380 a month`, or `costs $380 a month more`."""
    parts = [_effect(low, high, currency) for currency, (low, high) in _sums(plan).items()]
    return ", ".join(parts) or "saves an unknown amount"


def _effect(low: Decimal | None, high: Decimal, currency: str) -> str:
    if high < 0 and low is None:
        return f"costs at least {between(-high, -high, currency)} a month more"
    if low is not None and low < 0 and high <= 0:
        return f"costs {between(-high, -low, currency)} a month more"
    return f"saves {between(low, high, currency)} a month"


def _sums(plan: Plan) -> dict[str, tuple[Decimal | None, Decimal]]:
    """The lowest and the highest saving a month in each currency."""
    low: dict[str, Decimal] = {}
    high: dict[str, Decimal] = {}
    for planned in plan.changes:
        change = planned.change
        if change.currency and change.saving_month_low is not None:
            low[change.currency] = low.get(change.currency, Decimal(0)) + change.saving_month_low
        if change.currency and change.saving_month_high is not None:
            high[change.currency] = high.get(change.currency, Decimal(0)) + change.saving_month_high
    return {currency: (low.get(currency), high[currency]) for currency in sorted(high)}


def one_line(planned: PlannedChange, step: Step | None) -> str:
    """The change in one line of Markdown, with its outcome once there is one."""
    change = planned.change
    name = planned.name or change.resource.resource_id
    kind = change.resource.kind.replace("_", " ")
    what = f"{look(change.before)} to {look(change.after)}"
    if change.currency and change.saving_month_high is not None:
        what += ", " + _effect(change.saving_month_low, change.saving_month_high, change.currency)
    line = f"{change.verb.capitalize()} {kind} **{markdown(name)}**: {markdown(what)} "
    line += f":gray-badge[{change.risk}]"
    if step is not None and step.outcome is not None:
        outcome = OUTCOME[step.outcome]
        return f"{outcome.icon} {line} :{outcome.colour}-badge[{outcome.words}]"
    return f":material/radio_button_unchecked: {line}"


def explained(planned: PlannedChange, step: Step | None, account_name: str | None) -> str:
    """Everything somebody has to know before agreeing to the change, in Markdown."""
    change, where = planned.change, planned.change.resource
    account = f"{account_name} ({where.account})" if account_name else where.account
    back = BACK.get(change.way_back, change.way_back) if change.way_back else None
    facts: dict[str, str | None] = {
        "Why": planned.reason and markdown(planned.reason),
        "Resource": code(where.resource_id)
        + markdown(f" in {cloud_name(where.cloud)}, {account}, {where.region}"),
        "Looks now": markdown(_looks(planned)),
        "Before": code(change.before),
        "After": code(change.after),
        "Saves": markdown(_saves(planned)),
        "Risk": RISK.get(change.risk, change.risk),
        "Way back": back or "**none**: this can't be undone",
        "Permissions needed": ", ".join(map(code, change.permissions)) or "none known",
        "Change": change.change_id,
    }
    if step is not None and step.outcome is not None:
        facts["Outcome"] = OUTCOME[step.outcome].words
        facts["Because"] = step.reason and markdown(step.reason)
        facts["Backup"] = code(step.backup) if step.backup else None
    return "  \n".join(f"**{name}** {fact}" for name, fact in facts.items() if fact)


def judged(verdict: Verdict) -> str:
    """Whether a change holds, and what each window of bills says about it."""
    holds = {True: "As planned", False: "No longer as planned", None: "Not known"}
    lines = [f"**{holds[verdict.is_as_planned]}**: {markdown(verdict.looks)}"]
    lines += [
        f"**{item.window_days} days of bills**: {item.verdict.replace('_', ' ')}, "
        + markdown(item.reason)
        for item in verdict.measured
    ]
    return "  \n".join(lines)


def counts(run: Run) -> str:
    """How many changes had which outcome."""
    found = Counter(step.outcome or "not finished" for step in run.steps)
    return ", ".join(
        f"{number} {OUTCOME[outcome].words if outcome in OUTCOME else outcome}"
        for outcome, number in found.most_common()
    )


def details(event: Event) -> str:
    """What an audit event says beside who, what and when, without what only `verify` reads."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in event.details.items()
        if value is not None and name != "seal"
    )


def _saves(planned: PlannedChange) -> str:
    change = planned.change
    if change.currency is None or change.saving_month_high is None:
        return "an unknown amount"
    if change.saving_month_high <= 0:
        return f"{signed(change.saving_month_low, change.currency)} a month: it costs more again"
    low, high = change.saving_month_low, change.saving_month_high
    return f"{full_range(low, high, change.currency)} a month"


def _looks(planned: PlannedChange) -> str:
    look = planned.change.observed
    parts = [look.state, look.sku, f"attached to {look.attached_to}" if look.attached_to else None]
    parts.append(f"{look.size_gib:g} GiB" if look.size_gib is not None else None)
    parts.append(f"schedule {look.schedule}" if look.schedule else None)
    return ", ".join(part for part in parts if part)
