"""The outbox in the ledger: each message goes out once, whoever sends and whatever dies between.

A message is claimed in one transaction and settled in another. Whoever dies between the two loses
the claim after `LEASE`, and the next sender tries again under the same key of idempotency.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, case, func, insert, select, update

from actions.ledger import Ledger
from actions.old_messages import WAITING
from actions.tables import alert, utc
from app.notify.digest import digest
from app.notify.message import Message
from app.notify.outcome import Later, Never, Outcome, Sent
from app.notify.post import LONGEST_WAIT
from app.notify.quiet import quiet_until
from pipelines.alert_settings import AlertSettings, ChannelSettings

LEASE = timedelta(minutes=3)  # longer than any sending may take
HOUR = timedelta(hours=1)
GIVES_UP_AFTER = timedelta(days=1)
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
LONGEST_QUIET = timedelta(days=7)
SKEW = timedelta(minutes=5)  # by which the clocks of two machines may differ


@dataclass(frozen=True)
class Draft:
    """A message that is to go out on one channel."""

    key: str  # of what is told: the same is never told twice on a channel
    channel: str
    rule: str
    kind: str
    phase: str  # started, again, over, digest
    message: Message
    is_critical: bool
    episode_id: str | None = None
    after_id: str | None = None


@dataclass(frozen=True)
class Parcel:
    """A message that this process, and no other, is to send now."""

    id: str  # key of idempotency
    channel: str
    rule: str
    kind: str
    phase: str
    message: Message
    created_at: datetime
    first_try_at: datetime
    attempts: int
    claim: str
    delivered: tuple[str, ...]  # recipients that have it already


def put(connection: Connection, draft: Draft, now: datetime) -> str | None:
    """Write a message inside the caller's transaction; its id, or None if it was told already."""
    told = select(alert.c.id).where(
        alert.c.key == draft.key, alert.c.channel == draft.channel
    )  # fmt: skip
    if connection.scalar(told) is not None:
        return None
    identity = uuid4().hex
    connection.execute(
        insert(alert).values(
            id=identity,
            number=(connection.scalar(select(func.max(alert.c.number))) or 0) + 1,
            key=draft.key, channel=draft.channel, episode_id=draft.episode_id, rule=draft.rule,
            kind=draft.kind, phase=draft.phase, is_critical=draft.is_critical,
            body=draft.message.to_json(), status="queued", after_id=draft.after_id,
            created_at=utc(now), next_try_at=utc(now), attempts=0,
        )
    )  # fmt: skip
    return identity


def withdraw(connection: Connection, episode_id: str, reason: str, now: datetime) -> None:
    """Take back what has not been sent of an episode; what is being sent is left alone."""
    waiting = (
        (alert.c.episode_id == episode_id)
        & alert.c.status.in_(WAITING)
        & (alert.c.claimed_until.is_(None) | (alert.c.claimed_until <= utc(now)))
    )
    connection.execute(
        update(alert).where(waiting).values(status="withdrawn", last_error=reason)
    )  # fmt: skip


def claim(
    ledger: Ledger, settings: AlertSettings, now: datetime, *, skip: Collection[str] = ()
) -> Parcel | None:
    """The next message that may go out now, or None. Channels in `skip` are left for later.

    On the way, quiet hours hold messages back, and what is above the rate is summed up.
    """
    now = utc(now)
    with ledger.read() as connection:  # most looks find nothing, and need no lock
        if connection.execute(_due(now).limit(1)).first() is None:
            return None
    with ledger.write() as connection:
        _settle_followers(connection)
        waiting = connection.execute(_due(now)).all()
        channels = {channel.name: channel for channel in settings.channels}
        for name in sorted({row.channel for row in waiting} - set(skip)):
            rows = [row for row in waiting if row.channel == name]
            if name not in channels:
                _fail(connection, rows, f"There is no channel {name!r} in the settings any more.")
                continue
            free = _not_held(connection, rows, settings, now)
            chosen = _choose(connection, channels[name], free, now) if free else None
            if chosen is not None:
                return _take(connection, chosen, now)
    return None


def settle(ledger: Ledger, parcel: Parcel, outcome: Outcome, now: datetime, random: Random) -> None:
    """Write what became of a message; nothing, if the claim was lost meanwhile."""
    now = utc(now)
    with ledger.write() as connection:
        connection.execute(
            update(alert)
            .where(alert.c.id == parcel.id, alert.c.claim == parcel.claim)
            .values(claim=None, claimed_until=None, **_settled(parcel, outcome, now, random))
        )
        if parcel.phase == "digest":
            _settle_inside(connection, parcel.id)


