"""Anomalies: what costs more or less than it should, since when, and why?"""

from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, incident_charts, incident_feedback, money, page, visitor
from app.dashboard import incident_words as words


def anomalies() -> None:
    """The whole page."""
    page.header("Anomalies", "What costs more or less than it should, since when, and why?")
    currency = visitor.currency()
    found = data.ask("anomalies", currency=currency)
    wanted = _link(found)
    if found.is_empty():
        _missing(wanted, currency)
        page.empty(
            f"No unusual costs in {currency}.",
            "Costs are compared with their own history every day; it takes some weeks of bills.",
        )
        return
    shown = _choose(incident_feedback.unsettled(found))
    if wanted not in shown["id"]:
        _missing(wanted, currency)
    if shown.is_empty():
        page.empty("No anomaly matches.", "Show all of them, or take away a filter.")
        return
    incident = _list(shown, currency, wanted)
    if incident is not None:
        if incident["id"] != st.session_state.get("anomalies_opened"):
            st.session_state["anomalies_opened"] = None  # the same link may be followed again
        st.query_params["anomaly"] = st.session_state["anomalies_shown"] = incident["id"]
        with st.container(border=True):
            _detail(incident, currency)


def _link(found: pl.DataFrame) -> str | None:
    """What a link leads to, until it is shown; the filters are opened for it once."""
    wanted = st.query_params.get("anomaly")
    if wanted is None or wanted == st.session_state.get("anomalies_shown"):
        return None
    row = found.filter(pl.col("id") == wanted)
    if row.height and st.session_state.get("anomalies_opened") != wanted:
        st.session_state["anomalies_link"] = st.session_state["anomalies_opened"] = wanted
        st.session_state["anomalies_followed"] = st.session_state.get("anomalies_followed", 0) + 1
        st.session_state["anomalies_which"] = _kind(row)
        st.session_state["anomalies_direction"] = "both"
        st.session_state["anomalies_clouds"] = []
        incident_feedback.show_if_settled(row)
    return wanted


def _kind(row: pl.DataFrame) -> str:
    """The narrowest choice of *Show* that has the incident of this one row."""
    if row.item(0, "is_open"):
        return "open"
    return "all" if row.item(0, "is_expected") else "unexpected"


def _missing(wanted: str | None, currency: str) -> None:
    """Say that what a link leads to is not in the list, and offer the currency that it is in."""
    if wanted is None:
        return
    everywhere = {
        one: data.ask("anomalies", currency=one)["id"].to_list()
        for one in data.ask("currencies")["currency"].to_list()
    }
    named = next((one for one, ids in everywhere.items() if wanted in ids), None)
    where = "It is not known, or no longer: bills that came later may have explained it."
    if named == currency:
        where = "Show all of them, or take away a filter."
    elif named is not None:
        where = f"It is in {named}."
    st.warning(f"That incident is not among those shown. {where}", icon=":material/search_off:")
    if named is not None and named != currency:
        st.button(f"Show {named}", key="anomalies_currency", on_click=_switch, args=(named,))


def _switch(currency: str) -> None:
    st.session_state["currency"] = currency


def _choose(found: pl.DataFrame) -> pl.DataFrame:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            "Show",
            ["open", "unexpected", "all"],
            default="open" if found["is_open"].any() else "unexpected",
            required=True,
            key="anomalies_which",
            persist_state="session",
            help="Open: still going on, or over for less than a week. Unexpected: whenever it was. "
            "All: also what a launch, a removal, a resize or a commitment explains. New normal: "
            "the cost stayed for weeks, so later days are measured against it.",
        )
        direction = st.segmented_control(
            "Direction",
            ["both", "up", "down"],
            default="both",
            required=True,
            key="anomalies_direction",
            persist_state="session",
        )
        clouds = st.multiselect(
            "Cloud",
            found["cloud"].unique().sort().to_list(),
            format_func=page.cloud_name,
            placeholder="All",
            key="anomalies_clouds",
            persist_state="session",
            width=320,
        )
    if which == "open":
        found = found.filter(pl.col("is_open"))
    if which == "unexpected":
        found = found.filter(~pl.col("is_expected"))
    if direction != "both":
        found = found.filter(pl.col("direction") == direction)
    return found.filter(pl.col("cloud").is_in(clouds)) if clouds else found


