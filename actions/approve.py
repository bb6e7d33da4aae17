"""Approve or reject a plan: the exact hash, by people whose role covers its risk."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from actions import audit
from actions.errors import ApprovalRefused, NotAllowed
from actions.ledger import Ledger
from actions.limits import Limits
from actions.plan import read_plan, set_status
from actions.planned import Plan
from actions.standing import Approval, Standing, decisions, people_needed, standing_of
from actions.tables import approval as table
from actions.tables import utc
from actions.users import User, is_same, known_user


def approve(
    ledger: Ledger,
    plan_id: str,
    plan_hash: str,
    user: str,
    *,
    now: datetime,
    limits: Limits | None = None,
    reason: str | None = None,
) -> Approval:
    """Approve exactly the plan with this hash; `standing` tells whether that is enough.

    Raises `ApprovalRefused`, `NotAllowed` or `Unknown`; the plan is then as it was.
    """
    limits = limits or Limits()
    with ledger.write() as connection:
        plan = _open_plan(connection, plan_id, plan_hash, now)
        person = known_user(connection, user, now)
        _check_may_approve(connection, plan, person, utc(now))
        until = utc(now) + timedelta(hours=limits.approval_hours)
        approval = _write(connection, plan, person, "approved", reason, now, until)
        if plan.status == "proposed" and standing_of(connection, plan, utc(now)).is_approved:
            set_status(connection, plan_id, "approved", actor=person.name, now=now)
        return approval


def reject(
    ledger: Ledger, plan_id: str, user: str, *, now: datetime, reason: str | None = None
) -> Approval:
    """End a plan that has not been applied; it can't be approved any more."""
    with ledger.write() as connection:
        plan = read_plan(connection, plan_id, now)
        if plan.status not in ("proposed", "approved", "lapsed", "expired"):
            raise ApprovalRefused(_too_late(plan, "rejected"))
        person = known_user(connection, user, now)
        if person.highest_risk is None and not is_same(person.name, plan.author):
            raise NotAllowed(
                f"{user!r} has the role {person.role}, which decides nothing. "
                f"The author {plan.author!r} or an operator can reject {plan_id}."
            )
        rejection = _write(connection, plan, person, "rejected", reason, now, None)
        set_status(connection, plan_id, "rejected", actor=person.name, now=now)
        return rejection


def approvals(ledger: Ledger, plan_id: str) -> list[Approval]:
    """Everything that was decided about a plan, oldest first."""
    with ledger.read() as connection:
        return decisions(connection, plan_id)


def standing(ledger: Ledger, plan_id: str, now: datetime) -> Standing:
    """Whether a plan is approved well enough to be applied now."""
    with ledger.read() as connection:
        return standing_of(connection, read_plan(connection, plan_id), utc(now))


def _open_plan(connection: Connection, plan_id: str, plan_hash: str, now: datetime) -> Plan:
    plan = read_plan(connection, plan_id, now)
    if plan.status == "expired":
        raise ApprovalRefused(
            f"Plan {plan_id} expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC, now it is "
            f"{utc(now):%Y-%m-%d %H:%M}. Make a new plan: the resources may have changed."
        )
    if plan.status in ("rejected", "applied", "rolled_back"):
        raise ApprovalRefused(_too_late(plan, "approved"))
    if plan.hash != plan_hash:
        raise ApprovalRefused(
            f"The hash {plan_hash!r} is not that of plan {plan_id}, which is {plan.hash}. "
            "Nothing was approved; look at the plan again and approve the hash it shows."
        )
    return plan


def _check_may_approve(connection: Connection, plan: Plan, person: User, now: datetime) -> None:
    if not person.may(plan.risk):
        up_to = f"up to {person.highest_risk}" if person.highest_risk else "nothing"
        raise NotAllowed(
            f"{person.name!r} has the role {person.role}, which approves {up_to}, and plan "
            f"{plan.id} is {plan.risk}. Ask somebody whose role covers {plan.risk}."
        )
    if plan.risk > "R1" and people_needed(plan.risk) == 1 and is_same(person.name, plan.author):
        raise NotAllowed(
            f"{person.name!r} made plan {plan.id}, and nobody approves their own plan above R1; "
            f"this one is {plan.risk}. Ask somebody else to approve it."
        )
    before = standing_of(connection, plan, now)
    if any(is_same(person.name, other) for other in before.approved_by):
        rest = f"; {before.missing}" if before.missing else ""
        raise ApprovalRefused(
            f"{person.name!r} has approved plan {plan.id} already{rest}. Nothing was changed."
        )


def _too_late(plan: Plan, what: str) -> str:
    return (
        f"Plan {plan.id} is {plan.status}, so it can't be {what} any more. "
        "Make a new plan if something is left to do."
    )


def _write(
    connection: Connection, plan: Plan, person: User, decision: Literal["approved", "rejected"],
    reason: str | None, now: datetime, until: datetime | None,
) -> Approval:  # fmt: skip
    count = connection.scalar(
        select(func.count()).select_from(table).where(table.c.plan_id == plan.id)
    )
    approval = Approval(
        f"{plan.id}.a{(count or 0) + 1}", plan.id, plan.hash, person.name, person.role, decision,
        reason, utc(now), until,
    )  # fmt: skip
    connection.execute(insert(table).values(**vars(approval)))
    action = "plan.approve" if decision == "approved" else "plan.reject"
    details = {
        "approval": approval.id, "hash": plan.hash, "role": person.role, "reason": reason,
        "expires_at": audit.seal_of(approval).expires_at,
    }  # fmt: skip
    audit.record(
        connection, at=now, actor=person.name, action=action, subject=plan.id, details=details
    )
    return approval
