"""What is committed to, what to buy, and what a plan would have cost and saved."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl

from app.answer import Answer
from app.commitment_words import SUGGESTION, owned_line, suggestion, unanswered
from app.dashboard.money import full, full_range, percent
from app.errors import BadInput
from app.exact import exact_rows
from app.rows import read
from app.session import Session
from app.tables import footer, table
from models.commitments.replay import Bought, replay, totals
from warehouse.errors import OlderTables

MONTH = (
    "saving_month_low", "saving_month_mean", "saving_month_high", "demand_month", "cost_month",
    "regret_month", "cut_month",
)  # fmt: skip
HOUR = ("commitment_hour", "demand_hour", "covered_hour", "first_hour", "hourly")


def commitments(session: Session, *, is_all: bool) -> Answer:
    """What is owned, how much of the usage it covers, and what to buy."""
    owned = read(session, "from marts.commitment_owned order by cloud, commitment_id, currency")
    coverage = read(session, "from marts.commitment_covered_now order by all")
    # Ranks are unique; first_on is named so that a snapshot without it is told to be older.
    plan = read(session, "from marts.commitment_plan_now order by currency, rank, first_on")
    outlook = read(
        session, "from models.commitment_outlook order by cloud, billing_account, currency, term"
    )
    tranches = read(session, "from models.commitment_tranche order by plan_id, number")
    document = {
        "owned": exact_rows(owned, ("covered_cost", "saved_cost")),
        "coverage": exact_rows(coverage, ("usage_cost", "covered_cost")),
        "plan": exact_rows(plan, MONTH, HOUR), "outlook": exact_rows(outlook, MONTH),
        "tranches": exact_rows(tranches, (), HOUR), "snapshot": session.snapshot,
    }  # fmt: skip

    def view() -> list[Any]:
        return [
            *_owned(owned), *_coverage(coverage), *_plan(plan, is_all), *_outlook(outlook),
            "Nothing is bought by this product: buy what you decide on in the cloud's own console.",
            footer(session.snapshot),
        ]  # fmt: skip

    return Answer(document, view)


def _owned(owned: Sequence[dict[str, Any]]) -> list[Any]:
    if not owned:
        return ["No commitment is owned, as far as bills and inventory say."]
    columns = [
        "owned",
        "cloud",
        ">used",
        ">paid in 30 days",
        ">saved by it",
        "ends on",
        ">days left",
    ]
    return [table(columns, [owned_line(one) for one in owned])]


def _coverage(coverage: Sequence[dict[str, Any]]) -> list[Any]:
    return [
        f"{one['cloud']} {one['billing_account']}: commitments covered {percent(one['coverage'])} "
        f"of {full(one['usage_cost'], one['currency'])} at on-demand prices, in the 30 days "
        f"before {one['until']}"
        for one in coverage
    ]


def _plan(plan: Sequence[dict[str, Any]], is_all: bool) -> list[Any]:
    bought = [one for one in plan if one["is_recommended"]]
    shown = [one for one in plan if is_all and one["commitment_hour"] > 0] or bought
    said = [unanswered(one) for one in plan if one["term"] is None]
    if not shown:
        return ["Nothing to buy.", *said]
    return [table(SUGGESTION, [suggestion(one) for one in shown]), *said]


def _outlook(outlook: Sequence[dict[str, Any]]) -> list[Any]:
    return [
        f"{one['cloud']} {one['billing_account']} for {one['term']}"
        f"{' (recommended)' if one['is_recommended'] else ''}: saves "
        f"{full(one['saving_month_mean'], one['currency'])} a month of "
        f"{full(one['demand_month'], one['currency'])}, in 8 of 10 cases "
        f"{full_range(one['saving_month_low'], one['saving_month_high'], one['currency'])}; "
        f"{one['reason']}. Counted as gone: "
        f"{full(one['cut_month'], one['currency'])} a month, of {one['cuts']} open "
        f"recommendations. Expected: {one['scenarios']}. Proven to {percent(one['gap'], 3)} of "
        f"the best ({one['method']})."
        for one in outlook
    ]


def replay_commitments(session: Session, bought: list[Bought] | None, days: int) -> Answer:
    """The given plan, or the computed one, on the usage of the last days. Raises `BadInput`."""
    usage = _frame(session, "from marts.committable_usage where on_demand_cost is not null")
    rates = _frame(session, "from models.commitment_rate")
    if usage.is_empty() or rates.is_empty():
        raise BadInput(
            "There is no usage of instances with a known rate of a commitment; "
            "'instance-select commitments' says why, 'instance-select run' reads bills and prices."
        )
    until: date = rates["made_on"].to_list()[0]
    first = until - timedelta(days=days)
    day = pl.col("starts_at").dt.date()
    usage = usage.filter((day >= first) & (day < until))
    plan = _computed(session) if bought is None else bought
    rows = replay(usage, rates, plan, until=until)
    sums = totals(rows)
    document = {
        "plan": exact_rows(map(vars, plan), (), HOUR), "is_computed": bought is None, "from": first,
        "until": until, "months": rows, "totals": sums, "snapshot": session.snapshot,
    }  # fmt: skip
    return Answer(
        document, lambda: _replayed(rows, sums, bought is None, first, until, session.snapshot)
    )


def _computed(session: Session) -> list[Bought]:
    found = read(
        session,
        "select plan.cloud, plan.billing_account, plan.currency, plan.price_type, plan.region,"
        " plan.covers, plan.os, sum(part.commitment_hour) as hourly from models.commitment_plan"
        " as plan join models.commitment_tranche as part on plan.id = part.plan_id"
        " where part.free_on <= part.made_on group by all order by all",
    )
    if not found:
        raise BadInput(
            "The plan of this snapshot buys nothing now, so there is nothing to replay; give one "
            "with --plan FILE.yaml, or see why: instance-select commitments"
        )
    return [Bought(**one) for one in found]


def _frame(session: Session, query: str) -> pl.DataFrame:
    with session.lake.reader(session.snapshot) as connection:
        try:
            return connection.execute(query).pl()
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise OlderTables(error) from error


def _replayed(
    rows: Sequence[dict[str, Any]],
    sums: Sequence[dict[str, Any]],
    is_computed: bool,
    first: date,
    until: date,
    snapshot: int,
) -> list[Any]:
    columns = ["month", "scope", ">on demand", ">committed", ">unused", ">rest on demand", ">saved",
               ">coverage", ">utilisation"]  # fmt: skip
    lines = [
        (
            f"{one['month']:%Y-%m}", f"{one['cloud']} {one['billing_account']}",
            *(full(one[name], one["currency"])
              for name in ("on_demand_before", "committed", "unused", "on_demand_after", "saved")),
            percent(_share(one["owned_covered"] + one["covered"], one["usage"])),
            percent(_share(one["used"], one["committed"])),
        )
        for one in rows
    ]  # fmt: skip
    told = [
        f"{first} to {until}: {full(one['on_demand_before'], one['currency'])} on demand would "
        f"have been {full(one['total_after'], one['currency'])} with the plan; saved "
        f"{full(one['saved'], one['currency'])}."
        for one in sums
    ]
    hindsight = (
        "The computed plan knows the last 91 of these days: what it saved in them is hindsight. "
        "What is to be bought only when owned commitments end is left out: here they still run."
    )
    return [table(columns, lines), *told, *([hindsight] if is_computed else []), footer(snapshot)]


def _share(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None
