"""Every drawing of the dashboard: one look, our own colours, axes in the reader's currency."""

from collections.abc import Sequence
from datetime import date
from html import escape
from itertools import accumulate
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from app.dashboard.money import UNKNOWN, short, sign, signed

COLOURS = (
    "#0f8f88", "#5470d6", "#d9730d", "#b65596", "#5f9136", "#2f86c5", "#cf4f57", "#9d7f1a",
)  # fmt: skip
REST = "#8492a0"  # Other, and what is only context
OVER, UNDER = "#d0484b", "#2e8b57"
CLOUDS = ("AWS", "Google Cloud", "Azure", "DigitalOcean", "On-premises", "Oracle Cloud")
OTHER = "Other"
LONGEST = 60  # characters of a name on a label
MOVER = 44  # pixels per bar and its label
LEGEND = 19  # pixels per line of a legend
MOST = 7  # series in one chart; the rest is Other
DAY_WIDTH = 0.8 * 86_400_000  # milliseconds; else days that lie a month apart are a month wide
WIDE = "rgba(132, 146, 160, 0.20)"  # the band of 95 %
NARROW = "rgba(132, 146, 160, 0.42)"  # the one of 80 % inside of it


def fig(height: int = 300) -> go.Figure:
    """An empty figure in the house look."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        colorway=COLOURS,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hovermode="x unified",
        bargap=0.18,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.03, "x": 0, "yanchor": "bottom", "traceorder": "normal"},
        separators=".,",
        dragmode=False,
    )
    figure.update_xaxes(fixedrange=True, automargin=True, title=None)
    figure.update_yaxes(fixedrange=True, automargin=True, title=None, nticks=6)
    return figure


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Put a figure on the page, with the words for those who can't see it."""
    if "Mobi" in (st.context.headers.get("User-Agent") or ""):
        layout: Any = figure.layout
        figure.update_layout(height=layout.height + LEGEND * _legend_lines(figure))
    config = {"displayModeBar": False, "responsive": True, "doubleClick": False}
    st.plotly_chart(figure, key=key, config=config, alt=alt)


def _legend_lines(figure: go.Figure) -> int:
    """How many lines the legend has on a phone, where it is a column above the chart."""
    layout: Any = figure.layout
    traces: Any = figure.data
    if layout.showlegend is False:
        return 0
    return sum(one.showlegend is not False and bool(one.name) for one in traces)


def stacked(
    frame: pl.DataFrame, *, x: str, y: str, split: str, currency: str, height: int = 320
) -> go.Figure:
    """Bars over time, one colour per value of `split`, the largest at the bottom."""
    figure = fig(height)
    frame = frame.with_columns(pl.col(split).fill_null(UNKNOWN))
    monthly = x == "month"
    for index, name in enumerate(_by_size(frame, y, split)):
        part = frame.filter(pl.col(split) == name).sort(x)
        figure.add_bar(
            x=part[x].to_list(),
            y=part[y].to_list(),
            name=plain(name),
            marker={"color": colour(name, index), "line": {"width": 0}},
            width=None if monthly else DAY_WIDTH,
            customdata=[short(value, currency) for value in part[y]],
            hovertemplate="%{customdata}",
        )
    figure.update_layout(barmode="relative")
    _money_axis(figure, currency)
    _time_axis(figure, monthly)
    return figure


def fan(frame: pl.DataFrame, *, today: date, currency: str, height: int = 340) -> go.Figure:
    """What was spent per day, and what is expected with its bands of 80 and 95 %."""
    figure = fig(height)
    known = frame.filter(pl.col("actual").is_not_null())
    ahead = frame.filter(pl.col("mean").is_not_null())
    _band(figure, ahead, "lo95", "hi95", "95% of days fall in here", WIDE)
    _band(figure, ahead, "lo80", "hi80", "80% of days fall in here", NARROW)
    _line(figure, known, "actual", "Spent", COLOURS[0], "solid", currency)
    _line(figure, ahead, "mean", "Expected", COLOURS[1], "dash", currency)
    figure.add_vline(x=today.isoformat(), line_width=1, line_dash="dot", line_color=REST)
    figure.update_yaxes(rangemode="tozero")
    _money_axis(figure, currency)
    _time_axis(figure, monthly=False)
    return figure


