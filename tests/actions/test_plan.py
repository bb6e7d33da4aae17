import dataclasses
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staff import NOW, Office

from actions.canonical import digest
from actions.errors import (
    LimitExceeded,
    NotAsRecommended,
    PlanDamaged,
    PlanRefused,
    Unknown,
)
from actions.limits import Limits, Window, count_fleet
from actions.plan import create, explain, load, plans
from actions.planned import Plan, PlannedChange, parse
from clouds.cloud import Change, Observation, Resource
from clouds.errors import Unreadable
from warehouse.tables import schema_files

ROW: dict[str, Any] = {
    "id": "rec1", "check": "idle_instance", "title": "t", "source": "demo", "cloud": "aws",
    "account": "a1", "region": "r1", "resource_id": "i-1", "resource_name": "web",
    "kind": "instance", "verb": "stop", "before": "running", "after": "stopped",
    "currency": "USD", "saving_month_low": Decimal("5.5"), "saving_month_high": Decimal("9.25"),
    "risk": "R2", "overload_probability": None, "reason": "idle", "evidence": "select 1",
    "status": "open", "superseded_by": None, "missing": None, "first_seen_on": NOW.date(),
    "grace_until": None, "snapshot": 42,
}  # fmt: skip


def rows(**changes: Any) -> pl.DataFrame:
    return pl.DataFrame([{**ROW, **changes}])


def planned(office: Office, frame: pl.DataFrame, limits: Limits | None = None) -> Plan:
    return create(
        office.ledger, frame, office.clouds, author="ann", now=NOW, limits=limits or office.limits
    )


def test_plan_freezes_what_was_recommended_and_what_was_seen(office: Office) -> None:
    office.cloud.add("i-1")
    plan = planned(office, rows())
    [item] = explain(plan)
    change = item.change
    assert (change.verb, change.before, change.after) == ("stop", "running", "stopped")
    assert change.observed == Observation("running", "m5.xlarge")
    assert (change.risk, change.way_back, change.permissions) == ("R2", "start", ("ec2:Stop",))
    assert (plan.snapshot, plan.status, item.recommendation_id) == (42, "proposed", "rec1")
    assert office.cloud.effects() == []


def test_recommendation_row_has_the_columns_that_plan_reads() -> None:
    assert set(ROW) <= {
        line.split()[0].strip('"')
        for line in schema_files()["actions.recommendation"].splitlines()[2:-1]
    }


def test_stored_plan_is_the_plan_that_was_made(office: Office) -> None:
    office.cloud.add("i-1")
    plan = planned(office, rows())
    assert load(office.ledger, plan.id) == plan
    assert parse(plan.body).hash == plan.hash == digest(plan.body)
    assert plans(office.ledger) == [plan]


def test_two_equal_wishes_become_two_plans(office: Office) -> None:
    office.cloud.add("i-1")
    first, second = planned(office, rows()), planned(office, rows())
    assert first.id != second.id
    assert first.hash != second.hash


def variations(plan: Plan) -> dict[str, Plan]:
    """The plan with every single field of it, at any depth, changed once."""
    item, found = plan.changes[0], {}
    for field in dataclasses.fields(plan):
        if field.name not in ("changes", "status"):
            found[field.name] = replace(plan, **{field.name: other(getattr(plan, field.name))})

    def with_change(**values: Any) -> Plan:
        return replace(plan, changes=(replace(item, change=replace(item.change, **values)),))

    for field in dataclasses.fields(PlannedChange):
        if field.name != "change":
            value = {field.name: other(getattr(item, field.name))}
            found[f"item.{field.name}"] = replace(plan, changes=(replace(item, **value),))
    for field in dataclasses.fields(Change):
        old = getattr(item.change, field.name)
        if field.name not in ("resource", "observed"):
            found[f"change.{field.name}"] = with_change(**{field.name: other(old)})
    for name, part in (("resource", item.change.resource), ("observed", item.change.observed)):
        for field in dataclasses.fields(part):
            value = replace(part, **{field.name: other(getattr(part, field.name))})
            found[f"{name}.{field.name}"] = with_change(**{name: value})
    found["one more"] = replace(plan, changes=(item, item))
    found["none"] = replace(plan, changes=())
    return found


