"""Applying a plan on its page, when the run ends, dies or is no longer approved."""

from collections.abc import Callable
from datetime import datetime
from getpass import getuser
from pathlib import Path
from threading import Thread

import pytest
from pages import opened

from actions.apply import apply
from actions.approve import approve
from actions.ledger import open_ledger
from actions.plan import create, set_status
from actions.planned import Plan
from actions.run import begin, load_run
from actions.users import add_user, known_user, remove_user
from app.dashboard import data, decide
from pipelines.settings import load_settings
from pipelines.work import Work
from warehouse.lake import Lake


class EndsWhenAsked(Thread):
    """The thread of an apply that ends between the page's look at the plan and that at the job."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.end = end

    def is_alive(self) -> bool:
        self.end()
        return False


def approved(home: Path) -> Plan:
    """A plan of the demo that may be applied."""
    ledger = open_ledger(load_settings(home).ledger_url)
    work = Work(load_settings(home))
    with work.lake.reader(work.lake.published().snapshot) as connection:
        rows = connection.execute(
            "select * from actions.recommendation where status = 'open' and verb = 'stop' limit 1"
        ).pl()
    for name in ("ada", "grace"):
        with ledger.write() as connection:
            known_user(connection, name, work.as_of)
    plan = create(ledger, rows, work.clouds, author="ada", now=work.as_of)
    approve(ledger, plan.id, plan.hash, "grace", now=work.as_of)
    return plan


def test_a_page_that_was_drawn_while_its_run_ended_shows_the_end(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    work = Work(load_settings(own_demo_home))
    ledger = open_ledger(work.settings.ledger_url)
    with ledger.write() as connection:
        run_id = begin(connection, plan, "grace", work.as_of)
        set_status(connection, plan.id, "applying", actor="grace", now=work.as_of)

    def end() -> None:
        if load_run(ledger, run_id).finished_at is None:
            apply(ledger, plan.id, work.clouds, actor="grace", now=work.as_of)

    jobs, _ = decide._jobs()
    monkeypatch.setitem(jobs, plan.id, decide.Job(plan.id, 1, "grace", thread=EndsWhenAsked(end)))
    app = opened(own_demo_home, "plans", monkeypatch)
    assert not app.exception
    assert [box.value for box in app.warning if "interrupted" in box.value] == []
    assert any("by grace: 1 applied" in box.value for box in app.success)


def test_a_link_to_a_plan_that_is_not_there_shows_no_other_to_be_decided(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    app = opened(own_demo_home, "overview", monkeypatch)
    app.query_params["plan"] = "p9-ffff"
    app = app.switch_page("views/plans.py").run()
    assert not app.exception
    assert any("There is no plan p9-ffff" in box.value for box in app.warning)
    assert not app.button
    app.query_params["plan"] = plan.id
    assert any(box.label == "Apply" for box in app.run().button)


def test_the_way_back_of_the_browser_leads_to_the_plan_before(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = approved(own_demo_home), approved(own_demo_home)
    app = opened(own_demo_home, "plans", monkeypatch)
    for plan in (newer, older, newer):
        app.query_params["plan"] = plan.id
        app = app.run()
        assert app.code[0].value == plan.hash
        assert app.run().code[0].value == plan.hash


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_apply_that_dies_of_a_bug_says_so_on_the_page(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    work = Work(load_settings(own_demo_home))
    job = decide.Job(plan.id, 1, getuser())
    broken = work.settings.model_copy(update={"sources": ("none",)})
    job.thread = Thread(
        target=decide._apply,
        args=(job, open_ledger(work.settings.ledger_url), broken),
    )
    job.thread.start()
    job.thread.join()
    jobs, _ = decide._jobs()
    monkeypatch.setitem(jobs, plan.id, job)
    app = opened(own_demo_home, "plans", monkeypatch)
    assert [box.value for box in app.error if "AttributeError" in box.value]


def test_a_refused_apply_is_told_to_whoever_tried_until_the_plan_moves_on(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    work = Work(load_settings(own_demo_home))
    ledger = open_ledger(work.settings.ledger_url)
    add_user(ledger, "vic", "viewer", actor="vic", now=work.as_of)
    job = decide.Job(plan.id, 1, "vic")
    decide._apply(job, ledger, work.settings)
    jobs, _ = decide._jobs()
    monkeypatch.setitem(jobs, plan.id, job)
    app = opened(own_demo_home, "plans", monkeypatch)
    app.session_state["user"] = "grace"
    assert not app.run().error
    app.session_state["user"] = "vic"
    assert ["the role viewer" in box.value for box in app.run().error] == [True]
    apply(ledger, plan.id, work.clouds, actor="grace", now=work.as_of)
    assert not app.run().error


def test_a_plan_whose_approval_lapsed_says_so_and_can_be_approved_again(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = approved(own_demo_home)
    ledger = open_ledger(load_settings(own_demo_home).ledger_url)
    remove_user(ledger, "grace", actor="ada", now=plan.created_at)
    app = opened(own_demo_home, "plans", monkeypatch)
    assert any("Not approved any more" in box.value for box in app.warning)
    assert any("Approval lapsed" in badge.value for badge in app.markdown)
    assert [button.label for button in app.button if button.key == "approve"] == ["Approve"]
    assert not [button for button in app.button if button.key == "apply"]


def test_an_account_has_its_name_beside_its_id_where_the_snapshot_knows_it(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = approved(own_demo_home).changes[0].change.resource.account
    work = Work(load_settings(own_demo_home))
    with work.reading() as (connection, _):
        query = "select account_name from marts.account where account = ?"
        (name,) = connection.execute(query, [account]).fetchone() or ("",)
    work.close()
    assert name
    app = opened(own_demo_home, "plans", monkeypatch)
    assert any(f", {name} ({account}), " in text.value for text in app.markdown)
    lake = Lake(work.settings)
    with lake.write("an older version") as write:
        write.connection.execute("drop table marts.account")
    lake.publish(write.snapshot, work.as_of, "test", datetime(2099, 1, 1))
    monkeypatch.setattr(data, "CHECK_SECONDS", 0)
    app = opened(own_demo_home, "plans", monkeypatch)
    assert not app.exception
    assert any(f", {account}, " in text.value for text in app.markdown)
