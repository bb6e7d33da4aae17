import re
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from staff import NOW, Office

from actions import audit
from actions.apply import apply
from actions.approve import approve, reject
from actions.canonical import canonical_json
from actions.errors import ClockBehind
from actions.ledger import Ledger, open_ledger
from actions.suppress import Scope, suppress
from actions.users import add_user, trust_unknown_users
from actions.verify import verify as look_twice

LIFT = "drop trigger audit_never_changes; drop trigger audit_never_shrinks"


def tamper(ledger: Ledger, statement: str) -> None:
    with ledger.write() as connection:
        for part in f"{LIFT}; {statement}".split("; "):
            connection.execute(text(part))


def test_untouched_log_is_whole(office: Office) -> None:
    assert audit.verify(office.ledger) == audit.Verification(True, 6)


@pytest.mark.parametrize("statement", ["update audit set actor = 'eve'", "delete from audit"])
def test_database_itself_refuses_to_change_the_log(office: Office, statement: str) -> None:
    with pytest.raises(DatabaseError, match="never"), office.ledger.write() as connection:
        connection.execute(text(statement))
    assert audit.verify(office.ledger).ok


@pytest.mark.parametrize(
    ("statement", "broken", "reason"),
    [
        ("update audit set actor = 'eve' where number = 3", 3, "does not fit its hash"),
        ("update audit set details = '{}' where number = 2", 2, "does not fit its hash"),
        ("update audit set at = '2020-01-01 00:00:00.000000' where number = 1", 1, "does not fit"),
        ("delete from audit where number = 4", 5, "event 4 is missing"),
        ("delete from audit where number = 6", 6, "ends at event 5, but 6 events were written"),
        ("delete from audit", 1, "ends at event 0"),
        ("update audit set hash = 'f', actor = 'eve' where number = 6", 6, "does not fit"),
    ],
)
def test_tampering_shows_and_names_the_first_broken_event(
    office: Office, statement: str, broken: int, reason: str
) -> None:
    tamper(office.ledger, statement)
    found = audit.verify(office.ledger)
    assert (found.ok, found.broken) == (False, broken)
    assert reason in str(found.reason)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update approval set user = 'rita'", "approval .* of rita is not as"),
        ("update approval set expires_at = '2036-01-01 00:00:00.000000'", "approval .* of bob"),
        ("update user set role = 'admin' where name = 'olga'", "user olga with the role admin"),
        ("update role set highest_risk = 'R5' where name = 'operator'", "role operator .* R5"),
        ("insert into setting values ('trust_unknown_users', 'true')", "setting trust_unknown"),
        ("update plan set body = '{}'", "plan .* does not hold what its hash names"),
        ("delete from approval", "approval .* of bob is in the log, but gone"),
        (
            "delete from approval; delete from change; delete from plan",
            "plan .* is in the log, but",
        ),
    ],
)
def test_decision_or_role_altered_past_the_log_shows(
    office: Office, statement: str, reason: str
) -> None:
    office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    assert audit.verify(office.ledger).ok
    tamper(office.ledger, statement)
    found = audit.verify(office.ledger)
    assert not found.ok
    assert re.search(reason, str(found.reason))


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update run set status = 'failed'", r"run p1-\w+.r1 is not as the last event about it"),
        ("update run set actor = 'eve'", r"run p1-\w+.r1 is not as"),
        ("update run_change set outcome = 'failed'", r"run_change p1-\w+.r1 p1-\w+.1 is not as"),
        ("update run_change set backup = 'snap-x'", "run_change .* is not as"),
        ("update run_change set looks = null", "run_change .* is not as"),
        ("update saving set saved_month = '9000'", r"saving p1-\w+.r1 is not as"),
        ("delete from saving where window_days = 7", r"saving p1-\w+.r1 is not as"),
        ("delete from saving", r"saving p1-\w+.r1 is in the log, but gone from the ledger"),
        ("delete from saving; delete from run_change", r"run_change p1-.* is in the log, but"),
        ("delete from saving; delete from run_change; delete from run", "run p1.* but gone"),
        ("insert into run select 'p1.r9', plan_id, actor, started_at, null, status from run",
         "run p1.r9 is not as the last event about it"),
        ("update plan set status = 'approved'", r"plan p1-\w+ is not as the last event about it"),
        ("update plan set expires_at = '2036-01-01 00:00:00.000000'", r"plan p1-\w+ is not as"),
        ("update suppression set reason = 'mine'", "suppression s1 is not as"),
    ],
)  # fmt: skip
def test_what_came_of_a_plan_altered_past_the_log_shows(
    office: Office, statement: str, reason: str
) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    look_twice(office.ledger, run.id, office.clouds, now=NOW)
    suppress(office.ledger, Scope(), reason="audit week", actor="ann", now=NOW)
    assert audit.verify(office.ledger).ok
    tamper(office.ledger, statement)
    found = audit.verify(office.ledger)
    assert not found.ok
    assert re.search(reason, str(found.reason))


