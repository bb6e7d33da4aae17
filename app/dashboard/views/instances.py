"""Instances: what is the cheapest that fits, and what would fit for less?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from app.dashboard import data, money, page, visitor
from app.dashboard.market import market
from app.errors import BadInput
from app.selection import Chosen, choose, completed, need_of
from app.selection_words import price_name, rejection
from app.words import cloud_name, day
from models.selection.as_sql import counting, ranking
from models.selection.market import Market
from models.selection.requirements import MOST_COUNTED, Range, Requirements

MOST = 100  # offers shown
OS = "linux"
LEAST = (2.0, 8.0)  # vCPUs and GiB that a page starts with
PRICES = ("on_demand", "spot", "cud_1y", "cud_3y")  # that can be asked for


def instances() -> None:
    """The whole page."""
    page.header("Instances", "What is the cheapest that fits, and what would fit for less?")
    currency = visitor.currency()
    with market() as found:
        if not _has_prices(found, currency):
            page.empty(
                f"There are no prices in {currency}.",
                "Those that come with the product are in USD, and 'instance-select select' asks "
                "them. For others, name a source that has some: 'instance-select doctor' tells.",
            )
            return
        asked = _ask(found, currency)
        try:
            chosen = choose(found, asked, MOST)
        except BadInput as error:
            page.problem(error)
            return
    with st.container(border=True):
        _offers(chosen, asked)
    with st.container(border=True):
        _near_misses(chosen, currency)


def _has_prices(found: Market, currency: str) -> bool:
    query = "select 1 from place where currency = ? limit 1"
    return found.connection.execute(query, [currency]).fetchone() is not None


def _ask(found: Market, currency: str) -> Requirements:
    """What the visitor wants; a machine that runs fills in what nothing is said about."""
    with st.container(border=True):
        like = _like(currency)
        need = None
        if like is not None:
            machine, need = need_of(found, "/".join(like))
            _explain(machine, need.reasons)
        sets, ranges, flags = _filters(found, currency, has_machine=like is not None)
        near, limits = _green_and_near(_known(found, "region", currency))
        extras = _extras()
    sets.setdefault("price_type", ("on_demand",))
    ranges |= limits
    os = OS if need is None else need.asked.os
    asked = Requirements(ranges, sets, flags, os=os, currency=currency, near=near, **extras)
    return asked if need is None else completed(asked, need.asked)


def _like(currency: str) -> tuple[str, str, str] | None:
    """Cloud, account and id of the chosen machine: hosts of two accounts may have one id."""
    machines = list(data.ask("machines_in_use", currency=currency).iter_rows(named=True))
    alike = Counter((row["name"], row["region"]) for row in machines)
    names: dict[tuple[str, str, str], str] = {}
    for row in machines:
        which = f"{row['sku']}, {row['region']}"
        if alike[row["name"], row["region"]] > 1:
            which += f", {row['resource_id']} in {row['account_name']}"
        names[row["cloud"], row["account"], row["resource_id"]] = f"{row['name']} ({which})"
    return st.selectbox(
        "Like a machine that runs",
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder="None: say below what is needed",
        key=f"instances_like_{currency}",
        persist_state="session",
        help="What it needs by its measured use, with the headroom of the right-sizing checks, in "
        "its region and of its architecture. What you say below goes before that.",
    )


def _explain(machine: Mapping[str, Any], reasons: Sequence[str]) -> None:
    told = "; ".join(reasons) or "nothing is known of its size"
    name = machine["name"] or machine["resource_id"]
    kind = f"{machine['instance_type']} with {machine['os']}"
    st.caption(money.markdown(f"{name} is {kind} and needs {told}."))


def _filters(
    found: Market, currency: str, *, has_machine: bool
) -> tuple[dict[str, tuple[str, ...]], dict[str, Range], dict[str, bool]]:
    place, size, kind = st.columns([2, 2, 2])
    sets: dict[str, tuple[str, ...]] = {}
    with place:
        sets |= _members("cloud", "Clouds", _known(found, "cloud", currency), cloud_name)
        sets |= _members("region", "Regions", _known(found, "region", currency))
        sets |= _members("country", "Countries", ["EU", *_known(found, "country", currency)])
    with size:
        least = (None, None) if has_machine else LEAST  # what the machine needs goes in unsaid
        ranges = _limits("vcpus", "vCPUs", least[0]) | _limits(
            "memory_gib", "Memory, GiB", least[1]
        )
        ranges |= _limits("gpus", "GPUs", None)
    with kind:
        sets |= _members("price_type", "Prices", list(PRICES), price_name, "On demand")
        sets |= _members("arch", "Architecture", ["x86_64", "arm64"])
        with st.container(horizontal=True):
            allowed = {
                "burstable": st.checkbox("Burstable too", True, key="instances_burstable"),
                "bare_metal": st.checkbox("Bare metal too", True, key="instances_bare_metal"),
                "doubtful": st.checkbox(
                    "Doubtful prices too",
                    False,
                    key="instances_doubtful",
                    help="Prices below half of what the type costs in most regions: a mistake of "
                    "whoever states them, or a discount of its own.",
                ),
            }
    return sets, ranges, {name: False for name, is_allowed in allowed.items() if not is_allowed}


def _known(found: Market, column: str, currency: str) -> list[str]:
    query = f"select distinct {column} from place where currency = ? and {column} is not null"
    return sorted(name for (name,) in found.connection.execute(query, [currency]).fetchall())


def _members(
    name: str, label: str, options: list[str], written: Any = str, nothing: str = "All"
) -> dict[str, tuple[str, ...]]:
    chosen = st.multiselect(
        label,
        options,
        format_func=written,
        placeholder=nothing,
        key=f"instances_{name}",
        persist_state="session",
    )
    return {name: tuple(chosen)} if chosen else {}


def _limits(name: str, label: str, least: float | None) -> dict[str, Range]:
    from_, to = st.columns(2)
    low = from_.number_input(
        f"{label}, at least", min_value=0.0, value=least, step=1.0, format="%g",
        key=f"instances_{name}_low_{least}", placeholder="any", persist_state="session",
    )  # fmt: skip
    high = to.number_input(
        f"{label}, at most", min_value=0.0, value=None, step=1.0, format="%g",
        key=f"instances_{name}_high", placeholder="any", persist_state="session",
    )  # fmt: skip
    return {} if low is None and high is None else {name: Range(low, high)}


def _green_and_near(regions: Sequence[str]) -> tuple[str | None, dict[str, Range]]:
    """The region to be near to, and how much carbon and how long a round trip at most."""
    green, where, away = st.columns([2, 2, 2])
    most = {
        "carbon_g_kwh": green.number_input(
            "Carbon of the grid, g CO2e per kWh, at most", min_value=0.0, value=None,
            placeholder="any", format="%g", key="instances_carbon", persist_state="session",
            help="A yearly average of the region's grid. Google states its own, of 2025; of AWS "
            "and Azure it is that of the country, or of a part of the United States, near 2021.",
        )
    }  # fmt: skip
    near = where.selectbox(
        "Near the region", regions, index=None, placeholder="anywhere", key="instances_near",
        persist_state="session",
    )  # fmt: skip
    milliseconds = away.number_input(
        "Round trip to it, ms, at most", min_value=0.0, value=None, placeholder="any",
        format="%g", disabled=near is None, key="instances_latency", persist_state="session",
        help="As measured between regions of one cloud; known for AWS, Azure and Google Cloud.",
    )  # fmt: skip
    if near is not None:
        most["latency_ms"] = milliseconds
    return near, {name: Range(None, limit) for name, limit in most.items() if limit is not None}


def _extras() -> dict[str, float | None]:
    labels = {
        "disk_gib": ("Disk, GiB", "A network disk of the kind that you buy most of there."),
        "egress_gib_month": ("Egress, GiB a month", "Data sent to the internet."),
        "restart_hours": (
            "Hours lost by an interruption",
            "Of spot machines: work that is done again. Known for AWS only.",
        ),
    }
    with st.expander("Count disk, egress and interruptions into the price"):
        fields = st.columns(len(labels))
        return {
            name: field.number_input(
                label, min_value=0.0, max_value=float(MOST_COUNTED), value=None,
                placeholder="none", help=help, key=f"instances_{name}", persist_state="session",
            )
            for field, (name, (label, help)) in zip(fields, labels.items(), strict=True)
        }  # fmt: skip


def _offers(chosen: Chosen, asked: Requirements) -> None:
    st.subheader("What fits, the cheapest first", anchor=False)
    if not chosen.offers:
        page.empty("Nothing fits.", "Take away what is asked for; what just misses is below.")
    else:
        page.table(
            _frame(chosen.offers, asked.near),
            key="instances_offers",
            alt="Offers that fit, the cheapest first",
            columns=_columns(asked.currency, asked.near),
            rows=10,
        )
    if chosen.unpriced:
        st.caption(f":material/help: {chosen.unpriced}")
    for text in dict.fromkeys(text for one in chosen.offers for text in one["unknown"].values()):
        st.caption(f":material/help: Unknown: {money.markdown(text)}")
    told = ", ".join(rejection(*one) for one in chosen.rejected.items())
    keys = [
        " ".join(one[part] for part in ("cloud", "region", "instance_type", "price_type"))
        for one in chosen.offers
    ]
    page.note(
        f"{chosen.accepted:,} of {chosen.considered:,} prices in {asked.currency} fit"
        f"{_dates(chosen.offers)}. Rejected by: {told or 'nothing'}.",
        "The prices of these offers; then how they were found in the tables of "
        "models/selection/market.sql",
        data.statement("offered_prices", currency=asked.currency, os=asked.os, offers=keys),
        ranking(asked, MOST).strip(),
        counting(asked).strip(),
    )


def _dates(offers: Sequence[Mapping[str, Any]]) -> str:
    known = sorted(one["as_of"] for one in offers if one["as_of"] is not None)
    if not known:
        return ""
    return f"; prices of {day(known[0])}" + (
        f" to {day(known[-1])}" if known[0] != known[-1] else ""
    )


def _frame(offers: Sequence[Mapping[str, Any]], near: str | None) -> pl.DataFrame:
    away = () if near is None else ("latency_ms",)
    numbers = ("vcpus", "memory_gib", "price_hour", "marginal_hour", "total_hour", "carbon_g_kwh")
    names = ("region", "instance_type", "arch", "as_of", "source")
    rows = [
        {
            "cloud": cloud_name(one["cloud"]),
            "price_type": price_name(one["price_type"]),
            **{name: None if one[name] is None else float(one[name]) for name in (*numbers, *away)},
            "total_month": None if one["total_month"] is None else float(one["total_month"]),
            **{name: one[name] for name in names},
        }
        for one in offers
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _columns(currency: str, near: str | None) -> dict[str, Any]:
    hour = f"{money.sign(currency).strip()}%.4f"
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "instance_type": text("Type", pinned=True),
        "cloud": text("Cloud"),
        "region": text("Region"),
        "vcpus": number("vCPU", format="%g"),
        "memory_gib": number("GiB", format="%g"),
        "arch": text("Architecture"),
        "price_type": text("Price"),
        "price_hour": page.Money(number("List, an hour", format=hour), currency),
        "marginal_hour": page.Money(
            number("Yours, an hour", format=hour, help="Less what lies idle of your commitments."),
            currency,
        ),
        "total_month": page.money_column("Total, a month", currency),
        "carbon_g_kwh": number("Carbon, g/kWh", format="%.0f", help="CO2e of the region's grid."),
        "latency_ms": number(f"Round trip to {near}, ms", format="%.0f"),
        "as_of": st.column_config.DateColumn("Price of", format="D MMM YYYY"),
        "source": text("Stated by"),
    }


def _near_misses(chosen: Chosen, currency: str) -> None:
    st.subheader("What just misses", anchor=False)
    if not chosen.near_misses:
        is_unknown = bool(chosen.offers) and chosen.offers[0]["total_hour"] is None
        st.caption(
            "That can't be told: the total of the cheapest offer is unknown."
            if is_unknown
            else "Nothing that fails one requirement only would be cheaper."
            if chosen.offers
            else "Nothing fails one requirement only."
        )
        return
    st.markdown("\n".join(f"- {money.markdown(one['sentence'])}" for one in chosen.near_misses))
    st.caption(
        f"Each fails exactly one requirement, all its data are known, and it is the cheapest of "
        f"those that miss by so little. Savings against the first offer, in {currency} by a month "
        "of 730.5 hours."
    )


instances()