def retry_failed(ledger: Ledger, now: datetime) -> int:
    """Queue everything again that failed for good; how many."""
    with ledger.write() as connection:
        again = connection.execute(
            update(alert)
            .where(alert.c.status == "failed", alert.c.digest_id.is_(None))
            .values(status="queued", next_try_at=utc(now), first_try_at=None, attempts=0)
        )
        return again.rowcount


def messages(ledger: Ledger, newest: int | None = None) -> list[dict[str, Any]]:
    """The messages of the outbox, newest first, without what only senders need."""
    query = select(
        alert.c.id, alert.c.channel, alert.c.rule, alert.c.kind, alert.c.phase, alert.c.status,
        alert.c.is_critical, alert.c.body, alert.c.attempts, alert.c.created_at,
        alert.c.next_try_at, alert.c.sent_at, alert.c.last_error, alert.c.digest_id,
    ).order_by(alert.c.number.desc()).limit(newest)  # fmt: skip
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [_shown(row) for row in rows]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    waits = row["status"] in WAITING
    shown = {name: value for name, value in row.items() if name != "body"}
    title = json.loads(row["body"])["title"]
    return {**shown, "title": title, "next_try_at": row["next_try_at"] if waits else None}


def _due(now: datetime) -> Any:
    """What waits no longer; waits that nothing asks for were written by a clock that was ahead."""
    asked = alert.alias()
    resting = select(asked.c.channel).where(
        asked.c.status == "held",
        asked.c.first_try_at.is_not(None),  # its receiver asked to wait: no quiet hours hold it
        asked.c.next_try_at > now,
        asked.c.next_try_at <= now + LONGEST_WAIT + SKEW,
    )
    longest = case(
        (alert.c.status == "queued", now + HOUR + SKEW),
        (alert.c.first_try_at.is_not(None), now + LONGEST_WAIT + SKEW),
        else_=now + LONGEST_QUIET,
    )
    return (
        select(alert)
        .where(
            alert.c.channel.not_in(resting),
            alert.c.status.in_(WAITING),
            (alert.c.next_try_at <= now) | (alert.c.next_try_at > longest),
            alert.c.claimed_until.is_(None)
            | (alert.c.claimed_until <= now)
            | (alert.c.claimed_until > now + LEASE + SKEW),
        )
        .order_by(alert.c.is_critical.desc(), alert.c.number)
    )


def _settle_followers(connection: Connection) -> None:
    """The end of something is not told to whom the beginning never got."""
    first = alert.alias()
    lost = (
        select(alert.c.id)
        .join(first, alert.c.after_id == first.c.id)
        .where(alert.c.status.in_(WAITING), first.c.status.in_(("failed", "withdrawn")))
    )
    connection.execute(
        update(alert)
        .where(alert.c.id.in_(lost))
        .values(status="withdrawn", last_error="Its beginning was never sent.")
    )


def _settle_inside(connection: Connection, digest_id: str) -> None:
    """What was summed up shares the fate of its digest."""
    found = connection.execute(
        select(alert.c.status, alert.c.last_error).where(alert.c.id == digest_id)
    ).one()
    fate = {"status": "digested", "last_error": None}
    if found.status == "failed":
        fate = {"status": "failed", "last_error": found.last_error}
    connection.execute(update(alert).where(alert.c.digest_id == digest_id).values(**fate))


def _not_held(
    connection: Connection, rows: Sequence[Row[Any]], settings: AlertSettings, now: datetime
) -> list[Row[Any]]:
    """Those that no quiet hours hold, and whose beginning went out; the others wait."""
    rules = {rule.name: rule for rule in settings.rules}
    firsts = [row.after_id for row in rows if row.after_id]
    gone = set(
        connection.scalars(
            select(alert.c.id).where(
                alert.c.id.in_(firsts), alert.c.status.in_(("sent", "digested"))
            )
        )
    )
    free: list[Row[Any]] = []
    for row in rows:
        if row.after_id and row.after_id not in gone:
            continue
        quiet = rules[row.rule].quiet_hours if row.rule in rules else None
        passes = quiet is None or (row.is_critical and quiet.critical_passes)
        until = None if passes or quiet is None else quiet_until(now, quiet)
        if until is None:
            free.append(row)
        else:
            change = {"status": "held", "next_try_at": until, "first_try_at": None}
            connection.execute(update(alert).where(alert.c.id == row.id).values(**change))
    return free


