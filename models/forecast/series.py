"""Forecast any series: find step and season, then the same models and bands as for cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from models.errors import UnusableSeries
from models.forecast.condition import conditions
from models.forecast.engine import outlooks
from models.forecast.history import Days, Floats, History
from models.forecast.public_holidays import calendar
from models.forecast.regular import SECOND, Even, even, joined, readable, zone_of
from models.forecast.season import search, visible

NUMBERS = ("mean", "lo80", "hi80", "lo95", "hi95")
COLUMNS = ("unique_id", "ds", "model", *NUMBERS, "reason")
NEVER_ENDS = 1_000_000  # steps; a file of sales may hold long pauses, and its end is not theirs


def forecast_series(
    frame: pl.DataFrame,
    horizon: int,
    holidays: Sequence[str] = (),
    done: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """`unique_id, ds, y` in; one row per series and step out, with a `reason` where one is due.

    Time stamps may be all that `read_stamps` reads. Duplicates count once, by their
    mean; missing steps are unknown. A series that can't be forecast, such as one with a row of
    which the optional column `wrong` says what is, has one row that says why, with model `none`
    and nothing else. `holidays` are countries whose public holidays count where steps are days.
    `done` is told after each part how many series have been forecast.
    """
    if horizon < 1:
        raise UnusableSeries(f"The horizon is {horizon}; expected at least 1 step.")
    rows, kind = readable(frame)
    good, refused = _separated(rows)
    parts: list[pl.DataFrame] = []
    for group in even(good, kind):
        for part in _forecast(group, horizon, holidays):
            parts.append(part)
            if done:
                done(sum(one.height for one in parts) // horizon)
    out = pl.concat([refused, *parts])
    order = rows.select("unique_id").unique(maintain_order=True)
    out = order.join(out, on="unique_id", nulls_equal=True, maintain_order="left_right")
    return out.with_columns(_like(out["ds"], kind)).select(COLUMNS)


def _separated(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of series that can be forecast, and one refusal for each of the others."""
    usable = pl.col("ds").is_not_null() & pl.col("y").is_not_null()
    rows = rows.with_columns(
        pl.col("ds").filter(usable).n_unique().over("unique_id").alias("count"),
        pl.col("wrong").count().over("unique_id").alias("wrongs"),
    )
    can = (pl.col("count") >= 2) & (pl.col("wrongs") == 0)
    good = rows.filter(can & pl.col("ds").is_not_null()).select("unique_id", "ds", "y", "offset")
    more = pl.when(pl.col("wrongs") > 1).then(
        pl.format(", and {} more such rows", pl.col("wrongs") - 1)
    )
    refused = rows.filter(~can).group_by("unique_id", maintain_order=True).agg(
        pl.lit(None, dtype=pl.Datetime("us")).alias("ds"),
        pl.lit("none").alias("model"),
        *[pl.lit(None, dtype=pl.Float64).alias(c) for c in NUMBERS],
        pl.coalesce(
            pl.format("{}{}", pl.col("wrong").drop_nulls().first(), more.first().fill_null("")),
            pl.format("{} rows have a readable ds and a number in y, need 2",
                      pl.col("count").first()),
        ).alias("reason"),
    )  # fmt: skip
    return good, refused.select(COLUMNS)


def _forecast(group: Even, horizon: int, holidays: Sequence[str]) -> Iterator[pl.DataFrame]:
    season, long_season = _seasons(group)
    days = group.ends.astype("datetime64[D]") if group.step.every == "1d" else None
    history = History(group.values, season, long_season, days)
    if days is not None:
        history = replace(history, holidays=_holidays(holidays, history, days, horizon))
    stamps, silent = group.ahead(horizon), _silent(history)
    at = 0
    for part in outlooks(history, horizon, NEVER_ENDS):
        rows = slice(at, at + len(part.mean))
        said = zip(part.reasons, silent[rows], group.remarks[rows], strict=True)
        (lo80, hi80), (lo95, hi95) = part.limits
        numbers = dict(zip(NUMBERS, (part.mean, lo80, hi80, lo95, hi95), strict=True))
        texts = {
            "unique_id": group.ids[rows],
            "model": part.models,
            "reason": [joined(*texts) for texts in said],
        }
        columns = {k: pl.Series(v, dtype=pl.String) for k, v in texts.items()}
        frame = pl.DataFrame(columns).select(pl.all().repeat_by(horizon).explode())
        yield frame.with_columns(
            stamps[at * horizon : (at + len(part.mean)) * horizon].alias("ds"),
            *[pl.Series(k, v.ravel()) for k, v in numbers.items()],
        ).select(COLUMNS)  # fmt: skip
        at += len(part.mean)


def _holidays(codes: Sequence[str], history: History, ends: Days, horizon: int) -> Days:
    first = (ends.min() - np.timedelta64(history.steps, "D")).item()
    last = (ends.max() + np.timedelta64(horizon, "D")).item()
    return calendar(codes, first, last)


def _silent(history: History) -> list[str | None]:
    """A word on each series that cost would count as ended; here its zeros may be a pause."""
    state = conditions(history)
    return [
        f"zero in the last {silent:,} steps, much longer than ever before: it may have ended, "
        "though it is forecast like any other"
        if ended
        else None
        for ended, silent in zip(state.ended, state.silent.tolist(), strict=True)
    ]


def _seasons(group: Even) -> tuple[int, int]:
    """The shortest season that shows, and the next longer one."""
    values: Floats = group.values
    hints = group.step.seasons or (search(values),)
    found = [s for s in hints if s == 7 or visible(values, s)]
    return (found[0] if found else 1, found[1] if len(found) > 1 else 1)


def _like(stamps: pl.Series, kind: pl.DataType) -> pl.Series:
    """Back to the type in which they were read."""
    if zone := zone_of(kind):
        return stamps.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    if kind.is_integer():
        return stamps.to_physical() // SECOND
    whole = stamps.dt.truncate("1d") == stamps
    return stamps.cast(pl.Date) if kind == pl.Date and bool(whole.all()) else stamps
