"""The statement of one team and month: own cost, its part of shared and idle, mark-up, units."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from app.errors import BadInput
from app.showback.asked import ask, is_whole, months, teams
from app.untold_costs import published, sentence

NONE = Decimal(0)


@dataclass(frozen=True)
class Line:
    """What one service cost; `pool` names whose split it is, if it is a part of something."""

    currency: str
    kind: str  # own, shared, idle
    pool: str | None
    cloud: str
    service: str
    cost: Decimal
    cost_before: Decimal | None  # in the month before; None = nothing is billed in it
    markup_percent: Decimal | None
    markup: Decimal


@dataclass(frozen=True)
class Unit:
    """What one unit of work cost; None = nothing was counted or done."""

    unit: str
    team: str | None
    currency: str
    quantity: Decimal | None
    cost: Decimal | None
    unit_cost: Decimal | None
    unit_cost_before: Decimal | None


@dataclass(frozen=True)
class Total:
    """The sums of a currency; amounts in different currencies are never added up."""

    currency: str
    own: Decimal
    shared: Decimal
    idle: Decimal
    cost: Decimal
    cost_before: Decimal | None
    markup: Decimal

    @property
    def to_pay(self) -> Decimal:
        """Cost and mark-up together."""
        return self.cost + self.markup


@dataclass(frozen=True)
class Statement:
    """All that a team is shown of a month."""

    team: str
    month: date
    is_whole: bool  # the month is over and billed to its end, in each currency
    snapshot: int
    lines: tuple[Line, ...]
    units: tuple[Unit, ...]
    warnings: tuple[str, ...] = ()  # what makes it too low

    @property
    def totals(self) -> tuple[Total, ...]:
        """One for each currency."""
        currencies = sorted({line.currency for line in self.lines})
        return tuple(_total(code, self.of(code)) for code in currencies)

    def of(self, currency: str, kind: str | None = None) -> list[Line]:
        """The lines of a currency, or those of one kind."""
        return [line for line in self.lines
                if line.currency == currency and kind in (None, line.kind)]  # fmt: skip


def cost_before(lines: Sequence[Line]) -> Decimal | None:
    """What lines of one currency cost in the month before; None if nothing is billed in it."""
    known = [line.cost_before for line in lines if line.cost_before is not None]
    return sum(known, NONE) if known else None


def statement(connection: DuckDBPyConnection, team: str, month: date, snapshot: int) -> Statement:
    """Raises `BadInput` if the team paid nothing in the month, naming those that did."""
    lines: list[dict[str, Any]] = ask(connection, "statement", team=team, month=month)
    if not lines:
        raise BadInput(_nothing(connection, team, month))
    units = ask(connection, "units", team=team, month=month)
    return Statement(
        team, month, is_whole(connection, month), snapshot,
        tuple(Line(**line) for line in lines), tuple(Unit(**unit) for unit in units),
        warnings(connection, month, {line["cloud"] for line in lines}),
    )  # fmt: skip


def warnings(
    connection: DuckDBPyConnection, month: date, clouds: Collection[str] | None = None
) -> tuple[str, ...]:
    """What makes the cost of a month too low, of all clouds or of some."""
    return tuple(
        sentence(row)
        for row in published(connection)
        if (clouds is None or row["cloud"] in clouds)
        and row["first_month"] <= month <= row["last_month"]
    )


def _nothing(connection: DuckDBPyConnection, team: str, month: date) -> str:
    known = [f"{one:%Y-%m}" for one in months(connection)]
    if f"{month:%Y-%m}" not in known:
        return f"Nothing is billed in {month:%Y-%m}. Months with bills: {', '.join(known)}."
    paying = ", ".join(teams(connection)) or "none"
    return f"The team {team!r} pays nothing in {month:%Y-%m}. Teams that are known: {paying}."


def _total(currency: str, lines: list[Line]) -> Total:
    by_kind = {
        kind: sum((line.cost for line in lines if line.kind == kind), NONE)
        for kind in ("own", "shared", "idle")
    }
    return Total(
        currency, by_kind["own"], by_kind["shared"], by_kind["idle"],
        sum((line.cost for line in lines), NONE), cost_before(lines),
        sum((line.markup for line in lines), NONE),
    )  # fmt: skip
