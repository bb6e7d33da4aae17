from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from staff import NOW, Office

from actions import approve as approving
from actions import audit
from actions.apply import apply
from actions.approve import approvals, approve, reject, standing
from actions.errors import ApplyRefused, ApprovalRefused, BadName, NotAllowed, Unknown
from actions.plan import load, plans
from actions.planned import Plan
from actions.risk import risk_of, way_back
from actions.users import User, add_user, remove_user, trust_unknown_users, users


def plan_of(office: Office, verb: str = "stop", kind: str = "instance", **more: str) -> Plan:
    after = {"stop": "stopped", "start": "running"}.get(verb, "absent")
    return office.plan(office.wish(office.cloud.add("x", kind), verb, after, **more))


def status(office: Office, plan: Plan) -> str:
    return load(office.ledger, plan.id, office.now).status


def test_approval_of_the_exact_hash_by_somebody_else_is_enough_for_r2(office: Office) -> None:
    plan = plan_of(office)
    approval = approve(office.ledger, plan.id, plan.hash, "bob", now=office.now, reason="fine")
    assert (approval.user, approval.role, approval.decision) == ("bob", "approver", "approved")
    assert status(office, plan) == "approved"
    assert approvals(office.ledger, plan.id) == [approval]


def test_wrong_hash_is_refused_and_the_right_one_named(office: Office) -> None:
    plan = plan_of(office)
    with pytest.raises(ApprovalRefused, match=f"which is {plan.hash}"):
        approve(office.ledger, plan.id, "0" * 64, "bob", now=office.now)
    assert status(office, plan) == "proposed"
    assert approvals(office.ledger, plan.id) == []


def test_author_alone_is_refused_above_r1(office: Office) -> None:
    plan = plan_of(office)
    with pytest.raises(NotAllowed, match="nobody approves their own plan above R1; this one is R2"):
        approve(office.ledger, plan.id, plan.hash, "ann", now=office.now)


@pytest.mark.parametrize("name", ["Ann", "ANN", " ann", "\N{FULLWIDTH LATIN SMALL LETTER A}nn"])
def test_author_is_the_same_person_however_the_name_is_written(office: Office, name: str) -> None:
    plan = plan_of(office)
    with pytest.raises(NotAllowed, match="nobody approves their own plan above R1"):
        approve(office.ledger, plan.id, plan.hash, name, now=office.now)
    trust_unknown_users(office.ledger, True, actor="ROOT", now=NOW)
    with pytest.raises(NotAllowed, match="nobody approves their own plan above R1"):
        approve(office.ledger, plan.id, plan.hash, name, now=office.now)
    assert "ann" in [user.name for user in users(office.ledger)]


def test_one_person_in_two_spellings_is_not_two_people(office: Office) -> None:
    plan = plan_of(office, "release", "address")
    approve(office.ledger, plan.id, plan.hash, "root", now=office.now)
    with pytest.raises(ApprovalRefused, match="'root' has approved plan"):
        approve(office.ledger, plan.id, plan.hash, "Root", now=office.now)
    assert not standing(office.ledger, plan.id, office.now).is_approved


def test_spellings_that_got_into_the_ledger_earlier_count_as_one_person(office: Office) -> None:
    plan = plan_of(office)
    with office.ledger.write() as connection:
        connection.execute(text("insert into user select 'Ann', role, 1, 'x', added_at from user"
                                " where name = 'ann'"))  # fmt: skip
        write_approval(connection, plan, "Ann")
    missing = standing(office.ledger, plan.id, office.now).missing
    assert missing == "R2 is never approved by its author 'ann' alone"


def write_approval(connection: Connection, plan: Plan, name: str) -> None:
    """As an earlier version wrote it."""
    person = User(name, "approver", "R3")
    until = NOW + timedelta(hours=72)
    approving._write(connection, plan, person, "approved", None, NOW, until)


def test_adding_somebody_in_another_spelling_changes_their_role(office: Office) -> None:
    assert add_user(office.ledger, "BOB", "viewer", actor="Root", now=NOW).name == "bob"
    remove_user(office.ledger, "Bob", actor="root", now=NOW)
    assert "bob" not in [user.name.casefold() for user in users(office.ledger)]
    assert audit.verify(office.ledger).ok


@pytest.mark.parametrize(
    "name", ["", " ", " eve", "eve ", "e\nve", "eve\x1b[2J", "e\u200bve", "\u00a0", "..."]
)
def test_a_name_is_one_that_can_be_seen_and_typed(office: Office, name: str) -> None:
    before = users(office.ledger)
    with pytest.raises(BadName, match="expected at least one letter or digit, no space before"):
        add_user(office.ledger, name, "admin", actor="root", now=NOW)
    assert users(office.ledger) == before


