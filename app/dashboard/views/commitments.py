"""Commitments: what do we own, does it pay, and what should we buy?"""

from typing import Any

import polars as pl
import streamlit as st

from app.commitment_words import amount, beyond, first_part, sentence, unanswered, what
from app.dashboard import charts, commitment_charts, data, money, page, visitor

SOON = 30  # days before its end in which a commitment wants a decision
TOLD = 3  # suggestions that are written out; the rest is in the table


def commitments() -> None:
    """The whole page."""
    page.header("Commitments", "What do we own, does it pay, and what should we buy?")
    currency = visitor.currency()
    owned = data.ask("commitments_owned", currency=currency)
    plan = data.ask("commitments_plan", currency=currency)
    covered = data.ask("commitments_coverage", currency=currency)
    if owned.is_empty() and plan.is_empty() and covered.is_empty():
        page.empty(
            f"There are no commitments and no usage of instances in {currency}.",
            "They need bills with instances in them: instance-select run",
        )
        return
    _cards(owned, plan, currency)
    _owned(owned, currency)
    _coverage(covered, currency)
    _buy(plan, currency)
    _outlook(currency)


def _cards(owned: pl.DataFrame, plan: pl.DataFrame, currency: str) -> None:
    covered = data.ask("commitments_covered", currency=currency)
    bought = plan.filter("is_recommended")
    ending = owned.filter(pl.col("days_left").is_between(0, SOON)).height
    known = owned["unused_cost"].drop_nulls()
    unused = known.sum() if len(known) or owned.is_empty() else None
    saving = {
        name: None if _is_unanswered(plan) else float(bought[f"saving_month_{name}"].sum())
        for name in ("low", "mean", "high")
    }
    cards = st.columns(4)
    cards[0].metric(
        "Covered", money.percent(covered["coverage"].item()),
        border=True, height="stretch",
        help="Share of the usage of instances, at on-demand prices, that commitments covered in "
        "the last 30 days that are billed completely. More is not better by itself: what is "
        "committed to and not used is lost.",
    )  # fmt: skip
    cards[1].metric(
        "Paid for nothing", money.markdown(money.short(unused, currency)),
        border=True, height="stretch",
        help="What was committed to and not used in the last 30 billed days, where bills say it.",
    )  # fmt: skip
    cards[2].metric(
        f"End in {SOON} days", str(ending), border=True, height="stretch",
        help="Commitments that want a decision: renew, or let go.",
    )  # fmt: skip
    cards[3].metric(
        "Likely saving a month",
        money.markdown(money.short(saving["mean"], currency)),
        None if saving["mean"] is None
        else money.markdown(money.between(saving["low"], saving["high"], currency)),
        delta_color="off", delta_arrow="off", border=True, height="stretch",
        help="Of everything that is suggested; below it the range of 8 in 10 cases.",
    )  # fmt: skip


def _is_unanswered(plan: pl.DataFrame) -> bool:
    """Whether nothing is known of any purchase, so that what they would save is no zero."""
    return plan.height > 0 and plan["term"].null_count() == plan.height


