"""Overview: what do we spend, where is it heading, and what can be done about it?"""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, incident_feedback, money, page, visitor
from app.dashboard.incident_link import incident_link
from app.words import NO_INVENTORY, counted, uncompared

DAYS = 90
TOP = 5  # open incidents that are listed


def overview() -> None:
    """The whole page."""
    page.header("Overview", "What do we spend, where is it heading, and what can be done about it?")
    currency = visitor.currency()
    found = data.ask("kpis", currency=currency)
    if found.is_empty():
        page.empty(
            "The published snapshot has no costs.",
            "Load bills with 'instance-select ingest PATH', then run 'instance-select run'.",
        )
        return
    kpi = found.row(0, named=True)
    _cards(kpi, currency)
    left, right = st.columns([5, 3])
    with left.container(border=True, height="stretch"):
        _spend(kpi["today"], currency)
    with right.container(border=True, height="stretch"):
        _movers(kpi, currency)
    with st.container(border=True):
        _forecast(currency)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        _savings(kpi, currency)
    with right.container(border=True, height="stretch"):
        _incidents(currency)
    _health(currency)


def _cards(kpi: dict[str, Any], currency: str) -> None:
    month: date = kpi["month"]
    last_month = month - timedelta(days=1)
    daily = data.ask(
        "daily_total", currency=currency, first=kpi["sparkline_from"], until=kpi["today"]
    )
    ahead: date = kpi["forecast_month"]
    before = ahead - timedelta(days=1)
    path = data.ask("month_path", currency=currency, first=ahead)
    so_far = _percent(kpi["month_to_date"], kpi["last_month_same_days"])
    cards = st.columns([20, 20, 24, 18, 18])  # a range of money is the longest
    _card(
        cards[0],
        "Month to date",
        money.short(kpi["month_to_date"], currency),
        delta=so_far,
        description=f"vs same days of {last_month:%b}" if so_far else "",
        chart=daily["cost"].to_list(),
        help=f"Effective cost since 1 {month:%B}: {money.full(kpi['month_to_date'], currency)}. "
        "The line shows usage per day over the last 30 days.",
    )
    _card(
        cards[1],
        f"Forecast for {ahead:%B}",
        money.short(kpi["month_end_mean"], currency),
        delta=_percent(kpi["month_end_mean"], kpi["before_forecast"]),
        description=_ends(kpi, f"vs {before:%b}. ", currency),
        chart=path["cost"].to_list(),
        help="Billed so far plus the forecast of the remaining days. In 8 of 10 cases the month "
        "ends inside the 80% range. The line adds up the days of the month.",
    )
    checks = data.ask("savings_by_check", currency=currency)
    is_unjudged = kpi["savings_high"] is None
    _card(
        cards[2],
        "Savings found",
        money.between(kpi["savings_low"], kpi["savings_high"], currency),
        delta=None if is_unjudged else counted(kpi["recommendations_open"], "recommendation"),
        description="there is no inventory" if is_unjudged else "per month",
        chart=checks["saving_month_high"].to_list(),
        chart_type="bar",
        colour="green",
        help="Open recommendations, each at its lowest and highest estimate. One bar per check.",
    )
    incidents = incident_feedback.unsettled_open(currency)
    impact = float(incidents["impact"].sum())
    _card(
        cards[3],
        "Open anomalies",
        str(incidents.height),
        delta=money.signed(impact, currency) if impact else "none",
        description="unexpected so far" if impact else "",
        chart=incidents["impact"].abs().head(TOP).to_list(),
        chart_type="bar",
        colour="red" if impact and impact > 0 else "gray",
        help="Spend that differs from what was expected and has not returned to normal. "
        "What somebody dismissed or expects is left out. One bar per incident, the largest first.",
    )
    shares = data.ask("unallocated_by_month", currency=currency)
    points = None if kpi["unallocated_share"] is None else _points(shares)
    _card(
        cards[4],
        "Unallocated",
        money.percent(kpi["unallocated_share"], 1),
        delta=points,
        description=f"points vs {last_month:%b}" if points else "",
        chart=shares["share"].drop_nulls().to_list(),
        help="Share of this month's cost that carries no team tag. One point per month.",
    )


def _ends(kpi: dict[str, Any], compared: str, currency: str) -> str:
    if kpi["month_end_mean"] is None:
        return "it needs some weeks of daily costs"
    ends = money.between(kpi["month_end_lo80"], kpi["month_end_hi80"], currency)
    return f"{compared if kpi['before_forecast'] is not None else ''}80%: {ends}"


