"""Forecasts: what will it cost, how sure is that, and what changes?"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, forecast_causes, money, page, visitor
from app.dashboard.incident_link import incident_link
from app.words import counted, period, uncompared

ALL = "All"
LEAST = 0.5  # of a change that is told, in the currency
SHOWN = 8  # causes in the waterfall; the rest is one bar
BACK = 90  # days before the forecast in the chart
STATES = {
    "breached": "broken", "at_risk": "at risk", "within": "within", "kept": "kept",
    "unknown": "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What is looked at; None means all of them."""

    cloud: str | None = None
    account: str | None = None
    service: str | None = None

    @property
    def level(self) -> str:
        """The level of the forecast that belongs to it."""
        if self.service:
            return "service"
        return "account" if self.account else "cloud" if self.cloud else "total"


def forecasts() -> None:
    """The whole page."""
    page.header("Forecasts", "What will it cost, how sure is that, and what changes?")
    currency = visitor.currency()
    scopes = data.ask("forecast_scopes", currency=currency)
    if scopes.is_empty():
        page.empty(
            f"There is no forecast in {currency} yet.", "It needs some weeks of daily costs."
        )
        return
    scope = _choose(scopes)
    asked: dict[str, Any] = {**vars(scope), "level": scope.level, "currency": currency}
    sums = data.ask("forecast_sums", **asked)
    if sums.is_empty():
        page.empty("Nothing is known of these costs.", "Choose another account or service.")
        return
    _answer(sums, currency)
    _path(sums.item(0, "made_on"), asked)
    forecast_causes.known_steps(asked)
    _sums(sums, asked)
    _change(sums, asked)
    forecast_causes.price_and_quantity(asked)
    _budgets(currency)
    _quality(asked)


def _choose(scopes: pl.DataFrame) -> Scope:
    accounts = page.account_labels(scopes)
    place = pl.format("{}/{}", "cloud", "account")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cloud = _pick("Cloud", scopes["cloud"], page.cloud_name)
        scopes = scopes.filter(pl.col("cloud") == cloud) if cloud else scopes
        account = _pick("Account", scopes.select(place).to_series(), accounts.__getitem__)
        if account is None:
            return Scope(cloud)
        scopes = scopes.filter(place == account)
        service = _pick("Service", scopes["service"], str)
    return Scope(scopes.item(0, "cloud"), scopes.item(0, "account"), service)


def _pick(label: str, values: pl.Series, written: Any) -> str | None:
    options = [ALL, *values.unique().sort().to_list()]
    key = f"forecasts_{label.lower()}"
    if st.session_state.get(key, ALL) not in options:
        st.session_state[key] = ALL  # another currency or cloud does not have it
    chosen: str = st.selectbox(
        label,
        options,
        format_func=lambda v: ALL if v == ALL else written(v),
        key=key,
        width=300,
        bind="query-params",
    )
    return None if chosen == ALL else chosen


def _answer(sums: pl.DataFrame, currency: str) -> None:
    """The answer in a sentence, then the cards."""
    month = sums.row(by_predicate=pl.col("horizon") == "month_end", named=True)
    known = money.markdown(money.short(month["known"], currency))
    billed = "None of it is billed yet." if month["known"] is None else (
        f"{known} of it is billed already; the rest is a forecast."
    )  # fmt: skip
    text = f"**{month['starts_on']:%B}** will likely cost {_expected(month, currency)} {billed}"
    if month["wape"] is not None:
        text += (
            f" Forecasts of as many days, made at {counted(month['folds'], 'moment')} of the past, "
            f"were off by {money.percent(month['wape'], 1)} of their sum on average."
        )
    year = sums.row(by_predicate=pl.col("horizon") == "year_end", named=True)
    text += f" The year {year['last_day']:%Y} will likely end at {_expected(year, currency)}"
    if year["billed_from"] is not None:
        text += (
            f" There are bills from {page.day(year['billed_from'])} only: "
            "if there was cost before, it is not counted."
        )
    st.markdown(text)
    for card, row in zip(st.columns(sums.height), sums.iter_rows(named=True), strict=True):
        card.metric(
            _period(row),
            money.markdown(money.short(row["mean"], currency)),
            money.markdown(money.between(row["lo80"], row["hi80"], currency)),
            delta_color="off",
            delta_arrow="off",
            delta_description="in 8 of 10 cases",
            border=True,
            help=f"From {page.day(row['billed_from'] or row['starts_on'])} "
            f"to {page.day(row['last_day'])}.",
        )


