"""The audit log: every decision, each event sealed with the hash of the one before it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from actions.canonical import canonical_json, digest
from actions.errors import ClockBehind
from actions.ledger import Ledger
from actions.tables import approval, audit, audit_head, plan, role, setting, user, utc

BEFORE_ALL = "0" * 64  # the previous hash of the first event
BATCH = 5000  # events read at a time
DECISIONS = ("plan.create", "plan.approve", "plan.reject", "run.start", "run.resume")
SKEW = timedelta(minutes=5)  # by which clocks may differ, as in Kerberos (RFC 4120)


@dataclass(frozen=True)
class Event:
    """One thing that somebody did."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    hash: str


ROLES = {"viewer": None, "operator": "R1", "approver": "R3", "admin": "R5"}  # as set up


class ApprovalSeal(NamedTuple):
    """The parts of an approval that nobody may alter."""

    id: str
    plan_id: str
    hash: str
    user: str
    decision: str
    expires_at: str | None  # ISO 8601, whole seconds


@dataclass(frozen=True)
class Verification:
    """Whether the log is as it was written; `broken` numbers the first event that is not."""

    ok: bool
    events: int
    broken: int | None = None
    reason: str | None = None


def record(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
) -> None:
    """Append an event inside the caller's `Ledger.write()` transaction.

    Raises `ClockBehind` for a decision that is made before the newest event.
    """
    if action in DECISIONS:
        _check_clock(connection, utc(at))
    head = connection.execute(select(audit_head.c.number, audit_head.c.hash)).one()
    event: dict[str, Any] = {
        "number": head.number + 1,
        "at": utc(at),
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": canonical_json(details),
        "previous_hash": head.hash,
    }
    event["hash"] = _seal(event)
    connection.execute(insert(audit).values(**event))
    connection.execute(update(audit_head).values(number=event["number"], hash=event["hash"]))


def events(ledger: Ledger, *, subject: str | None = None, newest: int = 200) -> list[Event]:
    """The newest events, latest first; of one plan, run or user if `subject` is given."""
    query = select(audit).order_by(audit.c.number.desc()).limit(newest)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    with ledger.read() as connection:
        return [_event(row) for row in connection.execute(query)]


def seals(connection: Connection, plan_id: str | None = None) -> set[ApprovalSeal]:
    """Every approval and rejection that the log speaks of; of one plan if it is given."""
    query = select(audit).where(audit.c.action.in_(("plan.approve", "plan.reject")))
    if plan_id is not None:
        query = query.where(audit.c.subject == plan_id)
    return {_approval_seal(row) for row in connection.execute(query)}


def seal_of(row: Any) -> ApprovalSeal:
    """What the log has to say about an approval for it to count."""
    until = f"{row.expires_at:%Y-%m-%dT%H:%M:%S}" if row.expires_at else None
    return ApprovalSeal(row.id, row.plan_id, row.hash, row.user, row.decision, until)


def verify(ledger: Ledger) -> Verification:
    """Walk the whole chain, then look for plans and approvals that no event speaks of."""
    with ledger.read() as connection:
        previous, count = BEFORE_ALL, 0
        rows = connection.execution_options(yield_per=BATCH).execute(
            select(audit).order_by(audit.c.number)
        )
        for row in rows:
            reason = _fault(row, previous, count + 1)
            if reason:
                return Verification(False, count, row.number, reason)
            previous, count = row.hash, row.number
        head = connection.execute(select(audit_head.c.number, audit_head.c.hash)).one()
        if (head.number, head.hash) != (count, previous):
            reason = f"the log ends at event {count}, but {head.number} events were written"
            return Verification(False, count, count + 1, reason)
        reason = _unrecorded(connection)
        return Verification(reason is None, count, None, reason)


def _check_clock(connection: Connection, now: datetime) -> None:
    # Admins set the time: what came before they last changed a user may be of a wrong clock.
    users = select(func.coalesce(func.max(audit.c.number), 0)).where(audit.c.action == "user")
    newest = connection.scalar(
        select(func.max(audit.c.at)).where(audit.c.number >= users.scalar_subquery())
    )
    if newest is not None and now < newest - SKEW:
        raise ClockBehind(now, newest)


def _fault(row: Row[Any], previous: str, number: int) -> str | None:
    if row.number != number:
        return f"event {number} is missing"
    if row.previous_hash != previous:
        return f"event {number} does not follow the one before it"
    if row.hash != _seal({column.name: getattr(row, column.name) for column in audit.c}):
        return f"event {number} is not what was written: its content does not fit its hash"
    return None


def _unrecorded(connection: Connection) -> str | None:
    """The first plan, approval or role that got into or out of the ledger past the log."""
    created = select(audit.c.subject, audit.c.details).where(audit.c.action == "plan.create")
    plans = {(row.subject, json.loads(row.details)["hash"]) for row in connection.execute(created)}
    for row in connection.execute(select(plan.c.id, plan.c.hash, plan.c.body)):
        if (row.id, row.hash) not in plans:
            return f"plan {row.id} with hash {row.hash[:12]} is in no event of the log"
        if digest(row.body) != row.hash:
            return f"plan {row.id} does not hold what its hash names"
        plans.remove((row.id, row.hash))
    for plan_id, _ in sorted(plans):
        return f"plan {plan_id} is in the log, but gone from the ledger"
    known = seals(connection)
    for row in connection.execute(select(approval)):
        if seal_of(row) not in known:
            return f"approval {row.id} of {row.user} is not as an event of the log has it"
        known.remove(seal_of(row))
    for gone in sorted(known, key=lambda seal: seal.id):
        return f"approval {gone.id} of {gone.user} is in the log, but gone from the ledger"
    return _unrecorded_right(connection)


def _unrecorded_right(connection: Connection) -> str | None:
    """The first right that somebody got past the log."""
    for row in connection.execute(select(role)):
        if ROLES.get(row.name, "none") != row.highest_risk:
            return f"role {row.name} approves up to {row.highest_risk}, which no release set up"
    settings: dict[str, Any] = {}
    written = select(audit.c.details).where(audit.c.action == "setting").order_by(audit.c.number)
    for details in connection.scalars(written):
        settings |= json.loads(details)
    for row in connection.execute(select(setting)):
        if str(settings.get(row.name)).lower() != row.value:
            return f"setting {row.name} is {row.value}, which is not as the log has it"
    roles: dict[str, tuple[str, bool]] = {}
    changed = select(audit.c.subject, audit.c.details).where(audit.c.action == "user")
    for row in connection.execute(changed.order_by(audit.c.number)):
        facts = json.loads(row.details)
        roles[row.subject] = facts["role"], facts.get("is_active", True)
    for row in connection.execute(select(user)):
        if roles.get(row.name) != (row.role, row.is_active):
            return f"user {row.name} with the role {row.role} is not as the log has it"
    return None


def _approval_seal(row: Row[Any]) -> ApprovalSeal:
    facts = json.loads(row.details)
    decision = "approved" if row.action == "plan.approve" else "rejected"
    return ApprovalSeal(
        facts["approval"], row.subject, facts["hash"], row.actor, decision, facts.get("expires_at")
    )


def _seal(event: Mapping[str, Any]) -> str:
    facts = {key: value for key, value in event.items() if key != "hash"}
    return digest(canonical_json(facts))


def _event(row: Row[Any]) -> Event:
    return Event(
        row.number, row.at, row.actor, row.action, row.subject, json.loads(row.details), row.hash
    )
