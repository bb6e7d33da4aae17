"""The way from a page to the gate: the ledger, the clouds, and what the settings allow."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread

import streamlit as st

from actions import approve as approving
from actions import plan as planning
from actions.apply import apply
from actions.audit import Event, events
from actions.errors import ActionError
from actions.ledger import Ledger, open_ledger
from actions.limits import count_fleet
from actions.planned import Plan
from actions.rollback import rollback
from actions.run import Run, Step
from actions.users import User, is_same, users
from actions.verify import Verdict, verify
from app.dashboard import data
from app.errors import Stopped
from app.gate import limits
from clouds.errors import CloudError
from pipelines.settings import Settings
from pipelines.work import Work

KEPT_JOBS = 50  # that have ended
EVENTS = 2000  # of one plan, the newest


@dataclass
class Job:
    """One plan that this process is applying, in a thread that no page can interrupt."""

    plan_id: str
    total: int
    actor: str
    steps: list[Step] = field(default_factory=list[Step])
    run: Run | None = None
    error: Exception | None = None
    last_event: int | None = None  # of the plan, when the error came
    thread: Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it still goes on."""
        return self.thread is not None and self.thread.is_alive()


def ledger() -> Ledger:
    """The ledger of this home."""
    settings = data.settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    return _open(settings.ledger_url)


def people() -> list[User]:
    """Everybody who may decide something."""
    return users(ledger())


def clock() -> datetime:
    """What counts as now for decisions."""
    settings = data.settings()
    return _clock(str(settings.home.resolve()), settings)


def make_plan(recommendation_ids: list[str], author: str) -> Plan:
    """Freeze recommendations into a plan. Raises `PlanRefused` with what stands in the way."""
    rows = data.ask("chosen_recommendations", ids=recommendation_ids)
    resources = data.run("select cloud, account, kind, resource_id from marts.resource_now")
    work = Work(data.settings())
    return planning.create(
        ledger(),
        rows,
        work.clouds,
        author=author,
        now=work.clock,
        limits=limits(work.settings),
        fleet=count_fleet(resources),
    )


def approve(plan: Plan, user: str, reason: str | None) -> None:
    """Approve exactly the plan that was shown. Raises `ActionError` with why not."""
    approving.approve(
        ledger(), plan.id, plan.hash, user,
        now=clock(), limits=limits(data.settings()), reason=reason,
    )  # fmt: skip


def reject(plan: Plan, user: str, reason: str | None) -> None:
    """End the plan. Raises `ActionError` with why not."""
    approving.reject(ledger(), plan.id, user, now=clock(), reason=reason)


def rehearse(plan: Plan, user: str) -> Run:
    """Say what applying the plan would do now, and change nothing."""
    work = Work(data.settings())
    return apply(
        ledger(), plan.id, work.clouds,
        actor=user, now=work.clock, dry_run=True, limits=limits(work.settings),
    )  # fmt: skip


def start_apply(plan: Plan, user: str) -> None:
    """Apply the plan in the background; `job` tells how far it is."""
    jobs, lock = _jobs()
    with lock:
        running = jobs.get(plan.id)
        if running is not None and running.is_running:
            return
        ended = [plan_id for plan_id, known in jobs.items() if not known.is_running]
        for plan_id in ended[:-KEPT_JOBS]:
            del jobs[plan_id]
        job = Job(plan.id, len(plan.changes), user)
        job.thread = Thread(
            target=_apply, args=(job, ledger(), data.settings()), name=f"apply {plan.id}"
        )
        jobs[plan.id] = job
        job.thread.start()


def job(plan_id: str) -> Job | None:
    """What this process did about the plan, if it did."""
    jobs, lock = _jobs()
    with lock:  # a thread that is about to start is not taken for one that has ended
        return jobs.get(plan_id)


def trouble(plan_id: str, user: str) -> Exception | None:
    """Why applying failed, for whoever tried it, until something else happens to the plan."""
    ended = job(plan_id)
    if ended is None or ended.error is None or not is_same(ended.actor, user):
        return None
    return ended.error if _last_event(ledger(), plan_id) == ended.last_event else None


def look_twice(run: Run) -> list[Verdict]:
    """Whether each change of a run holds, and what it saved so far."""
    work = Work(data.settings())
    with data.cursor() as cursor:
        return verify(ledger(), run.id, work.clouds, cursor, now=work.clock)


def undo(run: Run, author: str) -> Plan:
    """Plan the way back of a run. Raises `PlanRefused` if there is none."""
    work = Work(data.settings())
    return rollback(
        ledger(), run.id, work.clouds,
        author=author, now=work.clock, limits=limits(work.settings),
    )  # fmt: skip


def history(plan_id: str) -> list[Event]:
    """The audit events of one plan, its runs and its changes, latest first."""
    return events(ledger(), subject=plan_id, newest=EVENTS)


def _apply(job: Job, ledger: Ledger, settings: Settings) -> None:
    try:
        work = Work(settings)
        job.run = apply(
            ledger, job.plan_id, work.clouds,
            actor=job.actor, now=work.clock, limits=limits(settings), progress=job.steps.append,
        )  # fmt: skip
    except (ActionError, CloudError) as error:
        _failed(job, ledger, error)
    except Exception as error:  # a bug: the page says so, and the log gets the traceback
        _failed(job, ledger, Stopped(job.plan_id, error))
        raise


def _failed(job: Job, ledger: Ledger, error: Exception) -> None:
    with suppress(ActionError):  # a ledger that can't be read is told by every page
        job.last_event = _last_event(ledger, job.plan_id)
    job.error = error


def _last_event(ledger: Ledger, plan_id: str) -> int:
    return events(ledger, subject=plan_id, newest=1)[0].number


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(url: str) -> Ledger:
    return open_ledger(url)


@st.cache_resource(show_spinner=False)
def _jobs() -> tuple[dict[str, Job], Lock]:
    return {}, Lock()


@st.cache_data(ttl=10, max_entries=4, show_spinner=False)
def _clock(home: str, _settings: Settings) -> datetime:
    return Work(_settings).clock
