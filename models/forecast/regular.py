"""Rows with time stamps in, series of even steps out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import UnusableSeries
from models.forecast.history import Days, Floats
from models.forecast.season import Step, step_of
from models.stamps import TIME, read_stamps

SECOND = 1_000_000  # microseconds; a whole-number time stamp counts as so many seconds
MEMORY = {"1d": 800, "1w": 1000}  # steps looked back
MEMORY_OTHERWISE = 2000
UNEVEN = 0.2  # share of distances off the usual step from which it is worth a word
MONTHS = {"1mo": 1, "1q": 3, "1y": 12}


@dataclass(frozen=True, eq=False)
class Even:
    """Series of one step and about one length, aligned at their ends."""

    ids: list[str]
    values: Floats  # NaN = a step without a row or without a number
    ends: Days  # time stamp of the last column, per series
    days: NDArray[np.intp]  # of the month on which the rows of each series are; 31 = its last day
    step: Step
    remarks: list[str | None]

    def ahead(self, horizon: int) -> pl.Series:
        """Time stamps that follow, series by series."""
        after = pl.DataFrame({"k": range(1, horizon + 1)})
        ends = pl.DataFrame({"end": self.ends, "day": self.days}).with_columns(
            pl.col("end").cast(TIME)
        )
        end, k = pl.col("end"), pl.col("k")
        if self.step.every in MONTHS:
            months = pl.format("{}mo", k * MONTHS[self.step.every])
            first = end.dt.month_start().dt.offset_by(months)
            day = pl.min_horizontal("day", first.dt.month_end().dt.day())
            stamp = first + pl.duration(days=day.cast(pl.Int64) - 1)
        else:
            stamp = end + k * pl.duration(microseconds=round(self.step.seconds * SECOND))
        both = ends.join(after, how="cross", maintain_order="left_right")
        return both.select(stamp.cast(TIME).alias("ds"))["ds"]


def readable(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataType]:
    """`unique_id, ds, y` as text, UTC time without zone, and a finite number or null.

    `wrong` says what can't be used in a row. Beside it the type of `ds` as it was read, in which
    it is to be written.
    """
    missing = [c for c in ("unique_id", "ds", "y") if c not in frame.columns]
    if missing:
        raise UnusableSeries(
            f"The columns are {', '.join(frame.columns)}; expected unique_id, ds and y. "
            f"Add or rename: {', '.join(missing)}."
        )
    times = read_stamps(frame["ds"], frame["unique_id"]).times
    number = pl.col("y").cast(pl.Float64, strict=False)
    rows = frame.select(
        pl.col("unique_id").cast(pl.String),
        _utc(times).alias("ds"),
        pl.when(number.is_finite()).then(number).alias("y"),
        pl.coalesce(
            pl.col("wrong") if "wrong" in frame.columns else pl.lit(None, pl.String),
            pl.when(pl.col("unique_id").is_null()).then(pl.lit("unique_id is empty")),
        ).alias("wrong"),
    )
    return rows, frame["ds"].dtype if frame["ds"].dtype == pl.Date else times.dtype


def even(rows: pl.DataFrame) -> Iterator[Even]:
    """Group the series of `readable` rows by step and length; needs two rows per series or more."""
    rows = (
        rows.group_by("unique_id", "ds")
        .agg(pl.col("y").mean(), (pl.len() - 1).alias("repeated"))
        .sort("unique_id", "ds")
    )
    distance = pl.col("ds").diff().dt.total_microseconds() / SECOND
    found = rows.group_by("unique_id", maintain_order=True).agg(
        distance.median().alias("seconds"),
        ((distance / distance.median() - 1).abs() > UNEVEN).mean().alias("uneven"),
        pl.len().alias("rows"),
        pl.col("repeated").sum(),
        pl.col("ds").last().alias("end"),
        _day_of_month().alias("day"),
    )
    names = [step_of(seconds) for seconds in found["seconds"]]
    memory = [MEMORY.get(s.every, MEMORY_OTHERWISE) for s in names]
    found = found.with_columns(
        pl.Series("every", [s.every for s in names], dtype=pl.String),
        pl.min_horizontal("rows", pl.Series("memory", memory)).log(2).floor().alias("length"),
    )
    for _, group in found.group_by("every", "length", maintain_order=True):
        step = step_of(float(group["seconds"][0]))
        yield _aligned(rows.join(group, on="unique_id", maintain_order="left"), group, step)


def _aligned(rows: pl.DataFrame, group: pl.DataFrame, step: Step) -> Even:
    back = _steps_back(step)
    cells = (
        rows.with_columns(back.alias("back"))
        .filter(pl.col("back") < MEMORY.get(step.every, MEMORY_OTHERWISE))
        .group_by("unique_id", "back")
        .agg(pl.col("y").mean())
        .join(group.select("unique_id").with_row_index("row"), on="unique_id")
    )
    width = cast(int, cells["back"].max()) + 1
    values = np.full((group.height, width), np.nan)
    at = (cells["row"].to_numpy(), width - 1 - cells["back"].to_numpy())
    values[at] = cells["y"].cast(pl.Float64).to_numpy()
    known = np.isfinite(values)
    unknown = (~known & np.maximum.accumulate(known, axis=1)).sum(axis=1)
    remarks = [
        _remark(share, step, repeated, int(gaps))
        for share, repeated, gaps in zip(group["uneven"], group["repeated"], unknown, strict=True)
    ]
    ends, days = group["end"].to_numpy(), group["day"].to_numpy()
    return Even(group["unique_id"].to_list(), values, ends, days, step, remarks)


def _day_of_month() -> pl.Expr:
    """Per series: one day that explains all rows, in months that have it, or that of the last."""
    day, length = pl.col("ds").dt.day(), pl.col("ds").dt.month_end().dt.day()
    same = pl.when((day == length).all()).then(31).otherwise(day.max())
    fits = (day == pl.min_horizontal(same, length)).all()
    return pl.when(fits).then(same).otherwise(day.last()).cast(pl.Int64)


def _remark(uneven: float | None, step: Step, repeated: int, unknown: int) -> str | None:
    """What was found odd about the time stamps of a series, and what was made of it."""
    if uneven and uneven > UNEVEN:
        return f"{uneven:.0%} of the rows are not {step.every} apart; rows of one step are averaged"
    found = [
        f"rows that repeat a time stamp: {repeated}, averaged" if repeated else "",
        f"steps without a value since the first: {unknown}, unknown and not zero"
        if unknown else "",
    ]  # fmt: skip
    return "; ".join(text for text in found if text) or None


def _steps_back(step: Step) -> pl.Expr:
    if step.every in MONTHS:

        def month(column: str) -> pl.Expr:
            return pl.col(column).dt.year().cast(pl.Int64) * 12 + pl.col(column).dt.month()

        return (month("end") - month("ds")) // MONTHS[step.every]
    gap = (pl.col("end") - pl.col("ds")).dt.total_microseconds() / SECOND
    return (gap / step.seconds).round().cast(pl.Int64)


def _utc(times: pl.Series) -> pl.Series:
    """Microseconds without zone; a counted step is a second."""
    if isinstance(times.dtype, pl.Datetime):
        zoned = times.dtype.time_zone is not None
        return (times.dt.convert_time_zone("UTC") if zoned else times).dt.replace_time_zone(None)
    fits = times.abs() < 2**62 // SECOND
    return (times.set(~fits, None).cast(pl.Int64) * SECOND).cast(TIME)
