"""Recommendations: what can be saved, how sure is that, and what would it take?"""

from typing import Any

import polars as pl
import streamlit as st

from actions.errors import ActionError
from app.dashboard import data, decide, money, page, visitor
from app.words import LOOKS, NO_INVENTORY
from clouds.errors import CloudError

RISKS = {
    "R0": "R0 advice only",
    "R1": "R1 reversible at once",
    "R2": "R2 reversible, with a short interruption",
    "R3": "R3 reversible from a backup",
    "R4": "R4 not reversible",
    "R5": "R5 a migration",
}
EFFORTS = {
    "low": "low: minutes, to approve a plan",
    "medium": "medium: hours, by hand or with a restart to be arranged",
    "high": "high: days of an engineer",
}
DETAILS = 10  # selected rows that are explained one by one


def recommendations() -> None:
    """The whole page."""
    page.header("Recommendations", "What can be saved, how sure is that, and what would it take?")
    currency = visitor.currency()
    found = page.with_names(data.ask("recommendations", currency=currency), "cloud")
    if found.is_empty():
        page.empty(
            f"No recommendations in {currency}.",
            "Nothing to change or to know was found."
            if data.ask("inventory").item(0, "is_known")
            else NO_INVENTORY,
        )
        return
    found = _choose(found).with_columns(
        pl.col(name).replace(LOOKS).alias(f"{name}_words") for name in ("before", "after")
    )
    parts = {
        "open": found.filter((pl.col("status") == "open") & (pl.col("currency") == currency)),
        "insufficient_data": found.filter(pl.col("status") == "insufficient_data"),
        "superseded": found.filter(pl.col("status") == "superseded"),
        "suppressed": found.filter(pl.col("status") == "suppressed"),
        "advice": found.filter(pl.col("status") == "advice"),
    }
    names = {
        "open": "Open",
        "insufficient_data": "Not enough data",
        "superseded": "Superseded",
        "suppressed": "Suppressed",
        "advice": "Advice",
    }
    tabs = st.tabs([f"{names[name]} ({len(part)})" for name, part in parts.items()])
    with tabs[0]:
        _open(parts["open"], currency)
    with tabs[1]:
        _without_evidence(parts["insufficient_data"])
    with tabs[2]:
        _superseded(parts["superseded"], currency)
    with tabs[3]:
        _suppressed(parts["suppressed"], currency)
    with tabs[4]:
        _advice(parts["advice"])
    page.show_sql("Recommendations", data.statement("recommendations", currency=currency))


def _choose(found: pl.DataFrame) -> pl.DataFrame:
    fields: dict[str, tuple[str, Any]] = {
        "title": ("What", str),
        "cloud": ("Cloud", str),
        "account_name": ("Account", str),
        "team": ("Team", str),
        "env": ("Environment", str),
        "risk": ("Risk", RISKS.get),
    }
    used = sum(bool(st.session_state.get(f"recommendations_{name}")) for name in fields)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            key="recommendations_words",
            placeholder="Name, id, account or reason",
            icon=":material/search:",
            width=340,
            persist_state="session",
        )
        with st.popover(f"Filters ({used})" if used else "Filters", icon=":material/filter_list:"):
            for name, (label, written) in fields.items():
                chosen = st.multiselect(
                    label,
                    found[name].drop_nulls().unique().sort().to_list(),
                    format_func=written,
                    placeholder="All",
                    key=f"recommendations_{name}",
                    persist_state="session",
                )
                if chosen:
                    found = found.filter(pl.col(name).is_in(chosen))
    if words:
        text = pl.concat_str(
            ["resource", "resource_id", "account", "account_name", "title", "reason"],
            separator=" ",
            ignore_nulls=True,
        )
        found = found.filter(text.str.to_lowercase().str.contains(words.lower(), literal=True))
    return found