@pytest.mark.parametrize(
    ("statement", "broken", "reason"),
    [
        ("delete from audit_head", None, "the record of the newest event is gone"),
        ("drop table audit_head", None, "no such table: audit_head"),
        ("drop table audit", None, "no such table: audit"),
        ("update audit set at = 'noon' where number = 3", 3, "'noon' is no time"),
        ("update plan set created_at = 'noon'", None, "can't be read as it was written.*noon"),
        ("drop table saving", None, "no such table: saving"),
    ],
)
def test_what_can_not_be_read_is_a_broken_log_and_no_accident(
    office: Office, statement: str, broken: int | None, reason: str
) -> None:
    office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    tamper(office.ledger, statement)
    found = audit.verify(office.ledger)
    assert (found.ok, found.broken) == (False, broken)
    assert re.search(reason, str(found.reason))


def test_event_sealed_anew_breaks_the_next_one(office: Office) -> None:
    [old] = [event for event in audit.events(office.ledger) if event.number == 3]
    with office.ledger.read() as connection:
        row = connection.execute(text("select * from audit where number = 3")).mappings().one()
    forged = {**row, "actor": "eve", "at": old.at}
    seal = audit._seal(forged)  # pyright: ignore[reportPrivateUsage]
    tamper(office.ledger, f"update audit set actor = 'eve', hash = '{seal}' where number = 3")
    found = audit.verify(office.ledger)
    assert (found.broken, found.reason) == (4, "event 4 does not follow the one before it")


def test_what_was_decided_before_there_were_seals_is_no_broken_log(office: Office) -> None:
    suppress(office.ledger, Scope("gp2_volume"), reason="r", actor="ann", now=NOW)
    [newest] = audit.events(office.ledger, newest=1)
    with office.ledger.read() as connection:
        query = text(f"select * from audit where number = {newest.number}")
        row = connection.execute(query).mappings().one()
    details = canonical_json({k: v for k, v in newest.details.items() if k != "seal"})
    unsealed = {**row, "details": details, "at": newest.at}
    after = audit._seal(unsealed)  # pyright: ignore[reportPrivateUsage]
    with office.ledger.write() as connection:
        for part in LIFT.split("; "):
            connection.execute(text(part))
        values = {"details": details, "hash": after, "number": newest.number}
        connection.execute(
            text("update audit set details = :details, hash = :hash where number = :number"), values
        )
        connection.execute(text("update audit_head set hash = :hash"), {"hash": after})
    assert audit.verify(office.ledger) == audit.Verification(True, newest.number)


def test_decisions_never_go_back_in_time(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    office.later(80)
    other = office.plan(office.wish(office.cloud.add("i-2"), "stop", "stopped"))
    message = "says 2026-11-01 12:00 UTC, but the audit log goes up to 2026-11-04 20:00 UTC"
    with pytest.raises(ClockBehind, match=message):  # though bob's approval would hold then
        apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    with pytest.raises(ClockBehind, match=message):
        approve(office.ledger, other.id, other.hash, "bob", now=NOW)
    with pytest.raises(ClockBehind, match=message):
        reject(office.ledger, other.id, "bob", now=NOW)
    office.now = NOW
    with pytest.raises(ClockBehind, match=message):
        office.plan(office.wish(office.cloud.add("i-3"), "stop", "stopped"))
    assert office.cloud.effects() == []
    approve(office.ledger, other.id, other.hash, "bob", now=NOW + timedelta(hours=79, minutes=56))


def test_admin_goes_on_after_a_clock_that_ran_ahead(office: Office) -> None:
    office.later(24 * 365)
    plan = office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    with pytest.raises(ClockBehind, match="an admin goes on with: instance-select user add"):
        approve(office.ledger, plan.id, plan.hash, "bob", now=NOW)
    add_user(office.ledger, "bob", "approver", actor="root", now=NOW)
    approve(office.ledger, plan.id, plan.hash, "bob", now=NOW)


def test_a_name_that_joins_on_trust_does_not_set_the_time(office: Office) -> None:
    trust_unknown_users(office.ledger, True, actor="root", now=NOW)
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    office.later(80)
    office.plan(office.wish(office.cloud.add("i-2"), "stop", "stopped"))
    with pytest.raises(ClockBehind):
        apply(office.ledger, plan.id, office.clouds, actor="eve", now=NOW)
    assert office.cloud.effects() == []


def test_history_of_a_plan_is_whole_however_much_came_after_it(office: Office) -> None:
    plan = office.approved(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    other = office.plan(office.wish(office.cloud.add("i-2"), "stop", "stopped"))
    run = apply(office.ledger, plan.id, office.clouds, actor="bob", now=NOW)
    with office.ledger.write() as connection:
        for _ in range(250):
            audit.record(
                connection, at=NOW, actor="verify", action="seen", subject=other.id, details={}
            )
    found = audit.events(office.ledger, subject=plan.id)
    assert [event.number for event in found] == sorted((e.number for e in found), reverse=True)
    assert {event.subject for event in found} == {plan.id, run.id, f"{plan.id}.1"}
    assert found[-1].action == "plan.create"


def write_many(url: str, name: str, count: int) -> int:
    ledger = open_ledger(url)
    for number in range(count):
        add_user(ledger, f"{name}-{number}", "viewer", actor="root", now=NOW)
    return count


def test_concurrent_openers_and_writers_keep_one_chain(tmp_path: Path) -> None:
    one_chain(f"sqlite:///{tmp_path}/ledger.sqlite")


def one_chain(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        written = pool.map(write_many, [url] * 3, ["a", "b", "c"], [15] * 3)
        assert sum(written) == 45
    assert audit.verify(open_ledger(url)) == audit.Verification(True, 45)
