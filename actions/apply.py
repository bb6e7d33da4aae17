"""Apply approved changes, one at a time, refusing anything that drifted since approval.

Each change is observed, its intent is written, it is made, and its outcome is written. A run that
was killed is taken up by the next `apply` of the same plan: an intent without an outcome says which
resource to look at first.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from actions.errors import ApplyRefused, DriftedResource, NotAllowed, PlanRefused
from actions.ledger import Ledger, Right
from actions.limits import Limits
from actions.plan import explain, find_kind, load, read_plan, set_status
from actions.planned import Plan, Status
from actions.risk import described, is_done, is_halfway
from actions.run import (
    DONE,
    DRY_RUN,
    Begun,
    Run,
    Step,
    begin,
    begun_before,
    conclude,
    done_before,
    finish,
    intend,
    is_undone,
    newest_run,
    read_run,
)
from actions.standing import people_needed, standing_of
from actions.tables import utc
from actions.users import known_user
from clouds.cloud import Change, Cloud, Observation, ResourceKind
from clouds.errors import CloudError, Throttled

ATTEMPTS = 5  # calls of one change before a throttled cloud is left alone
LONGEST_WAIT = 60.0  # seconds between two of them


@dataclass(frozen=True)
class _Applier:
    """What every step of one run needs."""

    ledger: Ledger
    right: Right
    clouds: Mapping[str, Cloud]
    run_id: str
    actor: str
    now: datetime
    limits: Limits
    sleep: Callable[[float], None]

    @contextmanager
    def write(self) -> Generator[Connection]:
        """One transaction, if nobody else can be applying meanwhile. Raises `LedgerUnusable`."""
        self.right()
        with self.ledger.write() as connection:
            yield connection


def apply(
    ledger: Ledger,
    plan_id: str,
    clouds: Mapping[str, Cloud],
    *,
    actor: str,
    now: datetime,
    dry_run: bool = False,
    progress: Callable[[Step], None] = lambda step: None,
    limits: Limits | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Run:
    """Make the changes of an approved plan that are not made yet, in their order.

    Raises `ApplyRefused` or `NotAllowed` if the plan as a whole may not be applied. What happens to
    one change (drift, a refusal of the cloud) is the outcome of its step, and the others go on,
    until `limits.stop_after_failures` have failed. `progress` gets each step as it ends.
    """
    limits = limits or Limits()
    if dry_run:
        return _rehearse(ledger, plan_id, clouds, actor, now, progress)
    with ledger.applying() as right:
        if right is None:
            raise ApplyRefused(
                f"Another process is applying a plan, and only one is applied at a time. "
                f"Nothing of {plan_id} was changed; try again when it is done."
            )
        with ledger.write() as connection:
            plan = _admitted(connection, plan_id, actor, now, limits)
            run_id = begin(connection, plan, actor, now)
            set_status(connection, plan_id, "applying", actor=actor, now=now)
        applier = _Applier(ledger, right, clouds, run_id, actor, now, limits, sleep)
        for step in _walk(applier, plan):
            progress(step)
        return _closed(applier, plan)


def _rehearse(
    ledger: Ledger, plan_id: str, clouds: Mapping[str, Cloud], actor: str, now: datetime,
    progress: Callable[[Step], None],
) -> Run:  # fmt: skip
    """Walk the same list and say what would happen; no outcome means that it would be made."""
    plan = load(ledger, plan_id, now)
    with ledger.read() as connection:
        done, begun = done_before(connection, plan), begun_before(connection, plan)
    steps: list[Step] = []
    for planned in explain(plan):
        step = Step(planned)
        if planned.change.change_id in done:
            step = replace(step, outcome="already", reason=_made_in(done, planned.change))
        else:
            step = _judged(step, clouds, begun.get(planned.change.change_id))[0]
            step = step if step.outcome else replace(step, reason="would be applied")
        steps.append(step)
        progress(step)
    return Run(DRY_RUN, plan.id, actor, utc(now), utc(now), DRY_RUN, tuple(steps))


def _admitted(
    connection: Connection, plan_id: str, actor: str, now: datetime, limits: Limits
) -> Plan:
    """The plan, if it is approved and this person may apply it now."""
    plan = read_plan(connection, plan_id, now)
    if plan.status in ("applied", "rolled_back", "rejected", "expired"):
        raise ApplyRefused(
            f"Plan {plan_id} is {plan.status}, so there is nothing to apply. "
            "Make a new plan if something is left to do."
        )
    person = known_user(connection, actor, now)
    if not person.may(plan.risk):
        raise NotAllowed(
            f"{actor!r} has the role {person.role}, which applies "
            f"{'up to ' + person.highest_risk if person.highest_risk else 'nothing'}, and plan "
            f"{plan_id} is {plan.risk}. Ask somebody whose role covers {plan.risk}."
        )
    standing = standing_of(connection, plan, utc(now))
    if not standing.is_approved:
        raise ApplyRefused(
            f"Plan {plan_id} is not approved: {standing.missing}. Nothing was changed; approve "
            f"it with: instance-select approve {plan_id} --hash {plan.hash}"
        )
    if plan.risk == "R5":
        raise ApplyRefused(
            f"Plan {plan_id} holds R5 changes, which are work for an engineer and are never "
            "applied automatically. Do them by hand."
        )
    _check_window(plan, now, limits)
    return plan


def _check_window(plan: Plan, now: datetime, limits: Limits) -> None:
    if plan.risk > "R1" and limits.window and not limits.window.is_open(utc(now)):
        hours = f"{limits.window.starts_hour}:00-{limits.window.ends_hour}:00 UTC"
        raise ApplyRefused(
            f"Plan {plan.id} is {plan.risk}, and such changes run only in the maintenance window "
            f"({hours} on weekdays {limits.window.weekdays}); it is {utc(now):%A %H:%M} UTC. "
            "Nothing was changed; try again in the window."
        )


def _walk(applier: _Applier, plan: Plan) -> Iterator[Step]:
    """Bring every change that has no outcome in this run to its outcome."""
    with applier.ledger.read() as connection:
        done, begun = done_before(connection, plan), begun_before(connection, plan)
        # A crashed attempt is in this run, with its intent and backup. An attempt that ended is
        # only taken note of if it came through after all. It is not carried on: the resource may
        # have changed since, and so may what a backup should hold.
        known = {
            step.planned.change.change_id: step
            for step in read_run(connection, applier.run_id).steps
        }
    failures = sum(step.outcome == "failed" for step in known.values())
    for planned in explain(plan):
        step = known[planned.change.change_id]
        if step.outcome is None:
            if planned.change.change_id in done:
                step = replace(step, outcome="already", reason=_made_in(done, planned.change))
                step = _concluded(applier, step)
            elif failures >= applier.limits.stop_after_failures:
                reason = (
                    f"not tried: {failures} changes of this run failed before it, and a run stops "
                    "at that many. Find out why they fail, then apply the plan again."
                )
                step = _concluded(applier, replace(step, outcome="refused", reason=reason))
            else:
                step = _made(applier, step, begun.get(planned.change.change_id))
                failures += step.outcome == "failed"
        yield step


def _made(applier: _Applier, step: Step, begun: Begun | None) -> Step:
    """Observe, write the intent, change, write the outcome."""
    step, kind = _judged(step, applier.clouds, begun)
    change = step.planned.change
    if step.outcome == "already" and step.intent_at and change.verb == "delete" and kind:
        step = _with_backup(applier, step, kind)
    if step.outcome is not None or kind is None:
        return _concluded(applier, step)
    try:
        with applier.write() as connection:  # from here on a crash leaves a trace
            intend(connection, applier.run_id, step, applier.actor, applier.now)
        step = replace(step, intent_at=step.intent_at or utc(applier.now))
        if change.verb == "delete" and change.way_back == "restore":
            step = _backed_up(applier, step, kind)
        made = _patiently(applier, lambda: kind.apply(replace(change, backup=_backup(step))))
    except CloudError as error:
        return _concluded(applier, _after_error(step, kind, error))
    backup = made if change.verb in ("delete", "snapshot") and made else step.backup
    looks, doubt = _look_again(kind, change)
    step = replace(step, outcome="applied", reason=doubt, backup=backup, looks=looks)
    return _concluded(applier, step)


def _judged(
    step: Step, clouds: Mapping[str, Cloud], begun: Begun | None
) -> tuple[Step, ResourceKind | None]:
    """The step with its outcome if it must not or need not be made, and who can make it."""
    planned, change = step.planned, step.planned.change
    if people_needed(change.risk) < 2 and change.way_back is None and change.verb != "snapshot":
        return replace(step, outcome="refused", reason=f"nothing puts a {change.verb} back"), None
    try:
        kind = find_kind(clouds, planned.source, change.resource)
        look = kind.observe(change.resource)
    except PlanRefused as error:
        return replace(step, outcome="refused", reason=str(error)), None
    except CloudError as error:
        reason = f"It can't be looked at, so nothing was changed: {_sentence(error)}"
        return replace(step, outcome="failed", reason=reason), None
    if step.intent_at is not None and is_done(change, look):
        reason = "an earlier attempt that was cut short had made it"
        backup = step.backup or look.backup or (begun.backup if begun else None)
        return replace(step, outcome="already", reason=reason, looks=look, backup=backup), kind
    if look.fingerprint() == change.observed.fingerprint():
        return step, kind
    if is_done(change, look) and change.verb != "snapshot":
        # Without its backup an attempt never came as far as the delete.
        if begun is not None and (begun.backup or change.way_back != "restore"):
            reason = f"run {begun.run_id} had begun it, and it came through after that run ended"
            step = replace(step, intent_at=begun.intent_at, backup=begun.backup)
            return replace(step, outcome="already", reason=reason, looks=look), kind
        reason = f"it is {change.after!r} already; this plan did nothing"
        return replace(step, outcome="already", reason=reason, looks=look), kind
    if step.intent_at is not None and is_halfway(change, look):
        return step, kind
    drifted = DriftedResource(change.resource.resource_id, described(change.observed, look))
    return replace(step, outcome="drifted", reason=str(drifted), looks=look), kind


def _backed_up(applier: _Applier, step: Step, kind: ResourceKind) -> Step:
    """Take a snapshot before a delete."""
    if step.backup is not None:
        return step
    change = step.planned.change
    attempt = applier.run_id.rpartition(".")[2]  # a later run takes a snapshot of its own
    snapshot = replace(
        change, change_id=f"{change.change_id}.backup.{attempt}", verb="snapshot", way_back=None
    )
    taken = _patiently(applier, lambda: kind.apply(snapshot))  # after a crash: the same one again
    if taken is None:
        raise CloudError("No snapshot could be taken before the delete, so nothing was deleted.")
    step = replace(step, backup=taken)
    with applier.write() as connection:
        intend(connection, applier.run_id, step, applier.actor, applier.now)
    return step


def _with_backup(applier: _Applier, step: Step, kind: ResourceKind) -> Step:
    """Learn what a delete can be restored from, if the crash kept the cloud's answer from us."""
    if step.backup is not None or step.planned.change.way_back != "restore":
        return step
    try:  # a kind is safe to call twice and answers the same
        return replace(step, backup=_patiently(applier, lambda: kind.apply(step.planned.change)))
    except CloudError as error:
        return replace(step, reason=f"{step.reason}; its backup is unknown: {_sentence(error)}")