def test_no_name_is_taken_on_trust_that_could_not_be_added(office: Office) -> None:
    trust_unknown_users(office.ledger, True, actor="root", now=NOW)
    plan = plan_of(office)
    with pytest.raises(BadName, match="line break"):
        approve(office.ledger, plan.id, plan.hash, "eve\nroot", now=office.now)
    assert "eve" not in str(users(office.ledger))


def test_author_may_approve_r1(office: Office) -> None:
    plan = plan_of(office, "start")
    approve(office.ledger, plan.id, plan.hash, "ann", now=office.now)
    assert status(office, plan) == "approved"


@pytest.mark.parametrize(
    ("user", "verb", "message"),
    [
        ("vic", "start", "role viewer, which approves nothing"),
        ("olga", "stop", "role operator, which approves up to R1, and plan .* is R2"),
        ("bob", "release", "role approver, which approves up to R3, and plan .* is R4"),
    ],
)
def test_role_has_to_cover_the_risk(office: Office, user: str, verb: str, message: str) -> None:
    plan = plan_of(office, verb, "address" if verb == "release" else "instance")
    with pytest.raises(NotAllowed, match=message):
        approve(office.ledger, plan.id, plan.hash, user, now=office.now)


def test_r4_needs_two_people(office: Office) -> None:
    plan = plan_of(office, "release", "address")
    approve(office.ledger, plan.id, plan.hash, "root", now=office.now)
    assert status(office, plan) == "proposed"
    missing = standing(office.ledger, plan.id, office.now).missing
    assert missing == "R4 needs 2 approval(s), 1 valid so far"
    with pytest.raises(ApprovalRefused, match=r"'root' has approved plan .* already; R4 needs 2"):
        approve(office.ledger, plan.id, plan.hash, "root", now=office.now)
    approve(office.ledger, plan.id, plan.hash, "rita", now=office.now)
    assert status(office, plan) == "approved"


def test_approval_expires(office: Office) -> None:
    plan = plan_of(office)
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    assert standing(office.ledger, plan.id, office.later(71.9)).is_approved
    found = standing(office.ledger, plan.id, office.later(0.1))
    assert not found.is_approved
    assert found.missing == "R2 needs 1 approval(s), 0 valid so far (that of bob has expired)"


def test_plan_whose_approval_does_not_hold_any_more_reads_as_lapsed(office: Office) -> None:
    plan = plan_of(office)
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    office.later(73)
    assert status(office, plan) == "lapsed"
    assert [one.status for one in plans(office.ledger, office.now)] == ["lapsed"]
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    assert status(office, plan) == "approved"
    add_user(office.ledger, "bob", "viewer", actor="root", now=office.now)
    assert status(office, plan) == "lapsed"
    reject(office.ledger, plan.id, "rita", now=office.now)
    assert status(office, plan) == "rejected"


def test_expired_plan_can_not_be_approved(office: Office) -> None:
    plan = plan_of(office)
    with pytest.raises(ApprovalRefused, match="expired at 2026-11-04 12:00 UTC"):
        approve(office.ledger, plan.id, plan.hash, "bob", now=office.later(72))


def test_rejected_plan_stays_rejected(office: Office) -> None:
    plan = plan_of(office)
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    reject(office.ledger, plan.id, "olga", now=office.now, reason="not this week")
    assert status(office, plan) == "rejected"
    with pytest.raises(ApprovalRefused, match="is rejected, so it can't be approved"):
        approve(office.ledger, plan.id, plan.hash, "root", now=office.now)
    with pytest.raises(ApprovalRefused, match="is rejected, so it can't be rejected"):
        reject(office.ledger, plan.id, "olga", now=office.now)
    assert not standing(office.ledger, plan.id, office.now).is_approved


def test_plan_stays_rejected_when_the_rejection_is_taken_out_of_the_ledger(office: Office) -> None:
    plan = plan_of(office)
    approve(office.ledger, plan.id, plan.hash, "bob", now=office.now)
    reject(office.ledger, plan.id, "olga", now=office.now)
    with office.ledger.write() as connection:
        connection.execute(text("delete from approval where decision = 'rejected'"))
        connection.execute(text("update plan set status = 'approved'"))
    assert standing(office.ledger, plan.id, office.now).missing == "it was rejected"


