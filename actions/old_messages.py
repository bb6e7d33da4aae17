"""Messages about what is long over are forgotten, so that the outbox of alerts stops growing."""

from datetime import datetime

from sqlalchemy import delete, or_, select

from actions.ledger import Ledger
from actions.tables import alert, episode, utc

WAITING = ("queued", "held")


def forget_old_messages(ledger: Ledger, before: datetime) -> int:
    """Drop messages that were made, and whose cause was over, before a moment (UTC); how many.

    The causes themselves stay, one short row each: what was told once is never told anew.
    """
    before = utc(before)
    at_work = select(alert.c.episode_id).where(
        alert.c.status.in_(WAITING), alert.c.episode_id.is_not(None)
    )
    over = select(episode.c.id).where(episode.c.closed_at < before, episode.c.id.not_in(at_work))
    with ledger.write() as connection:
        forgotten = connection.execute(
            delete(alert).where(
                alert.c.created_at < before,
                alert.c.status.not_in(WAITING),
                or_(alert.c.episode_id.is_(None), alert.c.episode_id.in_(over)),
            )
        )
        return forgotten.rowcount