def _choose(
    connection: Connection, channel: ChannelSettings, rows: Sequence[Row[Any]], now: datetime
) -> Row[Any] | None:
    """The next message of a channel within its rate, or a digest in the last place of the hour."""
    mine = alert.c.channel == channel.name
    sent = list(
        connection.scalars(
            select(alert.c.sent_at)
            .where(
                mine,
                alert.c.status == "sent",
                alert.c.sent_at > now - HOUR,
                alert.c.sent_at <= now + SKEW,
            )
            .order_by(alert.c.sent_at)
        )
    )
    flying = connection.scalar(
        select(func.count())
        .select_from(alert)
        .where(mine, alert.c.claimed_until > now, alert.c.claimed_until <= now + LEASE + SKEW)
    )
    free = channel.per_hour - len(sent) - (flying or 0)
    if free <= 0:
        opens = sent[0] + HOUR if sent else now + LEASE
        ids = [row.id for row in rows]
        connection.execute(
            update(alert).where(alert.c.id.in_(ids)).values(next_try_at=opens)
        )  # fmt: skip
        return None
    digests = [row for row in rows if row.phase == "digest"]
    if digests:
        return digests[0]
    if free == 1 and len(rows) > 1:
        return _sum_up(connection, channel.name, rows, now)
    return rows[0]


def _sum_up(
    connection: Connection, channel: str, rows: Sequence[Row[Any]], now: datetime
) -> Row[Any]:
    message = digest([Message.from_json(row.body) for row in rows])
    is_critical = any(row.is_critical for row in rows)
    rules = {row.rule for row in rows}
    rule = rules.pop() if len(rules) == 1 else ""  # its quiet hours hold for the digest as well
    key = f"digest {uuid4().hex}"
    draft = Draft(key, channel, rule, "digest", "digest", message, is_critical)
    identity = put(connection, draft, now)
    inside = alert.c.id.in_([row.id for row in rows])
    connection.execute(
        update(alert).where(inside).values(status="digested", digest_id=identity)
    )  # fmt: skip
    return connection.execute(select(alert).where(alert.c.id == identity)).one()


def _take(connection: Connection, row: Row[Any], now: datetime) -> Parcel:
    token = uuid4().hex
    first = row.first_try_at or now
    connection.execute(
        update(alert)
        .where(alert.c.id == row.id)
        .values(
            status="queued", claim=token, claimed_until=now + LEASE, attempts=row.attempts + 1,
            first_try_at=first,
        )
    )  # fmt: skip
    return Parcel(
        row.id, row.channel, row.rule, row.kind, row.phase, Message.from_json(row.body),
        row.created_at, first, row.attempts + 1, token, tuple(json.loads(row.delivered or "[]")),
    )  # fmt: skip


def _fail(connection: Connection, rows: Sequence[Row[Any]], reason: str) -> None:
    ids = [row.id for row in rows]
    connection.execute(
        update(alert).where(alert.c.id.in_(ids)).values(status="failed", last_error=reason)
    )


def _settled(parcel: Parcel, outcome: Outcome, now: datetime, random: Random) -> dict[str, Any]:
    match outcome:
        case Sent(note):
            return {"status": "sent", "sent_at": now, "last_error": note}
        case Never(reason):
            return {"status": "failed", "last_error": reason}
        case Later(reason, wait, delivered):
            next_try = now + (
                _delay(parcel.attempts, random) if wait is None else max(wait, FIRST_DELAY)
            )
            # What the receiver asked for is waited for to its end, and tried once more.
            counted = now if wait is not None else next_try
            has_it = json.dumps(sorted({*parcel.delivered, *delivered}))
            if counted > parcel.first_try_at + GIVES_UP_AFTER:
                told = f"Given up after a day and {parcel.attempts} attempts: {reason}"
                return {"status": "failed", "last_error": told, "delivered": has_it}
            status = "queued" if wait is None else "held"  # and with it the whole channel
            return {
                "status": status, "next_try_at": next_try, "last_error": reason,
                "delivered": has_it,
            }  # fmt: skip


def _delay(attempts: int, random: Random) -> timedelta:
    """Twice as long each time, with jitter, so that many senders do not come back at once."""
    longest = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    return longest * random.uniform(0.5, 1)
