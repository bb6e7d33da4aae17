"""What every page has in common: its question, where the numbers come from, what is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import duckdb
import polars as pl
import streamlit as st

from actions.errors import ActionError, LedgerUnusable
from app.dashboard import data, decide
from app.dashboard.money import WORD_JOINER, column, markdown
from app.doctor import MISSED
from app.untold_costs import sentence
from app.words import CLOUD_NAMES, cloud_name, day
from pipelines.errors import BrokenSettings
from pipelines.settings import CONFIG_FILE, Settings
from warehouse.errors import (
    LakeUnreachable,
    NothingPublished,
    QueryRefused,
    WarehouseError,
    without_passwords,
)

SelectionMode = Literal["single-row", "single-row-required", "multi-row"]
P = ParamSpec("P")
ROW, HEADER = 35, 40  # pixels of a table
FORMULA = r"^([=+\-@\t\r])"  # a spreadsheet would run what begins so


def header(heading: str, question: str) -> None:
    """The page's heading and question, and the snapshot and data date of every number on it."""
    snapshot = data.snapshot()
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="header")
    with row:
        with st.container(gap=None):
            st.title(heading, anchor=False)
            st.caption(question)
        with st.container(width="content", gap=None, key="source_of_numbers"):
            st.caption(f":material/event: Bills up to **{_last_day()}**")
            st.caption(
                f":material/photo_camera: Snapshot **{snapshot.id}**",
                help=f"Computed for {snapshot.as_of:%-d %b %Y %H:%M} UTC, published "
                f"{snapshot.published_at:%-d %b %Y %H:%M} UTC. Every number on this page can be "
                "computed again on it.",
            )
    _warn_about_age(snapshot)
    _warn_of_untold_costs()


def show_sql(what: str, *statements: str) -> None:
    """The queries behind a figure, exactly as they were run."""
    with st.popover("Show the SQL", icon=":material/code:", type="tertiary"):
        st.caption(f"{markdown(what)}, on snapshot {data.snapshot().id}")
        for statement in statements:
            st.code(statement, language="sql", wrap_lines=True)


def note(text: str, what: str, *statements: str) -> None:
    """The line under a figure: what it shows, and the SQL behind it."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.caption(text)
        with st.container(width="content"):
            show_sql(what, *statements)


def table(
    frame: pl.DataFrame,
    *,
    key: str,
    alt: str,
    columns: dict[str, Any],
    select: SelectionMode | None = None,
    preselect: Sequence[int] = (),
    rows: int = 10,
    nothing: str = "unknown",
) -> list[int]:
    """A table of the named columns; returns the rows that are selected."""
    money = {name: one for name, one in columns.items() if isinstance(one, Money)}
    saved = {name: f"{name}_{one.currency}" for name, one in money.items()}
    frame = frame.rename(saved)
    shown: dict[str, Any] = {
        "column_config": {
            saved.get(name, name): money[name].shown if name in money else one
            for name, one in columns.items()
        },
        "column_order": [saved.get(name, name) for name in columns],
        "hide_index": True,
        "alt": alt,
        "placeholder": nothing,
        "height": "content" if len(frame) <= rows else HEADER + ROW * rows,
    }
    if select is None:
        st.dataframe(_as_text(frame), key=key, **shown)
        return []
    state: Any = st.dataframe(
        _as_text(frame),
        # A selection is row numbers: with other rows it would mean something else.
        key=f"{key}_{frame.hash_rows().sum()}",
        on_select="rerun",
        selection_mode=select,
        selection_default={"selection": {"rows": list(preselect)}},
        **shown,
    )
    chosen: list[int] = state["selection"]["rows"]
    return chosen


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with names that are no formula in the CSV that each table can be saved as."""
    return frame.with_columns(pl.col(pl.String).str.replace(FORMULA, f"{WORD_JOINER}${{1}}"))


