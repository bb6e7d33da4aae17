"""Where a plan stands: who approved it, and whether that is enough now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from actions import audit
from actions.planned import Plan
from actions.tables import approval as table
from actions.users import active_users, is_same
from clouds.cloud import Risk


@dataclass(frozen=True)
class Approval:
    """What one person decided about one plan."""

    id: str
    plan_id: str
    hash: str
    user: str
    role: str
    decision: Literal["approved", "rejected"]
    reason: str | None
    at: datetime
    expires_at: datetime | None  # of an approval


@dataclass(frozen=True)
class Standing:
    """Whether the approvals of a plan are enough, and if not, what is missing."""

    is_approved: bool
    missing: str | None
    approved_by: tuple[str, ...]


def standing_of(connection: Connection, plan: Plan, now: datetime) -> Standing:
    """Whether a plan is approved well enough to be applied now, inside the caller's transaction."""
    decided = decisions(connection, plan.id)
    logged = audit.seals(connection, plan.id)
    if any(item.decision == "rejected" for item in (*decided, *logged)):
        return Standing(False, "it was rejected", ())
    able = {person.name for person in active_users(connection) if person.may(plan.risk)}
    people: list[str] = []
    void: list[str] = []
    for item in decided:
        if item.expires_at is None or now >= item.expires_at:
            void.append(f"that of {item.user} has expired")
        elif item.hash != plan.hash or audit.seal_of(item) not in logged:
            void.append(f"that of {item.user} is not as the audit log has it")
        elif item.user not in able:
            void.append(f"{item.user} may not approve {plan.risk} any more")
        elif not any(is_same(item.user, other) for other in people):
            people.append(item.user)
    people.sort()
    missing = _missing(plan.risk, plan.author, people)
    if missing and void:
        missing += f" ({'; '.join(void)})"
    return Standing(missing is None, missing, tuple(people))


def people_needed(risk: Risk) -> int:
    """How many people have to approve a plan of this class."""
    return {"R0": 0, "R1": 1, "R2": 1, "R3": 1}.get(risk, 2)


def decisions(connection: Connection, plan_id: str) -> list[Approval]:
    """Everything that was decided about a plan, oldest first."""
    query = select(table).where(table.c.plan_id == plan_id).order_by(table.c.at, table.c.id)
    return [_from_row(row) for row in connection.execute(query)]


def _missing(risk: Risk, author: str, people: Sequence[str]) -> str | None:
    short = people_needed(risk) - len(people)
    if short > 0:
        return f"{risk} needs {people_needed(risk)} approval(s), {len(people)} valid so far"
    if risk > "R1" and all(is_same(person, author) for person in people):
        return f"{risk} is never approved by its author {author!r} alone"
    return None


def _from_row(row: Row[Any]) -> Approval:
    return Approval(
        row.id, row.plan_id, row.hash, row.user, row.role, row.decision, row.reason, row.at,
        row.expires_at,
    )  # fmt: skip