def _open(found: pl.DataFrame, currency: str) -> None:
    if found.is_empty():
        page.empty("Nothing to save matches.", "Take away a filter, or look at the other tabs.")
        return
    rows = page.table(
        found,
        key="recommendations_open",
        alt="Open recommendations, the largest saving first",
        select="multi-row",
        columns={
            "check_name": st.column_config.TextColumn("Finding"),
            "resource": st.column_config.TextColumn("Resource"),
            "low": page.money_column("Saves from", currency, "Per month, the lowest estimate"),
            "high": page.money_column("up to", currency, "Per month, the highest estimate"),
            "before_words": st.column_config.TextColumn("Now"),
            "after_words": st.column_config.TextColumn("Then"),
            "risk": st.column_config.TextColumn(
                "Risk", width="small", help="; ".join(RISKS.values())
            ),
            "overload_probability": st.column_config.NumberColumn(
                "Overload",
                format="percent",
                help="Share of hours in which the new size would have been too small. "
                "Only for changes of size.",
            ),
            "cloud": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
            "team": st.column_config.TextColumn("Team"),
            "env": st.column_config.TextColumn("Environment"),
            "reason": st.column_config.TextColumn("Reason", width="large"),
            "first_seen_on": st.column_config.DateColumn("First seen", format="D MMM YYYY"),
        },
        rows=12,
        nothing="-",
    )
    chosen = found[rows] if rows else found.clear()
    _bar(found, chosen, currency)
    for number, row in enumerate(chosen.head(DETAILS).iter_rows(named=True)):
        _detail(row, currency, expanded=len(chosen) == 1 and number == 0)