def waterfall(steps: Sequence[tuple[str, float]], *, currency: str) -> go.Figure:
    """From the first amount, over changes, to the last one, each under its label.

    The axis begins at zero only if that is near: changes of some percent would not be seen.
    """
    figure = fig(MOVER * len(steps) + 40)
    names = [name for name, _ in steps]
    first, *changes, last = [amount for _, amount in steps]
    figure.add_waterfall(
        orientation="h",
        y=list(range(len(names))),
        x=[first, *changes, last],
        width=0.35,
        measure=["absolute", *["relative"] * len(changes), "total"],
        text=[
            short(first, currency), *[signed(change, currency) for change in changes],
            short(last, currency),
        ],
        textposition="outside",
        textfont={"size": 12},
        increasing={"marker": {"color": OVER}},
        decreasing={"marker": {"color": UNDER}},
        totals={"marker": {"color": COLOURS[0]}},
        connector={"line": {"color": REST, "width": 1}},
        customdata=names,
        hovertemplate="%{customdata}: %{text}<extra></extra>",
        cliponaxis=False,
    )  # fmt: skip
    _labels(figure, names)
    heights = [*accumulate([first, *changes]), last]
    low, high = min(heights), max(heights)
    room = (high - low or abs(high) or 1.0) * 0.3  # for the figures
    left = low - room if low < 0 or low > 3 * room else 0.0
    right = high + room if high > 0 or high < -3 * room else 0.0
    figure.update_layout(hovermode="closest", showlegend=False)
    _money_axis(figure, currency, "x")
    figure.update_xaxes(range=[left, right], nticks=5)
    return figure


def movers(frame: pl.DataFrame, *, label: str, y: str, currency: str) -> go.Figure:
    """Bars to both sides, each under its label: costs more on the right, costs less on the left."""
    figure = fig(MOVER * len(frame) + 16)
    values: list[float] = frame[y].to_list()
    places = list(range(len(values)))
    figure.add_bar(
        x=values,
        y=places,
        orientation="h",
        width=0.3,
        marker={"color": [OVER if value > 0 else UNDER for value in values], "cornerradius": 3},
        text=[signed(value, currency) for value in values],
        textposition="outside",
        textfont={"size": 12},
        cliponaxis=False,
        customdata=frame[label].to_list(),
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )
    _labels(figure, frame[label].to_list())
    more, less = max(0.0, *values), -min(0.0, *values)
    room = max(more, less) * 0.45  # for the figures at the ends of the bars
    figure.update_layout(hovermode="closest", showlegend=False)
    figure.update_xaxes(
        range=[-less - room if less else 0, more + room if more else 0],
        showticklabels=False,
        showgrid=False,
        zeroline=True,
    )
    return figure


def plain(name: str) -> str:
    """A name as it reads in a figure, where `<` begins markup, cut to what fits on a label.

    >>> plain("<b>x</b>"), len(plain("x" * 400))
    ('&lt;b&gt;x&lt;/b&gt;', 60)
    """
    line = " ".join(name.split())
    return escape(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}\u2026", quote=False)


def colour(name: str, index: int) -> str:
    """A cloud has the same colour on each page; anything else is coloured by its rank."""
    if name == OTHER:
        return REST
    if name in CLOUDS:
        return COLOURS[CLOUDS.index(name)]
    return COLOURS[index % len(COLOURS)]


def _labels(figure: go.Figure, names: Sequence[str]) -> None:
    """Each name above its bar, where it has room on a phone, too; the first one on top."""
    for place, name in enumerate(names):
        figure.add_annotation(
            text=name, x=0, xref="paper", xanchor="left", y=place, yshift=15, showarrow=False,
            font={"size": 13},
        )  # fmt: skip
    figure.update_yaxes(range=[len(names) - 0.6, -0.8], visible=False)


def _by_size(frame: pl.DataFrame, y: str, split: str) -> Sequence[str]:
    sizes = frame.group_by(split).agg(pl.col(y).sum()).sort(y, split, descending=[True, False])
    names: list[str] = sizes[split].to_list()
    return [name for name in names if name != OTHER] + [name for name in names if name == OTHER]


def _line(
    figure: go.Figure, frame: pl.DataFrame, y: str, name: str, paint: str, dash: str, currency: str
) -> None:
    figure.add_scatter(
        x=frame["day"].to_list(),
        y=frame[y].to_list(),
        name=name,
        mode="lines" if len(frame) > 1 else "markers",  # one day makes no line
        line={"color": paint, "width": 2, "dash": dash},
        customdata=[short(value, currency) for value in frame[y]],
        hovertemplate="%{customdata}",
    )


def _band(
    figure: go.Figure, frame: pl.DataFrame, low: str, high: str, name: str, colour: str
) -> None:
    days = frame["day"].to_list()
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=days, y=frame[high].to_list(), showlegend=False, **edge)
    figure.add_scatter(
        x=days, y=frame[low].to_list(), name=name, fill="tonexty", fillcolor=colour, **edge
    )


def _money_axis(figure: go.Figure, currency: str, axis: str = "y") -> None:
    update = figure.update_xaxes if axis == "x" else figure.update_yaxes
    update(tickprefix=sign(currency), exponentformat="B", zeroline=True)  # B is for billions


def _time_axis(figure: go.Figure, monthly: bool) -> None:
    if monthly:
        figure.update_xaxes(tickformat="%b\n%Y", dtick="M1", hoverformat="%B %Y")
    else:
        figure.update_xaxes(tickformat="%-d %b\n%Y", nticks=6, hoverformat="%a %-d %b %Y")