def _patiently(applier: _Applier, call: Callable[[], str | None]) -> str | None:
    """Call again, ever later, while the cloud asks us to slow down."""
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except Throttled as throttled:
            wait = max(throttled.retry_after_seconds, 2.0 ** (attempt - 1))
            applier.sleep(min(wait, LONGEST_WAIT))
    return call()


def _after_error(step: Step, kind: ResourceKind, error: CloudError) -> Step:
    """What became of a change that the cloud answered with an error.

    It may have been made all the same, by a call that timed out for one: then it is ours, and
    must have its way back.
    """
    change = step.planned.change
    if change.verb != "snapshot":  # a look at the resource does not tell whether one was taken
        looks, doubt = _look_again(kind, change)
        if looks is not None and doubt is None:
            reason = f"made, although the cloud answered: {_sentence(error)}"
            backup = step.backup or looks.backup
            return replace(step, outcome="applied", reason=reason, backup=backup, looks=looks)
    return replace(step, outcome="failed", reason=_sentence(error))


def _look_again(kind: ResourceKind, change: Change) -> tuple[Observation | None, str | None]:
    try:
        look = kind.observe(change.resource)
    except CloudError as error:
        return None, f"made, but not looked at since: {_sentence(error)}"
    if is_done(change, look):
        return look, None
    return look, f"made; the cloud still shows: {described(change.observed, look) or 'no change'}"


