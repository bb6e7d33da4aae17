"""The record of applying a plan: runs and what became of each change."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select, update

from actions import audit
from actions.canonical import canonical_json
from actions.errors import Unknown
from actions.ledger import Ledger
from actions.plan import read_plan
from actions.planned import Plan, PlannedChange
from actions.tables import plan as plan_table
from actions.tables import run as run_table
from actions.tables import run_change as step_table
from actions.tables import utc
from clouds.cloud import Observation

Outcome = Literal["applied", "already", "drifted", "refused", "failed"]
DRY_RUN = "dry-run"  # the id of a run that is not written down
NEWEST_FIRST = (  # r10 comes after r9
    run_table.c.started_at.desc(), func.length(run_table.c.id).desc(), run_table.c.id.desc(),
)  # fmt: skip
DONE: tuple[Outcome, ...] = ("applied", "already")


@dataclass(frozen=True)
class Step:
    """What became of one change; no outcome means that it is being made, or that we crashed."""

    planned: PlannedChange
    outcome: Outcome | None = None
    reason: str | None = None
    intent_at: datetime | None = None
    finished_at: datetime | None = None
    backup: str | None = None  # what a delete can be restored from
    looks: Observation | None = None  # afterwards

    @property
    def is_ours(self) -> bool:
        """Whether this attempt, or one that it completes, made the change."""
        return self.outcome == "applied" or (
            self.outcome == "already" and self.intent_at is not None
        )


@dataclass(frozen=True)
class Begun:
    """An attempt of an earlier run that may have come through after that run had ended."""

    run_id: str
    intent_at: datetime
    backup: str | None


@dataclass(frozen=True)
class Run:
    """One pass over the changes of a plan, in their order."""

    id: str
    plan_id: str
    actor: str
    started_at: datetime
    finished_at: datetime | None
    status: str  # running, applied, partly_applied, failed
    steps: tuple[Step, ...]

    @property
    def is_done(self) -> bool:
        """Whether every change is made."""
        return all(step.outcome in DONE for step in self.steps)


def load_run(ledger: Ledger, run_id: str) -> Run:
    """A run with its steps. Raises `Unknown`."""
    with ledger.read() as connection:
        return read_run(connection, run_id)


def runs(ledger: Ledger, plan_id: str | None = None, newest: int = 100) -> list[Run]:
    """The newest runs, latest first; of one plan if given."""
    query = select(run_table.c.id).join(plan_table, run_table.c.plan_id == plan_table.c.id)
    query = query.order_by(*NEWEST_FIRST).limit(newest)
    if plan_id is not None:
        query = query.where(run_table.c.plan_id == plan_id)
    with ledger.read() as connection:
        return [read_run(connection, run_id) for run_id in list(connection.scalars(query))]


def newest_run(connection: Connection, plan_id: str) -> Run:
    """The latest run of a plan that has one."""
    query = select(run_table.c.id).where(run_table.c.plan_id == plan_id).order_by(*NEWEST_FIRST)
    return read_run(connection, connection.scalars(query).first() or "")


def read_run(connection: Connection, run_id: str) -> Run:
    """As `load_run`, inside a transaction of the caller."""
    row = connection.execute(select(run_table).where(run_table.c.id == run_id)).one_or_none()
    if row is None:
        newest = select(run_table.c.id).order_by(run_table.c.started_at.desc())
        raise Unknown("run", run_id, connection.scalars(newest))
    plan = read_plan(connection, row.plan_id)
    found = connection.execute(select(step_table).where(step_table.c.run_id == run_id))
    known = {step.change_id: step for step in found}
    steps = tuple(_step(item, known.get(item.change.change_id)) for item in plan.changes)
    return Run(row.id, row.plan_id, row.actor, row.started_at, row.finished_at, row.status, steps)


def done_before(connection: Connection, plan: Plan) -> dict[str, str]:
    """Changes of the plan that an earlier run has made: change id -> that run."""
    rows = connection.execute(
        select(step_table.c.change_id, step_table.c.run_id)
        .join(run_table, step_table.c.run_id == run_table.c.id)
        .where(run_table.c.plan_id == plan.id, step_table.c.outcome.in_(DONE))
    )
    return {row.change_id: row.run_id for row in rows}


def begun_before(connection: Connection, plan: Plan) -> dict[str, Begun]:
    """What ended runs of the plan began, and never saw made: change id -> the newest attempt."""
    rows = connection.execute(
        select(step_table)
        .join(run_table, step_table.c.run_id == run_table.c.id)
        .where(
            run_table.c.plan_id == plan.id,
            run_table.c.finished_at.is_not(None),
            step_table.c.intent_at.is_not(None),
            step_table.c.outcome.not_in(DONE),
        )
        .order_by(func.length(step_table.c.run_id), step_table.c.run_id)
    )
    begun: dict[str, Begun] = {}
    for row in rows:
        earlier = begun.get(row.change_id)  # its backup is all there is if the newest took none
        backup = row.backup or (earlier.backup if earlier else None)
        begun[row.change_id] = Begun(row.run_id, row.intent_at, backup)
    return begun


def put_back(connection: Connection, run_id: str) -> set[str]:
    """Changes of the run that a way back has put back, and that nobody has made again since."""
    undoing = (
        select(run_table.c.id)
        .join(plan_table, run_table.c.plan_id == plan_table.c.id)
        .where(plan_table.c.undoes_run == run_id)
    )
    undone: set[str] = set()
    for way_back in list(connection.scalars(undoing)):
        made_again = put_back(connection, way_back)
        undone |= {
            step.planned.undoes
            for step in read_run(connection, way_back).steps
            if step.planned.undoes and step.outcome in DONE
            and step.planned.change.change_id not in made_again
        }  # fmt: skip
    return undone


def is_undone(connection: Connection, plan_id: str) -> bool:
    """Whether everything the plan made has been put back since."""
    mine = select(run_table.c.id).where(run_table.c.plan_id == plan_id)
    made: set[str] = set()
    undone: set[str] = set()
    for run_id in list(connection.scalars(mine)):
        steps = read_run(connection, run_id).steps
        made |= {step.planned.change.change_id for step in steps if step.is_ours}
        undone |= put_back(connection, run_id)
    return bool(made) and made <= undone


def begin(connection: Connection, plan: Plan, actor: str, now: datetime) -> str:
    """The id of the run to work on: the one that was interrupted, or a new one."""
    of_plan = run_table.c.plan_id == plan.id
    open_run = select(run_table.c.id).where(of_plan, run_table.c.finished_at.is_(None))
    run_id = connection.scalar(open_run)
    action = "run.resume"
    if run_id is None:
        action = "run.start"
        count = connection.scalar(select(func.count()).select_from(run_table).where(of_plan))
        run_id = f"{plan.id}.r{(count or 0) + 1}"
        facts = {"id": run_id, "plan_id": plan.id, "actor": actor, "started_at": utc(now)}
        connection.execute(insert(run_table).values(**facts, status="running"))
    details = {"plan": plan.id, "hash": plan.hash}
    audit.record(connection, at=now, actor=actor, action=action, subject=run_id, details=details)
    return run_id


def intend(connection: Connection, run_id: str, step: Step, actor: str, now: datetime) -> None:
    """Write down what is about to be done, before it is."""
    facts = {"intent_at": step.intent_at or utc(now), "backup": step.backup}
    _put(connection, run_id, step, facts)
    _log(connection, run_id, step, actor, now, "change.intent", {"backup": step.backup})


def conclude(connection: Connection, run_id: str, step: Step, actor: str, now: datetime) -> None:
    """Write down what became of it."""
    looks = canonical_json(step.looks) if step.looks else None
    facts = {
        "intent_at": step.intent_at, "outcome": step.outcome, "reason": step.reason,
        "finished_at": utc(now), "backup": step.backup, "looks": looks,
    }  # fmt: skip
    _put(connection, run_id, step, facts)
    details = {"outcome": step.outcome, "reason": step.reason, "backup": step.backup}
    _log(connection, run_id, step, actor, now, "change.outcome", details)


def finish(connection: Connection, run_id: str, status: str, actor: str, now: datetime) -> None:
    """Close the run."""
    done = update(run_table).where(run_table.c.id == run_id)
    connection.execute(done.values(status=status, finished_at=utc(now)))
    audit.record(
        connection, at=now, actor=actor, action="run.finish", subject=run_id,
        details={"status": status},
    )  # fmt: skip


def _put(connection: Connection, run_id: str, step: Step, facts: dict[str, Any]) -> None:
    key = {"run_id": run_id, "change_id": step.planned.change.change_id}
    this = (step_table.c.run_id == run_id) & (step_table.c.change_id == key["change_id"])
    if connection.execute(update(step_table).where(this).values(**facts)).rowcount == 0:
        connection.execute(insert(step_table).values(**key, **facts))


def _log(
    connection: Connection, run_id: str, step: Step, actor: str, now: datetime, action: str,
    details: dict[str, Any],
) -> None:  # fmt: skip
    change = step.planned.change
    what = {"run": run_id, "resource_id": change.resource.resource_id, "verb": change.verb}
    audit.record(
        connection, at=now, actor=actor, action=action, subject=change.change_id,
        details={**what, **details},
    )  # fmt: skip


def _step(planned: PlannedChange, row: Row[Any] | None) -> Step:
    if row is None:
        return Step(planned)
    looks = Observation(**json.loads(row.looks)) if row.looks else None
    return Step(planned, row.outcome, row.reason, row.intent_at, row.finished_at, row.backup, looks)
