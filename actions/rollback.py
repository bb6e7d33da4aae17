"""Put a run back: a new plan of the inverse changes, last one first, approved on its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from actions.errors import NotAsRecommended, PlanRefused
from actions.ledger import Ledger
from actions.limits import Limits
from actions.plan import freeze, observed, read_plan
from actions.planned import Plan, PlannedChange, Wish
from actions.risk import INVERSE
from actions.run import Run, Step, load_run, put_back
from actions.tables import plan as plan_table
from clouds.cloud import Cloud


def rollback(
    ledger: Ledger,
    run_id: str,
    clouds: Mapping[str, Cloud],
    *,
    author: str,
    now: datetime,
    limits: Limits | None = None,
) -> Plan:
    """Plan the way back of everything this run made and nobody has put back yet.

    What has none, and what has changed since the run, stands in the plan's notes. A way back is no
    larger than what it undoes, which passed the limits. Raises `PlanRefused` if nothing can be put
    back, or if the run has not ended: then nobody knows yet what it made.
    """
    run = load_run(ledger, run_id)
    if run.finished_at is None:
        raise PlanRefused(
            f"Run {run_id} has not ended: it is being applied, or was interrupted, and what it "
            "made is not known yet. No plan was made; let it end first: "
            f"instance-select apply {run.plan_id}"
        )
    with ledger.read() as connection:
        _check_not_planned(connection, run_id, now)
        done = put_back(connection, run_id)
        undone = read_plan(connection, run.plan_id, now).title
    ours = [step for step in reversed(run.steps) if step.is_ours]
    made = [step for step in ours if step.planned.change.change_id not in done]
    planned, notes = _look_at(made, clouds)
    if not planned:
        raise PlanRefused(_nothing(run, notes, has_been=bool(done)))
    return freeze(
        ledger, planned,
        author=author, now=now, limits=limits or Limits(),
        title=f"Undo: {undone}", undoes_run=run_id, notes=notes,
        check=lambda connection: _check_not_planned(connection, run_id, now),
    )  # fmt: skip


def has_way_back(step: Step) -> bool:
    """Whether the change was made by us and can be put back."""
    return step.is_ours and _inverse(step) is not None


def _look_at(
    made: Sequence[Step], clouds: Mapping[str, Cloud]
) -> tuple[list[PlannedChange], list[str]]:
    """The inverse changes that are possible now, and why each of the others is not."""
    planned: list[PlannedChange] = []
    notes: list[str] = []
    for step in made:
        wish = _inverse(step)
        if wish is None:
            notes.append(_why_not(step))
            continue
        try:
            planned.append(observed(wish, clouds))
        except PlanRefused as refused:
            notes.append(_left_alone(wish, refused))
    return planned, notes


def _inverse(step: Step) -> Wish | None:
    planned, change = step.planned, step.planned.change
    if change.verb == "snapshot" or change.way_back is None:
        return None
    if change.verb == "delete" and step.backup is None:
        return None
    low, high = change.saving_month_low, change.saving_month_high
    return Wish(
        source=planned.source,
        resource=change.resource,
        verb=INVERSE[change.verb],
        before=change.after,
        after=change.before,
        currency=change.currency,
        saving_month_low=None if high is None else -high,
        saving_month_high=None if low is None else -low,
        backup=step.backup,
        name=planned.name,
        reason=f"puts back the {change.verb} of {change.change_id}",
        undoes=change.change_id,
    )


def _why_not(step: Step) -> str:
    change = step.planned.change
    name = change.resource.resource_id
    match change.verb:
        case "snapshot":
            return f"{name}: the snapshot stays; it changed nothing about the resource"
        case "release":
            return f"{name}: a released address goes back to the provider and can't be had again"
        case "delete" if change.way_back is not None:
            return f"{name}: it was deleted and no backup is known"
        case _:
            return f"{name}: nothing puts back a {change.verb} of a {change.resource.kind}"


def _left_alone(wish: Wish, refused: PlanRefused) -> str:
    name = wish.resource.resource_id
    if isinstance(refused, NotAsRecommended):
        return (
            f"{name}: the run left it {refused.expected} and it is {refused.found} now, so "
            "somebody changed it since and it is left alone"
        )
    return f"{name}: {refused.what.removeprefix(f'{name} ').rstrip('.')}"


def _nothing(run: Run, notes: list[str], *, has_been: bool) -> str:
    why = list(notes)
    if has_been:
        why.insert(0, "the rest has been put back already" if why else "that is done already")
    return (
        f"Nothing of run {run.id} can be put back: {'; '.join(why) or 'it made no change'}. "
        "No plan was made."
    )


def _check_not_planned(connection: Connection, run_id: str, now: datetime) -> None:
    """Refuse a second way back while the first may still be decided or is being applied.

    One that has ended does not stand in the way of another for what it did not put back.
    """
    query = select(plan_table.c.id).where(plan_table.c.undoes_run == run_id)
    for plan_id in list(connection.scalars(query.order_by(plan_table.c.number.desc()))):
        status = read_plan(connection, plan_id, now).status
        if status in ("proposed", "approved", "lapsed"):
            raise PlanRefused(
                f"Plan {plan_id} puts back run {run_id} already and is {status}.",
                "Go on with that plan, or reject it first.",
            )
        if status == "applying":
            raise PlanRefused(
                f"Plan {plan_id} puts back run {run_id} already and is being applied, or was "
                "interrupted.",
                f"Let it end first: instance-select apply {plan_id}",
            )
