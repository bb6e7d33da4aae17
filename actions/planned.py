"""A plan as frozen data: what it is made of, its canonical text and its hash."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from actions.canonical import canonical_json, digest
from actions.errors import PlanRefused
from actions.risk import highest
from clouds.cloud import Change, Observation, Resource, Risk, Verb

Status = Literal[
    "proposed", "approved", "lapsed", "rejected", "expired",
    "applying", "applied", "partly_applied", "failed", "rolled_back",
]  # fmt: skip
# "lapsed" and "expired" are never stored: they are what "approved" and "proposed" become in time.
FORM = 1  # version of the canonical form; part of the hash


@dataclass(frozen=True)
class PlannedChange:
    """One change with where it comes from."""

    change: Change
    source: str  # the configured source whose cloud makes it
    name: str | None = None  # of the resource
    recommendation_id: str | None = None
    reason: str | None = None
    undoes: str | None = None  # the change that this one puts back


@dataclass(frozen=True)
class Plan:
    """A frozen list of changes. `hash` covers everything but `status`."""

    id: str
    title: str
    author: str
    created_at: datetime
    expires_at: datetime
    snapshot: int | None  # the warehouse snapshot of the facts behind it
    changes: tuple[PlannedChange, ...]
    undoes_run: str | None = None
    notes: tuple[str, ...] = ()
    status: Status = "proposed"

    @property
    def body(self) -> str:
        """Canonical JSON of all that is agreed to."""
        return canonical_json(
            {
                "form": FORM,
                **{name: getattr(self, name) for name in HEAD},
                "changes": list(self.changes),
                "notes": list(self.notes),
            }
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the body: what people approve."""
        return digest(self.body)

    @property
    def risk(self) -> Risk:
        """The highest class among the changes; it decides who has to approve."""
        return highest(tuple(planned.change.risk for planned in self.changes))


HEAD = ("id", "title", "author", "created_at", "expires_at", "snapshot", "undoes_run")


@dataclass(frozen=True)
class Wish:
    """A change somebody wants, before anybody looked at the resource."""

    source: str
    resource: Resource
    verb: Verb
    after: str
    before: str | None = None  # None: whatever it is now
    risk: str | None = None
    currency: str | None = None
    saving_month_low: Decimal | None = None
    saving_month_high: Decimal | None = None
    backup: str | None = None
    name: str | None = None
    recommendation_id: str | None = None
    reason: str | None = None
    undoes: str | None = None


def parse(body: str) -> Plan:
    """The plan that a body describes; its own body is the same text again."""
    facts = json.loads(body)
    if facts["form"] != FORM:
        raise PlanRefused(
            f"Plan {facts['id']} was written in form {facts['form']}, and this version reads "
            f"form {FORM}. Make a new plan."
        )
    return Plan(
        **{name: facts[name] for name in ("id", "title", "author", "snapshot", "undoes_run")},
        created_at=datetime.fromisoformat(facts["created_at"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
        changes=tuple(_parse_change(item) for item in facts["changes"]),
        notes=tuple(facts["notes"]),
    )


def _parse_change(item: dict[str, Any]) -> PlannedChange:
    facts: dict[str, Any] = dict(item["change"])
    facts["resource"] = Resource(**facts["resource"])
    facts["observed"] = Observation(**facts["observed"])
    facts["permissions"] = tuple(facts["permissions"])
    for name in ("saving_month_low", "saving_month_high"):
        facts[name] = None if facts[name] is None else Decimal(facts[name])
    others: dict[str, Any] = {name: value for name, value in item.items() if name != "change"}
    return PlannedChange(Change(**facts), **others)