def _closed(applier: _Applier, plan: Plan) -> Run:
    with applier.write() as connection:
        run = read_run(connection, applier.run_id)
        status = _status(run)
        actor, now = applier.actor, applier.now
        finish(connection, run.id, status, actor, now)
        set_status(connection, plan.id, status, actor=actor, now=now)
        _settle_undone(connection, plan, actor, now)
        return read_run(connection, run.id)


def _settle_undone(connection: Connection, way_back: Plan, actor: str, now: datetime) -> None:
    """Say of what a way back undoes whether it is put back; undoing that makes it count again."""
    if way_back.undoes_run is None:
        return
    undone = read_plan(connection, read_run(connection, way_back.undoes_run).plan_id)
    status = undone.status
    if is_undone(connection, undone.id):
        status = "rolled_back"
    elif status == "rolled_back":
        status = _status(newest_run(connection, undone.id))
    if status != undone.status:
        set_status(connection, undone.id, status, actor=actor, now=now)
    _settle_undone(connection, undone, actor, now)


def _status(run: Run) -> Status:
    done = sum(step.outcome in DONE for step in run.steps)
    if done == len(run.steps):
        return "applied"
    return "partly_applied" if done else "failed"


def _concluded(applier: _Applier, step: Step) -> Step:
    step = replace(step, finished_at=utc(applier.now))
    with applier.write() as connection:
        conclude(connection, applier.run_id, step, applier.actor, applier.now)
    return step


def _backup(step: Step) -> str | None:
    return step.backup or step.planned.change.backup


def _made_in(done: Mapping[str, str], change: Change) -> str:
    return f"made in run {done[change.change_id]}"


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
