"""The drawings of one cost incident: its days, and the steps from expected to actual."""

import plotly.graph_objects as go
import polars as pl

from app.dashboard.charts import COLOURS, OVER, REST, fig, plain, waterfall
from app.dashboard.incident_words import short as short_name
from app.dashboard.money import short, sign

MUCH = "rgba(208, 72, 75, 0.16)"  # between expected and actual on abnormal days


def days(frame: pl.DataFrame, *, currency: str) -> go.Figure:
    """Cost per day, what was expected, and the abnormal days."""
    figure = fig(300)
    when = frame["day"].to_list()
    inside = frame["is_abnormal"].to_list()
    expected, actual = frame["expected"].to_list(), frame["actual"].to_list()
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    between = [a if bad else e for a, e, bad in zip(actual, expected, inside, strict=True)]
    figure.add_scatter(x=when, y=expected, **edge)
    figure.add_scatter(x=when, y=between, fill="tonexty", fillcolor=MUCH, **edge)
    for values, name, paint, dash in (
        (expected, "Expected", REST, "dash"),
        (actual, "Actual", COLOURS[0], "solid"),
    ):
        figure.add_scatter(
            x=when,
            y=values,
            name=name,
            mode="lines",
            line={"color": paint, "width": 2, "dash": dash},
            customdata=["unknown" if v is None else short(v, currency) for v in values],
            hovertemplate="%{customdata}",
        )
    abnormal = frame.filter("is_abnormal")
    figure.add_scatter(
        x=abnormal["day"].to_list(),
        y=abnormal["actual"].to_list(),
        name="Abnormal days",
        mode="markers",
        marker={"color": OVER, "size": 7, "symbol": "diamond"},
        hoverinfo="skip",
    )
    figure.update_yaxes(rangemode="tozero", tickprefix=sign(currency), exponentformat="B")
    figure.update_xaxes(tickformat="%-d %b\n%Y", nticks=6, hoverformat="%a %-d %b %Y")
    return figure


def steps(frame: pl.DataFrame, *, currency: str) -> go.Figure:
    """From expected to actual, one step per row; columns label and amount."""
    rows = zip(frame["label"].to_list(), frame["amount"].to_list(), strict=True)
    return waterfall(
        [(plain(short_name(label)), amount) for label, amount in rows], currency=currency
    )