def test_viewer_rejects_nothing(office: Office) -> None:
    plan = plan_of(office)
    with pytest.raises(NotAllowed, match="The author 'ann' or an operator"):
        reject(office.ledger, plan.id, "vic", now=office.now)


def test_unknown_name_is_refused_with_the_known_ones_and_how_to_add(office: Office) -> None:
    plan = plan_of(office)
    with pytest.raises(Unknown, match=r"No user named 'eve'.*bob \(approver\).*user add NAME"):
        approve(office.ledger, plan.id, plan.hash, "eve", now=office.now)


def test_demo_home_takes_names_on_trust_as_approvers(office: Office) -> None:
    trust_unknown_users(office.ledger, True, actor="root", now=NOW)
    plan = plan_of(office)
    assert approve(office.ledger, plan.id, plan.hash, "eve", now=office.now).role == "approver"
    assert status(office, plan) == "approved"
    trust_unknown_users(office.ledger, True, actor="eve", now=NOW)  # as it is anyway
    trust_unknown_users(office.ledger, False, actor="root", now=NOW)
    with pytest.raises(Unknown, match="No user named 'mallory'"):
        reject(office.ledger, plan.id, "mallory", now=office.now)


def test_only_admins_keep_the_users(office: Office) -> None:
    with pytest.raises(NotAllowed, match=r"'bob' is no admin.*Ask one of: rita, root"):
        add_user(office.ledger, "eve", "admin", actor="bob", now=NOW)
    with pytest.raises(NotAllowed, match="'bob' is no admin"):
        trust_unknown_users(office.ledger, True, actor="bob", now=NOW)
    with pytest.raises(Unknown, match=r"No role named 'king'. Known: admin, approver, operator"):
        add_user(office.ledger, "eve", "king", actor="root", now=NOW)
    assert "eve" not in [user.name for user in users(office.ledger)]


def test_approval_written_past_the_log_counts_for_nothing_and_is_found(office: Office) -> None:
    plan = plan_of(office)
    with office.ledger.write() as connection:
        connection.execute(
            text(
                "insert into approval values (:id, :plan, :hash, 'bob', 'approver', 'approved',"
                " null, '2026-11-01 12:00:00.000000', '2027-01-01 00:00:00.000000')"
            ),
            {"id": f"{plan.id}.a1", "plan": plan.id, "hash": plan.hash},
        )
    assert not standing(office.ledger, plan.id, office.now).is_approved
    found = audit.verify(office.ledger)
    assert not found.ok
    assert found.reason == f"approval {plan.id}.a1 of bob is not as an event of the log has it"


def test_approval_of_somebody_removed_since_counts_no_more(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("x"), "stop", "stopped"))
    remove_user(office.ledger, "bob", actor="root", now=NOW)
    assert [user.name for user in users(office.ledger)] == ["ann", "olga", "rita", "root", "vic"]
    found = standing(office.ledger, plan.id, office.now)
    assert "bob may not approve R2 any more" in str(found.missing)
    with pytest.raises(ApplyRefused, match="is not approved"):
        apply(office.ledger, plan.id, office.clouds, actor="rita", now=office.now)
    assert office.cloud.effects() == []


def test_approval_of_somebody_whose_role_shrank_counts_no_more(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("x"), "stop", "stopped"))
    add_user(office.ledger, "bob", "operator", actor="root", now=NOW)
    assert not standing(office.ledger, plan.id, office.now).is_approved


@pytest.mark.parametrize("change", ["user = 'rita'", "expires_at = '2036-01-01 00:00:00.000000'"])
def test_approval_altered_past_the_log_counts_for_nothing(office: Office, change: str) -> None:
    plan = office.approved(office.wish(office.cloud.add("x"), "stop", "stopped"))
    with office.ledger.write() as connection:
        connection.execute(text(f"update approval set {change}"))
    found = standing(office.ledger, plan.id, office.now)
    assert "not as the audit log has it" in str(found.missing)


def test_only_an_admin_removes_and_never_the_last_one(office: Office) -> None:
    with pytest.raises(NotAllowed, match="is no admin"):
        remove_user(office.ledger, "ann", actor="bob", now=NOW)
    remove_user(office.ledger, "rita", actor="root", now=NOW)
    with pytest.raises(NotAllowed, match="is the only admin"):
        remove_user(office.ledger, "root", actor="root", now=NOW)


def test_delete_that_no_snapshot_precedes_has_no_way_back() -> None:
    assert way_back("disk", "delete", ("delete", "restore", "snapshot")) == "restore"
    assert way_back("database", "delete", ("delete", "restore")) is None
    assert risk_of("delete", None) == "R4"