def _period(row: dict[str, Any]) -> str:
    today = data.snapshot().as_of.date()
    return period(row["horizon"], row["starts_on"], row["last_day"], today)


def _expected(row: dict[str, Any], currency: str) -> str:
    mean = money.markdown(money.short(row["mean"], currency))
    ends = money.markdown(money.between(row["lo80"], row["hi80"], currency))
    return f"**{mean}**, in 8 of 10 cases {ends}."


def _path(made_on: date, asked: dict[str, Any]) -> None:
    asked = {**asked, "first": made_on - timedelta(days=BACK)}
    found = data.ask("forecast_path", **asked)
    charts.show(
        charts.fan(found, today=made_on, currency=asked["currency"]),
        "forecasts_path",
        "Line: cost per day of the last months, and the forecast with its bands of 80 and 95 %",
    )
    page.note(
        f"Effective cost per day in {asked['currency']}. The bands are learned from the errors "
        "that the forecast of this very sum made in the past.",
        "Forecast per day",
        data.statement("forecast_path", **asked),
    )


def _sums(sums: pl.DataFrame, asked: dict[str, Any]) -> None:
    st.subheader("To the end of each period", anchor=False)
    currency = asked["currency"]
    page.table(
        sums.with_columns(pl.Series("horizon", [_period(row) for row in sums.to_dicts()])),
        key="forecasts_sums",
        alt="Expected cost with ranges, for each period",
        columns={
            "horizon": st.column_config.TextColumn("Period"),
            "last_day": st.column_config.DateColumn("Until", format="D MMM YYYY"),
            "known": page.money_column("Billed", currency),
            "mean": page.money_column("Expected", currency),
            "lo80": page.money_column("80% from", currency),
            "hi80": page.money_column("to", currency),
            "lo95": page.money_column("95% from", currency),
            "hi95": page.money_column("to ", currency),
            "wape": st.column_config.NumberColumn(
                "Error", format="percent", help="Of such sums in the backtest, on average"
            ),
            "bias": st.column_config.NumberColumn(
                "Bias", format="percent", help="Above 0: too much was expected"
            ),
            "folds": st.column_config.NumberColumn("Tests", help="Moments of the past"),
        },
        nothing="-",
    )
    page.note(
        "Parts add up to the whole: the expectation of a cloud is the sum of its accounts and "
        "services. Ranges do not add up; each has its own.",
        "Periods",
        data.statement("forecast_sums", **asked),
    )


def _change(sums: pl.DataFrame, asked: dict[str, Any]) -> None:
    month: date = sums.row(by_predicate=pl.col("horizon") == "month_end", named=True)["starts_on"]
    asked = {**asked, "month": month}
    last_month = (month - timedelta(days=1)).replace(day=1)
    st.subheader(f"What changes against {last_month:%B}", anchor=False)
    if last_month not in data.ask("cost_months", currency=asked["currency"])["month"].to_list():
        st.caption(uncompared(last_month))
        return
    found = data.ask("forecast_change", **asked)
    before, now = float(found["before"].sum()), float(found["now"].sum())
    steps = _steps(found)
    charts.show(
        charts.waterfall(
            [(f"{last_month:%B}", before), *steps, (f"{month:%B}, expected", now)],
            currency=asked["currency"],
        ),
        "forecasts_change",
        "Waterfall: from the cost of a month to the expectation for the next, by service",
    )
    page.note(
        _advice(found, asked["currency"], last_month),
        "Changes",
        data.statement("forecast_change", **asked),
    )
    more = found.filter(pl.col("change") >= LEAST)
    if more.height:
        top = more.row(0, named=True)
        incident_link(asked["currency"], top)
        st.page_link(
            "views/recommendations.py", label="What can be saved", icon=":material/savings:"
        )


