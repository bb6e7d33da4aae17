"""Drawings of commitments: how much is covered, and what each level of a purchase would save."""

import plotly.graph_objects as go
import polars as pl

from app.dashboard.charts import COLOURS, REST, WIDE, fig
from app.dashboard.money import short, sign


def coverage(frame: pl.DataFrame, currency: str) -> go.Figure:
    """Usage per day at on-demand prices: covered by a commitment, and on demand."""
    figure = fig(280)
    daily = frame.group_by("day").agg(pl.col("usage_cost", "covered_cost").sum()).sort("day")
    days = daily["day"].to_list()
    rest = (daily["usage_cost"] - daily["covered_cost"]).to_list()
    for name, values, paint in (
        ("Covered by a commitment", daily["covered_cost"].to_list(), COLOURS[0]),
        ("On demand", rest, REST),
    ):
        figure.add_bar(
            x=days, y=values, name=name, marker={"color": paint, "line": {"width": 0}},
            customdata=[short(value, currency) for value in values], hovertemplate="%{customdata}",
        )  # fmt: skip
    figure.update_layout(barmode="stack")
    figure.update_yaxes(tickprefix=sign(currency), exponentformat="B")
    figure.update_xaxes(tickformat="%-d %b\n%Y", nticks=6, hoverformat="%a %-d %b %Y")
    return figure


def curve(frame: pl.DataFrame, chosen: float, currency: str) -> go.Figure:
    """What each level would save a month: likely, and the range of 8 in 10 cases."""
    figure = fig(320)
    levels = frame["commitment_hour"].to_list()
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=levels, y=frame["saving_month_high"].to_list(), showlegend=False, **edge)
    figure.add_scatter(
        x=levels, y=frame["saving_month_low"].to_list(), name="8 of 10 cases", fill="tonexty",
        fillcolor=WIDE, **edge,
    )  # fmt: skip
    mean = frame["saving_month_mean"].to_list()
    figure.add_scatter(
        x=levels, y=mean, name="Likely", mode="lines", line={"color": COLOURS[0], "width": 2},
        customdata=[short(value, currency) for value in mean], hovertemplate="%{customdata}",
    )  # fmt: skip
    figure.add_vline(
        x=chosen, line_width=1, line_dash="dot", line_color=COLOURS[1], annotation_text="suggested"
    )
    figure.update_yaxes(
        tickprefix=sign(currency), exponentformat="B", zeroline=True, title="saved a month"
    )
    figure.update_xaxes(
        tickprefix=sign(currency), tickformat="~g", hoverformat=".3f",
        title="committed to, an hour",
    )  # fmt: skip
    return figure
