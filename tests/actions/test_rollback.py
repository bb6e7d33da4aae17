import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from staff import NOW, Office

from actions import audit
from actions.apply import apply
from actions.approve import approve, reject
from actions.errors import ApplyRefused, PlanRefused
from actions.plan import load, plans
from actions.planned import Plan
from actions.rollback import has_way_back, rollback
from actions.run import Run, put_back, runs
from clouds.cloud import Verb
from clouds.errors import QuotaExceeded, Unreadable


def run(office: Office, plan: Plan) -> Run:
    return apply(office.ledger, plan.id, office.clouds, actor="root", now=NOW)


def outcomes(found: Run) -> list[str | None]:
    return [step.outcome for step in found.steps]


def way_back(office: Office, found: Run) -> Plan:
    return rollback(
        office.ledger, found.id, office.clouds, author="ann", now=office.now, limits=office.limits
    )


def test_way_back_is_a_new_plan_in_reverse_order_that_needs_its_own_approval(
    office: Office,
) -> None:
    plan = office.approved(
        office.wish(office.cloud.add("i-1"), "stop", "stopped"),
        office.wish(office.cloud.add("i-2"), "resize", "m5.large"),
        office.wish(office.cloud.add("vol", "disk"), "delete", "absent"),
    )
    found = run(office, plan)
    back = way_back(office, found)
    assert [(item.change.verb, item.change.after) for item in back.changes] == [
        ("restore", "available"), ("resize", "m5.xlarge"), ("start", "running"),
    ]  # fmt: skip
    assert back.changes[0].change.backup == found.steps[2].backup
    assert [item.undoes for item in back.changes] == [f"{plan.id}.{n}" for n in (3, 2, 1)]
    with pytest.raises(ApplyRefused, match="is not approved"):
        run(office, back)
    approve(office.ledger, back.id, back.hash, "bob", now=NOW)
    assert run(office, back).status == "applied"
    assert load(office.ledger, plan.id).status == "rolled_back"
    assert office.cloud.look("vol").exists


