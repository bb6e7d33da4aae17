"""Budgets: how much a scope may cost in each calendar month, quarter or year."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
from sqlalchemy import func, insert, select, update

from actions import audit
from actions.errors import BadBudget, Unknown
from actions.ledger import Ledger
from actions.tables import budget as table
from actions.tables import utc
from actions.users import decider

PERIODS = ("month", "quarter", "year")
DIGITS = 18  # after the point, in the lake; as many before it less two
SCHEMA = {
    "id": pl.String, "name": pl.String, "cloud": pl.String, "account": pl.String,
    "service": pl.String, "currency": pl.String, "period": pl.String,
    "amount": pl.Decimal(38, DIGITS), "author": pl.String, "created_at": pl.Datetime("us"),
}  # fmt: skip
"""The columns of `actions.budget` in the lake."""


@dataclass(frozen=True)
class Scope:
    """Whose costs count: everything that agrees with all that is given."""

    cloud: str | None = None
    account: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return " / ".join(part for part in vars(self).values() if part) or "everything"


def set_budget(
    ledger: Ledger, name: str, scope: Scope, *, amount: Decimal, currency: str, period: str,
    actor: str, now: datetime,
) -> str:  # fmt: skip
    """Write a budget and return its id; one of the same name that holds is ended by it.

    Raises `BadBudget`, and as `decider` for somebody who may not.
    """
    currency = currency.upper()
    if not (amount.is_finite() and 0 < amount < Decimal(10) ** 18):
        raise BadBudget(f"The amount is {amount}; it must be above 0 and below 10^18.")
    if -int(amount.normalize().as_tuple().exponent) > DIGITS:
        raise BadBudget(f"The amount {amount} has more than {DIGITS} digits after the point.")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise BadBudget(f"The currency is {currency!r}; it must be a code of three letters: EUR.")
    if period not in PERIODS:
        raise BadBudget(f"The period is {period!r}; it must be one of {', '.join(PERIODS)}.")
    if not name.strip():
        raise BadBudget("A budget needs a name, by which alerts and pages call it.")
    if re.fullmatch(r"b\d+", name.strip()):
        raise BadBudget(f"{name.strip()!r} looks like the id of a budget; give it another name.")
    for part, value in vars(scope).items():
        if value is not None and not value.strip():
            raise BadBudget(f"The {part} is empty; name one, or leave it out: then all count.")
    facts = {**vars(scope), "currency": currency, "period": period, "amount": amount}
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        identity = f"b{(connection.scalar(select(func.count()).select_from(table)) or 0) + 1}"
        same = (table.c.name == name.strip()) & table.c.ended_at.is_(None)
        replaced = connection.scalars(select(table.c.id).where(same)).all()
        connection.execute(update(table).where(same).values(ended_at=utc(now)))
        connection.execute(
            insert(table).values(
                id=identity, name=name.strip(), author=actor, created_at=utc(now), **facts
            )
        )
        for old in replaced:
            audit.record(
                connection, at=now, actor=actor, action="budget.end", subject=old,
                details={"replaced_by": identity},
            )  # fmt: skip
        audit.record(
            connection, at=now, actor=actor, action="budget.set", subject=identity,
            details={"name": name.strip(), **facts},
        )  # fmt: skip
    return identity


def end_budget(ledger: Ledger, named: str, *, actor: str, now: datetime) -> dict[str, Any]:
    """End the budget of that name or id, and return what it was.

    Raises `Unknown`, and as `decider` for somebody who may not.
    """
    alive = table.c.ended_at.is_(None)
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        wanted = alive & ((table.c.name == named) | (table.c.id == named))
        found = connection.execute(select(table).where(wanted)).mappings().one_or_none()
        if found is None:
            raise Unknown("budget", named, connection.scalars(select(table.c.name).where(alive)))
        ended = table.c.id == found["id"]
        connection.execute(update(table).where(ended).values(ended_at=utc(now)))
        audit.record(
            connection, at=now, actor=actor, action="budget.end", subject=found["id"], details={}
        )
    return dict(found)


def budgets(ledger: Ledger) -> pl.DataFrame:
    """Those that hold, in the order in which they were set and the columns of `SCHEMA`."""
    query = (
        select(*(table.c[name] for name in SCHEMA))
        .where(table.c.ended_at.is_(None))
        .order_by(table.c.created_at, func.length(table.c.id), table.c.id)
    )
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return pl.DataFrame(rows, schema=SCHEMA)