def _card(
    place: Any,
    label: str,
    value: str,
    *,
    delta: str | None,
    description: str,
    chart: list[float],
    help: str,
    chart_type: Any = "area",
    colour: Any = "inverse",
) -> None:
    place.metric(
        label,
        money.markdown(value),
        None if delta is None else money.markdown(delta),
        delta_color=colour,
        delta_arrow="auto" if colour == "inverse" else "off",
        delta_description=money.markdown(description) or None,
        chart_data=chart if len(chart) > 1 else None,
        chart_type=chart_type,
        border=True,
        height="stretch",
        help=money.markdown(help),
    )


def _spend(today: date, currency: str) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.subheader("Spend per day", anchor=False)
    split = row.segmented_control(
        "Split by",
        ["cloud", "service", "account"],
        default="cloud",
        required=True,
        key="overview_split",
        label_visibility="collapsed",
        persist_state="session",
    )
    asked: dict[str, Any] = {
        "currency": currency,
        "split": split,
        "measure": "effective",
        "first": today - timedelta(days=DAYS),
        "until": today,
        "most": charts.MOST,
        **dict.fromkeys(("clouds", "accounts", "services", "regions", "categories")),
    }
    costs = page.with_names(data.ask("cost_per_day", **asked), "split")
    if split == "account":
        names = page.account_labels(data.ask("billed_accounts", currency=currency))
        costs = costs.with_columns(pl.col("split").replace(names))
    if costs.is_empty():
        page.empty(
            f"No day of the last {DAYS} is billed to its end.", "Load the bills of the last days."
        )
        return
    figure = charts.stacked(costs, x="day", y="cost", split="split", currency=currency, height=380)
    charts.show(
        figure, "overview_spend", f"Stacked bars: effective cost per day by {split}, {DAYS} days"
    )
    page.note(
        f"Effective cost in {currency}, last {DAYS} days, taxes and credits included",
        "Spend per day",
        data.statement("cost_per_day", **asked),
    )


def _movers(kpi: dict[str, Any], currency: str) -> None:
    st.subheader("What changed most", anchor=False)
    found = data.ask("movers", currency=currency)
    if found.is_empty():
        st.caption(_unchanged(kpi))
        return
    service, account = (
        pl.col(name).map_elements(charts.plain, return_dtype=pl.String)
        for name in ("service", "account_name")
    )
    named = found.with_columns(pl.format("{} <b>{}</b>", service, account).alias("label"))
    charts.show(
        charts.movers(named, label="label", y="change", currency=currency),
        "overview_movers",
        "Bars: the eight largest changes of cost by service and account",
    )
    page.note(
        f"{kpi['month']:%B} so far against the same days of the month before, taxes and support "
        f"as far as they had been due, in {currency}",
        "What changed most",
        data.statement("movers", currency=currency),
    )
    incident_link(currency, found.row(0, named=True))


def _unchanged(kpi: dict[str, Any]) -> str:
    if kpi["month_to_date"] is None:
        return f"{kpi['month']:%B} has no bills yet: they come a day or more late."
    if kpi["last_month"] is None:
        return uncompared(kpi["month"] - timedelta(days=1))
    return "Nothing changed against the same days of last month."


def _forecast(currency: str) -> None:
    st.subheader("Where it is heading", anchor=False)
    everything = dict.fromkeys(("cloud", "account", "service"))
    asked: dict[str, Any] = {**everything, "level": "total", "currency": currency}
    sums = data.ask("forecast_sums", **asked)
    if sums.is_empty():
        page.empty("There is no forecast yet.", "It needs some weeks of daily costs.")
        return
    made_on: date = sums.item(0, "made_on")  # long ago where the bills are old
    asked["first"] = made_on - timedelta(days=60)
    found = data.ask("forecast_path", **asked)
    charts.show(
        charts.fan(found, today=made_on, currency=currency),
        "overview_forecast",
        "Line: cost per day of the last 60 billed days, and the forecast with its bands",
    )
    page.note(
        f"Effective cost per day in {currency}, with the bands of the total",
        "Forecast",
        data.statement("forecast_path", **asked),
    )
    st.page_link("views/forecasts.py", label="All forecasts", icon=":material/timeline:")
    _quality(currency)


def _quality(currency: str) -> None:
    with st.expander("How good the forecast was in the backtest", icon=":material/rule:"):
        page.table(
            data.ask("forecast_quality", currency=currency).with_columns(
                pl.col("model").str.replace_all("_", " ")
            ),
            key="forecast_quality",
            alt="Models that won the backtest, and how good they were",
            columns={
                "model": st.column_config.TextColumn("Model"),
                "series": st.column_config.NumberColumn(
                    "Chosen for series", help="A series is one service of one account"
                ),
                "wape": st.column_config.NumberColumn(
                    "Error", format="percent", help="Sum of errors over sum of costs, the median"
                ),
                "cover80": st.column_config.NumberColumn("Days in the 80% band", format="percent"),
                "cover95": st.column_config.NumberColumn("Days in the 95% band", format="percent"),
                "folds": st.column_config.NumberColumn("Tests"),
                "horizon_days": st.column_config.NumberColumn("Days ahead"),
            },
        )
        page.note(
            "Each model forecast the past without seeing it; the best one of each series is used.",
            "Backtest",
            data.statement("forecast_quality", currency=currency),
        )


