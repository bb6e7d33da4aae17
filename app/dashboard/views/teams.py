"""Teams: who pays how much, and what does nobody pay? Down to the services, with a statement."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, money, page, visitor
from app.showback.csv_file import as_csv
from app.showback.html_file import as_html
from app.showback.statement import statement
from app.words import counted

NOBODY = "(nobody)"
KINDS = {"own": "own", "shared": "shared", "idle": "idle cluster", "unallocated": "no rule fits"}


def teams() -> None:
    """The whole page."""
    page.header("Teams", "Who pays how much, and what does nobody pay?")
    currency = visitor.currency()
    billed = data.ask("cost_months", currency=currency)
    months: list[date] = billed["month"].to_list()
    if not months:
        page.empty("There are no costs in this currency.", "Load bills: instance-select ingest")
        return
    month = st.selectbox(
        "Billing month", months[::-1], format_func=lambda one: f"{one:%B %Y}", width=220,
        key=f"teams_month_{currency}", persist_state="session", bind="query-params",
    )  # fmt: skip
    is_whole = month in billed.filter("is_whole")["month"].to_list()
    asked: dict[str, Any] = {"currency": currency, "month": month}
    found = data.ask("teams_of_month", **asked)
    with st.container(border=True):
        _figures(found, currency, month, is_whole=is_whole)
        _chart(currency)
    if found.filter(~pl.col("is_nobody")).is_empty():
        page.empty(
            "No team pays anything yet.",
            "Nothing is tagged with `team`. Write rules under 'allocation:' in "
            "instance-select.yaml, try them with 'instance-select allocation test FILE', "
            "then run instance-select run.",
        )
    chosen = _table(found, asked, currency, is_whole=is_whole)
    if chosen is not None:
        team = None if chosen["is_nobody"] else chosen["team"]
        _inside(team, asked, currency, is_whole=is_whole)
    _namespaces(asked, currency)
    _units(asked, currency)


def _figures(found: pl.DataFrame, currency: str, month: date, *, is_whole: bool) -> None:
    paid = found.filter(~pl.col("is_nobody"))
    nobody = found.filter(pl.col("is_nobody"))
    whole, open_cost = float(found["cost"].sum()), float(nobody["cost"].sum())
    share = money.share(open_cost, whole)
    columns = st.columns(4)
    columns[0].metric(
        "Nobody pays", money.markdown(money.short(open_cost, currency)),
        f"{money.percent(share, 1)} of all cost" if share is not None else None,
        delta_color="off", delta_arrow="off", border=True, height="stretch",
    )  # fmt: skip
    columns[1].metric(
        "Teams pay", money.markdown(money.short(float(paid["cost"].sum()), currency)),
        counted(paid.filter(pl.col("cost") != 0).height, "team"),
        delta_color="off", delta_arrow="off", border=True, height="stretch",
    )  # fmt: skip
    columns[2].metric(
        "of which shared and idle",
        money.markdown(money.short(float((paid["shared"] + paid["idle"]).sum()), currency)),
        "split by the rules", delta_color="off", delta_arrow="off", border=True, height="stretch",
    )  # fmt: skip
    columns[3].metric(
        f"Cost in {month:%B %Y}", money.markdown(money.short(whole, currency)),
        "whole month" if is_whole else "so far", delta_color="off", delta_arrow="off",
        border=True, height="stretch",
    )  # fmt: skip


def _chart(currency: str) -> None:
    asked: dict[str, Any] = {"currency": currency, "most": charts.MOST}
    charts.show(
        charts.stacked(
            data.ask("teams_per_month", **asked), x="month", y="cost", split="team",
            currency=currency,
        ),
        "teams_chart",
        "Stacked bars: effective cost per month by team",
    )  # fmt: skip
    page.note(
        f"Effective cost in {currency}: the {charts.MOST} largest teams, the rest as Other, "
        "and what nobody pays",
        "Cost per month and team",
        data.statement("teams_per_month", **asked),
    )


def _table(
    found: pl.DataFrame, asked: dict[str, Any], currency: str, *, is_whole: bool
) -> dict[str, Any] | None:
    with st.container(border=True):
        st.subheader("By team", anchor=False)
        columns: dict[str, Any] = {
            "team": st.column_config.TextColumn("Team", pinned=True, width="medium"),
            "cost": page.money_column("Cost", currency),
            "share": page.share_column("Share", found["share"]),
            "own": page.money_column("Own", currency),
            "shared": page.money_column("Shared", currency, "Its part of what many use"),
            "idle": page.money_column("Idle", currency, "Its part of idle Kubernetes nodes"),
            "before": page.money_column("Month before", currency),
        }
        if is_whole:  # else it can't be compared with the month before
            columns["change"] = page.money_column("Change", currency)
        if (found["markup"] != 0).any():
            columns["markup"] = page.money_column("Mark-up", currency, "Never part of the cost")
        rows = page.table(
            found, key="teams_table", alt="Cost by team", select="single-row", columns=columns,
            rows=14,
        )  # fmt: skip
        page.note(
            f"Effective cost in {currency}, as billed in {asked['month']:%B %Y}. The rows add up "
            "to the bill. Select a team for its services, and its statement to print or as CSV.",
            "Cost by team",
            data.statement("teams_of_month", **asked),
        )
    return found.row(rows[0], named=True) if rows else None


def _inside(team: str | None, asked: dict[str, Any], currency: str, *, is_whole: bool) -> None:
    """`team` None: what nobody pays, whatever teams are called."""
    asked = {**asked, "team": team}
    with st.container(border=True):
        st.subheader(
            "What nobody pays" if team is None else f"Inside {money.markdown(team)}", anchor=False
        )
        found = page.with_names(data.ask("team_services", **asked), "cloud").with_columns(
            pl.col("kind").replace(KINDS)
        )
        columns: dict[str, Any] = {
            "service": st.column_config.TextColumn("Service", pinned=True),
            "cloud": st.column_config.TextColumn("Cloud"),
            "kind": st.column_config.TextColumn("Kind"),
            "pool": st.column_config.TextColumn("Pool"),
            "cost": page.money_column("Cost", currency),
            "before": page.money_column("Month before", currency),
        }
        if is_whole:  # else it can't be compared with the month before
            columns["change"] = page.money_column("Change", currency)
        if (found["markup"] != 0).any():
            columns["markup"] = page.money_column("Mark-up", currency)
        page.table(found, key="team_services", alt="Cost by service", columns=columns, nothing="")
        page.note(
            f"Effective cost in {currency}", f"Services of {team or NOBODY}",
            data.statement("team_services", **asked),
        )  # fmt: skip
        if team is not None and (found["cost"] != 0).any():
            _downloads(team, asked["month"])


def _downloads(team: str, month: date) -> None:
    snapshot = data.snapshot()
    with data.cursor() as connection:
        made = statement(connection, team, month, snapshot.id)
    name = f"{''.join(c if c.isalnum() or c in '-_' else '-' for c in team)}-{month:%Y-%m}"
    with st.container(horizontal=True):
        st.download_button(
            "Statement to print", as_html(made), f"{name}.html", "text/html",
            icon=":material/print:", on_click="ignore", key="statement_html",
        )  # fmt: skip
        st.download_button(
            "Statement as CSV", as_csv(made), f"{name}.csv", "text/csv",
            icon=":material/download:", on_click="ignore", key="statement_csv",
        )  # fmt: skip


def _namespaces(asked: dict[str, Any], currency: str) -> None:
    found, without = data.ask("namespaces", **asked), data.ask("nodes_without_cost")
    if found.is_empty() and without.is_empty():
        return
    with st.container(border=True):
        st.subheader("Kubernetes", anchor=False)
        page.table(
            found, key="namespaces", alt="Cost by cluster and namespace",
            columns={
                "cluster": st.column_config.TextColumn("Cluster", pinned=True),
                "namespace": st.column_config.TextColumn("Namespace", pinned=True),
                "workloads": st.column_config.NumberColumn("Workloads"),
                "cost": page.money_column("Cost", currency),
                "share": page.share_column("Share of the cluster", found["share"]),
                "cores_cost": page.money_column("for cores", currency),
                "memory_cost": page.money_column("for memory", currency),
            },
        )  # fmt: skip
        page.note(
            f"The nodes' effective cost in {currency}, by the larger of request and use. Idle is "
            "what no workload takes. The rows of a cluster add up to its nodes' bill.",
            "Cost by namespace",
            data.statement("namespaces", **asked),
        )
        for one in without.iter_rows(named=True):
            nodes = counted(one["nodes"], "node")
            told = f"{one['cluster']}: {nodes} without cost, {one['reason']}."
            st.caption(f":material/info: {money.markdown(told)}")


def _units(asked: dict[str, Any], currency: str) -> None:
    found = data.ask("unit_costs", **asked)
    if found.is_empty():
        return
    with st.container(border=True):
        st.subheader("Unit costs", anchor=False)
        page.table(
            found, key="unit_costs", alt="Cost of one unit of work",
            columns={
                "unit": st.column_config.TextColumn("Unit of work", pinned=True),
                "team": st.column_config.TextColumn("Team"),
                "unit_cost": st.column_config.NumberColumn(
                    f"Cost of one, {currency}", format="%.6g"
                ),
                "quantity": st.column_config.NumberColumn("Quantity", format="compact"),
                "cost": page.money_column("Cost", currency),
                "days": st.column_config.NumberColumn("Days", help="For which a quantity is known"),
            },
        )  # fmt: skip
        page.note(
            f"Effective cost in {currency} of the days that have a quantity",
            "Unit costs",
            data.statement("unit_costs", **asked),
        )


teams()
