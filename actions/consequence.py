"""What a change asks of people: how much work it is, what could go wrong, how it is undone.

A check says it in its header where it knows better (`effort`, `harm`, `undo`); what it can't see is
added to what could go wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from actions.check import Check

BY_HAND = "R5"

HARM: Mapping[str, str] = {
    "stop": "What still runs there ends, and what calls it fails.",
    "schedule": "Who works at unusual hours finds it switched off; jobs of the night don't run.",
    "resize": "It restarts once. Peaks beyond those that were measured slow it down.",
    "delete": "What still uses it without being seen in the data loses it.",
    "release": "Names and allow lists that still have the address lead nowhere, or to a stranger.",
    "configure": "What relies on the present setting behaves differently from then on.",
    "review": "Nothing: somebody looks at it first.",
}
HARM_OF_KIND: Mapping[tuple[str, str], str] = {
    ("resize", "disk"): "Bursts beyond those that were measured have to wait; it is slower while "
    "it is converted.",
    ("resize", "snapshot"): "Restoring from it takes longer.",
    ("stop", "workload"): "What calls it fails until it is scaled up again.",
    ("delete", "snapshot"): "Nobody can go back to that day any more.",
    ("delete", "image"): "Templates and scaling groups that still name it start nothing.",
}
UNDO: Mapping[str, str] = {
    "stop": "Start it again; what is on its disks stays.",
    "schedule": "Take the schedule away; it then runs at all hours.",
    "resize": "Change it back to what it was; that restarts it once more.",
    "configure": "Set it back to what it was.",
    "review": "There is nothing to undo.",
}
UNDO_OF_KIND: Mapping[tuple[str, str], str] = {
    ("resize", "disk"): "Change it back; on AWS that is possible after six hours only.",
    ("resize", "snapshot"): "Copy it to the faster storage again.",
    ("stop", "workload"): "Scale it up to the replicas it has now.",
}
UNDO_BY_RISK: Mapping[str, str] = {
    "R3": "Restore it from the backup that is taken before; its id and address may be new.",
    "R4": "It can't be undone.",
    BY_HAND: "Only from a backup that somebody makes before.",
}


@dataclass(frozen=True)
class Consequence:
    """Three columns of `actions.recommendation`."""

    effort: str  # one of actions.check.EFFORTS
    harm: str
    undo: str


def consequence(check: Check, verb: str, risk: str) -> Consequence:
    """Of a change that a check asks for; a row's verb may be another than the header's."""
    is_its_own = verb == check.verb
    kind = check.kind
    harm = check.harm if is_its_own and check.harm else HARM_OF_KIND.get((verb, kind), HARM[verb])
    return Consequence(
        check.effort if is_its_own and check.effort else _effort(verb, risk),
        f"{harm} What the check can't see: {check.blind}",
        check.undo if is_its_own and check.undo else _undo(verb, kind, risk),
    )


def _effort(verb: str, risk: str) -> str:
    if verb == "resize":
        return "high" if risk == BY_HAND else "medium"
    return "medium" if risk == BY_HAND else "low"


def _undo(verb: str, kind: str, risk: str) -> str:
    if verb == "release":
        return "It can't be undone: the provider gives the address to somebody else."
    if verb == "delete":
        return UNDO_BY_RISK[risk]
    return UNDO_OF_KIND.get((verb, kind), UNDO[verb])
