"""Look twice at what was changed: is it as planned now, and did it pay in the bills since?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection
from sqlalchemy import Connection, delete, insert, select

from actions import audit
from actions.errors import PlanRefused
from actions.ledger import Ledger
from actions.plan import find_kind
from actions.risk import changed_since, described, still_holds
from actions.run import DONE, Run, Step, load_run
from actions.tables import change as change_table
from actions.tables import run_change as step_table
from actions.tables import saving as saving_table
from actions.tables import utc
from clouds.cloud import Change, Cloud, Observation
from clouds.errors import CloudError
from warehouse.errors import OlderTables

WINDOWS = (7, 30)  # days of bills after a change: a first answer and a settled one
DAYS_BEFORE = 14
DAYS_PER_MONTH = Decimal("30.4375")
FULL = Decimal("0.8")  # of the promise; less counts as saved_less
CENTS = Decimal("0.000001")

Payback = Literal["pending", "saved", "saved_less", "saved_nothing", "unknown"]


@dataclass(frozen=True)
class Measured:
    """What one change saved over one window, per month, against going on as before."""

    window_days: int
    verdict: Payback
    reason: str
    cost_month_before: Decimal | None = None
    cost_month_after: Decimal | None = None
    saved_month: Decimal | None = None
    measured_at: datetime | None = None  # UTC; only of what an earlier `verify` measured


@dataclass(frozen=True)
class Verdict:
    """Whether one change holds, and what it saved so far."""

    step: Step
    is_as_planned: bool | None  # None: it can't be looked at, or was never made
    looks: str  # what was found, as a sentence
    measured: tuple[Measured, ...]

    @property
    def verdict(self) -> str:
        """reverted, or the answer of the longest window that has one."""
        if self.is_as_planned is False:
            return "reverted"
        answers = [item.verdict for item in self.measured if item.verdict != "pending"]
        return answers[-1] if answers else "pending"


def verify(
    ledger: Ledger,
    run_id: str,
    clouds: Mapping[str, Cloud],
    connection: DuckDBPyConnection | None = None,
    *,
    now: datetime,
) -> list[Verdict]:
    """One verdict per change the run made; savings go to the ledger as far as they are known.

    `connection` reads the lake; without it nothing new is said about money. What was measured once
    stays as it was measured if its bills are no longer there.
    """
    run = load_run(ledger, run_id)
    made = [step for step in run.steps if step.outcome in DONE]
    with ledger.read() as reading:
        others = {step.planned.change.change_id: _others(reading, step) for step in made}
    costs = _costs(connection, made, others) if connection is not None else {}
    money = _Money(costs, _known(ledger, run_id), others)
    verdicts = [_verdict(step, clouds, money) for step in made]
    _keep(ledger, run, verdicts, now)
    return verdicts


def savings(ledger: Ledger) -> list[dict[str, Any]]:
    """Every promise beside what was measured, newest run first."""
    query = select(saving_table).order_by(
        saving_table.c.measured_at.desc(), saving_table.c.change_id, saving_table.c.window_days
    )
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True)
class _Money:
    """What the bills say now, and what they once said, by change and window."""

    costs: Mapping[tuple[str, int], Mapping[str, Any]]
    known: Mapping[tuple[str, int], Mapping[str, Any]]
    others: Mapping[str, "_Others"]


@dataclass(frozen=True)
class _Others:
    """Between which of our changes to the same resource a change stands.

    The days from one to the next belong to one change, so that none is paid for what another saved.
    """

    last: date | None  # the newest of an earlier day
    next: date | None  # of the same day or later

    def first_day(self, applied_on: date) -> date:
        """The first day that may count as before the change."""
        first = applied_on - timedelta(days=DAYS_BEFORE)
        return first if self.last is None else max(first, self.last + timedelta(days=1))

    def days_after(self, applied_on: date, window: int) -> int:
        """How many days may count as after it."""
        if self.next is None:
            return window
        return min(max((self.next - applied_on).days - 1, 0), window)


def _others(connection: Connection, step: Step) -> _Others:
    change = step.planned.change
    query = (
        select(step_table.c.intent_at)
        .join(change_table, step_table.c.change_id == change_table.c.id)
        .where(
            change_table.c.cloud == change.resource.cloud,
            change_table.c.resource_id == change.resource.resource_id,
            change_table.c.id != change.change_id,
            change_table.c.saving_month_high.is_not(None),  # what changes no cost is no matter
            step_table.c.outcome.in_(DONE),
            step_table.c.intent_at.is_not(None),
        )
    )
    made_at = _made_at(step)
    moments = connection.scalars(query).all()
    return _Others(
        max((at.date() for at in moments if at.date() < made_at.date()), default=None),
        min((at.date() for at in moments if at > made_at), default=None),
    )


def _made_at(step: Step) -> datetime:
    return step.intent_at or step.finished_at or datetime.min


def _known(ledger: Ledger, run_id: str) -> dict[tuple[str, int], Mapping[str, Any]]:
    """What earlier looks at the run have measured over a whole window."""
    query = select(saving_table).where(
        saving_table.c.run_id == run_id, saving_table.c.saved_month.is_not(None)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    return {(row["change_id"], row["window_days"]): dict(row) for row in rows}


def _verdict(step: Step, clouds: Mapping[str, Cloud], money: _Money) -> Verdict:
    change = step.planned.change
    try:
        look = find_kind(clouds, step.planned.source, change.resource).observe(change.resource)
    except (CloudError, PlanRefused) as error:
        return Verdict(step, None, f"it can't be looked at: {error}", _measured(step, money))
    baseline = (
        replace(change.observed, backup=None) if change.verb == "snapshot" else change.observed
    )
    if still_holds(replace(change, observed=baseline), look):
        return Verdict(step, True, _as_planned(change, look), _measured(step, money))
    found = described(change.observed, look) or f"it is {change.before!r} again"
    return Verdict(step, False, f"{found}; planned was {change.after!r}", _measured(step, money))


def _as_planned(change: Change, look: Observation) -> str:
    if change.verb == "stop" and not look.exists:
        return f"it is gone, and so no longer {change.before!r}"
    since = changed_since(change, look)
    return f"it is {change.after!r} as planned" + (f"; {since}" if since else "")


def _measured(step: Step, money: _Money) -> tuple[Measured, ...]:
    keys = [(step.planned.change.change_id, days) for days in WINDOWS]
    return tuple(
        _as_known(step, money.known[key])
        if key in money.known and not _has_bills(money.costs.get(key))
        else _paid(step, key[1], money.costs.get(key), money.others[key[0]])
        for key in keys
    )


def _has_bills(cost: Mapping[str, Any] | None) -> bool:
    return cost is not None and cost["days_before"] > 0


def _as_known(step: Step, row: Mapping[str, Any]) -> Measured:
    saved = row["saved_month"]
    return Measured(
        row["window_days"],
        _worth(saved, step.planned.change.saving_month_low),  # it may have been reverted for a time
        row["reason"],
        row["cost_month_before"],
        row["cost_month_after"],
        saved,
        row["measured_at"],
    )


def _paid(step: Step, window: int, cost: Mapping[str, Any] | None, others: _Others) -> Measured:
    change = step.planned.change
    if change.currency is None or change.saving_month_high is None:
        return Measured(window, "unknown", "no saving was promised, so none is measured")
    if change.saving_month_high < 0:
        return Measured(window, "unknown", "it puts something back, which is to save nothing")
    if cost is None:
        return Measured(window, "pending", "the bills were not looked at")
    made_on = _made_at(step).date()
    days = others.days_after(made_on, window)
    alone = "so what each of them saved can't be told apart"
    if days == 0:
        return Measured(window, "unknown", f"we changed it again on {others.next}, {alone}")
    if others.first_day(made_on) == made_on:
        return Measured(window, "unknown", f"we had changed it on {others.last}, {alone}")
    if not _has_bills(cost):
        reason = "no bill in the 14 days before the change, so there is nothing to compare with"
        return Measured(window, "unknown", reason)
    before = _month(cost["before_day"])
    if cost["days_after"] < days:
        reason = f"{cost['days_after']} of {days} days after the change are billed completely"
        return Measured(window, "pending", reason, cost_month_before=before)
    unused = _month(cost["unused_day"])
    after = _month(cost["after_day"]) + unused
    saved = before - after
    promise = f"{change.saving_month_low:.2f} to {change.saving_month_high:.2f}"
    idle = f" ({unused:.2f} of it for commitments that nobody uses since)" if unused else ""
    until = f", until we changed it again on {others.next}" if days < window else ""
    reason = (
        f"cost {before:.2f} {change.currency} a month before and {after:.2f} after{idle}: "
        f"{saved:.2f} saved over {days} days{until}, promised {promise}"
    )
    return Measured(window, _worth(saved, change.saving_month_low), reason, before, after, saved)


def _worth(saved: Decimal, promised_low: Decimal | None) -> Payback:
    promised = promised_low or Decimal(0)
    if promised >= 0 and saved <= 0:
        return "saved_nothing"
    return "saved" if saved >= promised * FULL else "saved_less"


def _month(cost_day: Decimal) -> Decimal:
    return (cost_day * DAYS_PER_MONTH).quantize(CENTS)


def _costs(
    connection: DuckDBPyConnection, made: Sequence[Step], others: Mapping[str, _Others]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    subject = pl.DataFrame(
        [
            {
                "change_id": step.planned.change.change_id,
                "cloud": step.planned.change.resource.cloud,
                "resource_id": step.planned.change.resource.resource_id,
                "backup": step.backup,
                "currency": step.planned.change.currency,
                "applied_on": made_on,
                "from_day": others[step.planned.change.change_id].first_day(made_on),
                "window_days": window,
                "days": others[step.planned.change.change_id].days_after(made_on, window),
            }
            for step in made
            for made_on in [_made_at(step).date()]
            for window in WINDOWS
        ],
        schema={
            "change_id": pl.String, "cloud": pl.String, "resource_id": pl.String,
            "backup": pl.String, "currency": pl.String, "applied_on": pl.Date,
            "from_day": pl.Date, "window_days": pl.Int32, "days": pl.Int32,
        },
    )  # fmt: skip
    connection.register("subject", subject.to_arrow())
    try:
        query = (files("actions") / "verify_cost.sql").read_text()
        found = connection.execute(query).pl()
    except duckdb.CatalogException as error:
        raise OlderTables(error) from error
    finally:
        connection.unregister("subject")
    return {(row["change_id"], row["window_days"]): row for row in found.iter_rows(named=True)}


def _keep(ledger: Ledger, run: Run, verdicts: Sequence[Verdict], now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {
            "run_id": run.id,
            "change_id": verdict.step.planned.change.change_id,
            "window_days": item.window_days,
            "currency": verdict.step.planned.change.currency,
            "promised_month_low": verdict.step.planned.change.saving_month_low,
            "promised_month_high": verdict.step.planned.change.saving_month_high,
            "cost_month_before": item.cost_month_before,
            "cost_month_after": item.cost_month_after,
            "saved_month": item.saved_month,
            "verdict": "reverted" if verdict.is_as_planned is False else item.verdict,
            "reason": item.reason,
            "measured_at": item.measured_at or utc(now),
        }
        for verdict in verdicts
        for item in verdict.measured
    ]
    with ledger.write() as connection:
        connection.execute(delete(saving_table).where(saving_table.c.run_id == run.id))
        if rows:
            connection.execute(insert(saving_table), rows)
        details = {row["change_id"]: row["verdict"] for row in rows}
        audit.record(
            connection, at=now, actor="verify", action="run.verify", subject=run.id,
            details=details,
        )  # fmt: skip
