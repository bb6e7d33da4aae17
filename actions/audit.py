"""The audit log: every decision, each event sealed with the hash of the one before it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    String,
    Table,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from actions.canonical import canonical_json, digest
from actions.errors import ClockBehind
from actions.ledger import Ledger
from actions.tables import (
    approval,
    audit,
    audit_head,
    budget,
    feedback,
    plan,
    role,
    run,
    run_change,
    saving,
    setting,
    suppression,
    user,
    utc,
)

BEFORE_ALL = "0" * 64  # the previous hash of the first event
BATCH = 5000  # events read at a time
DECISIONS = ("plan.create", "plan.approve", "plan.reject", "run.start", "run.resume")
SEALED: Mapping[Table, tuple[str, ...]] = {  # by which columns events pick their rows out
    plan: ("id",),
    run: ("id",),
    run_change: ("run_id", "change_id"),
    saving: ("run_id",),
    suppression: ("id",),
    budget: ("id",),
    feedback: ("id",),
}
UNREADABLE = (SQLAlchemyError, ArithmeticError, LookupError, TypeError, ValueError)
NOBODY = "on trust"  # the actor where a name joins that is taken on trust
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

    Rows that the event tells of are written before it, and it seals them as they are then. Raises
    `ClockBehind` for a decision that is made before the newest event.
    """
    if action in DECISIONS:
        _check_clock(connection, utc(at))
    told = _rows_of(action, subject, details)
    if told is not None:
        details = {**details, "seal": _rows_seal(_rows(connection, *told))}
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
    """The newest events, latest first; of one plan with its runs and changes, of one run or user
    if `subject` is given.
    """
    query = select(audit).order_by(audit.c.number.desc()).limit(newest)
    if subject is not None:
        within = audit.c.subject.startswith(f"{subject}.", autoescape=True)
        query = query.where((audit.c.subject == subject) | within)
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
    """Walk the whole chain, then look for everything that no event speaks of as it is now."""
    with ledger.read() as connection:
        try:
            chain = _chain(connection)
        except UNREADABLE as error:
            return Verification(False, 0, None, f"the log can't be read: {_sentence(error)}")
        if not chain.ok:
            return chain
        try:
            reason = _unrecorded(connection) or _altered(connection)
        except UNREADABLE as error:
            reason = f"the ledger can't be read as it was written: {_sentence(error)}"
        return replace(chain, ok=reason is None, reason=reason)


def _chain(connection: Connection) -> Verification:
    previous, count = BEFORE_ALL, 0
    # The time as it is stored, so that one that is none does not end the walk.
    columns = [type_coerce(column, String) if column is audit.c.at else column
               for column in audit.c]  # fmt: skip
    rows = connection.execution_options(yield_per=BATCH).execute(
        select(*columns).order_by(audit.c.number)
    )
    for row in rows:
        reason = _fault(row, previous, count + 1)
        if reason:
            return Verification(False, count, row.number, reason)
        previous, count = row.hash, row.number
    head = connection.execute(select(audit_head.c.number, audit_head.c.hash)).one_or_none()
    if head is None:
        reason = "the record of the newest event is gone (the row of audit_head)"
        return Verification(False, count, None, reason)
    if (head.number, head.hash) != (count, previous):
        reason = f"the log ends at event {count}, but {head.number} events were written"
        return Verification(False, count, count + 1, reason)
    return Verification(True, count)


def _rows_of(
    action: str, subject: str, details: Mapping[str, Any]
) -> tuple[Table, dict[str, str]] | None:
    """The rows that an event tells of: their table, and the columns that pick them out."""
    match action:
        case "plan.create" | "plan.status":
            return plan, {"id": subject}
        case "run.start" | "run.finish":
            return run, {"id": subject}
        case "change.intent" | "change.outcome":
            return run_change, {"run_id": details["run"], "change_id": subject}
        case "run.verify":
            return saving, {"run_id": subject}
        case "suppress" | "suppress.lift":
            return suppression, {"id": subject}
        case "budget.set" | "budget.end":
            return budget, {"id": subject}
        case "feedback" | "feedback.lift":
            return feedback, {"id": subject}
        case _:
            return None


def _rows(connection: Connection, table: Table, picked: Mapping[str, str]) -> list[dict[str, Any]]:
    query = select(table).where(*(table.c[name] == value for name, value in picked.items()))
    ordered = query.order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _rows_seal(rows: list[dict[str, Any]]) -> str:
    return digest(canonical_json(rows))


def _check_clock(connection: Connection, now: datetime) -> None:
    # Admins set the time: what came before they last changed a user may be of a wrong clock.
    users = select(func.coalesce(func.max(audit.c.number), 0)).where(
        audit.c.action == "user", audit.c.actor != NOBODY
    )
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
    try:
        at = row.at if isinstance(row.at, datetime) else datetime.fromisoformat(row.at)
    except (TypeError, ValueError):
        return f"event {number} is not what was written: {row.at!r} is no time"
    facts = {column.name: getattr(row, column.name) for column in audit.c}
    if row.hash != _seal({**facts, "at": at}):
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


def _altered(connection: Connection) -> str | None:
    """The first row that is not as the last event about it left it."""
    sealed: dict[tuple[str, ...], str | None] = {}  # None by an event of before there were seals
    written = select(audit.c.action, audit.c.subject, audit.c.details).order_by(audit.c.number)
    for event in connection.execute(written):
        details = json.loads(event.details)
        told = _rows_of(event.action, event.subject, details)
        if told is not None:
            table, picked = told
            sealed[table.name, *picked.values()] = details.get("seal")
    for table, names in SEALED.items():
        stored: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in _rows(connection, table, {}):
            stored.setdefault((table.name, *(row[name] for name in names)), []).append(row)
        for key, rows in stored.items():
            if sealed.pop(key, "") not in (None, _rows_seal(rows)):
                return f"{' '.join(key)} is not as the last event about it left it"
    for key, seal in sealed.items():
        if seal not in (None, _rows_seal([])):
            return f"{' '.join(key)} is in the log, but gone from the ledger"
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


def _sentence(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error  # without the statement that SQLAlchemy adds
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}"


def _event(row: Row[Any]) -> Event:
    return Event(
        row.number, row.at, row.actor, row.action, row.subject, json.loads(row.details), row.hash
    )
