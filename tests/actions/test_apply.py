from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from staff import NOW, Office

from actions import audit
from actions.apply import apply
from actions.approve import approve, reject
from actions.errors import ApplyRefused, NotAllowed
from actions.ledger import open_ledger
from actions.limits import Limits, Window
from actions.plan import load
from actions.planned import Plan
from actions.run import Run, Step, load_run, runs
from clouds.errors import NotOffered, QuotaExceeded, Throttled


def run(office: Office, plan: Plan, **more: object) -> Run:
    arguments = {"actor": "bob", "now": office.now, "limits": office.limits, **more}
    return apply(office.ledger, plan.id, office.clouds, **arguments)  # type: ignore[arg-type]


def outcomes(found: Run) -> list[str | None]:
    return [step.outcome for step in found.steps]


def stops(office: Office, count: int) -> Plan:
    machines = [office.cloud.add(f"i-{number}") for number in range(count)]
    return office.approved(*(office.wish(machine, "stop", "stopped") for machine in machines))


def raising(error: Exception, times: int = 1000, only: str = "") -> Callable[[str, str], None]:
    """A cloud that raises the first `times` calls that change something."""
    left = [times]

    def before(call: str, resource_id: str) -> None:
        changes = call != "observe" and not call.startswith("after")
        if changes and only in resource_id and left[0]:
            left[0] -= 1
            raise error

    return before


def test_approved_changes_are_made_once_and_written_down(office: Office) -> None:
    plan = stops(office, 3)
    seen: list[Step] = []
    found = run(office, plan, progress=seen.append)
    assert outcomes(found) == ["applied"] * 3
    assert [effect[2] for effect in office.cloud.effects()] == ["i-0", "i-1", "i-2"]
    assert office.cloud.look("i-0").state == "stopped"
    assert (found.status, load(office.ledger, plan.id).status) == ("applied", "applied")
    assert [step.planned for step in seen] == list(plan.changes)
    assert load_run(office.ledger, found.id) == found
    assert audit.verify(office.ledger).ok


def test_applied_plan_is_not_applied_again(office: Office) -> None:
    plan = stops(office, 1)
    run(office, plan)
    with pytest.raises(ApplyRefused, match="is applied, so there is nothing to apply"):
        run(office, plan)
    assert len(office.cloud.effects()) == 1


def test_plan_without_approval_is_refused_with_the_command(office: Office) -> None:
    plan = office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    message = f"R2 needs 1 approval.*instance-select approve {plan.id} --hash {plan.hash}"
    with pytest.raises(ApplyRefused, match=message):
        run(office, plan)
    reject(office.ledger, plan.id, "bob", now=NOW)
    with pytest.raises(ApplyRefused, match="is rejected"):
        run(office, plan)
    assert (office.cloud.effects(), runs(office.ledger)) == ([], [])


def test_approval_that_expired_is_refused(office: Office) -> None:
    plan = stops(office, 1)
    office.later(73)
    with pytest.raises(ApplyRefused, match="expired"):
        run(office, plan)
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    assert run(office, plan).status == "applied"


def test_role_of_whoever_applies_has_to_cover_the_risk(office: Office) -> None:
    plan = stops(office, 1)
    with pytest.raises(NotAllowed, match="'olga' has the role operator, which applies up to R1"):
        run(office, plan, actor="olga")


def test_drifted_resource_is_left_alone_and_the_others_go_on(office: Office) -> None:
    plan = stops(office, 3)
    office.cloud.change("i-1", sku="m5.large")
    found = run(office, plan)
    assert outcomes(found) == ["applied", "drifted", "applied"]
    assert found.steps[1].reason == (
        "i-1 changed since the plan was made: sku was 'm5.xlarge', is 'm5.large'. "
        "Nothing was changed; make a new plan and approve it again."
    )
    assert found.status == load(office.ledger, plan.id).status == "partly_applied"


def test_resource_that_is_gone_drifted(office: Office) -> None:
    plan = stops(office, 1)
    with office.cloud.open() as database:
        database.execute("delete from resource")
    found = run(office, plan)
    assert outcomes(found) == ["drifted"]
    assert "it is gone" in str(found.steps[0].reason)