def _owned(owned: pl.DataFrame, currency: str) -> None:
    st.subheader("What we own", anchor=False)
    if owned.is_empty():
        page.empty(f"No commitment is owned in {currency}.", "As far as bills and inventory say.")
        return
    ending = owned.filter(pl.col("days_left").is_between(0, SOON))
    for row in ending.iter_rows(named=True):
        st.warning(
            f"The {row['kind']} {_short(row['commitment_id'])} ends on {page.day(row['ends_on'])}: "
            "renew it, or let it go. The suggestions below count it as not renewed.",
            icon=":material/event_busy:",
        )
    page.table(
        page.with_names(owned, "cloud").with_columns(
            pl.col("commitment_id").map_elements(_short, return_dtype=pl.String).alias("name")
        ),
        key="commitments_owned",
        alt="Owned commitments with their use and their end",
        columns={
            "name": st.column_config.TextColumn("Commitment", pinned=True),
            "kind": st.column_config.TextColumn("Kind"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "covers": st.column_config.TextColumn("Of"),
            "region": st.column_config.TextColumn("Region"),
            "utilisation": page.share_column("Used", owned["utilisation"]),
            "committed_cost": page.money_column("Paid in 30 days", currency),
            "unused_cost": page.money_column("For nothing", currency),
            "saved_cost": page.money_column(
                "Saved",
                currency,
                "Against on-demand prices; below zero: it costs more than it gives",
            ),
            "ends_on": st.column_config.DateColumn("Ends", format="D MMM YYYY"),
            "days_left": st.column_config.NumberColumn("Days left"),
        },
    )
    page.note(
        "Of the last 30 days that are billed completely; of reservations in AWS's own reports, "
        "of the last whole month.",
        "Owned commitments",
        data.statement("commitments_owned", currency=currency),
    )


def _coverage(covered: pl.DataFrame, currency: str) -> None:
    if covered.is_empty():
        return
    charts.show(
        commitment_charts.coverage(covered, currency),
        "commitments_coverage",
        "Bars: usage of instances per day at on-demand prices, covered and on demand",
    )
    page.note(
        "Usage of instances at on-demand prices, without spot.",
        "Coverage",
        data.statement("commitments_coverage", currency=currency),
    )


def _buy(plan: pl.DataFrame, currency: str) -> None:
    st.subheader("What to buy", anchor=False)
    bought = plan.filter(pl.col("is_recommended"))
    reasons = [
        unanswered(row) for row in plan.filter(pl.col("term").is_null()).iter_rows(named=True)
    ]
    if bought.is_empty():
        page.empty(
            f"Nothing can be suggested in {currency}."
            if _is_unanswered(plan)
            else f"Nothing to buy in {currency}.",
            " ".join(reasons)
            or "What is left of the usage is too unsteady, or no term pays off soon enough.",
        )
        return
    for row in bought.head(TOLD).iter_rows(named=True):
        st.markdown(f":material/shopping_cart: {money.markdown(sentence(row))}")
    rows = list(bought.iter_rows(named=True))
    shown = bought.with_columns(
        pl.Series("what", [what(row) for row in rows]),
        pl.Series("amount", [amount(row) for row in rows]),
        pl.Series("first", [first_part(row) for row in rows]),
    )
    chosen = page.table(
        page.with_names(shown, "cloud"),
        key="commitments_buy",
        alt="Suggested purchases, the largest saving first",
        select="single-row-required",
        preselect=[0],
        columns={
            "what": st.column_config.TextColumn("Buy", pinned=True),
            "cloud": st.column_config.TextColumn("Cloud"),
            "amount": st.column_config.TextColumn("Amount"),
            "first": st.column_config.TextColumn("In parts"),
            "saving_month_low": page.money_column("Saves from", currency, "1 of 10 cases is below"),
            "saving_month_mean": page.money_column("likely", currency, "Per month"),
            "saving_month_high": page.money_column("up to", currency, "1 of 10 cases is above"),
            "break_even_months": st.column_config.NumberColumn(
                "Break-even, months", format="%.1f", help="Of full use"
            ),
            "utilisation": st.column_config.NumberColumn("Used", format="percent"),
            "ratio": st.column_config.NumberColumn(
                "Pays above", format="percent", help="Share of it that has to be used"
            ),
        },
        rows=12,
    )
    page.note(
        "Nothing is bought here: a purchase can't be taken back, so somebody makes it in the "
        "cloud's own console.",
        "Suggested purchases",
        data.statement("commitments_plan", currency=currency),
    )
    for reason in reasons:
        st.caption(f":material/help: {money.markdown(reason)}")
    _one(bought, chosen[0] if chosen else 0, currency)


def _one(bought: pl.DataFrame, chosen: int, currency: str) -> None:
    """The chosen purchase: its curve and its parts, and its sentence unless it is told above."""
    row: dict[str, Any] = bought.row(chosen, named=True)
    told = "" if chosen < TOLD else f": {money.markdown(sentence(row))}"
    st.markdown(f"**What each level of the {money.markdown(what(row))} would save**{told}")
    levels = data.ask("commitments_curve", plan=row["id"])
    charts.show(
        commitment_charts.curve(levels, row["commitment_hour"], currency),
        "commitments_curve",
        "Line: what each level of the commitment would save a month, with its range",
    )
    parts = data.ask("commitments_tranches", plan=row["id"])
    dates = "; ".join(
        f"{amount({**part, 'currency': currency})} on {page.day(part['buy_on'])}"
        for part in parts.iter_rows(named=True)
    )
    page.note(
        f"{money.markdown(beyond(row, _points(levels)))} Buy in parts: {money.markdown(dates)}; "
        "look again before each.",
        "Curve and parts",
        data.statement("commitments_curve", plan=row["id"]),
        data.statement("commitments_tranches", plan=row["id"]),
    )


def _points(levels: pl.DataFrame) -> list[tuple[float, float]]:
    return levels.select("commitment_hour", "saving_month_mean").rows()


def _outlook(currency: str) -> None:
    found = data.ask("commitments_outlook", currency=currency)
    if found.is_empty():
        return
    with st.expander("All terms, how sure that is, and what was counted as gone",
                     icon=":material/rule:"):  # fmt: skip
        page.table(
            page.with_names(found, "cloud"),
            key="commitments_outlook",
            alt="What all purchases of each account and term do together",
            columns={
                "cloud": st.column_config.TextColumn("Cloud"),
                "billing_account": st.column_config.TextColumn("Account"),
                "term": st.column_config.TextColumn("Term"),
                "is_recommended": st.column_config.CheckboxColumn("Suggested"),
                "demand_month": page.money_column("Left to cover", currency, "Per month"),
                "saving_month_low": page.money_column("Saves from", currency),
                "saving_month_mean": page.money_column("likely", currency),
                "saving_month_high": page.money_column("up to", currency),
                "regret_month": page.money_column(
                    "Regret", currency, "What knowing the future would save more, per month"
                ),
                "break_even_months": st.column_config.NumberColumn("Break-even", format="%.1f"),
                "cut_month": page.money_column(
                    "Counted as gone", currency, "Usage that open recommendations take away"
                ),
                "gap": st.column_config.NumberColumn(
                    "Proven gap", format="percent", help="No purchase costs less by more than this"
                ),
                "method": st.column_config.TextColumn("Method"),
                "scenarios": st.column_config.TextColumn("Expected usage", width="large"),
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
            nothing="-",
        )
        page.show_sql("Terms", data.statement("commitments_outlook", currency=currency))


def _short(commitment_id: str) -> str:
    return commitment_id.rsplit("/", 1)[-1]


commitments()
