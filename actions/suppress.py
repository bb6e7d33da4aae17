"""Silence recommendations on purpose, with a reason and, as a rule, an end."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import func, insert, select, update

from actions import audit
from actions.errors import SuppressionRefused, Unknown
from actions.ledger import Ledger
from actions.tables import suppression as table
from actions.tables import utc
from actions.users import decider

SCHEMA = {
    "id": pl.String, "check": pl.String, "cloud": pl.String, "account": pl.String,
    "kind": pl.String, "resource_id": pl.String, "team": pl.String, "env": pl.String,
    "until": pl.Date, "reason": pl.String, "author": pl.String,
}  # fmt: skip
"""One row per suppression; a null in `check` to `env` means every one, in `until` for ever."""


@dataclass(frozen=True)
class Scope:
    """What is silenced: everything that agrees with all that is given."""

    check: str | None = None
    cloud: str | None = None
    account: str | None = None
    kind: str | None = None
    resource_id: str | None = None
    team: str | None = None
    env: str | None = None


def suppress(
    ledger: Ledger, scope: Scope, *, reason: str, actor: str, now: datetime,
    until: date | None = None,
) -> str:  # fmt: skip
    """Write a suppression and return its id. It holds before the day `until`.

    Raises `SuppressionRefused`, and as `decider` for somebody who may not.
    """
    reason, today = reason.strip(), utc(now).date()
    for name, value in vars(scope).items():
        if value is not None and not value.strip():
            raise SuppressionRefused(
                f"The {name.removesuffix('_id')} is empty, which nothing has. Name one, or leave "
                "it out for all of them; nothing was written."
            )
    if not reason:
        raise SuppressionRefused(
            "No reason was given: whoever misses the recommendation should know why it is silent. "
            "Give it in a few words; nothing was written."
        )
    if until is not None and until <= today:
        raise SuppressionRefused(
            f"Until {until}, but today is {today} (UTC). Give the first day on which it no longer "
            "holds, after today; nothing was written."
        )
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        count = connection.scalar(select(func.count()).select_from(table)) or 0
        identity = f"s{count + 1}"
        facts = {**vars(scope), "until": until, "reason": reason}
        connection.execute(
            insert(table).values(id=identity, author=actor, created_at=utc(now), **facts)
        )
        audit.record(
            connection, at=now, actor=actor, action="suppress", subject=identity, details=facts
        )
    return identity


def lift(ledger: Ledger, suppression_id: str, *, actor: str, now: datetime) -> None:
    """End a suppression. Raises `Unknown`, and as `decider` for somebody who may not."""
    mine = (table.c.id == suppression_id) & table.c.lifted_at.is_(None)
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        if connection.execute(update(table).where(mine).values(lifted_at=utc(now))).rowcount == 0:
            alive = select(table.c.id).where(table.c.lifted_at.is_(None))
            raise Unknown("suppression", suppression_id, connection.scalars(alive))
        audit.record(
            connection, at=now, actor=actor, action="suppress.lift", subject=suppression_id,
            details={},
        )  # fmt: skip


def suppressions(ledger: Ledger, now: datetime) -> pl.DataFrame:
    """Those that hold now, in the columns of `SCHEMA`."""
    query = select(*(table.c[name] for name in SCHEMA)).where(
        table.c.lifted_at.is_(None),
        table.c.until.is_(None) | (table.c.until > utc(now).date()),
    )
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return pl.DataFrame(rows, schema=SCHEMA)