def test_what_somebody_else_has_done_meanwhile_is_already(office: Office) -> None:
    plan = stops(office, 1)
    office.cloud.change("i-0", state="stopped")
    found = run(office, plan)
    assert outcomes(found) == ["already"]
    assert not found.steps[0].is_ours
    assert office.cloud.effects() == []


def test_dry_run_walks_the_same_list_and_changes_nothing(office: Office) -> None:
    plan = stops(office, 3)
    office.cloud.change("i-1", sku="m5.large")
    office.cloud.change("i-2", state="stopped")
    found = run(office, plan, dry_run=True)
    assert [step.planned for step in found.steps] == list(plan.changes)
    assert outcomes(found) == [None, "drifted", "already"]
    assert found.steps[0].reason == "would be applied"
    assert (office.cloud.effects(), runs(office.ledger)) == ([], [])
    assert load(office.ledger, plan.id).status == "approved"


def test_dry_run_needs_no_approval(office: Office) -> None:
    plan = office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    assert outcomes(run(office, plan, dry_run=True)) == [None]


def test_delete_takes_a_snapshot_first_and_remembers_it(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("vol", "disk"), "delete", "absent"))
    found = run(office, plan)
    assert [verb for _, verb, _ in office.cloud.effects()] == ["snapshot", "delete"]
    assert found.steps[0].backup == f"snap-vol-{plan.id}.1.backup.r1"


def test_delete_without_a_snapshot_does_not_happen(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("vol", "disk"), "delete", "absent"))

    def fail(call: str, resource_id: str) -> None:
        if call == "snapshot":
            raise QuotaExceeded("snapshot quota of 10 is used up")

    office.cloud.before = fail
    found = run(office, plan)
    assert outcomes(found) == ["failed"]
    assert found.steps[0].reason == "snapshot quota of 10 is used up"
    assert office.cloud.look("vol").exists


def test_throttled_cloud_is_asked_again_ever_later(office: Office) -> None:
    plan = stops(office, 1)
    office.cloud.before = raising(Throttled("StopInstances", 3), times=3)
    waits: list[float] = []
    assert outcomes(run(office, plan, sleep=waits.append)) == ["applied"]
    assert waits == [3, 3, 4]


def test_throttling_without_end_is_a_failure(office: Office) -> None:
    plan = stops(office, 1)
    office.cloud.before = raising(Throttled("StopInstances", 500))
    waits: list[float] = []
    found = run(office, plan, sleep=waits.append)
    assert outcomes(found) == ["failed"]
    assert waits == [60, 60, 60, 60]
    assert "was throttled" in str(found.steps[0].reason)


def test_failure_of_one_change_leaves_the_others(office: Office) -> None:
    plan = stops(office, 3)
    office.cloud.before = raising(QuotaExceeded("quota is 0"), only="i-1")
    found = run(office, plan)
    assert outcomes(found) == ["applied", "failed", "applied"]
    assert found.steps[1].reason == "quota is 0"


def test_change_that_was_made_although_the_cloud_answered_with_an_error_is_ours(
    office: Office,
) -> None:
    def before(call: str, resource_id: str) -> None:
        if call.startswith("after"):
            raise QuotaExceeded("the call timed out")

    plan = stops(office, 1)
    office.cloud.before = before
    found = run(office, plan)
    assert outcomes(found) == ["applied"]
    assert found.steps[0].is_ours
    assert found.steps[0].reason == "made, although the cloud answered: the call timed out"


def test_run_stops_after_three_failures(office: Office) -> None:
    plan = stops(office, 5)
    office.cloud.before = raising(NotOffered("no permission"))
    found = run(office, plan)
    assert outcomes(found) == ["failed", "failed", "failed", "refused", "refused"]
    assert "3 changes of this run failed before it" in str(found.steps[4].reason)
    assert load(office.ledger, plan.id).status == "failed"


def test_failed_changes_can_be_applied_again_without_doing_the_others_twice(office: Office) -> None:
    plan = stops(office, 3)
    office.cloud.before = raising(QuotaExceeded("quota is 0"), only="i-1")
    first = run(office, plan)
    office.cloud.before = raising(QuotaExceeded("quota is 0"), times=0)
    second = run(office, plan)
    assert outcomes(second) == ["already", "applied", "already"]
    assert second.steps[0].reason == f"made in run {first.id}"
    assert len(office.cloud.effects()) == 3
    assert load(office.ledger, plan.id).status == "applied"
    assert [found.id for found in runs(office.ledger, plan.id)] == [second.id, first.id]


