from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from actions.planned import Plan, PlannedChange
from actions.run import Outcome, Run, Step
from actions.standing import Standing
from app.command import show
from app.dashboard.plan_text import explained, one_line
from app.plan_answer import plan_answer, run_answer
from clouds.cloud import Change, Observation, Resource, Verb

NOW = datetime(2026, 11, 1, 12)


def planned(verb: Verb, way_back: Verb | None) -> PlannedChange:
    where = Resource("aws", "a1", "r1", "x", "instance")
    look = Observation("running")
    return PlannedChange(
        Change("p1.1", where, verb, "running", "stopped", look, "R2", way_back), "demo"
    )


def lines(verb: Verb, way_back: Verb | None, outcome: Outcome) -> list[str]:
    step = Step(planned(verb, way_back), outcome)
    run = Run("p1.r1", "p1", "bob", NOW, NOW, "applied", (step,))
    return [line for line in run_answer(run, dry_run=False).view() if isinstance(line, str)]


@pytest.mark.parametrize(
    ("verb", "way_back", "outcome", "offered"),
    [
        ("stop", "start", "applied", True),
        ("release", None, "applied", False),
        ("stop", "start", "failed", False),
    ],
)
def test_the_way_back_is_offered_only_where_there_is_one(
    verb: Verb, way_back: Verb | None, outcome: Outcome, offered: bool
) -> None:
    found = lines(verb, way_back, outcome)
    assert ("Put it back: instance-select rollback p1.r1" in found) == offered


def test_a_name_shows_no_other_risk_or_link_to_whoever_approves() -> None:
    name = "x** :green-badge[R0] [Approve](elsewhere)"
    change = replace(planned("stop", "start"), name=name, reason=name)
    assert one_line(change, None).startswith(
        r":material/radio_button_unchecked: Stop instance "
        r"**x\*\* \:green-badge\[R0\] \[Approve\](elsewhere)**: running to stopped"
    )
    where = replace(change.change.resource, resource_id="a`**b**")
    told = explained(replace(change, change=replace(change.change, resource=where)), None, name)
    assert r"**Why** x\*\* \:green-badge\[R0\]" in told
    assert r"**Resource** `` a`**b** `` in AWS, x\*\* \:green" in told


def test_a_name_steers_no_terminal_and_turns_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    name = "x\x1b[2J\x9b2J\u202e1R"
    change = replace(planned("stop", "start"), name=name)
    assert "\u202e" not in one_line(change, None)
    plan = Plan("p1", name, "ann", NOW, NOW, 1, (change,))
    show(plan_answer(plan), json=False)
    told = capsys.readouterr().out
    assert "Plan p1: x\ufffd[2J" in told
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)


@pytest.mark.parametrize(
    ("status", "missing", "next_step"),
    [
        ("proposed", "R2 needs 1", "Approve it (R2 needs 1): instance-select approve p1 --hash "),
        ("lapsed", "R2 needs 1", "Approve it (R2 needs 1): instance-select approve p1 --hash "),
        ("partly_applied", "R2 needs 1", "Approve it (R2 needs 1): instance-select approve p1"),
        ("approved", None, "Apply it: instance-select apply p1"),
        ("failed", None, "Apply it: instance-select apply p1"),
        ("applied", "R2 needs 1", "hash "),
    ],
)
def test_a_plan_says_what_can_be_done_with_it_now(
    status: str, missing: str | None, next_step: str
) -> None:
    plan = Plan(
        "p1", "Stop x", "ann", NOW, NOW, 1, (planned("stop", "start"),),
        status=status,  # type: ignore[arg-type]
    )  # fmt: skip
    standing = Standing(missing is None, missing, ())
    shown = [line for line in plan_answer(plan, (), standing).view() if isinstance(line, str)]
    assert shown[-1].startswith(next_step)


def test_a_way_back_names_no_snapshot_since_it_was_made_on_none() -> None:
    plan = Plan("p2", "Back", "ann", NOW, NOW, None, (planned("stop", "start"),))
    answer = plan_answer(plan, (), Standing(False, "R2 needs 1", ()))
    shown = [line for line in answer.view() if isinstance(line, str)]
    assert "proposed, risk R2, by ann" in shown


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (243, 243, "saves $243 a month"), (-243, -243, "costs $243 a month more"),
        (None, -243, "costs at least $243 a month more"),
        (-243, 0, "costs $0\u2013243 a month more"),
    ],
)  # fmt: skip
def test_a_change_says_what_it_does_to_the_bill(low: int | None, high: int, said: str) -> None:
    where = Resource("aws", "a1", "r1", "x", "instance")
    change = Change(
        "p1.1", where, "delete", "stopped_billed", "absent", Observation("stopped_billed"), "R3",
        "restore",
        saving_month_low=None if low is None else Decimal(low), saving_month_high=Decimal(high),
        currency="USD",
    )  # fmt: skip
    line = one_line(PlannedChange(change, "demo"), None).replace("\\", "")
    assert line.startswith(":material/radio_button_unchecked: Delete instance **x**: ")
    assert f"stopped, still billed to deleted, {said}" in line
