"""The outbox: once each, in time, within the rate, through crashes and rivals."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders import HOOK, NOW, Watch, alerts, queue, sent, states, titles
from hypothesis import assume, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from receivers import Answer, Mailbox, http_receiver, smtp_receiver
from servers import free_port
from sqlalchemy import select, text

from actions.ledger import Ledger, open_ledger
from actions.tables import alert
from app.notify.deliver import deliver
from app.notify.outbox import messages, retry_failed
from app.notify.quiet import quiet_until
from pipelines.alert_settings import QuietSettings


def test_what_was_told_on_a_channel_is_not_told_again(ledger: Ledger) -> None:
    assert len(queue(ledger, "one", "two", "one")) == 2
    assert queue(ledger, "two") == []
    assert len(queue(ledger, "two", channel="other")) == 1


def test_everything_due_is_sent_once_the_critical_first(ledger: Ledger) -> None:
    queue(ledger, "one", "two")
    queue(ledger, "worst", is_critical=True)
    clock = Watch()
    with http_receiver() as (url, receiver):
        assert [one.outcome for one in sent(ledger, url, clock)] == ["sent"] * 3
        assert sent(ledger, url, clock) == []
    assert titles(receiver) == ["worst", "one", "two"]
    assert len({got.headers["Idempotency-Key"] for got in receiver.got}) == 3


def test_a_failure_is_tried_again_later_under_the_same_key(ledger: Ledger) -> None:
    (identity,) = queue(ledger, "one")
    clock = Watch()
    with http_receiver(Answer(500), Answer(503), Answer(200)) as (url, receiver):
        assert sent(ledger, url, clock)[0].outcome == "later"
        assert sent(ledger, url, clock) == [], "not before its time"
        clock.later(seconds=31)
        assert sent(ledger, url, clock)[0].outcome == "later"
        clock.later(seconds=29)
        assert sent(ledger, url, clock) == [], "the second wait is twice as long"
        clock.later(seconds=32)
        assert sent(ledger, url, clock)[0].outcome == "sent"
    assert [got.headers["Idempotency-Key"] for got in receiver.got] == [identity] * 3
    (one,) = messages(ledger)
    assert (one["status"], one["attempts"], one["last_error"]) == ("sent", 3, None)


def test_retry_after_is_waited_for(ledger: Ledger) -> None:
    queue(ledger, "one")
    clock = Watch()
    with http_receiver(Answer(429, {"Retry-After": "7200"}), Answer(200)) as (url, _):
        sent(ledger, url, clock)
        clock.later(minutes=119)
        assert sent(ledger, url, clock) == []
        clock.later(minutes=1)
        assert sent(ledger, url, clock)[0].outcome == "sent"


def test_a_receiver_that_asks_for_no_wait_is_not_asked_all_the_time(ledger: Ledger) -> None:
    queue(ledger, "one")
    clock = Watch()
    with http_receiver(Answer(503, {"Retry-After": "0"})) as (url, receiver):
        for _ in range(7):
            sent(ledger, url, clock)
            clock.later(seconds=10)
    assert len(receiver.got) == 3


def test_the_channel_waits_as_long_as_its_receiver_asks(ledger: Ledger) -> None:
    queue(ledger, "one", "two")
    clock = Watch()
    with http_receiver(Answer(429, {"Retry-After": "600"}), Answer(200)) as (url, receiver):
        sent(ledger, url, clock)
        clock.later(minutes=5)
        queue(ledger, "three", is_critical=True)
        assert sent(ledger, url, clock) == []
        assert states(ledger) == {"one": "held", "two": "queued", "three": "queued"}
        clock.later(minutes=5)
        assert [one.outcome for one in sent(ledger, url, clock)] == ["sent"] * 3
    assert titles(receiver) == ["one", "three", "one", "two"]


def test_a_day_that_was_asked_for_is_waited_for_and_given_up_after_it(ledger: Ledger) -> None:
    queue(ledger, "one")
    clock = Watch()
    busy = Answer(429, {"Retry-After": "86400"})
    with http_receiver(busy, Answer(200)) as (url, _):
        clock.later(minutes=1)
        assert sent(ledger, url, clock)[0].outcome == "later"
        assert states(ledger)["one"] == "held"
        clock.later(hours=24)
        assert sent(ledger, url, clock)[0].outcome == "sent"
    queue(ledger, "two")
    with http_receiver(busy) as (url, receiver):
        for _ in range(5):
            sent(ledger, url, clock)
            clock.later(hours=24, minutes=1)
    assert states(ledger)["two"] == "failed"
    assert len(receiver.got) == 2


def test_a_refusal_is_for_good_until_somebody_asks_again(ledger: Ledger) -> None:
    queue(ledger, "one")
    clock = Watch()
    with http_receiver(Answer(400, body=b"no such hook"), Answer(200)) as (url, receiver):
        assert sent(ledger, url, clock)[0].outcome == "failed"
        clock.later(days=3)
        assert sent(ledger, url, clock) == []
        assert messages(ledger)[0]["last_error"] == "127.0.0.1 answered 400 (no such hook)"
        assert retry_failed(ledger, clock()) == 1
        assert sent(ledger, url, clock)[0].outcome == "sent"
    assert len(receiver.got) == 2


def test_it_is_given_up_after_a_day(ledger: Ledger) -> None:
    queue(ledger, "one")
    clock, tries = Watch(), 0
    with http_receiver(Answer(500)) as (url, _):
        while states(ledger)["one"] == "queued":
            tries += len(sent(ledger, url, clock))
            clock.later(minutes=5)
            assert clock() < NOW + timedelta(days=2)
    assert timedelta(hours=22) < clock() - NOW < timedelta(hours=25)
    assert 25 < tries < 60, "once an hour or so, not all the time"
    assert "Given up after a day" in messages(ledger)[0]["last_error"]


def test_a_server_that_was_down_gets_the_mail_when_it_is_up(ledger: Ledger) -> None:
    queue(ledger, "one", channel="mail")
    port, box, clock = free_port(), Mailbox(), Watch()
    mail = {"name": "mail", "kind": "smtp", "host": "127.0.0.1", "port": port, "security": "none",
            "from": "a@acme.example", "to": ["b@acme.example"]}  # fmt: skip
    settings = alerts(mail, rules=())
    assert deliver(ledger, settings, Path(), clock=clock)[0].outcome == "later"
    clock.later(minutes=1)
    with smtp_receiver(box, port=port):
        assert deliver(ledger, settings, Path(), clock=clock)[0].outcome == "sent"
        assert deliver(ledger, settings, Path(), clock=clock) == []
    assert [mail["Subject"] for mail in box.mails] == ["one"]


def test_a_channel_that_is_down_does_not_hold_up_another(ledger: Ledger) -> None:
    queue(ledger, "one", "two", "three", channel="a down")
    queue(ledger, "four", channel="b up")
    with http_receiver(Answer(500)) as (down, bad), http_receiver() as (up, good):
        channels = [{**HOOK, "name": "a down", "url": down}, {**HOOK, "name": "b up", "url": up}]
        deliver(ledger, alerts(*channels, rules=()), Path(), clock=Watch())
    assert len(bad.got) == 1, "one attempt shows that it is down"
    assert titles(good) == ["four"]


def test_a_channel_that_is_gone_from_the_settings_is_told(ledger: Ledger) -> None:
    queue(ledger, "one", channel="old")
    assert deliver(ledger, alerts(), Path(), clock=Watch()) == []
    assert "no channel 'old'" in messages(ledger)[0]["last_error"]
    assert states(ledger) == {"one": "failed"}


# Rate and digest


def test_what_is_above_the_rate_is_summed_up_and_nothing_is_lost(ledger: Ledger) -> None:
    queue(ledger, *(f"n{number}" for number in range(40)))
    queue(ledger, "worst", is_critical=True)
    clock = Watch()
    with http_receiver() as (url, receiver):
        sent(ledger, url, clock, per_hour=3)
        assert titles(receiver) == ["worst", "n0", "39 alerts, summed up"]
        queue(ledger, "late", now=clock())
        assert sent(ledger, url, clock, per_hour=3) == []
        clock.later(minutes=61)
        sent(ledger, url, clock, per_hour=3)
    assert titles(receiver)[3:] == ["late"]
    summed = receiver.got[2].json
    assert summed["facts"]["And"] == "14 more"
    assert set(summed["data"]["alerts"]) == {f"n{number}" for number in range(1, 40)}
    assert set(states(ledger).values()) == {"sent", "digested"}


def test_a_digest_that_fails_for_good_takes_what_it_holds_with_it(ledger: Ledger) -> None:
    queue(ledger, "one", "two")
    clock = Watch()
    with http_receiver(Answer(404), Answer(200)) as (url, _):
        sent(ledger, url, clock, per_hour=1)
        assert set(states(ledger).values()) == {"failed"}
        retry_failed(ledger, clock())
        sent(ledger, url, clock, per_hour=1)
    assert states(ledger) == {"one": "digested", "two": "digested", "2 alerts, summed up": "sent"}


@tried(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(1, 5))
def test_no_hour_has_more_than_the_rate_and_each_message_gets_out(
    arrivals: list[int], per_hour: int
) -> None:
    settings = alerts({"name": "hook", "kind": "log", "per_hour": per_hour}, rules=())
    with TemporaryDirectory() as folder:
        ledger = open_ledger(f"sqlite:///{folder}/ledger.sqlite")
        clock, number = Watch(), 0
        for count in [*arrivals, *[0] * 12]:
            queue(ledger, *(f"m{number + one}" for one in range(count)), now=clock())
            number += count
            deliver(ledger, settings, Path(folder), clock=clock)
            clock.later(minutes=20)
        rows = messages(ledger)
        ledger.close()
    at = sorted(row["sent_at"] for row in rows if row["status"] == "sent")
    for first in at:
        assert sum(first <= other < first + timedelta(hours=1) for other in at) <= per_hour
    assert {row["status"] for row in rows} <= {"sent", "digested"}
    assert sum(row["phase"] != "digest" for row in rows) == number


# Quiet hours

QUIET = {"time_zone": "Europe/Berlin", "hours": "20:00-07:00", "weekends": True}


def quiet_rule(**more: Any) -> tuple[dict[str, Any], ...]:
    quiet = {**QUIET, **more}
    return ({"name": "inc", "kind": "anomaly", "channels": ["hook"], "quiet_hours": quiet},)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 25, 12), None),
        (datetime(2026, 11, 25, 18, 59), None),
        (datetime(2026, 11, 25, 19), datetime(2026, 11, 26, 6)),
        (datetime(2026, 11, 26, 5, 59), datetime(2026, 11, 26, 6)),
        (datetime(2026, 11, 26, 6), None),
        (datetime(2026, 11, 27, 20), datetime(2026, 11, 30, 6)),  # Friday night to Monday morning
        (datetime(2026, 11, 29, 12), datetime(2026, 11, 30, 6)),
        (datetime(2026, 10, 24, 20), datetime(2026, 10, 26, 6)),  # clocks go back on the 25th
        (datetime(2026, 3, 28, 20), datetime(2026, 3, 30, 5)),  # and forward on 29 March
    ],
)
def test_quiet_hours_end_at_the_wall_clock(now: datetime, until: datetime | None) -> None:
    assert quiet_until(now, QuietSettings.model_validate(QUIET)) == until


SPRING, AUTUMN = datetime(2026, 3, 29), datetime(2026, 10, 25)  # 2:00 is 3:00, 3:00 is 2:00


def hours_after(at: datetime, hours: float) -> datetime:
    return at + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hours", "zone", "night", "now", "until"),
    [
        ("22:00-02:30", "Europe/Berlin", SPRING, 0, 1),  # there is no 2:30
        ("22:00-02:30", "Europe/Berlin", SPRING, 1, None),
        ("02:30-06:00", "Europe/Berlin", SPRING, 0.9, None),
        ("02:30-06:00", "Europe/Berlin", SPRING, 1, 4),
        # The hour that comes twice is quiet from its first beginning to its second end.
        ("22:00-02:30", "Europe/Berlin", AUTUMN, 0, 1.5),
        ("22:00-02:30", "Europe/Berlin", AUTUMN, 0.7, 1.5),
        ("22:00-02:30", "Europe/Berlin", AUTUMN, 1.5, None),
        ("02:30-06:00", "Europe/Berlin", AUTUMN, 0.4, None),
        ("02:30-06:00", "Europe/Berlin", AUTUMN, 1.1, 5),
        ("18:00-09:00", "Pacific/Kiritimati", datetime(2026, 12, 31), 4, 19),
        ("18:00-09:00", "Pacific/Honolulu", datetime(2027, 1, 1), 4, 19),
        ("00:30-06:00", "Africa/Cairo", datetime(2026, 4, 24), -2, 3),  # 0:00 is 1:00
    ],
)
def test_quiet_hours_hold_when_clocks_change(
    hours: str, zone: str, night: datetime, now: float, until: float | None
) -> None:
    found = quiet_until(hours_after(night, now), QuietSettings(time_zone=zone, hours=hours))
    assert found == (None if until is None else hours_after(night, until))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]),
    st.times(), st.times(), st.booleans(),
)  # fmt: skip
def test_quiet_hours_always_end(now: datetime, zone: str, a: Any, b: Any, weekends: bool) -> None:
    assume(f"{a:%H:%M}" != f"{b:%H:%M}")  # the settings refuse hours that end as they begin
    hours = f"{a:%H:%M}-{b:%H:%M}"
    quiet = QuietSettings(time_zone=zone, hours=hours, weekends=weekends)
    until = quiet_until(now, quiet)
    assert until is None or now < until <= now + timedelta(days=4)
    assert until is None or quiet_until(until, quiet) is None


def test_messages_wait_for_the_end_of_the_quiet_hours(ledger: Ledger) -> None:
    queue(ledger, "one")
    queue(ledger, "worst", is_critical=True)
    clock = Watch(datetime(2026, 11, 25, 22))
    with http_receiver() as (url, receiver):
        sent(ledger, url, clock, rules=quiet_rule())
        assert titles(receiver) == ["worst"]
        assert states(ledger)["one"] == "held"
        clock.now = datetime(2026, 11, 26, 6)
        sent(ledger, url, clock, rules=quiet_rule())
    assert titles(receiver) == ["worst", "one"]


def test_critical_messages_wait_too_if_the_rule_says_so(ledger: Ledger) -> None:
    queue(ledger, "worst", is_critical=True)
    clock = Watch(datetime(2026, 11, 25, 22))
    with http_receiver() as (url, receiver):
        sent(ledger, url, clock, rules=quiet_rule(critical_passes=False))
    assert receiver.got == []


def test_a_weekend_between_two_attempts_does_not_give_it_up(ledger: Ledger) -> None:
    queue(ledger, "one")
    friday = datetime(2026, 11, 27, 18, 59)
    clock = Watch(friday)
    with http_receiver(Answer(500), Answer(500), Answer(200)) as (url, _):
        sent(ledger, url, clock, rules=quiet_rule())
        clock.now = friday + timedelta(minutes=2)
        assert sent(ledger, url, clock, rules=quiet_rule()) == []
        assert states(ledger) == {"one": "held"}
        clock.now = datetime(2026, 11, 30, 6)
        assert sent(ledger, url, clock, rules=quiet_rule())[0].outcome == "later"
        assert states(ledger) == {"one": "queued"}
        clock.later(minutes=2)
        assert sent(ledger, url, clock, rules=quiet_rule())[0].outcome == "sent"


# Ends


def test_an_end_waits_for_its_beginning_and_is_dropped_with_it(ledger: Ledger) -> None:
    (first,) = queue(ledger, "one")
    queue(ledger, "Over: one", phase="over", after_id=first, is_critical=True)
    clock = Watch()
    with http_receiver(Answer(500), Answer(200)) as (url, receiver):
        sent(ledger, url, clock)
        clock.later(minutes=1)
        sent(ledger, url, clock)
    assert titles(receiver) == ["one", "one", "Over: one"]
    (second,) = queue(ledger, "two")
    queue(ledger, "Over: two", phase="over", after_id=second)
    with http_receiver(Answer(400)) as (url, receiver):
        sent(ledger, url, clock)
        sent(ledger, url, clock)
    assert titles(receiver) == ["two"]
    assert states(ledger)["Over: two"] == "withdrawn"


def test_nothing_secret_is_in_the_ledger(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    queue(ledger, "one")
    monkeypatch.setenv("HOOK_KEY", "k3y-s3cret")
    with http_receiver(Answer(500)) as (url, _):
        secret = {"url": f"{url}/t0ken-s3cret", "sign_with": {"env": "HOOK_KEY"}}
        settings = alerts({**HOOK, **secret})
        deliver(ledger, settings, Path(), clock=Watch())
    with ledger.read() as connection:
        stored = str(connection.execute(select(alert)).all())
        assert connection.scalar(text("select count(*) from alert")) == 1
    assert "s3cret" not in stored
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("ahead", [{"hours": 30}, {"days": 90}])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}])
def test_nothing_waits_for_a_clock_that_was_ahead(
    ledger: Ledger, ahead: dict[str, float], headers: dict[str, str]
) -> None:
    clock = Watch()
    clock.later(**ahead)
    answers = Answer(200), Answer(503, headers), Answer(200), Answer(200)
    with http_receiver(*answers) as (url, receiver):
        queue(ledger, "told", now=clock.now)
        assert sent(ledger, url, clock)[0].outcome == "sent"
        queue(ledger, "tried", now=clock.now)
        assert sent(ledger, url, clock)[0].outcome == "later"
        queue(ledger, "above the rate", now=clock.now)
        assert sent(ledger, url, clock, per_hour=1) == []
        clock.now = NOW
        assert [one.outcome for one in sent(ledger, url, clock, per_hour=3)] == ["sent"] * 2
    assert titles(receiver) == ["told", "tried", "tried", "above the rate"]