def answers_late(office: Office, verb: str) -> Callable[[str, str], None]:
    """A cloud that answers the change with an error and then can't be looked at."""
    failed: list[str] = []

    def before(call: str, resource_id: str) -> None:
        if call == "after " + verb or (call == "observe" and failed):
            failed.append(call)
            raise QuotaExceeded("the call timed out")

    return before


def test_change_of_a_failed_run_that_came_through_is_ours_in_the_next(office: Office) -> None:
    plan = stops(office, 1)
    at_once, office.cloud.before = office.cloud.before, answers_late(office, "stop")
    first = run(office, plan)
    assert outcomes(first) == ["failed"]
    office.cloud.before = at_once
    [would_be] = run(office, plan, dry_run=True).steps
    [step] = run(office, plan).steps
    assert (step.outcome, step.is_ours, step.intent_at) == ("already", True, NOW)
    assert step.reason == f"run {first.id} had begun it, and it came through after that run ended"
    assert (would_be.outcome, would_be.reason) == (step.outcome, step.reason)
    assert len(office.cloud.effects()) == 1


def test_delete_of_a_failed_run_that_came_through_keeps_its_backup(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("vol", "disk"), "delete", "absent"))
    at_once, office.cloud.before = office.cloud.before, answers_late(office, "delete")
    [failed] = run(office, plan).steps
    office.cloud.before = at_once
    [step] = run(office, plan).steps
    assert (failed.outcome, step.outcome, step.is_ours) == ("failed", "already", True)
    assert step.backup == failed.backup == f"snap-vol-{plan.id}.1.backup.r1"


def test_delete_that_failed_before_its_backup_is_not_taken_for_ours(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("vol", "disk"), "delete", "absent"))
    at_once, office.cloud.before = office.cloud.before, raising(QuotaExceeded("no snapshots"))
    assert outcomes(run(office, plan)) == ["failed"]
    office.cloud.before = at_once
    with office.cloud.open() as database:
        database.execute("delete from resource")
    [step] = run(office, plan).steps
    assert (step.outcome, step.is_ours) == ("already", False)


def test_failed_run_that_came_to_nothing_is_begun_anew_with_a_backup_of_its_own(
    office: Office,
) -> None:
    plan = office.approved(office.wish(office.cloud.add("vol", "disk"), "delete", "absent"))
    at_once = office.cloud.before
    office.cloud.before = lambda call, resource_id: (
        raising(QuotaExceeded("no"))(call, resource_id) if call == "delete" else None
    )
    assert outcomes(run(office, plan)) == ["failed"]
    office.cloud.before = at_once
    [step] = run(office, plan).steps
    assert (step.outcome, step.backup) == ("applied", f"snap-vol-{plan.id}.1.backup.r2")


def test_r4_is_applied_with_two_approvals_only(office: Office) -> None:
    address = office.cloud.add("ip", "address")
    plan = office.approved(office.wish(address, "release", "absent"), by=("root",))
    with pytest.raises(ApplyRefused, match="R4 needs 2 approval"):
        run(office, plan, actor="root")
    approve(office.ledger, plan.id, plan.hash, "rita", now=NOW)
    assert outcomes(run(office, plan, actor="root")) == ["applied"]


def test_restarts_wait_for_the_maintenance_window(office: Office) -> None:
    plan = stops(office, 1)
    limits = Limits(window=Window(weekdays=(5,), starts_hour=22, ends_hour=4))
    with pytest.raises(ApplyRefused, match=r"22:00-4:00 UTC.*it is Sunday 12:00 UTC"):
        run(office, plan, limits=limits)
    start = office.approved(
        office.wish(office.cloud.add("i-9", state="stopped"), "start", "running")
    )
    assert run(office, start, limits=limits).status == "applied"


def test_bug_in_a_cloud_stops_the_run_and_the_next_one_takes_it_up(office: Office) -> None:
    plan = stops(office, 3)
    office.cloud.before = raising(ZeroDivisionError("a bug"), times=1, only="i-1")
    with pytest.raises(ZeroDivisionError):
        run(office, plan)
    [broken] = runs(office.ledger)
    assert (broken.status, outcomes(broken)) == ("running", ["applied", None, None])
    assert broken.steps[1].intent_at == NOW
    found = run(office, plan)
    assert (found.id, outcomes(found)) == (broken.id, ["applied", "applied", "applied"])
    assert len(office.cloud.effects()) == 3


