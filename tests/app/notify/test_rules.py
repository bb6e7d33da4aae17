"""What each rule tells, when, how often, and when it is over."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import queue
from estate_now import Estate, phases
from sqlalchemy import update

from actions.feedback import lift
from actions.ledger import Ledger
from actions.tables import alert
from app.notify.outbox import messages

Make = Callable[..., Estate]
ENDED = {"ends_on": date(2026, 11, 24)}


def deliver_all(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.execute(update(alert).values(status="sent"))


# Incidents


def test_an_incident_says_what_how_much_since_when_why_and_what_to_do(estate: Make) -> None:
    (draft,) = estate("anomaly").incidents({}).told()
    message = draft.message
    assert message.title == "AmazonEC2 in shop cost $500.00 more than expected"
    facts = dict(message.facts)
    assert facts["What"] == "AmazonEC2, account shop, AWS"
    assert facts["Money"] == "$600.00 in 5 days instead of the expected $100.00: $500.00 more"
    assert facts["Since"] == "20 Nov 2026, still going on"
    assert facts["Likely cause"] == "i-1 is new"
    assert "instance-select anomaly dismiss i1 --reason" in message.advice
    assert message.link == "https://c.example/anomalies?anomaly=i1&currency=USD"


def test_an_incident_of_several_series_is_called_by_all_of_them(estate: Make) -> None:
    several = {"members": 3, "scope": "3 series: AmazonEC2, AmazonS3 in 123, 456"}
    (draft,) = estate("anomaly").incidents(several).told()
    message = draft.message
    assert message.title == "AmazonEC2, AmazonS3 in 123, 456 cost $500.00 more than expected"
    assert dict(message.facts)["What"] == "3 series: AmazonEC2, AmazonS3 in 123, 456"
    assert (message.data["members"], message.data["scope"]) == (3, several["scope"])


LARGE = {"account": "456", "service": "AmazonRDS", "actual": 400.0, "expected": 40.0,
         "impact": 360.0}  # fmt: skip
SMALL = {"actual": 200.0, "expected": 60.0, "impact": 140.0, "flagged_on": date(2026, 11, 21)}
BOTH = {"account": "456", "service": "AmazonRDS", "members": 2, "scope": "2 series: ..."}


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ({"filter": {"account": "123"}}, "AmazonEC2 in shop cost $140.00 more than expected"),
        ({"filter": {"account": "123"}, "at_least": {"USD": 141}}, None),
        ({"filter": {"account": "456"}, "at_least": {"USD": 360}},
         "AmazonRDS in 456 cost $360.00 more than expected"),
        ({"filter": {"account": "456"}, "at_least": {"USD": 361}}, None),
        ({"filter": {"account": "789"}}, None),
        ({"at_least": {"USD": 500}}, "... cost $500.00 more than expected"),
    ],
)  # fmt: skip
def test_of_several_series_those_count_that_the_rule_is_about(
    rule: Mapping[str, Any], title: str | None, estate: Make
) -> None:
    home = estate("anomaly", **rule).incidents(BOTH).series(LARGE, SMALL)
    assert [draft.message.title for draft in home.told()] == ([title] if title else [])


def test_of_a_part_it_is_said_what_it_is_part_of(estate: Make) -> None:
    home = estate("anomaly", filter={"account": "123"}).incidents(BOTH).series(LARGE, SMALL)
    facts = dict(home.told()[0].message.facts)
    assert facts["Part of"] == "an incident of 2 series, $500.00 more in all"
    assert facts["Money"].startswith("$200.00 in 5 days instead of the expected $60.00")


def test_several_series_are_told_once_whichever_is_the_largest(estate: Make) -> None:
    home = estate("anomaly").incidents(BOTH).series(LARGE, SMALL)
    assert phases(home.told()) == ["started"]
    home.incidents({**BOTH, "account": "123", "service": "AmazonEC2"})
    assert home.series({**LARGE, "impact": 100.0}, {**SMALL, "impact": 400.0}).told() == []


def test_one_incident_is_told_once_also_when_it_is_dated_otherwise(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    assert phases(home.told()) == ["started"]
    assert home.told() == []
    assert home.incidents({"id": "new", "starts_on": date(2026, 11, 19)}).told() == []


def test_its_end_is_told_once(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    (over,) = home.incidents(ENDED).told()
    assert (over.phase, over.message.severity) == ("over", "info")
    assert over.message.title == "Over: AmazonEC2 in shop cost $500.00 more than expected"
    assert dict(over.message.facts)["Since"] == "20 Nov 2026, over since 24 Nov 2026"
    assert home.told() == []
    assert home.incidents().told() == []


def test_what_stays_for_weeks_is_not_called_over(estate: Make) -> None:
    home = estate("anomaly", critical_at={"USD": 400}).incidents({})
    home.told()
    (normal,) = home.incidents({**ENDED, "is_new_normal": True}).told()
    assert (normal.phase, normal.is_critical, normal.message.severity) == ("over", False, "warning")
    assert normal.message.title == ("New normal: AmazonEC2 in shop cost $500.00 more than expected")
    assert "The cost is still there" in normal.message.advice
    since = "20 Nov 2026, counts as normal since 24 Nov 2026"
    assert dict(normal.message.facts)["Since"] == since
    assert home.told() == []


def test_one_that_goes_on_after_its_end_is_told_again_and_so_is_its_next_end(
    estate: Make,
) -> None:
    home = estate("anomaly").incidents({})
    assert phases(home.told()) == ["started"]
    for _ in range(2):
        home.clock.later(hours=24)
        assert phases(home.incidents(ENDED).told()) == ["over"]
        assert home.told() == []
        home.clock.later(hours=24)
        assert phases(home.incidents({}).told()) == ["started"]
        assert home.told() == []
    home.clock.later(hours=24)
    assert phases(home.incidents().told()) == ["over"]
    home.clock.later(hours=24)
    assert phases(home.incidents({}).told()) == ["started"]


def test_one_that_goes_on_below_the_floor_is_told_when_it_reaches_it(estate: Make) -> None:
    home = estate("anomaly", at_least={"USD": 400}).incidents({})
    home.told()
    home.incidents(ENDED).told()
    home.clock.later(hours=24)
    assert home.incidents({"impact": 300.0}).told() == []
    assert phases(home.incidents({"impact": 600.0}).told()) == ["started"]


def test_one_that_gets_critical_is_told_once_more(estate: Make) -> None:
    home = estate("anomaly", critical_at={"USD": 1000}).incidents({})
    (first,) = home.told()
    (worse,) = home.incidents({"impact": 1500.0}).told()
    assert (first.is_critical, worse.is_critical) == (False, True)
    assert home.told() == []
    assert home.incidents({"impact": 900.0}).told() == []
    assert home.incidents({"impact": 1500.0}).told() == []
    assert phases(home.incidents(ENDED).told()) == ["over"]


@pytest.mark.parametrize("later", [{}, ENDED])
def test_dismissed_and_taken_back_before_it_went_out_is_told(
    later: Mapping[str, Any], estate: Make, ledger: Ledger
) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    home.say("dismissed")
    home.incidents(later)
    assert home.told() == []
    home.clock.later(hours=1)
    lift(ledger, "f1", actor="ann", now=home.clock())
    assert phases(home.told()) == ["started"]
    assert home.told() == []
    assert [one["status"] for one in messages(ledger)] == ["queued", "withdrawn"]


def test_dismissed_and_taken_back_after_it_went_out_is_told_no_second_time(
    estate: Make, ledger: Ledger
) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    deliver_all(ledger)
    home.say("dismissed")
    assert home.told() == []
    lift(ledger, "f1", actor="ann", now=home.clock())
    assert home.told() == []
    assert phases(home.incidents(ENDED).told()) == ["over"]


def test_one_that_goes_on_while_dismissed_is_told_when_that_is_taken_back(
    estate: Make, ledger: Ledger
) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    deliver_all(ledger)
    home.incidents(ENDED).told()
    deliver_all(ledger)
    home.say("dismissed")
    assert home.incidents({}).told() == []
    home.clock.later(hours=1)
    lift(ledger, "f1", actor="ann", now=home.clock())
    assert phases(home.told()) == ["started"]
    assert home.told() == []


def test_one_that_was_over_at_first_sight_is_told_once(estate: Make) -> None:
    home = estate("anomaly").incidents(ENDED)
    assert phases(home.told()) == ["started"]
    assert home.told() == []
    assert home.incidents().told() == []


def test_one_that_newer_data_no_longer_show_is_over(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    (over,) = home.incidents().told()
    assert over.phase == "over"
    assert "no longer show it" in over.message.advice


def test_a_later_incident_of_the_series_is_another(estate: Make) -> None:
    home = estate("anomaly").incidents(ENDED)
    home.told()
    later = {"id": "i2", "starts_on": date(2026, 11, 26)}
    assert phases(home.incidents(ENDED, later).told()) == ["started"]


@pytest.mark.parametrize("is_settled", [False, True])
def test_one_that_vanished_while_going_on_does_not_hide_later_ones(
    is_settled: bool, estate: Make
) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    if is_settled:
        home.say("dismissed")
        home.told()
    home.incidents().told()
    later = {"id": "i2", "starts_on": date(2026, 12, 20), "impact": 5000.0}
    assert phases(home.incidents(later).told()) == ["started"]


@pytest.mark.parametrize(
    ("rule", "change", "is_told"),
    [
        ({"at_least": {"USD": 500}}, {}, True),
        ({"at_least": {"USD": 501}}, {}, False),
        ({"at_least": {"EUR": 501}}, {}, True),
        ({"at_least": {"EUR": 5, "other": 501}}, {}, False),
        ({}, {"direction": "down", "impact": -500.0}, False),
        ({"directions": ["up", "down"]}, {"direction": "down", "impact": -500.0}, True),
        ({"filter": {"cloud": "gcp"}}, {}, False),
        ({"filter": {"cloud": "aws", "service": "AmazonEC2"}}, {}, True),
        ({}, {"is_open": False}, False),
    ],
)
def test_floor_direction_and_filter(
    rule: Mapping[str, Any], change: Mapping[str, Any], is_told: bool, estate: Make
) -> None:
    assert bool(estate("anomaly", **rule).incidents(change).told()) is is_told


def test_much_money_is_critical(estate: Make) -> None:
    (draft,) = estate("anomaly", critical_at={"USD": 500}).incidents({}).told()
    assert draft.is_critical
    assert draft.message.severity == "critical"


def test_one_that_falls_below_the_floor_is_followed_to_its_end(estate: Make) -> None:
    home = estate("anomaly", at_least={"USD": 400}).incidents({})
    home.told()
    assert home.incidents({"impact": 300.0}).told() == []
    assert phases(home.incidents({"impact": 300.0, **ENDED}).told()) == ["over"]


@pytest.mark.parametrize("decision", ["dismissed", "expected"])
def test_what_somebody_settled_raises_no_alert_nor_do_its_like(decision: str, estate: Make) -> None:
    home = estate("anomaly").incidents({"id": "i9", "starts_on": date(2026, 11, 25)})
    home.say(decision, starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 3))
    assert home.told() == []


def test_what_is_settled_after_it_was_queued_is_withdrawn(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    home.told()
    home.say("dismissed")
    assert home.told() == []
    (one,) = messages(home.ledger)
    assert (one["status"], one["last_error"]) == ("withdrawn", "Somebody said that it is fine.")
    assert home.incidents(ENDED).told() == []


def test_what_is_confirmed_stays_alerted_and_says_so(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    home.say("confirmed")
    (draft,) = home.told()
    assert dict(draft.message.facts)["People say"] == "confirmed by ann: planned"


def test_it_is_told_again_after_the_time_of_the_rule(estate: Make) -> None:
    home = estate("anomaly", repeat_after_hours=24).incidents({})
    home.told()
    home.clock.later(hours=23)
    assert home.told() == []
    home.clock.later(hours=1)
    (again,) = home.told()
    assert again.message.title.startswith("Still: AmazonEC2")
    assert home.told() == []
    home.clock.later(hours=24)
    assert phases(home.told()) == ["again"]


def test_no_page_no_link(estate: Make) -> None:
    home = estate("anomaly").incidents({})
    home.page = None
    assert home.told()[0].message.link is None


# Freshness


def test_a_source_gets_late_by_the_clock_although_nothing_runs(estate: Make) -> None:
    home = estate("freshness", after_hours=48).ages({})
    assert home.told() == []
    home.clock.later(hours=25)
    (draft,) = home.told()
    assert draft.message.title == (
        "Bills of company for account 999 are 49 hours old, and more than 48 hours is late"
    )
    assert home.told() == []
    fresh = {"until": datetime(2026, 11, 26, 12)}
    assert phases(home.ages(fresh).told()) == ["over"]
    home.clock.later(hours=72)
    assert phases(home.told()) == ["started"], "late once more is told once more"


def test_without_a_limit_that_of_the_source_counts(estate: Make) -> None:
    home = estate("freshness").ages({"late_after_hours": 12.0})
    assert "more than 12 hours is late" in home.told()[0].message.title


def test_the_reason_of_a_failed_reading_is_told(estate: Make) -> None:
    never = {"until": None, "failed": "access denied"}
    (draft,) = estate("freshness").ages(never).told()
    assert draft.message.title == "Bills of company for account 999 could not be read"
    assert dict(draft.message.facts)["Likely cause"] == "the last reading failed: access denied"


def test_exports_that_fail_in_part_and_then_as_a_whole_are_told_once(estate: Make) -> None:
    fine = {"what": "exports", "billing_account": None, "until": None}
    in_part = {**fine, "cloud": None, "failed": "b.csv.gz is truncated"}
    home = estate("freshness", what=["exports"], filter={"cloud": "aws"})
    (draft,) = home.ages(fine, in_part).told()
    assert draft.message.title == "Exports of company could not be read"
    assert [name for name, _ in draft.message.facts] == ["What", "Likely cause"]
    assert (
        home.ages({**fine, "failed": "no folder"}, {**in_part, "failed": "no folder"}).told() == []
    )
    assert phases(home.ages(fine).told()) == ["over"]


def test_only_the_chosen_readings_count(estate: Make) -> None:
    old = {"until": datetime(2026, 1, 1), "what": "metrics"}
    assert estate("freshness").ages(old).told() == []
    assert len(estate("freshness", what=["metrics"]).ages(old).told()) == 1


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"account": "123"}, 1),  # one that the bill is for
        ({"account": "999", "cloud": "aws"}, 1),  # the one that pays it
        ({"account": "789"}, 0),
        ({"account": "123", "cloud": "gcp"}, 0),
    ],
)
def test_bills_are_told_by_payer_and_by_account(
    estate: Make, wanted: dict[str, str], told: int
) -> None:
    old = {"until": datetime(2026, 1, 1)}
    assert len(estate("freshness", filter=wanted).ages(old).told()) == told


def test_messages_survive_the_ledger(ledger: Ledger) -> None:
    from builders import message

    from app.notify.message import Message

    queue(ledger, "one")
    told = message(data={"impact": 5, "since": timedelta(hours=1)})
    again = Message.from_json(told.to_json())
    assert (again.title, again.facts, again.advice) == (told.title, told.facts, told.advice)
    assert again.text() == told.text()