def _savings(kpi: dict[str, Any], currency: str) -> None:
    st.subheader("Largest savings", anchor=False)
    savings = data.ask("top_savings", currency=currency)
    if savings.is_empty():
        is_unjudged = kpi["savings_high"] is None
        st.caption(NO_INVENTORY if is_unjudged else "No open recommendations in this currency.")
    for row in savings.iter_rows(named=True):
        _line(
            row["title"],
            row["resource"],
            money.between(row["saving_month_low"], row["saving_month_high"], currency),
        )
    st.page_link("views/recommendations.py", label="All recommendations", icon=":material/savings:")


def _incidents(currency: str) -> None:
    st.subheader("Open anomalies", anchor=False)
    incidents = incident_feedback.unsettled_open(currency)
    if incidents.is_empty():
        st.caption("Nothing unusual is going on in this currency.")
    for row in incidents.head(TOP).iter_rows(named=True):
        _line(
            row["service"],
            f"{row['account_name']}, since {page.day(row['starts_on'])}",
            money.signed(row["impact"], currency),
        )
    st.page_link("views/anomalies.py", label="All anomalies", icon=":material/troubleshoot:")


def _line(what: str, where: str, amount: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(gap=None):
            st.markdown(money.markdown(what))
            st.caption(money.markdown(where))
        st.markdown(f"**{money.markdown(amount)}**", width="content")


def _health(currency: str) -> None:
    with st.expander("How fresh and how complete the numbers are", icon=":material/verified:"):
        fresh, ties = st.tabs(["Freshness", "Invoices"])
        with fresh:
            _freshness()
        with ties:
            _invoices(currency)


def _freshness() -> None:
    found = page.with_names(data.ask("freshness"), "cloud").with_columns(
        (pl.col("age_hours") / 24).alias("age_days")
    )
    page.table(
        found,
        key="freshness",
        alt="Freshness by source, cloud and kind of reading, what failed first",
        columns={
            "cloud": st.column_config.TextColumn("Cloud"),
            "what": st.column_config.TextColumn("What"),
            "source": st.column_config.TextColumn("Source"),
            "state": st.column_config.TextColumn("State"),
            "until": st.column_config.DatetimeColumn(
                "Known up to (UTC)", format="D MMM YYYY HH:mm"
            ),
            "age_days": st.column_config.NumberColumn("Days behind", format="%.1f"),
            "last_loaded_at": st.column_config.DatetimeColumn(
                "Last read (UTC)", format="D MMM YYYY HH:mm"
            ),
            "failed": st.column_config.TextColumn("Could not be read"),
        },
        rows=20,
        nothing="-",
    )
    page.note(
        "Up to date: it was read, and reaches far enough. A file of bills that is gone from its "
        "source is not told here: its lines stay until a newer delivery of its month comes.",
        "Freshness",
        data.statement("freshness"),
    )


def _invoices(currency: str) -> None:
    found = data.ask("reconciliation", currency=currency)
    ties = found.filter(pl.col("status") == "ties").height
    waiting = found.filter(pl.col("status") == "open").height
    st.caption(
        f"{ties} of {found.height - waiting} invoiced months tie out to the cent; "
        f"{waiting} have no invoice yet."
    )
    page.table(
        page.with_names(found, "cloud"),
        key="reconciliation",
        alt="Billed cost against invoices by billing account and month",
        columns={
            "period": st.column_config.DateColumn("Month", format="MMM YYYY"),
            "cloud": st.column_config.TextColumn("Cloud"),
            "billing_account": st.column_config.TextColumn("Billing account"),
            "status": st.column_config.TextColumn("State"),
            "billed_cost": page.money_column("Billed", currency),
            "invoice_amount": page.money_column("Invoiced", currency),
            **(
                {"credits": page.money_column("Credits", currency, "Stated beside the charges")}
                if found["credits"].null_count() < found.height
                else {}
            ),
            "gap": page.money_column("Gap", currency, "Billed and credits less what is invoiced"),
            "invoice_id": st.column_config.TextColumn("Invoice"),
        },
    )
    page.show_sql("Invoices", data.statement("reconciliation", currency=currency))


def _percent(now: Any, before: Any) -> str | None:
    change = money.change(now, before)
    return None if change is None else f"{change * 100:+.1f}%"


def _points(shares: pl.DataFrame) -> str | None:
    if shares.height < 2:
        return None
    last, this = shares["share"].to_list()[-2:]
    return None if last is None or this is None else f"{(this - last) * 100:+.1f}"


overview()