def test_change_that_was_made_before_a_crash_is_not_made_again(office: Office) -> None:
    plan = stops(office, 1)

    def crash(call: str, resource_id: str) -> None:
        if call == "after stop":
            raise KeyboardInterrupt

    office.cloud.before = crash
    with pytest.raises(KeyboardInterrupt):
        run(office, plan)
    found = run(office, plan)
    assert outcomes(found) == ["already"]
    assert found.steps[0].is_ours
    assert len(office.cloud.effects()) == 1


def test_resize_that_was_cut_short_in_the_middle_is_finished(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-0"), "resize", "m5.large"))

    def crash(call: str, resource_id: str) -> None:
        if call == "resize":
            office.cloud.change("i-0", state="stopped")  # a cloud stops a machine to resize it
            raise KeyboardInterrupt

    office.cloud.before = crash
    with pytest.raises(KeyboardInterrupt):
        run(office, plan)
    office.cloud.before = lambda call, resource_id: None
    assert outcomes(run(office, plan)) == ["applied"]
    assert office.cloud.look("i-0").sku == "m5.large"


def test_schedule_that_switched_the_machine_off_during_a_crash_is_made(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-0"), "schedule", "mon-fri 07:00-19:00"))

    def crash(call: str, resource_id: str) -> None:
        if call == "after schedule":
            office.cloud.change("i-0", state="stopped")
            raise KeyboardInterrupt

    office.cloud.before = crash
    with pytest.raises(KeyboardInterrupt):
        run(office, plan)
    assert outcomes(run(office, plan)) == ["already"]


def test_resource_that_drifted_during_a_crash_is_left_alone(office: Office) -> None:
    plan = stops(office, 1)
    office.cloud.before = raising(ZeroDivisionError("a bug"), times=1)
    with pytest.raises(ZeroDivisionError):
        run(office, plan)
    office.cloud.change("i-0", sku="m5.large")
    assert outcomes(run(office, plan)) == ["drifted"]


def test_another_process_that_applies_keeps_us_out(office: Office) -> None:
    plan = stops(office, 1)
    with office.ledger.applying() as is_ours:
        assert is_ours
        with office.ledger.applying(wait_seconds=0.1) as second:
            assert not second
    with office.ledger.applying(wait_seconds=0.1) as third:
        assert third
    assert run(office, plan).status == "applied"


def test_a_ledger_that_is_reached_by_a_link_has_the_same_lock(
    office: Office, tmp_path: Path
) -> None:
    link = tmp_path / "linked" / "decisions.sqlite"
    link.parent.mkdir()
    link.symlink_to(str(office.ledger.engine.url.database))
    with office.ledger.applying() as is_ours:
        assert is_ours
        with open_ledger(f"sqlite:///{link}").applying(wait_seconds=0.1) as second:
            assert not second


def test_plan_changed_after_approval_is_not_applied(office: Office) -> None:
    plan = stops(office, 1)
    forged = replace(plan, title="harmless")
    with office.ledger.write() as connection:
        connection.execute(
            text("update plan set body = :body, hash = :hash"),
            {"body": forged.body, "hash": forged.hash},
        )
    with pytest.raises(ApplyRefused, match="is not approved"):
        run(office, plan)


def test_intent_is_in_the_log_before_the_change(office: Office) -> None:
    plan = stops(office, 1)
    log: list[str] = []

    def watch(call: str, resource_id: str) -> None:
        if call == "stop":
            log.extend(event.action for event in audit.events(office.ledger))

    office.cloud.before = watch
    run(office, plan)
    assert log[:3] == ["change.intent", "plan.status", "run.start"]


def test_cloud_that_still_shows_the_old_state_is_said_so(office: Office) -> None:
    plan = stops(office, 1)

    def slow_to_show(call: str, resource_id: str) -> None:
        if call == "after stop":
            office.cloud.change("i-0", state="stopping")

    office.cloud.before = slow_to_show
    found = run(office, plan)
    assert outcomes(found) == ["applied"]
    assert found.steps[0].reason == (
        "made; the cloud still shows: state was 'running', is 'stopping'"
    )
