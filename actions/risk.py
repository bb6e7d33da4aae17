"""What a verb alters, how it is put back, and how much risk it carries at least."""

from collections.abc import Iterable, Mapping
from typing import cast, get_args

from clouds.cloud import Change, Observation, Risk, Verb

RISKS: tuple[Risk, ...] = get_args(Risk)
VERBS: tuple[Verb, ...] = get_args(Verb)

# The classes of docs/gate.md. A check may ask for more than this, never for less.
LEAST_RISK: Mapping[Verb, Risk] = {
    "snapshot": "R1",
    "start": "R1",
    "stop": "R1",  # R2 unless the check says that nothing runs there any more
    "schedule": "R2",
    "resize": "R2",  # restarts
    "restore": "R2",
    "delete": "R3",  # after a backup
    "release": "R4",  # the address goes back to the provider
}
USUAL_RISK: Mapping[Verb, Risk] = {**LEAST_RISK, "stop": "R2"}  # of a change that no check proposed
INVERSE: Mapping[Verb, Verb] = {
    "stop": "start",
    "start": "stop",
    "resize": "resize",
    "schedule": "schedule",
    "delete": "restore",
    "restore": "delete",
}
NO_SCHEDULE = "none"  # how `before` and `after` write a resource that always runs
WITHOUT_BACKUP = ("snapshot", "image")  # kinds that are backups: a deleted one is gone


def way_back(kind: str, verb: Verb, offered: tuple[Verb, ...]) -> Verb | None:
    """The verb that puts it back, if this kind of resource has one.

    A delete is put back from the snapshot that is taken before it, so it needs both.
    """
    inverse = INVERSE.get(verb)
    if verb == "delete" and (kind in WITHOUT_BACKUP or "snapshot" not in offered):
        return None
    return inverse if inverse in offered else None


def risk_of(verb: Verb, back: Verb | None, proposed: str | None = None) -> Risk:
    """The higher of what is proposed and what the verb carries; R4 if nothing puts it back."""
    floor = LEAST_RISK[verb]
    if back is None and verb != "snapshot":
        floor = "R4"
    return cast(Risk, max(proposed or USUAL_RISK[verb], floor))


def altered(verb: Verb, look: Observation) -> str:
    """The part of a resource's look that the verb changes, as `before` and `after` state it."""
    match verb:
        case "resize":
            return look.sku or "unknown size"
        case "schedule":
            return look.schedule or NO_SCHEDULE
        case _:
            return look.state


def is_done(change: Change, look: Observation) -> bool:
    """Whether the resource already looks the way the change leaves it."""
    match change.verb:
        case "snapshot":  # only a new one counts
            return look.exists and look.backup not in (None, change.observed.backup)
        case "delete" | "release":
            return not look.exists
        case "restore":
            return look.exists
        case "resize":  # until it runs again its resize is halfway
            return look.sku == change.after and look.state == change.observed.state
        case "schedule":  # it turns the machine off and on: the state says nothing about it
            return look.exists and altered("schedule", look) == change.after
        case "stop" | "start":
            return look.state == change.after and look.sku == change.observed.sku


def still_holds(change: Change, look: Observation) -> bool:
    """Whether a change that was made is still in force, whatever else became of the resource.

    Only what the verb alters counts: what was resized may be off, what was stopped may have
    another size or be gone, and what was started may be off by its schedule.
    """
    match change.verb:
        case "resize" | "schedule":
            return look.exists and altered(change.verb, look) == change.after
        case "stop":
            return look.state == change.after or not look.exists
        case "start":
            return look.state == change.after or (look.exists and look.schedule is not None)
        case "snapshot" | "delete" | "release" | "restore":
            return is_done(change, look)


def changed_since(change: Change, look: Observation) -> str:
    """What differs from before the change and is not its doing, as a sentence; empty = nothing."""
    names = {"resize": {"sku"}, "schedule": {"schedule"}, "stop": {"state"}, "start": {"state"}}
    if change.verb not in names or not look.exists:
        return ""
    expected = names[change.verb] | ({"state"} if look.schedule is not None else set[str]())
    found = differences(change.observed, look)
    return _sentence(item for item in found if item[0] not in expected)


def is_halfway(change: Change, look: Observation) -> bool:
    """Whether it may be our own interrupted change: only what the verb passes through differs."""
    passes = {
        "resize": ("state", "sku"),
        "stop": ("state",),
        "start": ("state",),
        "schedule": ("schedule",),
    }.get(change.verb, ())
    different = {name for name, _, _ in differences(change.observed, look)}
    skus = (change.observed.sku, change.after if change.verb == "resize" else change.observed.sku)
    return look.exists and different <= set(passes) and look.sku in skus


def differences(then: Observation, now: Observation) -> list[tuple[str, str, str]]:
    """Name, old and new value of everything that makes up the fingerprint and differs."""
    found: list[tuple[str, str, str]] = []
    for name in ("state", "sku", "attached_to", "size_gib", "schedule"):
        old, new = getattr(then, name), getattr(now, name)
        if old != new:
            found.append((name, str(old), str(new)))
    for name in sorted({*then.details, *now.details}):
        old, new = then.details.get(name), now.details.get(name)
        if old != new:
            found.append((name, str(old), str(new)))
    return found


def described(then: Observation, now: Observation) -> str:
    """The differences as a sentence: "state was 'available', is 'in_use'"."""
    if not now.exists:
        return "it is gone"
    return _sentence(differences(then, now))


def _sentence(found: Iterable[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name} was {old!r}, is {new!r}" for name, old, new in found)


def highest(risks: Iterable[Risk]) -> Risk:
    """The class that decides who has to approve."""
    found: Risk = "R0"
    for risk in risks:
        if RISKS.index(risk) > RISKS.index(found):
            found = risk
    return found
