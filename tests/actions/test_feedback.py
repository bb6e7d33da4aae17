"""Feedback holds for its incident and for later ones like it, and no further."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staff import Office

from actions import audit
from actions.errors import FeedbackRefused, Unknown
from actions.feedback import Decision, Incident, Opinion, Series, feedback, give, lift, opinions

TODAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 16, 9)
SERIES = Series("aws", "shop", "AmazonEC2", "USD", "up")
FIRST = Incident("i1", SERIES, date(2026, 10, 1), date(2026, 10, 4), Decimal(100))
LATER = Incident("i2", SERIES, date(2026, 11, 10), date(2026, 11, 12), Decimal(140))


def say(
    office: Office, decision: Decision, incident: Incident = FIRST, reason: str = "load test",
    until: date | None = None, today: date = TODAY,
) -> str:  # fmt: skip
    return give(
        office.ledger, incident, decision,
        actor="ann", now=NOW, today=today, reason=reason, until=until,
    )  # fmt: skip


def opinion(office: Office, incident: Incident, today: date = TODAY) -> Opinion | None:
    return opinions([incident], feedback(office.ledger), today).get(incident.id)


def test_what_is_said_carries_who_and_why_and_is_sealed_in_the_log(office: Office) -> None:
    identity = say(office, "dismissed")
    found = opinion(office, FIRST)
    assert found is not None
    assert (found.decision, found.by, found.reason) == ("dismissed", "ann", "load test")
    assert found.is_settled
    assert not found.is_remembered
    event = audit.events(office.ledger, subject=identity)[0]
    assert (event.action, event.details["excess_day"]) == ("feedback", "100")
    assert audit.verify(office.ledger).ok


def test_altered_feedback_breaks_the_log(office: Office) -> None:
    identity = say(office, "dismissed")
    with office.ledger.write() as connection:
        connection.execute(text("update feedback set excess_day = '100000'"))
    assert f"feedback {identity}" in (audit.verify(office.ledger).reason or "")


def test_it_holds_when_a_rerun_dates_the_incident_otherwise(office: Office) -> None:
    say(office, "dismissed")
    moved = replace(FIRST, id="other", starts_on=date(2026, 9, 30), ends_on=date(2026, 10, 3))
    found = opinion(office, moved)
    assert found is not None
    assert not found.is_remembered
    one_day = replace(FIRST, starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 2))
    say(office, "expected", one_day, until=date(2026, 12, 1))
    earlier = replace(one_day, id="x", starts_on=date(2026, 9, 30), ends_on=date(2026, 10, 1))
    assert opinion(office, earlier) is not None


def test_a_dismissed_pattern_is_remembered_up_to_one_and_a_half_times(office: Office) -> None:
    say(office, "dismissed")
    found = opinion(office, LATER)
    assert found is not None
    assert found.is_remembered
    assert found.sentence == "dismissed before by ann because load test"
    assert opinion(office, replace(LATER, excess_day=Decimal(150))) is not None
    assert opinion(office, replace(LATER, excess_day=Decimal("150.01"))) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"cloud": "gcp"},
        {"account": "x"},
        {"service": "x"},
        {"currency": "EUR"},
        {"direction": "down"},
    ],
)
def test_another_series_or_direction_is_not_touched(
    office: Office, changed: dict[str, str]
) -> None:
    say(office, "dismissed")
    say(office, "expected", until=date(2027, 1, 1))
    assert opinion(office, replace(LATER, series=replace(SERIES, **changed))) is None


def test_a_dismissed_incident_that_grows_comes_back(office: Office) -> None:
    say(office, "dismissed", replace(LATER, ends_on=None))
    grown = replace(LATER, ends_on=None, excess_day=Decimal(1000))
    assert opinion(office, LATER) is not None
    assert opinion(office, grown) is None


def test_incidents_before_the_dismissed_one_are_not_dismissed(office: Office) -> None:
    say(office, "dismissed", LATER)
    assert opinion(office, FIRST) is None


def test_a_confirmation_ends_the_memory_and_stays_alerted(office: Office) -> None:
    say(office, "dismissed")
    say(office, "confirmed", LATER, reason="")
    found = opinion(office, LATER)
    assert found is not None
    assert not found.is_settled
    third = replace(LATER, id="i3", starts_on=date(2026, 11, 14), ends_on=None)
    assert opinion(office, third) is None
    assert opinion(office, FIRST) is not None


def test_expected_covers_the_series_until_the_day_and_no_longer(office: Office) -> None:
    until = date(2026, 12, 1)
    say(office, "expected", until=until)
    still_on = replace(LATER, ends_on=None, excess_day=Decimal(10_000))
    assert opinion(office, still_on) is not None
    assert opinion(office, still_on, today=date(2026, 11, 30)) is not None
    assert opinion(office, still_on, today=until) is None
    assert opinion(office, replace(LATER, ends_on=until), today=until) is not None
    assert opinion(office, replace(LATER, starts_on=until, ends_on=None), today=until) is None


def test_spread_incidents_are_known_again_only_by_their_days(office: Office) -> None:
    spread = replace(SERIES, account=None)
    say(office, "dismissed", replace(FIRST, series=spread))
    assert opinion(office, replace(FIRST, id="x", series=spread)) is not None
    assert opinion(office, replace(LATER, series=spread)) is None


def row(**change: Any) -> dict[str, Any]:
    """As `marts.anomaly_now` has it: cloud, account and service are those of the largest series."""
    return {
        "id": "i9", "cloud": "aws", "account": "shop", "service": "AmazonEC2", "currency": "USD",
        "direction": "up", "starts_on": FIRST.starts_on, "ends_on": FIRST.ends_on, "days": 3,
        "impact": 300.0, "members": 1, **change,
    }  # fmt: skip


def test_an_incident_of_several_series_silences_none_of_a_single_one(office: Office) -> None:
    several = Incident.of_row(row(members=3))
    assert several.series.is_spread
    say(office, "dismissed", several)
    say(office, "expected", several, until=date(2027, 1, 1))
    assert opinion(office, several) is not None
    assert opinion(office, Incident.of_row(row(id="one"))) is None
    assert opinion(office, LATER) is None
    later = row(id="x", members=3, starts_on=LATER.starts_on, ends_on=LATER.ends_on)
    assert opinion(office, Incident.of_row(later)) is None, "nothing is remembered of it"


def test_an_incident_of_a_single_series_silences_none_of_several(office: Office) -> None:
    say(office, "dismissed", Incident.of_row(row()))
    assert opinion(office, Incident.of_row(row(id="other", members=2))) is None


def test_an_incident_is_known_by_its_id_whichever_series_is_its_largest(office: Office) -> None:
    say(office, "dismissed", Incident.of_row(row(members=3)))
    other = row(members=3, account="data", service="AmazonRDS")
    assert opinion(office, Incident.of_row(other)) is not None
    assert opinion(office, Incident.of_row({**other, "id": "other"})) is None


@pytest.mark.parametrize(("before", "now"), [(1, 2), (2, 1)])
def test_an_incident_that_gains_or_loses_a_series_is_known_until_it_grows(
    before: int, now: int, office: Office
) -> None:
    say(office, "dismissed", Incident.of_row(row(members=before)))
    assert opinion(office, Incident.of_row(row(members=now, impact=440.0))) is not None
    assert opinion(office, Incident.of_row(row(members=now, impact=460.0))) is None


def test_incidents_of_several_series_at_one_time_are_told_apart(office: Office) -> None:
    lasting = row(members=3, ends_on=None)
    say(office, "dismissed", Incident.of_row(lasting))
    day = timedelta(days=1)
    moved = row(id="new", members=4, starts_on=FIRST.starts_on - day, ends_on=None)
    assert opinion(office, Incident.of_row(moved)) is not None
    same = row(members=3, starts_on=FIRST.starts_on - 5 * day, ends_on=None)
    assert opinion(office, Incident.of_row(same)) is not None, "it has the same id"
    another = row(id="new", members=3, starts_on=FIRST.starts_on + 2 * day, ends_on=None)
    assert opinion(office, Incident.of_row(another)) is None


def test_lifted_feedback_counts_no_more(office: Office) -> None:
    identity = say(office, "dismissed")
    lift(office.ledger, identity.upper(), actor="bob", now=NOW)
    assert opinion(office, FIRST) is None
    assert feedback(office.ledger) == []
    assert audit.verify(office.ledger).ok
    with pytest.raises(Unknown, match="No feedback named 'f1'"):
        lift(office.ledger, identity, actor="bob", now=NOW)


@pytest.mark.parametrize("decision", ["dismissed", "expected"])
def test_without_a_reason_nothing_is_written(office: Office, decision: Decision) -> None:
    with pytest.raises(FeedbackRefused, match="No reason was given"):
        say(office, decision, reason="  ", until=date(2027, 1, 1))
    assert feedback(office.ledger) == []


@pytest.mark.parametrize("until", [None, TODAY, TODAY - timedelta(days=1)])
def test_expected_needs_a_day_that_is_still_to_come(office: Office, until: date | None) -> None:
    with pytest.raises(FeedbackRefused, match=r"after 2026-11-16"):
        say(office, "expected", until=until)


@given(st.integers(0, 60), st.integers(1, 10), st.integers(-1, 1), st.booleans())
def test_an_incident_moved_by_a_day_is_always_the_same(
    start: int, days: int, moved: int, is_open: bool
) -> None:
    from actions.feedback import Feedback

    begins = date(2026, 9, 1) + timedelta(days=start)
    ends = begins + timedelta(days=days)
    one = Feedback("f1", "confirmed", "i", SERIES, begins, ends, None, None, "", "ann", NOW)
    shift = timedelta(days=moved)
    assert one.is_about(
        Incident("j", SERIES, begins + shift, None if is_open else ends + shift, None)
    )