def _list(found: pl.DataFrame, currency: str, wanted: str | None) -> dict[str, Any] | None:
    """The list, and the incident that is chosen in it; none is while a link leads elsewhere."""
    more = found.filter(pl.col("impact") > 0)["impact"].sum()
    less = found.filter(pl.col("impact") < 0)["impact"].sum()
    ids: list[str] = found["id"].to_list()
    is_lost = wanted is not None and wanted not in ids
    link: str | None = st.session_state.get("anomalies_link")
    first = ids.index(link) if link in ids else 0
    rows = page.table(
        page.with_names(found, "cloud").with_columns(
            pl.struct("cause", "direction", "cause_dimension", "cause_name", "cause_value")
            .map_elements(words.cause, return_dtype=pl.String)
            .alias("explained_by"),
            pl.col("direction").replace({"up": "▲ up", "down": "▼ down"}),
        ),
        key=f"anomalies_list_{wanted if is_lost else st.session_state.get('anomalies_followed')}",
        alt="Anomalies, the largest impact first",
        select="single-row" if is_lost else "single-row-required",
        preselect=[] if is_lost else [first],
        columns={
            "impact": page.money_column("Impact so far", currency),
            "direction": st.column_config.TextColumn("Direction", width="small"),
            "severity": st.column_config.TextColumn("Severity", width="small"),
            "state": st.column_config.TextColumn("State"),
            "explained_by": st.column_config.TextColumn("Cause"),
            "service": st.column_config.TextColumn("Service"),
            "account_name": st.column_config.TextColumn("Account"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "starts_on": st.column_config.DateColumn("Since", format="D MMM YYYY"),
            "days": st.column_config.NumberColumn("Days", width="small"),
            "actual": page.money_column("Actual", currency),
            "expected": page.money_column("Expected", currency),
            "reason": st.column_config.TextColumn("Reason", width="large"),
        },
        rows=8,
    )
    page.note(
        money.markdown(
            f"{found.height} shown: {money.short(more, currency)} more and "
            f"{money.short(abs(less), currency)} less than expected. Select one to look closer."
        ),
        "Anomalies",
        data.statement("anomalies", currency=currency),
    )
    if is_lost:
        if not rows:
            return None
        st.session_state["anomalies_link"] = ids[rows[0]]
        st.session_state["anomalies_followed"] = st.session_state.get("anomalies_followed", 0) + 1
    return found.row(rows[0] if rows else first, named=True)


def _detail(incident: dict[str, Any], currency: str) -> None:
    st.subheader(money.markdown(_heading(incident)), anchor=False)
    reason: str = incident["reason"] or "no reason was recorded"
    st.markdown(money.markdown(reason[:1].upper() + reason[1:] + "."))
    if incident["is_expected"]:
        st.info(
            money.markdown(f"Expected: {incident['expected_because']}. Nobody has to look."),
            icon=":material/event_available:",
        )
    causes = data.ask("anomaly_causes", id=incident["id"])
    facts, figure = st.columns([2, 5])
    with facts:
        _facts(incident, currency)
    with figure:
        _days(incident, currency)
    why, act = st.columns([5, 2])
    with why:
        _why(incident, currency)
    with act:
        _what_to_do(incident, causes)
    incident_feedback.feedback(incident)
    tabs = st.tabs(["Causes", "Series", "Resource", "Evidence"])
    with tabs[0]:
        _causes(incident, causes, currency)
    with tabs[1]:
        _members(incident, currency)
    with tabs[2]:
        _resource(incident)
    with tabs[3]:
        page.rows_of(incident["evidence"], f"anomaly_{incident['id']}")


def _heading(incident: dict[str, Any]) -> str:
    """The largest series by the names a reader knows."""
    more = (incident["members"] or 1) - 1
    also = f" and {more} more" if more > 0 else ""
    return f"{incident['service']} in {incident['account_name']}{also}"


def _facts(incident: dict[str, Any], currency: str) -> None:
    change = incident["change"]
    st.metric(
        "Impact so far",
        money.markdown(money.signed(incident["impact"], currency)),
        None if change is None else f"{change * 100:+.0f}%",
        delta_color="inverse",
        delta_description="against expected",
        border=True,
    )
    share = incident["share_of_day"]
    known = {
        "Severity": words.severity(incident["severity"], share, currency),
        "How sure": words.how_sure(incident["score"]),
        "Days": words.days(incident["days"], incident["starts_on"], incident["ends_on"]),
        "State": incident["state"],
        "Noticed": page.day(incident["flagged_on"]) if incident["flagged_on"] else None,
        "Actual": money.full(incident["actual"], currency),
        "Expected": money.full(incident["expected"], currency),
        "Cloud": page.cloud_name(incident["cloud"]),
    }
    lines = [f"**{name}** {money.markdown(value)}" for name, value in known.items() if value]
    st.markdown("  \n".join(lines))


def _days(incident: dict[str, Any], currency: str) -> None:
    st.markdown("**What happened**")
    days = data.ask("anomaly_days", id=incident["id"])
    charts.show(
        incident_charts.days(days, currency=currency),
        f"anomaly_{incident['id']}",
        f"Lines: cost per day of {incident['service']}, actual and expected, the abnormal marked",
    )
    page.note(
        f"Usage per day in {currency}. Expected is what the days before said: level, weekday and "
        "what comes every month; no later day is used",
        "Cost around the anomaly",
        data.statement("anomaly_days", id=incident["id"]),
    )


def _why(incident: dict[str, Any], currency: str) -> None:
    st.markdown("**Why: from what was expected to what it cost**")
    steps = data.ask("anomaly_steps", id=incident["id"])
    if steps.is_empty():
        st.caption("No causes were recorded; they are found by the next run.")
        return
    by_cause, by_effect = st.columns(2)
    for place, figure, alt in (
        (by_cause, "cause", "by what explains it"),
        (by_effect, "effect", "by quantity, price and mix"),
    ):
        with place:
            charts.show(
                incident_charts.steps(steps.filter(pl.col("figure") == figure), currency=currency),
                f"anomaly_{figure}_{incident['id']}",
                f"Waterfall from expected to actual cost {alt}",
            )
    page.note(
        "Left: what explains it. Right: quantity is more or less of it at the price it had, price "
        "is another price for the same, mix is other SKUs of the same unit",
        "From expected to actual",
        data.statement("anomaly_steps", id=incident["id"]),
    )


def _what_to_do(incident: dict[str, Any], causes: pl.DataFrame) -> None:
    st.markdown("**What to do**")
    first = causes.row(0, named=True) if causes.height else None
    for step in words.next_steps(incident, first):
        st.markdown(f"- {step}")
    changes = causes.drop_nulls("changes").head(5) if causes.height else causes
    if changes.height:
        st.markdown("**What changed at that time**")
        for name, text in changes.select("name", "changes").iter_rows():
            st.markdown(f"- {money.markdown(f'{words.short(name)}: {text}')}")


def _causes(incident: dict[str, Any], causes: pl.DataFrame, currency: str) -> None:
    if causes.is_empty():
        st.caption("No causes were recorded; they are found by the next run.")
        return
    chosen = page.table(
        causes.with_columns(
            pl.col("dimension").replace(words.DIMENSIONS),
            pl.col("name").map_elements(words.short, return_dtype=pl.String),
            pl.col("share") * 100,
        ),
        key=f"anomaly_causes_{incident['id']}",
        alt="Candidate causes, the most likely first",
        select="single-row-required",
        preselect=[0],
        columns={
            "rank": st.column_config.NumberColumn("Rank", width="small"),
            "dimension": st.column_config.TextColumn("What", width="small"),
            "name": st.column_config.TextColumn("Which"),
            "share": st.column_config.NumberColumn("Explains", format="%.0f%%", width="small"),
            "impact": page.money_column("Impact", currency),
            "quantity_effect": page.money_column("Quantity", currency),
            "price_effect": page.money_column("Price", currency),
            "mix_effect": page.money_column("Mix", currency),
            "unknown_effect": page.money_column("Not told", currency),
            "state": st.column_config.TextColumn("New or gone", width="small"),
            "changes": st.column_config.TextColumn("Changed at that time"),
        },
        nothing="",
    )
    page.note(
        "Quantity, price, mix, and what the bill does not tell add up to the impact. What is "
        "measured in two ways, such as a resource and its tag, is listed under both",
        "Causes",
        data.statement("anomaly_causes", id=incident["id"]),
    )
    row = causes.row(chosen[0] if chosen else 0, named=True)
    with st.expander(f"The lines behind {money.markdown(words.short(row['name']))}"):
        page.rows_of(row["evidence"], f"anomaly_cause_{incident['id']}_{row['rank']}")


def _members(incident: dict[str, Any], currency: str) -> None:
    members = data.ask("anomaly_members", id=incident["id"])
    page.table(
        page.with_names(members, "cloud"),
        key=f"anomaly_members_{incident['id']}",
        alt="The series of this incident, the largest impact first",
        columns={
            "impact": page.money_column("Impact", currency),
            "service": st.column_config.TextColumn("Service"),
            "account": st.column_config.TextColumn("Account"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "starts_on": st.column_config.DateColumn("Since", format="D MMM YYYY"),
            "days": st.column_config.NumberColumn("Days", width="small"),
            "actual": page.money_column("Actual", currency),
            "expected": page.money_column("Expected", currency),
        },
    )
    page.note(
        "Series that began together and share what explains them are one incident",
        "Series",
        data.statement("anomaly_members", id=incident["id"]),
    )


def _resource(incident: dict[str, Any]) -> None:
    if incident["resource_id"] is None:
        st.caption("No single resource explains it: it is spread over many.")
        return
    share = incident["resource_share"]
    known = {
        "Explains": money.percent(share) + " of the impact" if share is not None else None,
        "Name": incident["resource_name"],
        "Kind": incident["resource_kind"] and incident["resource_kind"].replace("_", " "),
        "Size": incident["resource_sku"],
        "State now": incident["resource_state"],
        "Region": incident["resource_region"],
        "Team": incident["resource_team"],
        "Environment": incident["resource_env"],
    }
    facts = [f"**{name}** {money.markdown(value)}" for name, value in known.items() if value]
    st.markdown(" · ".join([*facts, f"**Id** {money.code(incident['resource_id'])}"]))
    if incident["resource_kind"] is None:
        st.caption("The inventory does not know it: it is gone, or its kind is not read.")


anomalies()