def share_column(label: str, shares: pl.Series) -> Any:
    """A table column of shares as bars; as numbers where one is below nothing or above all.

    A bar ends there, and what is saved or copied of its table says so, too.

    >>> [share_column("Share", pl.Series(s))["type_config"]["type"] for s in ([0.5, None], [1.2])]
    ['progress', 'number']
    """
    if shares.is_between(0, 1).all():
        return st.column_config.ProgressColumn(label, format="percent", min_value=0, max_value=1)
    return st.column_config.NumberColumn(label, format="percent")


@dataclass(frozen=True)
class Money:
    """A table column of money; what a table is saved as has the currency in its name."""

    shown: Any
    currency: str


def money_column(label: str, currency: str, help: str | None = None) -> Money:
    """A table column of money in one currency, sortable as numbers."""
    shown, written = column(label, currency)
    return Money(st.column_config.NumberColumn(shown, format=written, help=help), currency)


def with_names(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with the clouds in that column called as a reader calls them."""
    return frame.with_columns(pl.col(column).replace(CLOUD_NAMES))


def account_labels(accounts: pl.DataFrame) -> dict[str, str]:
    """What to call each account, by its cloud and id as `aws/123`; those of one name differ.

    >>> account_labels(pl.DataFrame({
    ...     "cloud": ["aws", "aws", "aws", "gcp"], "account": ["1", "2", "prod", "prod"],
    ...     "account_name": ["web", "web", "shop", "shop"]}))
    {'aws/1': 'web (1)', 'aws/2': 'web (2)', 'aws/prod': 'shop (AWS, prod)', \
'gcp/prod': 'shop (Google Cloud, prod)'}
    """
    alike: dict[str, set[tuple[str, str]]] = {}
    rows = accounts.select("account_name", "cloud", "account").unique(maintain_order=True).rows()
    for name, cloud, account in rows:
        alike.setdefault(name, set()).add((cloud, account))
    labels: dict[str, str] = {}
    for name, cloud, account in rows:
        others = alike[name]
        is_one_id = len({one for _, one in others}) < len(others)
        which = f" ({cloud_name(cloud)}, {account})" if is_one_id else f" ({account})"
        labels[f"{cloud}/{account}"] = name + (which if len(others) > 1 else "")
    return labels


def rows_of(evidence: str | None, key: str) -> None:
    """The facts behind a claim: its query, and the rows it gives on this snapshot."""
    if not evidence:
        st.caption("There is no evidence query.")
        return
    try:
        rows = data.evidence(evidence)
    except (QueryRefused, duckdb.Error) as error:
        problem(error)
    else:
        st.dataframe(
            _as_text(rows), key=key, hide_index=True, placeholder="unknown", alt="Evidence rows"
        )
    st.code(evidence, language="sql", wrap_lines=True)


def empty(what: str, do: str) -> None:
    """Say that there is nothing here, and what would change that."""
    with st.container(border=True):
        st.markdown(f":material/inbox: **{what}**")
        st.caption(markdown(do))


def problem(error: Exception) -> None:
    """One of our own errors, in its own words: what was found, and what to do."""
    told = without_passwords(str(error)).splitlines()
    st.error("  \n".join(map(markdown, told)), icon=":material/error:")


def dialog(
    title: str, *, width: Literal["small", "medium", "large"], icon: str
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """As `st.dialog`, of which no error reaches the page around it: broken settings are told."""

    def opens(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def told(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                draw(*args, **kwargs)
            except BrokenSettings as error:
                problem(error)

        return st.dialog(title, width=width, icon=icon)(told)

    return opens


@st.fragment(run_every=4)
def broken_settings() -> None:
    """The whole page while the settings can't be understood; looks again by itself."""
    try:
        data.settings()
    except BrokenSettings as error:
        problem(error)
        st.caption(":material/sync: This page opens again by itself as soon as that is corrected.")
        return
    st.rerun(scope="app")


@st.fragment(run_every=4)
def out_of_reach() -> None:
    """The whole page while the server of a store is away; looks again by itself."""
    try:
        data.begin()
        decide.people()
    except (LakeUnreachable, LedgerUnusable) as error:
        problem(error)
        st.caption(":material/sync: This page opens again by itself as soon as that is over.")
        return
    except (ActionError, BrokenSettings, WarehouseError):
        pass  # the page itself says what it is
    st.rerun(scope="app")


@st.fragment(run_every=4)
def nothing_yet(heading: str) -> None:
    """The whole page before the first run; looks again by itself."""
    st.title(heading, anchor=False)
    with st.container(border=True):
        st.subheader("There is no data yet", anchor=False)
        try:
            settings = data.settings()
        except BrokenSettings:
            st.rerun(scope="app")
        st.write(markdown(f"Nothing is published in {settings.home} yet. What to do next:"))
        st.code(first_steps(settings), language="bash", wrap_lines=True)
        st.caption(
            ":material/sync: This page looks again every few seconds and opens by itself as soon "
            "as the first run has been published."
        )
    try:
        data.begin()
    except NothingPublished:
        return
    st.rerun(scope="app")


def first_steps(settings: Settings) -> str:
    """The commands that lead from a home as it is to its first run, each with what it is for."""
    home = "" if settings.home.resolve() == Path("var").resolve() else f" --home {settings.home}"
    file = settings.home / CONFIG_FILE
    if not file.exists():
        return (
            f"# a simulated company\ninstance-select demo{home}\n\n"
            f"# or bills that you have as files\n"
            f"instance-select ingest PATH_OF_YOUR_EXPORT{home}\ninstance-select run{home}\n\n"
            f"# or clouds of your own: name them in the file that this writes\n"
            f"instance-select init{home}"
        )
    name = "" if settings.sources else f"# name your sources in {file}, then\n"
    return (
        f"{name}# look whether each source can be read\ninstance-select doctor{home}\n\n"
        f"# read them, and compute everything\ninstance-select run{home}"
    )


def ago(moment: datetime) -> str:
    """How long ago that was, in words."""
    hours = (datetime.now(UTC).replace(tzinfo=None) - moment).total_seconds() / 3600
    if hours < 1:
        return "less than an hour ago"
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"


def _last_day() -> str:
    return day(data.ask("data_date").item(0, "last_charge_day"))


def _warn_about_age(snapshot: data.Snapshot) -> None:
    if datetime.now(UTC).replace(tzinfo=None) - snapshot.published_at > MISSED:
        st.warning(
            f"These numbers were computed {ago(snapshot.published_at)}. Run `instance-select run`, "
            "or keep `instance-select serve` running, which does it daily.",
            icon=":material/schedule:",
        )
    late = data.ask("late_bills")
    if late.is_empty():
        return
    rows = list(late.iter_rows(named=True))
    parts = ", ".join(
        f"{'source ' if row['reason'] else ''}**{markdown(cloud_name(row['name']))}** "
        f"({markdown(row['what'])})"
        for row in rows
    )
    effect = (
        "Totals of these are too low until they arrive; forecasts estimate the days that are "
        "missing."
        if late["is_money"].any()
        else "Costs are whole; what is said of resources and prices is older."
    )
    st.warning(f"Incomplete or late data: {parts}. {effect}", icon=":material/schedule:")
    reasons = [
        f"- **{markdown(row['name'])}**: {markdown(row['reason'])}" for row in rows if row["reason"]
    ]
    if reasons:
        with st.expander("Why, and what to do", icon=":material/build:"):
            st.markdown("\n".join(reasons))


def _warn_of_untold_costs() -> None:
    for row in data.ask("untold_costs").iter_rows(named=True):
        st.warning(
            sentence(row, f"**{markdown(cloud_name(row['cloud']))}**"),
            icon=":material/money_off:",
        )
