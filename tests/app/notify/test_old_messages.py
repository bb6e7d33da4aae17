"""What maintenance forgets of alerts, and what it keeps."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from builders import NOW, queue, states
from estate_now import Estate
from sqlalchemy import insert, update

from actions.ledger import Ledger
from actions.old_messages import forget_old_messages
from actions.tables import alert, episode

LONG_AGO, BEFORE, LATELY = (NOW - timedelta(days=days) for days in (40, 30, 20))


def cause(ledger: Ledger, name: str, closed_at: datetime | None) -> None:
    facts = {"rule": "inc", "kind": "anomaly", "cause": name, "opened_at": LONG_AGO}
    with ledger.write() as connection:
        row = {**facts, "id": name, "told_at": LONG_AGO, "closed_at": closed_at}
        connection.execute(insert(episode).values(**row))


def sent(ledger: Ledger, *titles: str, made_at: datetime, of: str | None = None) -> None:
    ids = queue(ledger, *titles, now=made_at, episode_id=of)
    with ledger.write() as connection:
        connection.execute(update(alert).where(alert.c.id.in_(ids)).values(status="sent"))


def test_messages_go_when_what_they_are_about_is_long_over(ledger: Ledger) -> None:
    for name, closed_at in (("over", LONG_AGO), ("lately over", LATELY), ("goes on", None),
                            ("waits", LONG_AGO)):  # fmt: skip
        cause(ledger, name, closed_at)
        sent(ledger, name, made_at=LONG_AGO, of=name)
    queue(ledger, "its end", now=LONG_AGO, episode_id="waits")
    sent(ledger, "digest", made_at=LONG_AGO)
    sent(ledger, "young digest", made_at=LATELY)
    assert forget_old_messages(ledger, BEFORE) == 2
    assert states(ledger).keys() == {
        "lately over", "goes on", "waits", "its end", "young digest",
    }  # fmt: skip
    assert forget_old_messages(ledger, BEFORE) == 0


def test_what_was_told_and_forgotten_is_not_told_anew(
    estate: Callable[..., Estate], ledger: Ledger
) -> None:
    """In a home in which nothing runs, the same incident is published for months."""
    home = estate("anomaly").incidents({"ends_on": date(2026, 11, 24)})
    assert len(home.told()) == 1
    with ledger.write() as connection:
        connection.execute(update(alert).values(status="sent", created_at=LONG_AGO))
        connection.execute(update(episode).values(closed_at=LONG_AGO))
    assert forget_old_messages(ledger, BEFORE) == 1
    assert home.told() == []