def test_a_way_back_is_called_by_what_it_undoes(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    back = way_back(office, run(office, plan))
    assert back.title == f"Undo: {plan.title}"
    approve(office.ledger, back.id, back.hash, "bob", now=NOW)
    again = way_back(office, run(office, back))
    assert again.title == f"Undo: Undo: {plan.title}"


def test_released_address_has_no_way_back_and_says_so(office: Office) -> None:
    address = office.cloud.add("ip", "address")
    found = run(
        office, office.approved(office.wish(address, "release", "absent"), by=("root", "rita"))
    )
    assert not any(has_way_back(step) for step in found.steps)
    with pytest.raises(PlanRefused, match="ip: a released address goes back to the provider"):
        way_back(office, found)


def test_part_without_a_way_back_stands_in_the_notes(office: Office) -> None:
    plan = office.approved(
        office.wish(office.cloud.add("i-1"), "stop", "stopped"),
        office.wish(office.cloud.add("snap", "snapshot"), "delete", "absent"),
        by=("root", "rita"),
    )
    back = way_back(office, run(office, plan))
    assert [item.change.verb for item in back.changes] == ["start"]
    assert back.notes == ("snap: nothing puts back a delete of a snapshot",)


def test_only_what_the_run_made_itself_is_put_back(office: Office) -> None:
    plan = office.approved(
        *(office.wish(office.cloud.add(f"i-{n}"), "stop", "stopped") for n in (1, 2))
    )
    office.cloud.change("i-1", state="stopped")
    back = way_back(office, run(office, plan))
    assert [item.change.resource.resource_id for item in back.changes] == ["i-2"]


def test_nothing_made_is_nothing_to_put_back(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    office.cloud.change("i-1", state="stopped")
    with pytest.raises(PlanRefused, match="it made no change"):
        way_back(office, run(office, plan))


def test_resource_changed_since_the_run_stands_in_the_notes_and_the_others_go_back(
    office: Office,
) -> None:
    plan = office.approved(
        *(office.wish(office.cloud.add(f"i-{n}"), "stop", "stopped") for n in (1, 2, 3))
    )
    found = run(office, plan)
    office.cloud.change("i-1", state="running")
    with office.cloud.open() as database:
        database.execute("delete from resource where id = 'i-2'")
    back = way_back(office, found)
    assert [item.change.resource.resource_id for item in back.changes] == ["i-3"]
    assert back.notes == (
        "i-2: the run left it 'stopped' and it is 'absent' now, so somebody changed it since and "
        "it is left alone",
        "i-1: the run left it 'stopped' and it is 'running' now, so somebody changed it since and "
        "it is left alone",
    )


def test_resource_that_can_not_be_looked_at_does_not_keep_the_others(office: Office) -> None:
    plan = office.approved(
        *(office.wish(office.cloud.add(f"i-{n}"), "stop", "stopped") for n in (1, 2))
    )
    found = run(office, plan)

    def half_blind(call: str, resource_id: str) -> None:
        if resource_id == "i-1":
            raise Unreadable("no route to the cloud.")

    office.cloud.before = half_blind
    back = way_back(office, found)
    assert [item.change.resource.resource_id for item in back.changes] == ["i-2"]
    assert back.notes == ("i-1: can't be looked at: no route to the cloud",)


def test_way_back_of_which_nothing_is_left_is_refused_with_the_reasons(office: Office) -> None:
    found = run(office, office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped")))
    office.cloud.change("i-1", state="running")
    with pytest.raises(PlanRefused, match=r"Nothing of run .* i-1: the run left it 'stopped'"):
        way_back(office, found)


def test_second_way_back_waits_until_the_first_is_rejected(office: Office) -> None:
    found = run(office, office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped")))
    first = way_back(office, found)
    with pytest.raises(PlanRefused, match=f"{first.id} puts back run {found.id} already"):
        way_back(office, found)
    reject(office.ledger, first.id, "bob", now=NOW)
    assert way_back(office, found).id != first.id


def test_of_two_ways_back_that_are_planned_at_once_one_is_refused(office: Office) -> None:
    found = run(office, office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped")))
    made: list[Plan] = []

    def somebody_else(call: str, resource_id: str) -> None:
        office.cloud.before = lambda call, resource_id: None
        made.append(way_back(office, found))

    office.cloud.before = somebody_else  # while the first looks at the resource
    with pytest.raises(PlanRefused, match=r"puts back run .* already and is proposed"):
        way_back(office, found)
    assert [plan.id for plan in plans(office.ledger) if plan.undoes_run] == [made[0].id]


def test_way_back_that_nobody_approved_in_time_makes_room_for_another(office: Office) -> None:
    found = run(office, office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped")))
    first = way_back(office, found)
    office.later(73)
    second = way_back(office, found)
    assert second.id != first.id


def partly_put_back(office: Office) -> tuple[Run, Plan]:
    """A run of two changes, and its way back that put back only the first."""
    plan = office.approved(
        *(office.wish(office.cloud.add(f"i-{n}"), "stop", "stopped") for n in (1, 2))
    )
    found = run(office, plan)
    back = way_back(office, found)
    approve(office.ledger, back.id, back.hash, "bob", now=NOW)

    def refuse(call: str, resource_id: str) -> None:
        if (call, resource_id) == ("start", "i-2"):
            raise QuotaExceeded("no capacity")

    at_once, office.cloud.before = office.cloud.before, refuse
    assert run(office, back).status == "partly_applied"
    office.cloud.before = at_once
    return found, back


def test_way_back_that_ended_halfway_is_followed_by_one_for_what_it_left(office: Office) -> None:
    found, first = partly_put_back(office)
    second = way_back(office, found)
    assert [item.change.resource.resource_id for item in second.changes] == ["i-2"]
    approve(office.ledger, second.id, second.hash, "bob", now=NOW)
    assert run(office, second).is_done
    assert load(office.ledger, found.plan_id).status == "rolled_back"
    assert office.cloud.look("i-2").state == "running"
    assert outcomes(run(office, first)) == ["already", "already"]
    with pytest.raises(PlanRefused, match="that is done already"):
        way_back(office, found)


def test_what_was_made_again_can_be_put_back_again(office: Office) -> None:
    found = run(office, office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped")))
    for verb in ("start", "stop", "start"):
        back = way_back(office, found)
        assert [item.change.verb for item in back.changes] == [verb]
        approve(office.ledger, back.id, back.hash, "bob", now=NOW)
        undone, found = found, run(office, back)
    with office.ledger.read() as connection:
        assert put_back(connection, undone.id)
        assert put_back(connection, found.id) == set()


def test_plan_that_was_put_back_and_made_again_counts_as_applied(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    first = run(office, plan)
    found, statuses = first, list[list[str]]()
    for _ in range(2):
        back = way_back(office, found)
        approve(office.ledger, back.id, back.hash, "bob", now=NOW)
        statuses.append([load(office.ledger, one).status for one in (plan.id, found.plan_id)])
        undone, found = found, run(office, back)
        statuses.append([load(office.ledger, one).status for one in (plan.id, undone.plan_id)])
    assert statuses == [
        ["applied", "applied"], ["rolled_back", "rolled_back"],
        ["rolled_back", "applied"], ["applied", "rolled_back"],
    ]  # fmt: skip
    back = way_back(office, first)
    approve(office.ledger, back.id, back.hash, "bob", now=NOW)
    run(office, back)
    assert load(office.ledger, plan.id).status == "rolled_back"
    assert audit.verify(office.ledger).ok


def test_run_that_was_interrupted_is_put_back_only_after_it_ended(office: Office) -> None:
    def killed(call: str, resource_id: str) -> None:
        if call == "after stop":
            raise KeyboardInterrupt

    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    before, office.cloud.before = office.cloud.before, killed
    with pytest.raises(KeyboardInterrupt):
        run(office, plan)
    office.cloud.before = before
    [cut] = runs(office.ledger, plan.id)
    with pytest.raises(PlanRefused, match=f"has not ended.*instance-select apply {plan.id}"):
        way_back(office, cut)
    assert [item.change.verb for item in way_back(office, run(office, plan)).changes] == ["start"]


KINDS: dict[str, list[tuple[Verb, str]]] = {
    "instance": [("stop", "stopped"), ("resize", "m5.large"), ("schedule", "office hours"),
                 ("delete", "absent")],
    "disk": [("delete", "absent")],
}  # fmt: skip
changes = st.sampled_from(["instance", "disk"]).flatmap(
    lambda kind: st.tuples(st.just(kind), st.sampled_from(KINDS[kind]))
)


@settings(
    max_examples=10, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(changes, min_size=1, max_size=4))
def test_plan_and_its_way_back_leave_everything_as_it_was(
    office: Office, wanted: list[tuple[str, tuple[Verb, str]]]
) -> None:
    with office.cloud.open() as database:
        database.execute("delete from resource")
    names = [f"x-{number}" for number in range(len(wanted))]
    wishes = [
        office.wish(office.cloud.add(name, kind), verb, after)
        for name, (kind, (verb, after)) in zip(names, wanted, strict=True)
    ]
    before = [office.cloud.look(name).fingerprint() for name in names]
    found = run(office, office.approved(*wishes))
    assert found.is_done
    back = way_back(office, found)
    approve(office.ledger, back.id, back.hash, "bob", now=NOW)
    assert run(office, back).is_done
    assert [office.cloud.look(name).fingerprint() for name in names] == before
