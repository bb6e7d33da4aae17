"""A plan, a run and their verdicts as documents and as tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import RenderableType

from actions.planned import Plan, PlannedChange
from actions.rollback import has_way_back
from actions.run import Run, Step
from actions.standing import Approval, Standing
from actions.verify import Verdict
from app.answer import Answer
from app.dashboard.money import between
from app.tables import table

NOT_DONE = ("proposed", "approved", "lapsed", "applying", "partly_applied", "failed")


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan with its hash and changes."""
    return {
        "id": plan.id,
        "hash": plan.hash,
        "status": plan.status,
        "title": plan.title,
        "risk": plan.risk,
        "author": plan.author,
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
        "snapshot": plan.snapshot,
        "undoes_run": plan.undoes_run,
        "notes": list(plan.notes),
        "changes": [_change(item) for item in plan.changes],
    }


def plan_answer(
    plan: Plan,
    approvals: Sequence[Approval] = (),
    standing: Standing | None = None,
    runs: Sequence[Run] = (),
) -> Answer:
    """The plan as `plan show` explains it: the list of changes that `apply` walks."""
    document = {
        "plan": plan_document(plan),
        "approvals": list(approvals),
        "missing": standing.missing if standing else None,
        "runs": [run_document(run) for run in runs],
    }

    def view() -> Iterable[RenderableType]:
        yield f"Plan {plan.id}: {plan.title}"
        made_on = "" if plan.snapshot is None else f", snapshot {plan.snapshot}"
        yield f"{plan.status}, risk {plan.risk}, by {plan.author}{made_on}"
        yield f"hash {plan.hash}"
        yield table(
            ["do", "resource", "cloud", "from", "to", "risk", "way back", ">saves a month"],
            (_change_row(item) for item in plan.changes),
        )
        yield from (f"Note: {note}" for note in plan.notes)
        yield from (f"{one.decision} by {one.user} ({one.role}) at {one.at}" for one in approvals)
        yield from (f"Run {run.id} by {run.actor}: {run.status}" for run in runs)
        yield from _next_step(plan, standing)

    return Answer(document, view)


def run_document(run: Run) -> dict[str, Any]:
    """The run and what became of each change."""
    return {
        "id": run.id,
        "plan": run.plan_id,
        "status": run.status,
        "actor": run.actor,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "changes": [
            {
                "change_id": step.planned.change.change_id,
                "resource_id": step.planned.change.resource.resource_id,
                "verb": step.planned.change.verb,
                "outcome": step.outcome,
                "reason": step.reason,
                "backup": step.backup,
            }
            for step in run.steps
        ],
    }


def run_answer(run: Run, *, dry_run: bool) -> Answer:
    """A run; failed unless all is made, a dry run unless all would be."""
    fine = {"applied", "already", None} if dry_run else {"applied", "already"}
    failed = not all(step.outcome in fine for step in run.steps)

    def view() -> Iterable[RenderableType]:
        yield table(["do", "resource", "outcome", "why"], (_step_row(step) for step in run.steps))
        if dry_run:
            yield "Nothing was changed: this was a dry run."
        else:
            yield f"Run {run.id}: {run.status}"
            yield f"Look again: instance-select verify {run.id}"
            if any(has_way_back(step) for step in run.steps):
                yield f"Put it back: instance-select rollback {run.id}"

    return Answer({"run": run_document(run)}, view, failed)


def verdicts_document(run_id: str, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """One entry per change that was made."""
    return [
        {
            "run": run_id,
            "change_id": one.step.planned.change.change_id,
            "resource_id": one.step.planned.change.resource.resource_id,
            "verb": one.step.planned.change.verb,
            "verdict": one.verdict,
            "is_as_planned": one.is_as_planned,
            "looks": one.looks,
            "currency": one.step.planned.change.currency,
            "measured": list(one.measured),
        }
        for one in verdicts
    ]


def _change(item: PlannedChange) -> dict[str, Any]:
    change, where = item.change, item.change.resource
    return {
        "change_id": change.change_id,
        "recommendation": item.recommendation_id,
        "source": item.source,
        "cloud": where.cloud,
        "account": where.account,
        "region": where.region,
        "resource_id": where.resource_id,
        "kind": where.kind,
        "name": item.name,
        "verb": change.verb,
        "before": change.before,
        "after": change.after,
        "risk": change.risk,
        "way_back": change.way_back,
        "currency": change.currency,
        "saving_month_low": change.saving_month_low,
        "saving_month_high": change.saving_month_high,
        "permissions": list(change.permissions),
        "reason": item.reason,
    }


def _change_row(item: PlannedChange) -> Sequence[str]:
    change = item.change
    return (
        change.verb,
        item.name or change.resource.resource_id,
        change.resource.cloud,
        change.before,
        change.after,
        change.risk,
        change.way_back or "none",
        between(change.saving_month_low, change.saving_month_high, change.currency or ""),
    )


def _step_row(step: Step) -> Sequence[str | None]:
    planned = step.planned
    name = planned.name or planned.change.resource.resource_id
    return (planned.change.verb, name, step.outcome or "would be applied", step.reason)


def _next_step(plan: Plan, standing: Standing | None) -> Iterable[str]:
    """What can be done with the plan now."""
    if plan.status not in NOT_DONE:
        return
    if standing and standing.missing:
        hint = f"instance-select approve {plan.id} --hash {plan.hash}"
        yield f"Approve it ({standing.missing}): {hint}"
    elif plan.status != "proposed":
        yield f"Apply it: instance-select apply {plan.id}"