def other(value: Any) -> Any:
    match value:
        case None:
            return "x"
        case tuple():
            return (*value, "x")
        case dict():
            return {**value, "x": "y"}
        case str():
            return value + "x"
        case int() | Decimal():
            return value + 1
        case _:
            return value + timedelta(seconds=1)


def test_hash_changes_when_anything_in_the_plan_changes(office: Office) -> None:
    office.cloud.add("i-1")
    plan = planned(office, rows())
    found = variations(plan)
    assert len(found) > 30
    hashes = {name: changed.hash for name, changed in found.items()}
    assert plan.hash not in hashes.values()
    assert len(set(hashes.values())) == len(hashes)
    assert replace(plan, status="applied").hash == plan.hash


money = st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.none()


@given(st.text(), st.text(), money, st.dictionaries(st.text(), st.text()), st.floats(0, 1e9))
def test_any_plan_survives_being_written_down(
    title: str, name: str, saving: Decimal | None, details: dict[str, str], size: float
) -> None:
    look = Observation("running", size_gib=size, details=details)
    where = Resource("aws", "a", "r", name, "disk")
    change = Change("p.1", where, "delete", "a", "b", look, "R3", "restore", "USD", saving, saving)
    plan = Plan("p", title, "ann", NOW, NOW, 1, (PlannedChange(change, "demo"),))
    assert parse(plan.body) == plan
    assert parse(plan.body).body == plan.body


def test_plan_changed_in_the_ledger_is_noticed(office: Office) -> None:
    office.cloud.add("i-1")
    plan = planned(office, rows())
    with office.ledger.write() as connection:
        connection.execute(text("update plan set body = replace(body, 'stop', 'delete')"))
    with pytest.raises(PlanDamaged, match="audit verify"):
        load(office.ledger, plan.id)


def test_resource_that_no_longer_looks_as_recommended_is_refused(office: Office) -> None:
    office.cloud.add("i-1", state="stopped")
    with pytest.raises(NotAsRecommended, match="i-1 is 'stopped', but the recommendation to stop"):
        planned(office, rows())


def test_disk_that_was_attached_since_is_refused(office: Office) -> None:
    office.cloud.add("vol-1", "disk", attached_to="i-9")
    with pytest.raises(NotAsRecommended, match="attached to i-9"):
        planned(office, rows(resource_id="vol-1", kind="disk", verb="delete", before="available",
                             after="absent", risk="R3"))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "superseded", "superseded_by": "r2"}, r"is superseded \(r2\), and only open"),
        ({"status": "insufficient_data", "missing": "price"}, r"is insufficient_data \(price\)"),
        (
            {"grace_until": NOW.date() + timedelta(days=1)},
            r"its owner can object until .* suppress",
        ),
        ({"risk": "R0"}, "advice that changes nothing"),
        ({"risk": "R5"}, "work for an engineer"),
        ({"source": "elsewhere"}, "which is not configured. Configured: demo"),
        ({"kind": "database"}, "this test cloud has none. It changes: address, disk, instance"),
        ({"kind": "address"}, "can't stop the address i-1. It offers: release"),
        ({"resource_id": "i-gone"}, "i-gone is 'absent'"),
    ],
)
def test_what_can_not_be_planned_says_why(
    office: Office, changes: dict[str, Any], message: str
) -> None:
    office.cloud.add("i-1")
    with pytest.raises(PlanRefused, match=message):
        planned(office, rows(**changes))
    assert plans(office.ledger) == []


def test_empty_plan_and_double_change_are_refused(office: Office) -> None:
    where = office.cloud.add("i-1")
    with pytest.raises(PlanRefused, match="would be empty"):
        planned(office, rows().clear())
    with pytest.raises(PlanRefused, match="changed twice"):
        office.plan(office.wish(where, "stop", "stopped"), office.wish(where, "resize", "m5.large"))


def test_author_has_to_be_a_user_and_is_written_as_the_ledger_has_the_name(office: Office) -> None:
    wish = office.wish(office.cloud.add("i-1"), "stop", "stopped")
    with pytest.raises(Unknown, match=r"No user named 'eve'.*bob \(approver\).*user add NAME"):
        office.plan(wish, author="eve")
    assert plans(office.ledger) == []
    assert office.plan(wish, author="Ann ").author == "ann"