def _steps(found: pl.DataFrame) -> list[tuple[str, float]]:
    rows = list(found.filter(pl.col("change").abs() >= LEAST).iter_rows(named=True))
    named = [
        (
            charts.plain(f"{row['service']}, {row['account_name']}")
            + f" <b>{page.cloud_name(row['cloud'])}</b>",
            float(row["change"]),
        )
        for row in rows[:SHOWN]
    ]
    rest = float(found["change"].sum()) - sum(change for _, change in named)
    return [*named, ("All others", rest)] if abs(rest) >= LEAST else named


def _advice(found: pl.DataFrame, currency: str, last_month: date) -> str:
    """What adds most, and what is to be read from it."""
    more = found.filter(pl.col("change") >= LEAST)
    if more.is_empty():
        return f"Nothing is expected to cost more than in {last_month:%B}."
    top = more.row(0, named=True)
    text = (
        f"{top['service']} in {top['account_name']} adds most: "
        f"{money.short(top['change'], currency)}. Red is more, green is less than in "
        f"{last_month:%B}; the axis may begin above zero."
    )
    return money.markdown(text)


def _budgets(currency: str) -> None:
    st.subheader("Budgets", anchor=False)
    found = data.ask("budgets", currency=currency)
    if found.is_empty():
        page.empty(
            f"No budget in {currency}.",
            f"Set one: instance-select budget set NAME --amount 5000 --currency {currency}",
        )
        return
    page.table(
        found.with_columns(
            pl.col("status").replace(STATES),
            pl.Series("chance", [money.chance(p) for p in found["breach_probability"]]),
            pl.when(pl.col("scope") == "")
            .then(pl.lit("everything"))
            .otherwise("scope")
            .alias("scope"),
        ),
        key="forecasts_budgets",
        alt="Budgets with the chance that they are broken",
        columns={
            "name": st.column_config.TextColumn("Budget"),
            "scope": st.column_config.TextColumn("Of"),
            "period": st.column_config.TextColumn("Each"),
            "last_day": st.column_config.DateColumn("Until", format="D MMM YYYY"),
            "amount": page.money_column("Allowed", currency),
            "spent": page.money_column("Spent", currency),
            "spent_share": page.share_column("of it", found["spent_share"]),
            "expected": page.money_column("Expected", currency),
            "lo80": page.money_column("80% from", currency),
            "hi80": page.money_column("to", currency),
            "chance": st.column_config.TextColumn("Chance of a breach"),
            "breach_on": st.column_config.DateColumn("Breach on", format="D MMM YYYY"),
            "status": st.column_config.TextColumn("State"),
            "reason": st.column_config.TextColumn("Note"),
        },
        nothing="-",
    )
    page.note(
        "At risk: more likely broken than kept. The day is the one on which the expectation "
        "passes what is allowed.",
        "Budgets",
        data.statement("budgets", currency=currency),
    )


def _quality(asked: dict[str, Any]) -> None:
    with st.expander("Which models were chosen, and how good they were", icon=":material/rule:"):
        found = page.with_names(data.ask("forecast_models", **asked), "cloud").with_columns(
            pl.col("model").str.replace_all("_", " ")
        )
        page.table(
            found,
            key="forecasts_models",
            alt="The chosen model of each series, with its errors in the backtest",
            columns={
                "service": st.column_config.TextColumn("Service"),
                "account": st.column_config.TextColumn("Account"),
                "cloud": st.column_config.TextColumn("Cloud"),
                "cost_ahead": page.money_column("Next 30 days", asked["currency"]),
                "model": st.column_config.TextColumn("Model"),
                "wape": st.column_config.NumberColumn(
                    "Error", format="percent", help="Sum of errors per day over sum of costs"
                ),
                "bias": st.column_config.NumberColumn("Bias", format="percent"),
                "cover80": st.column_config.NumberColumn("Days in 80% band", format="percent"),
                "cover95": st.column_config.NumberColumn("Days in 95% band", format="percent"),
                "folds": st.column_config.NumberColumn("Tests"),
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
            rows=12,
        )
        page.note(
            "Each model forecast the past without seeing it; what does not beat last week's "
            "pattern is not used.",
            "Backtest",
            data.statement("forecast_models", **asked),
        )


forecasts()
