"""Costs: where does the money go? From a chart down to the lines of the bill and their file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import charts, data, lines, money, page, visitor

SPLITS = ("service", "cloud", "account", "region", "charge category")
TAG = "tag: "
RESOURCES = 500  # rows of the table; the rest is a filter away
MONTHS = 6


@dataclass(frozen=True)
class Choice:
    """What the visitor wants to see."""

    first: date
    until: date  # exclusive
    months: int
    is_compared: bool  # there are bills for as many months before
    whole: date | None  # the last month, none after the chosen ones, that is billed to its end
    split: str
    measure: str
    grain: str
    filters: dict[str, list[str] | None]
    accounts: dict[str, str]  # cloud and id as `aws/123`: what to call it

    @property
    def tag_key(self) -> str | None:
        """The tag that costs are split by, if it is a tag."""
        return self.split.removeprefix(TAG) if self.split.startswith(TAG) else None

    @property
    def before(self) -> date:
        """Where the time of comparison starts: as many months before."""
        return _months_later(self.first, -self.months)


def costs() -> None:
    """The whole page."""
    page.header("Costs", "Where does the money go, down to the line of the bill?")
    currency = visitor.currency()
    billed = data.ask("cost_months", currency=currency)
    if billed.is_empty():
        page.empty("There are no costs in this currency.", "Load bills: instance-select ingest")
        return
    choice = _choose(billed, currency)
    group = _groups(choice, currency)
    if group is None:
        return
    _inside(choice, group, currency)


def _choose(billed: pl.DataFrame, currency: str) -> Choice:
    months: list[date] = billed["month"].to_list()
    keys: list[str] = data.ask("tag_keys", currency=currency)["tag_key"].to_list()
    with st.container(border=True):
        period, split, measure, grain, filters = st.columns(
            [3, 2, 2, 1.6, 1.2], vertical_alignment="bottom"
        )
        first, last = (
            period.select_slider(
                "Billing months",
                months,
                value=(months[max(0, len(months) - MONTHS)], months[-1]),
                format_func=_month,
                key=f"costs_months_{currency}",
                persist_state="session",
            )
            if len(months) > 1
            else (months[0], months[0])
        )
        chosen_split = split.selectbox(
            "Split by",
            [*SPLITS, *(TAG + key for key in keys)],
            key="costs_split",
            persist_state="session",
            bind="query-params",
        )
        is_tag = chosen_split.startswith(TAG)
        chosen_measure = measure.segmented_control(
            "Cost",
            ["effective", "billed"] if is_tag else ["effective", "billed", "list"],
            default="effective",
            required=True,
            key="costs_measure_of_tags" if is_tag else "costs_measure",
            persist_state="session",
            help="Effective: prepayments spread over their use. Billed: what is invoiced; "
            "of Google Cloud before its credits, which effective cost has. List: at public prices.",
        )
        chosen_grain = grain.segmented_control(
            "Per",
            ["month"] if is_tag else ["month", "day"],
            default="month",
            required=True,
            key="costs_grain_of_tags" if is_tag else "costs_grain",
            persist_state="session",
        )
        accounts = page.account_labels(data.ask("billed_accounts", currency=currency))
        with filters:
            chosen_filters = _filters(currency, accounts, is_tag)
    until = _months_later(last, 1)
    count = (until.year - first.year) * 12 + until.month - first.month
    return Choice(
        first=first,
        until=until,
        months=count,
        is_compared=_months_later(first, -count) >= months[0],
        whole=_newest(billed.filter(pl.col("is_whole") & (pl.col("month") < until))),
        split=chosen_split,
        measure=str(chosen_measure),
        grain=str(chosen_grain),
        filters=chosen_filters,
        accounts=accounts,
    )


def _filters(currency: str, accounts: dict[str, str], is_tag: bool) -> dict[str, list[str] | None]:
    found = data.ask("cost_filters", currency=currency)

    def of(column: str) -> list[str]:
        return found[column].drop_nulls().unique().sort().to_list()

    def written_account(account: str) -> str:
        return accounts.get(account, account)  # chosen in another currency

    fields: dict[str, tuple[str, list[str], Any]] = {
        "clouds": ("Cloud", of("cloud"), page.cloud_name),
        "accounts": ("Account", list(accounts), written_account),
        "services": ("Service", of("service"), str),
        "regions": ("Region", of("region"), str),
        "categories": ("Charge category", of("charge_category"), str),
    }
    used = sum(bool(st.session_state.get(f"costs_{name}")) for name in fields)
    chosen: dict[str, list[str] | None] = dict.fromkeys(fields)
    with st.popover(
        f"Filters ({used})" if used else "Filters", icon=":material/filter_list:", width="stretch"
    ):
        for name, (label, options, written) in fields.items():
            if is_tag and name in ("regions", "categories"):
                st.caption(f"{label}: not available together with a tag")
                continue
            chosen[name] = st.multiselect(
                label,
                options,
                format_func=written,
                placeholder="All",
                key=f"costs_{name}",
                persist_state="session",
            ) or None  # fmt: skip
    return chosen


def _groups(choice: Choice, currency: str) -> dict[str, Any] | None:
    asked = _asked(choice, currency)
    groups_query = "cost_groups_by_tag" if choice.tag_key else "cost_groups"
    groups = data.ask(groups_query, **asked)
    labels = {"cloud": page.CLOUD_NAMES, "account": choice.accounts}.get(choice.split, {})
    if groups.is_empty():
        page.empty(
            "No costs match.",
            "They are zero, or filtered away: take away a filter, or choose other months.",
        )
        return None
    with st.container(border=True):
        _total(choice, groups, currency)
        _chart(choice, asked, labels, currency)
    with st.container(border=True):
        st.subheader(f"By {money.markdown(choice.split)}", anchor=False)
        named = groups.with_columns(pl.col("split").replace(labels).alias("name"))
        columns: dict[str, Any] = {
            "name": st.column_config.TextColumn(
                choice.split[:1].upper() + choice.split[1:], pinned=True, width="medium"
            ),
            "cost": page.money_column("Cost", currency),
            "share": page.share_column("Share", groups["share"]),
        }
        if choice.is_compared:
            columns["before"] = page.money_column(_span(choice.before, choice.first), currency)
            columns["change"] = page.money_column("Change", currency)
        rows = page.table(
            named,
            key="costs_groups",
            alt=f"Cost by {choice.split}",
            select="single-row",
            columns=columns,
            rows=12,
        )
        page.note(
            f"{choice.measure.capitalize()} cost in {currency}, {_span(choice.first, choice.until)}"
            ". Select a row to look inside.",
            f"Cost by {choice.split}",
            data.statement(groups_query, **asked),
        )
        _why(choice, currency)
    return named.row(rows[0], named=True) if rows else None


def _total(choice: Choice, groups: pl.DataFrame, currency: str) -> None:
    total = float(groups["cost"].sum())
    before = float(groups["before"].sum()) if choice.is_compared else None
    difference = money.change(total, before)
    compared = f"vs {_span(choice.before, choice.first)}" if choice.is_compared else ""
    last = _months_later(choice.until, -1)
    is_open = choice.whole is None or choice.whole < last
    what = "billed to its end" if _is_over(last) else "over"
    told = (compared, f"{last:%B} is not {what} yet" if is_open else "")
    st.metric(
        f"{choice.measure.capitalize()} cost, {_span(choice.first, choice.until)}",
        money.markdown(money.full(total, currency)),
        None if difference is None else f"{difference * 100:+.1f}%",
        delta_color="inverse",
        delta_description="; ".join(part for part in told if part) or None,
    )


def _chart(choice: Choice, asked: dict[str, Any], labels: Mapping[str, str], currency: str) -> None:
    query = "cost_per_month_by_tag" if choice.tag_key else f"cost_per_{choice.grain}"
    over_time = data.ask(query, **asked).with_columns(pl.col("split").replace(labels))
    charts.show(
        charts.stacked(
            over_time, x=choice.grain, y="cost", split="split", currency=currency, height=360
        ),
        "costs_chart",
        f"Stacked bars: {choice.measure} cost per {choice.grain} by {choice.split}",
    )
    page.note(
        f"The {charts.MOST} largest and everything else as Other, in {currency}",
        f"Cost per {choice.grain}",
        data.statement(query, **asked),
    )


def _why(choice: Choice, currency: str) -> None:
    # A month that is not billed to its end would cost less than the one before for that alone.
    month = choice.whole
    if month is None:
        st.caption("No month is billed to its end yet, so that none can be compared.")
        return
    with st.expander(
        f"Why {month:%B} cost more or less than the month before: price or quantity?",
        icon=":material/balance:",
    ):
        asked: dict[str, Any] = {"currency": currency, "month": month, **choice.filters}
        found = page.with_names(data.ask("why_changed", **asked), "cloud")
        if found.is_empty():
            st.caption(f"There is no month before {_month(month)} to compare with.")
            return
        page.table(
            found,
            key="costs_why",
            alt="Change of cost by service, split into price, quantity, new and gone",
            columns={
                "service": st.column_config.TextColumn("Service", pinned=True),
                "cloud": st.column_config.TextColumn("Cloud"),
                "cost_before": page.money_column("Month before", currency),
                "cost_after": page.money_column(_month(month), currency),
                "change": page.money_column("Change", currency),
                "price_effect": page.money_column("Price", currency),
                "quantity_effect": page.money_column("Quantity", currency),
                "new_or_gone_effect": page.money_column("New or gone", currency),
            },
        )
        page.note(
            f"Effective cost in {currency}. Price, quantity and new or gone add up to the change "
            "to the cent. A month that is not billed to its end is left out; Overview compares "
            "it by its days.",
            "Why costs changed",
            data.statement("why_changed", **asked),
        )


def _inside(choice: Choice, group: dict[str, Any], currency: str) -> None:
    asked = _asked(choice, currency) | {"resource_id": None, "tag_key": None, "tag_value": None}
    value: str = group["split"]
    fields = {
        "service": "services",
        "cloud": "clouds",
        "account": "accounts",
        "region": "regions",
        "charge category": "categories",
    }
    if choice.tag_key:
        asked |= {"tag_key": choice.tag_key, "tag_value": value}
    else:
        asked[fields[choice.split]] = [value]
    with st.container(border=True):
        st.subheader(f"Inside {money.markdown(group['name'])}", anchor=False)
        resource: dict[str, Any] | None = None
        # What a resource costs is not told by category.
        if choice.tag_key is None and asked["categories"] is None:
            resource = _resources(choice, asked, currency)
        if resource is not None:
            asked |= {
                "resource_id": resource["resource_id"],
                "clouds": [resource["cloud"]],
                "accounts": [f"{resource['cloud']}/{resource['account']}"],
            }
            lines.lines(asked, resource["name"], currency)
        elif st.toggle(
            f"Show the bill lines of {money.markdown(group['name'])}", key="costs_lines_of_group"
        ):
            lines.lines(asked, group["name"], currency)


def _resources(choice: Choice, asked: dict[str, Any], currency: str) -> dict[str, Any] | None:
    asked = asked | {"most": RESOURCES}
    found = data.ask("cost_resources", **asked).with_columns(
        pl.coalesce("resource_name", "resource_id").alias("name"),
        pl.col("cloud").replace(page.CLOUD_NAMES).alias("cloud_name"),
        pl.col(f"{choice.measure}_cost").alias("cost"),
    )
    if found.is_empty():
        st.caption("Nothing in here belongs to a single resource: taxes, fees, credits, support.")
        return None
    rows = page.table(
        found,
        key="costs_resources",
        alt="Cost by resource",
        select="single-row",
        columns={
            "name": st.column_config.TextColumn("Resource", pinned=True),
            "cost": page.money_column(f"{choice.measure.capitalize()} cost", currency),
            "resource_type": st.column_config.TextColumn("Type"),
            "service": st.column_config.TextColumn("Service"),
            "cloud_name": st.column_config.TextColumn("Cloud"),
            "account_name": st.column_config.TextColumn("Account"),
            "region": st.column_config.TextColumn("Region"),
            "resource_id": st.column_config.TextColumn("Id"),
        },
    )
    shown = f"The {RESOURCES} costliest resources" if found.height == RESOURCES else "All resources"
    page.note(
        f"{shown}, {currency}. Select one to see its lines on the bill.",
        "Cost by resource",
        data.statement("cost_resources", **asked),
    )
    return found.row(rows[0], named=True) if rows else None


def _asked(choice: Choice, currency: str) -> dict[str, Any]:
    return {
        "currency": currency,
        "first": choice.first,
        "until": choice.until,
        "before": choice.before,
        "split": choice.split,
        "measure": choice.measure,
        "most": charts.MOST,
        "tag_key": choice.tag_key,
        **choice.filters,
    }


def _newest(months: pl.DataFrame) -> date | None:
    return None if months.is_empty() else months["month"][-1]


def _is_over(month: date) -> bool:
    return _months_later(month, 1) <= data.snapshot().as_of.date()


def _month(month: date) -> str:
    return f"{month:%b %Y}"


def _span(first: date, until: date) -> str:
    last = _months_later(until, -1)
    return _month(first) if last == first else f"{first:%b %Y} to {last:%b %Y}"


def _months_later(month: date, months: int) -> date:
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


costs()