def test_cloud_that_does_not_answer_is_a_refusal_with_its_words(office: Office) -> None:
    office.cloud.add("i-1")

    def unreachable(call: str, resource_id: str) -> None:
        raise Unreadable("no route to the cloud")

    office.cloud.before = unreachable
    with pytest.raises(PlanRefused, match="no route to the cloud No plan was made"):
        planned(office, rows())


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_changes=1, max_fleet_share=1), "2 changes, and the limit is 1.*max_changes"),
        (
            Limits(max_fleet_share=0.5),
            r"2 of 3, and the limit is 1 \(50% of them\).*max_fleet_share",
        ),
        (Limits(max_fleet_share=1, max_saving_month=10), r"18.00 USD a month.*max_saving_month"),
    ],
)
def test_plan_beyond_a_limit_names_the_limit_and_the_setting(
    office: Office, limits: Limits, message: str
) -> None:
    wishes = [office.wish(office.cloud.add(f"i-{n}"), "stop", "stopped") for n in (1, 2)]
    office.cloud.add("i-3")
    with pytest.raises(LimitExceeded, match=message):
        office.plan(*wishes, limits=limits)


def test_one_change_is_allowed_in_the_smallest_fleet(office: Office) -> None:
    wish = office.wish(office.cloud.add("i-1"), "stop", "stopped")
    assert office.plan(wish, limits=Limits()).changes
    assert count_fleet(office.cloud.inventory().rows) == {("aws", "a1", "instance"): 1}


def test_a_fleet_that_two_sources_read_is_no_larger(office: Office) -> None:
    office.cloud.add("i-1")
    inventory = office.cloud.inventory().rows
    assert count_fleet(inventory, inventory) == {("aws", "a1", "instance"): 1}


@pytest.mark.parametrize(
    ("kind", "verb", "asked", "risk", "way_back"),
    [
        ("instance", "stop", None, "R2", "start"),
        ("instance", "stop", "R1", "R1", "start"),
        ("instance", "resize", "R1", "R2", "resize"),
        ("disk", "delete", "R1", "R3", "restore"),
        ("address", "release", "R3", "R4", None),
        ("snapshot", "delete", "R3", "R4", None),
        ("disk", "snapshot", None, "R1", None),
    ],
)
def test_risk_is_never_below_what_the_verb_carries(
    office: Office, kind: str, verb: Any, asked: str | None, risk: str, way_back: str | None
) -> None:
    where = office.cloud.add("x", kind)
    plan = office.plan(office.wish(where, verb, "after", risk=asked))
    assert (plan.risk, plan.changes[0].change.way_back) == (risk, way_back)


def test_plan_nobody_approved_in_time_reads_as_expired(office: Office) -> None:
    plan = office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    assert load(office.ledger, plan.id, office.later(71)).status == "proposed"
    assert load(office.ledger, plan.id, office.later(1)).status == "expired"


def test_unknown_plan_lists_the_known_ones(office: Office, tmp_path: Path) -> None:
    plan = office.plan(office.wish(office.cloud.add("i-1"), "stop", "stopped"))
    with pytest.raises(Unknown, match=f"No plan named 'p9'. Known: {plan.id}."):
        load(office.ledger, "p9")


def test_window_may_span_midnight() -> None:
    window = Window(weekdays=(5,), starts_hour=22, ends_hour=4)  # from Saturday evening
    saturday = NOW.replace(day=7)
    assert window.is_open(saturday.replace(hour=22))
    assert window.is_open(saturday.replace(day=8, hour=3))
    assert not window.is_open(saturday.replace(day=8, hour=22))
    assert not window.is_open(saturday.replace(hour=3))


def test_a_title_is_one_line_that_can_be_seen(office: Office) -> None:
    wish = office.wish(office.cloud.add("i-1"), "stop", "stopped")
    titled = office.plan(wish, title="Tidy up\napproved, risk R1\x1b[2J \u202e \udcff")
    assert titled.title == "Tidy up approved, risk R1 [2J"
    assert office.plan(wish, title="\n").title == "Stop instance i-1"
