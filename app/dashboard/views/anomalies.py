"""Anomalies: what costs more or less than it should, since when, and why?"""

from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, incident_feedback, money, page, visitor


def anomalies() -> None:
    """The whole page."""
    page.header("Anomalies", "What costs more or less than it should, since when, and why?")
    currency = visitor.currency()
    found = data.ask("anomalies", currency=currency)
    if found.is_empty():
        page.empty(
            f"No unusual costs in {currency}.",
            "Costs are compared with their own history every day; it takes some weeks of bills.",
        )
        return
    shown = _choose(incident_feedback.unsettled(found))
    if shown.is_empty():
        page.empty("No anomaly matches.", "Show those that have ended, or take away a filter.")
        return
    incident = _list(shown, currency)
    with st.container(border=True):
        _detail(incident, currency)


def _choose(found: pl.DataFrame) -> pl.DataFrame:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.segmented_control(
            "Show",
            ["open", "all"],
            default="open" if found["is_open"].any() else "all",
            required=True,
            key="anomalies_which",
            persist_state="session",
            help="Open: still going on, or over for less than a week.",
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
    if direction != "both":
        found = found.filter(pl.col("direction") == direction)
    return found.filter(pl.col("cloud").is_in(clouds)) if clouds else found


def _list(found: pl.DataFrame, currency: str) -> dict[str, Any]:
    more = found.filter(pl.col("impact") > 0)["impact"].sum()
    less = found.filter(pl.col("impact") < 0)["impact"].sum()
    wanted = st.query_params.get("anomaly")
    ids: list[str] = found["id"].to_list()
    first = ids.index(wanted) if wanted in ids else 0
    rows = page.table(
        page.with_names(found, "cloud").with_columns(
            pl.when("is_open").then(pl.lit("open")).otherwise(pl.lit("ended")).alias("state"),
            pl.col("direction").replace({"up": "▲ up", "down": "▼ down"}),
        ),
        key="anomalies_list",
        alt="Anomalies, the largest impact first",
        select="single-row-required",
        preselect=[first],
        columns={
            "impact": page.money_column("Impact so far", currency),
            "direction": st.column_config.TextColumn("Direction", width="small"),
            "state": st.column_config.TextColumn("State", width="small"),
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
            f"{found.height} shown: {money.signed(more, currency)} more and "
            f"{money.short(abs(less), currency)} less than expected. Select one to look closer."
        ),
        "Anomalies",
        data.statement("anomalies", currency=currency),
    )
    return found.row(rows[0] if rows else first, named=True)


def _detail(incident: dict[str, Any], currency: str) -> None:
    st.subheader(f"{incident['service']} in {incident['account_name']}", anchor=False)
    reason: str = incident["reason"] or "no reason was recorded"
    st.markdown(money.markdown(reason[:1].upper() + reason[1:]))
    facts, figure = st.columns([2, 5])
    with facts:
        _facts(incident, currency)
    with figure:
        _days(incident, currency)
    incident_feedback.feedback(incident)
    resource, evidence = st.tabs(["Resource", "Evidence"])
    with resource:
        _resource(incident)
    with evidence:
        page.rows_of(incident["evidence"], f"anomaly_{incident['id']}")


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
    ended = f"to {page.day(incident['ends_on'])}" if incident["ends_on"] else "and still going on"
    score = incident["score"]
    st.markdown(
        money.markdown(
            f"**Days** {incident['days']}, since {page.day(incident['starts_on'])} {ended}  \n"
            f"**Actual** {money.full(incident['actual'], currency)}  \n"
            f"**Expected** {money.full(incident['expected'], currency)}  \n"
            + (f"**Strength** {score:.1f} times the usual deviation  \n" if score else "")
            + f"**Cloud** {page.cloud_name(incident['cloud'])}"
        )
    )


def _days(incident: dict[str, Any], currency: str) -> None:
    asked = {
        name: incident[name] for name in ("cloud", "account", "service", "starts_on", "ends_on")
    } | {"currency": currency}
    days = data.ask("anomaly_days", **asked)
    charts.show(
        charts.incident(
            days, starts_on=incident["starts_on"], ends_on=incident["ends_on"], currency=currency
        ),
        f"anomaly_{incident['id']}",
        f"Line: cost per day of {incident['service']}, with the band that was usual before",
    )
    page.note(
        f"Usage per day in {currency}; usual is the median and range of the same weekday in the "
        "eight weeks before it began",
        "Cost around the anomaly",
        data.statement("anomaly_days", **asked),
    )


def _resource(incident: dict[str, Any]) -> None:
    if incident["resource_id"] is None:
        st.caption("No single resource explains it: it is spread over many.")
        return
    share = incident["resource_share"]
    known = {
        "Explains": money.percent(share) + " of the impact" if share is not None else None,
        "Name": incident["resource_name"],
        "Id": f"`{incident['resource_id']}`",
        "Kind": incident["resource_kind"],
        "Size": incident["resource_sku"],
        "State now": incident["resource_state"],
        "Region": incident["resource_region"],
        "Team": incident["resource_team"],
        "Environment": incident["resource_env"],
    }
    facts = [f"**{name}** {value}" for name, value in known.items() if value]
    st.markdown(money.markdown(" · ".join(facts)))
    if incident["resource_kind"] is None:
        st.caption("The inventory does not know it: it is gone, or its kind is not read.")


anomalies()
