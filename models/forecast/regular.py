"""Rows with time stamps in, series of even steps out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.backtest import LEAST_KNOWN
from models.errors import UnusableSeries
from models.forecast.condition import PATIENCE
from models.forecast.history import Days, Floats
from models.forecast.season import DAY, Step, step_of
from models.stamps import TIME, read_stamps

SECOND = 1_000_000  # microseconds; a whole-number time stamp counts as so many seconds
MEMORY = {"1d": 800, "1w": 1000}  # steps looked back
MEMORY_OTHERWISE = 2000
UNEVEN = 0.2  # share of distances off the usual step from which it is worth a word
NEW = {"1d": 14}  # steps: too few to test models on, so that a series needs siblings
NEW_OTHERWISE = LEAST_KNOWN
LATE_DAYS = 14  # behind the others, at least, from which a series seems to have ended
LATE_STEPS = 3  # and as many of its steps
MONTHS = {"1mo": 1, "1q": 3, "1y": 12}


@dataclass(frozen=True, eq=False)
class Even:
    """Series of one step and about one length, aligned at their ends."""

    ids: list[str]
    values: Floats  # NaN = a step without a row or without a number
    ends: Days  # time stamp of the last column, per series; local time if steps are days
    days: NDArray[np.intp]  # of the month on which the rows of each series are; 31 = its last day
    offsets: NDArray[np.int64]  # microseconds that the last stamp is ahead of UTC
    zone: str | None  # of stamps in local time, whose offset may be another one ahead
    step: Step
    remarks: list[str | None]

    def ahead(self, horizon: int) -> pl.Series:
        """Time stamps that follow, UTC without zone, series by series."""
        after = pl.DataFrame({"k": range(1, horizon + 1)})
        ends = pl.DataFrame(
            {"end": self.ends, "day": self.days, "offset": self.offsets}
        ).with_columns(pl.col("end").cast(TIME))
        end, k = pl.col("end"), pl.col("k")
        if self.step.every in MONTHS:
            months = pl.format("{}mo", k * MONTHS[self.step.every])
            first = end.dt.month_start().dt.offset_by(months)
            day = pl.min_horizontal("day", first.dt.month_end().dt.day())
            stamp = first + pl.duration(days=day.cast(pl.Int64) - 1)
        else:
            stamp = end + k * pl.duration(microseconds=round(self.step.seconds * SECOND))
        both = ends.join(after, how="cross", maintain_order="left_right")
        if self.zone:
            return both.select(_from_local(stamp.cast(TIME), self.zone).alias("ds"))["ds"]
        utc = stamp - pl.duration(microseconds="offset")
        return both.select(utc.cast(TIME).alias("ds"))["ds"]


def readable(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataType]:
    """`unique_id, ds, y` as text, UTC time without zone, and a finite number or null.

    `offset` is what local time is ahead of UTC, in microseconds; `wrong` says what can't be used
    in a row. Beside it the type of `ds` as it was read, in which
    it is to be written.
    """
    missing = [c for c in ("unique_id", "ds", "y") if c not in frame.columns]
    if missing:
        raise UnusableSeries(
            f"The columns are {', '.join(frame.columns)}; expected unique_id, ds and y. "
            f"Add or rename: {', '.join(missing)}."
        )
    stamps = read_stamps(frame["ds"], frame["unique_id"])
    times, offsets = stamps.times, frame["offset"] if "offset" in frame.columns else stamps.offsets
    number = pl.col("y").cast(pl.Float64, strict=False)
    rows = frame.select(
        pl.col("unique_id").cast(pl.String),
        _utc(times).alias("ds"),
        pl.when(number.is_finite()).then(number).alias("y"),
        offsets.fill_null(0).alias("offset"),
        pl.coalesce(
            pl.col("wrong") if "wrong" in frame.columns else pl.lit(None, pl.String),
            pl.when(pl.col("unique_id").is_null()).then(pl.lit("unique_id is empty")),
        ).alias("wrong"),
    )
    return rows, frame["ds"].dtype if frame["ds"].dtype == pl.Date else times.dtype


def even(rows: pl.DataFrame, kind: pl.DataType) -> Iterator[Even]:
    """Group the series of `readable` rows by step and length; needs two rows per series or more.

    Those too new to be tested are put beside most others of their step, to borrow their errors.
    `kind` is the type of the stamps; where it is UTC the offsets of the rows tell the local day.
    """
    zone = zone_of(kind)
    rows = (
        rows.group_by("unique_id", "ds")
        .agg(pl.col("y").mean(), (pl.len() - 1).alias("repeated"), pl.col("offset").first())
        .sort("unique_id", "ds")
    )
    rows = _days_in_local_time(rows)
    distance = pl.col("ds").diff().dt.total_microseconds() / SECOND
    found = rows.group_by("unique_id", maintain_order=True).agg(
        distance.median().alias("seconds"),
        ((distance / distance.median() - 1).abs() > UNEVEN).mean().alias("uneven"),
        pl.len().alias("rows"),
        pl.col("repeated").sum(),
        pl.col("ds").last().alias("end"),
        distance.max().alias("pause"),
        pl.col("offset").last(),
        pl.col("local").last(),
        _day_of_month().alias("day"),
    )
    names = [step_of(seconds) for seconds in found["seconds"]]
    memory = [MEMORY.get(s.every, MEMORY_OTHERWISE) for s in names]
    found = found.with_columns(
        pl.Series("every", [s.every for s in names], dtype=pl.String),
        pl.min_horizontal("rows", pl.Series("memory", memory)).log(2).floor().alias("length"),
        (pl.lit(None, pl.Int64) if kind.is_integer() else _late()).alias("late"),
    )
    found = _beside_siblings(found)
    for _, group in found.group_by("every", "length", "local", maintain_order=True):
        step = step_of(float(group["seconds"][0]))
        part = rows.drop("offset", "local").join(group, on="unique_id", maintain_order="left")
        named = zone if group["local"][0] and zone != "UTC" else None
        yield _aligned(part, group, step, named)


def _beside_siblings(found: pl.DataFrame) -> pl.DataFrame:
    """New series take the length of most others of their step, whose errors they borrow."""
    most = pl.col("every").replace_strict(NEW, default=NEW_OTHERWISE, return_dtype=pl.Int64)
    is_new = pl.col("rows") <= most
    others = (
        found.filter(~is_new).group_by("every", "local", "length").agg(pl.len().alias("number"))
        .sort("number", "length").group_by("every", "local")
        .agg(pl.col("length").last().alias("usual"))
    )  # fmt: skip
    beside = found.join(others, on=("every", "local"), how="left", maintain_order="left")
    length = pl.when(is_new).then(pl.coalesce("usual", "length")).otherwise("length")
    return beside.with_columns(length.alias("length")).drop("usual")


def zone_of(kind: pl.DataType) -> str | None:
    """The time zone of a type of stamps."""
    return kind.time_zone if isinstance(kind, pl.Datetime) else None


def _late() -> pl.Expr:
    """By how many steps a series ends before the last of all, if that is long; else null."""
    behind = (pl.col("end").max() - pl.col("end")).dt.total_seconds()
    least = pl.max_horizontal(
        LATE_DAYS * DAY, LATE_STEPS * pl.col("seconds"), PATIENCE * pl.col("pause")
    )
    return pl.when(behind >= least).then((behind / pl.col("seconds")).round()).cast(pl.Int64)


def _days_in_local_time(rows: pl.DataFrame) -> pl.DataFrame:
    """A day of 23 or 25 hours is a day; shorter steps are even in UTC only."""
    local = pl.col("ds") + pl.duration(microseconds="offset")
    if not (rows["offset"] != 0).any():
        return rows.with_columns(pl.lit(False).alias("local"))
    usual = local.diff().dt.total_seconds().median().over("unique_id")
    moved = (pl.col("offset") != 0).any().over("unique_id") & (usual >= DAY)
    return rows.with_columns(moved.alias("local")).with_columns(
        pl.when("local").then(local.cast(TIME)).otherwise("ds").alias("ds"),
        pl.when("local").then("offset").otherwise(0).alias("offset"),
    )


def _aligned(rows: pl.DataFrame, group: pl.DataFrame, step: Step, zone: str | None) -> Even:
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
    clocks = [None if zone else _clock(offset) for offset in group["offset"]]
    ended = [_ended(*both) for both in group.select("end", "late").iter_rows()]
    odd = zip(group["uneven"], group["repeated"], unknown, clocks, ended, strict=True)
    remarks = [
        joined(end, _remark(share, step, repeated, int(gaps)), clock)
        for share, repeated, gaps, clock, end in odd
    ]
    ends, days, offsets = (group[c].to_numpy() for c in ("end", "day", "offset"))
    ids = group["unique_id"].to_list()
    return Even(ids, values, ends, days, offsets, zone, step, remarks)


def _ended(end: datetime, late: int | None) -> str | None:
    if late is None:
        return None
    return (
        f"its last row is of {end:%Y-%m-%d}, {late:,} steps before the last of the file: it seems "
        "to have ended, and what is forecast are the steps after its own end"
    )


def _clock(offset: int) -> str | None:
    """What is said where the offset of the last row stands for a time zone."""
    if not offset:
        return None
    hours, minutes = divmod(abs(offset) // (60 * SECOND), 60)
    return (
        f"ds has an offset and no time zone: that of the last row, {'+-'[offset < 0]}{hours:02}:"
        f"{minutes:02}, is taken for all days ahead, so a change of the clock is not known"
    )


def _day_of_month() -> pl.Expr:
    """Per series: one day that explains all rows, in months that have it, or that of the last."""
    day, length = pl.col("ds").dt.day(), pl.col("ds").dt.month_end().dt.day()
    same = pl.when((day == length).all()).then(31).otherwise(day.max())
    fits = (day == pl.min_horizontal(same, length)).all()
    return pl.when(fits).then(same).otherwise(day.last()).cast(pl.Int64)


def joined(*texts: str | None) -> str | None:
    """The texts there are, as one; None if there is none."""
    return "; ".join(t for t in texts if t) or None


def _remark(uneven: float | None, step: Step, repeated: int, unknown: int) -> str | None:
    """What was found odd about the time stamps of a series, and what was made of it."""
    if uneven and uneven > UNEVEN:
        return f"{uneven:.0%} of the rows are not {step.every} apart; rows of one step are averaged"
    found = [
        f"rows that repeat a time stamp: {repeated}, averaged" if repeated else "",
        f"steps without a value since the first: {unknown}, unknown and not zero"
        if unknown else "",
    ]  # fmt: skip
    return joined(*found)


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


def _from_local(stamp: pl.Expr, zone: str) -> pl.Expr:
    """UTC without zone; an hour later where the clock leaves the time out."""

    def aware(of: pl.Expr) -> pl.Expr:
        return of.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    found = pl.coalesce(aware(stamp), aware(stamp + pl.duration(hours=1)))
    return found.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