def _bar(found: pl.DataFrame, chosen: pl.DataFrame, currency: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if chosen.is_empty():
            st.markdown(
                f"**{len(found)} shown** save {_range(found, currency)} a month. "
                "Select some to see why, and to make a plan."
            )
        else:
            s = "s" if len(chosen) == 1 else ""
            st.markdown(f"**{len(chosen)} selected** save{s} {_range(chosen, currency)} a month.")
        if st.button(
            "Make a plan",
            type="primary",
            icon=":material/playlist_add_check:",
            disabled=chosen.is_empty(),
        ):
            _plan_dialog(chosen, currency)


def _range(frame: pl.DataFrame, currency: str) -> str:
    low, high = float(frame["low"].sum()), float(frame["high"].sum())
    return money.markdown(money.between(low, high, currency))


def _detail(row: dict[str, Any], currency: str, expanded: bool) -> None:
    saving = money.between(row["low"], row["high"], currency)
    title, resource, saves = map(money.markdown, (row["title"], row["resource"], saving))
    label = f"{title}: **{resource}**, {saves} a month"
    box = st.expander(
        label, expanded=expanded, on_change="rerun", key=f"recommendation_{row['id']}"
    )
    if not box.open:
        return
    with box:
        st.markdown(f":material/info: {money.markdown(row['reason'])}")
        before, after = money.code(row["before"]), money.code(row["after"])
        facts = {
            "Costs now": f"{money.full(row['cost_month'], currency)} a month",
            "Saves": f"{money.full_range(row['low'], row['high'], currency)} a month",
            "Risk": RISKS.get(row["risk"], row["risk"]),
            "Overload": None
            if row["overload_probability"] is None
            else f"too small in {row['overload_probability'] * 100:.2g}% of the measured hours",
            "Effort": EFFORTS.get(str(row.get("effort"))),
            "What could go wrong": row.get("harm"),
            "How to undo": row.get("undo"),
            "Not before": row.get("grace_until")
            and f"{row['grace_until']:%-d %b %Y}: until then its owner can object",
            "Where": f"{row['cloud']}, {row['account_name']} ({row['account']}), {row['region']}",
            "Facts from": f"snapshot {row['snapshot']}",
        }
        st.markdown(
            "  \n".join([
                f"**Change** {row['verb']} from {before} to {after}",
                *(f"**{name}** {money.markdown(value)}" for name, value in facts.items() if value),
                f"**Id** {money.code(row['resource_id'])}",
            ])
        )  # fmt: skip
        page.rows_of(row["evidence"], f"evidence_{row['id']}")


@page.dialog("Make a plan", width="large", icon=":material/playlist_add_check:")
def _plan_dialog(chosen: pl.DataFrame, currency: str) -> None:
    limits = decide.limits(data.settings())
    st.markdown(
        f"**{_changes(len(chosen))} **{_range(chosen, currency)}** a month. Making the "
        "plan looks at each resource again and changes nothing: it has to be approved first."
    )
    page.table(
        chosen,
        key="plan_of",
        alt="Changes of the new plan",
        columns={
            "resource": st.column_config.TextColumn("Resource"),
            "verb": st.column_config.TextColumn("Change"),
            "before_words": st.column_config.TextColumn("Now"),
            "after_words": st.column_config.TextColumn("Then"),
            "risk": st.column_config.TextColumn("Risk", width="small"),
            "low": page.money_column("Saves from", currency),
            "high": page.money_column("up to", currency),
        },
        rows=6,
    )
    st.caption(
        money.markdown(
            f"Limits of one plan: {limits.max_changes} changes, {limits.max_fleet_share:.0%} of "
            "an account's resources of one kind (one is always allowed), "
            f"{money.full(limits.max_saving_month, currency)} a month. Highest risk here: "
            f"{RISKS[str(chosen['risk'].max())]}. You make it as {visitor.user()}."
        )
    )
    if st.button("Make the plan", type="primary", key="make_the_plan"):
        try:
            with st.spinner("Looking at each resource"):
                made = decide.make_plan(chosen["id"].to_list(), visitor.user())
        except (ActionError, CloudError) as error:
            page.problem(error)
        else:
            st.session_state["plan"] = made.id
            st.switch_page("views/plans.py")


def _changes(number: int) -> str:
    return "1 change** that saves" if number == 1 else f"{number} changes** that save"


def _without_evidence(found: pl.DataFrame) -> None:
    if found.is_empty():
        if data.ask("inventory").item(0, "is_known"):
            page.empty(
                "Every check had the data it needs.", "Nothing is claimed on missing evidence."
            )
        else:
            page.empty("There is no inventory.", NO_INVENTORY)
        return
    st.caption("No saving is claimed here: something that has to be known is missing.")
    page.table(
        found,
        key="recommendations_without_evidence",
        alt="Resources that could not be judged, and what is missing",
        columns={
            "title": st.column_config.TextColumn("What", width="large"),
            "resource": st.column_config.TextColumn("Resource"),
            "missing": st.column_config.TextColumn("What is missing"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
            "region": st.column_config.TextColumn("Region"),
            "team": st.column_config.TextColumn("Team"),
        },
        rows=14,
    )


def _superseded(found: pl.DataFrame, currency: str) -> None:
    if found.is_empty():
        page.empty("Nothing is superseded.", "No resource has two recommendations.")
        return
    st.caption(
        "Another recommendation on the same resource wins, so that no money is counted twice."
    )
    page.table(
        found,
        key="recommendations_superseded",
        alt="Superseded recommendations and what supersedes them",
        columns={
            "title": st.column_config.TextColumn("What", width="medium"),
            "resource": st.column_config.TextColumn("Resource"),
            "superseded_by_title": st.column_config.TextColumn("Superseded by", width="medium"),
            "low": page.money_column("Would save from", currency),
            "high": page.money_column("up to", currency),
            "reason": st.column_config.TextColumn("Reason", width="large"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
        },
        rows=14,
    )


def _suppressed(found: pl.DataFrame, currency: str) -> None:
    if found.is_empty():
        page.empty("Nothing is suppressed.", "Silence one with: instance-select suppress")
        return
    page.table(
        found,
        key="recommendations_suppressed",
        alt="Suppressed recommendations",
        columns={
            "title": st.column_config.TextColumn("What", width="medium"),
            "resource": st.column_config.TextColumn("Resource"),
            "reason": st.column_config.TextColumn("Reason", width="large"),
            "low": page.money_column("Would save from", currency),
            "high": page.money_column("up to", currency),
            "cloud": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
        },
        rows=14,
    )


def _advice(found: pl.DataFrame) -> None:
    if found.is_empty():
        page.empty("No advice.", "Nothing was found that is worth knowing without saving money.")
        return
    st.caption(
        "These save nothing, or nobody can tell how much; they are worth knowing all the same."
    )
    found = found.sort("about", "title", "resource")
    rows = page.table(
        found,
        key="recommendations_advice",
        alt="Advice that saves no money, and why it is given",
        select="multi-row",
        columns={
            "about": st.column_config.TextColumn("About", width="small"),
            "title": st.column_config.TextColumn("What", width="medium"),
            "resource": st.column_config.TextColumn("Resource"),
            "reason": st.column_config.TextColumn("Reason", width="large"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
            "region": st.column_config.TextColumn("Region"),
            "team": st.column_config.TextColumn("Team"),
        },
        rows=14,
    )
    for row in found[rows].head(DETAILS).iter_rows(named=True):
        with st.container(border=True):
            st.markdown(f"{money.markdown(row['title'])}: **{money.markdown(row['resource'])}**")
            st.markdown(f":material/info: {money.markdown(row['reason'])}")
            page.rows_of(row["evidence"], f"evidence_{row['id']}")


recommendations()
