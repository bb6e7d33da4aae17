"""Read a column of time stamps as a whole: dates, times with or without an offset, counted steps.

What a single value leaves open the column decides: `01/02/2022` is the second of January if other
rows have a 13 or more in that place, or if only so the steps are even; `20260128` is a date if most
values are dates, and a counted step otherwise.
"""

from dataclasses import dataclass

import polars as pl

from models.errors import UnusableSeries

TIME = pl.Datetime("us")
FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y%m%d", "%Y%m%dT%H%M%S",
    "%Y%m%dT%H:%M:%S", "%Y%m%dT%H:%M",
)  # fmt: skip
DIGITS = {"yyyymmdd": (8, ""), "yyyymm": (6, "01")}  # length, and what makes it a day
YEARS = (1900, 2100)
SLASHED = r"^(?<a>\d{1,2})[/.-](?<b>\d{1,2})[/.-](?<year>\d{4})(?<rest>\D.*)?$"
ZONE = r"(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$"
FILLED = 0.9  # share of the steps between first and last that have a row, if steps are even


@dataclass(frozen=True, eq=False)
class Stamps:
    """A value per row, null where none can be read, and how text or numbers were understood."""

    times: pl.Series  # times (with the zone they have; offsets become UTC), or counted steps
    offsets: pl.Series  # microseconds that local time is ahead of UTC; null where none is given
    notes: tuple[str, ...] = ()


def read_stamps(column: pl.Series, series: pl.Series | None = None) -> Stamps:
    """Dates, times, text or whole numbers; `series` says which rows belong together.

    Raises `UnusableSeries` for another type, and for dates that may be either of two.
    """
    kind = column.dtype
    if isinstance(kind, pl.Datetime | pl.Date | pl.Null):
        zone = kind.time_zone if isinstance(kind, pl.Datetime) else None
        times = column.cast(pl.Datetime("us", zone))
        return Stamps(times, _offsets(times))
    if not (kind == pl.String or kind.is_integer()):
        raise UnusableSeries(
            f"Column {column.name} is of type {kind}; expected a date, a time, ISO text or a "
            "whole number."
        )
    text = _trimmed(column.cast(pl.String))
    numbers = text.cast(pl.Int64, strict=False)
    if numbers.count():
        read = _whole(text, numbers)
        if 2 * read.times.count() >= text.count():
            return read
    return _written(text, series)


def no_offsets(rows: int) -> pl.Series:
    """Nothing known for so many rows."""
    return pl.Series("offset", [None] * rows, pl.Int64)


def _trimmed(text: pl.Series) -> pl.Series:
    return text.str.strip_chars().replace("", None)


def _offsets(times: pl.Series) -> pl.Series:
    if not isinstance(times.dtype, pl.Datetime) or times.dtype.time_zone is None:
        return no_offsets(len(times))
    wall = times.dt.replace_time_zone(None)
    utc = times.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return (wall - utc).dt.total_microseconds().alias("offset")


def _whole(text: pl.Series, numbers: pl.Series) -> Stamps:
    """Days or months if most of the numbers are some, else steps."""
    for name, (length, rest) in DIGITS.items():
        digits = text.set(text.str.len_chars() != length, None) + rest
        dates = _tried(digits, ("%Y%m%d",))
        dates = dates.set(~dates.dt.year().is_between(*YEARS), None)
        if 2 * dates.count() > numbers.count():
            note = f"{text.name} such as {text[dates.is_not_null().arg_max() or 0]} is {name}"
            return Stamps(dates, no_offsets(len(text)), (note,))
    return Stamps(numbers, no_offsets(len(text)))


def _written(text: pl.Series, series: pl.Series | None) -> Stamps:
    zone = text.str.extract(rf":.*?({ZONE})")
    offsets = _seconds(zone) * 1_000_000
    local = text.str.replace(rf"(:.*?)\s*{ZONE}", "$1")
    iso, notes = _year_first(local, series)
    iso = iso.set(~iso.str.contains(r"^\d{4}"), None)  # else 01-02-26 is a day of the year 1
    times = _tried(iso, FORMATS)
    months = _tried(iso.set(iso.str.len_chars() != 7, None) + "-01", ("%Y-%m-%d",))
    times = times.zip_with(times.is_not_null(), months)
    if offsets.count():
        utc = times - offsets.fill_null(0).cast(pl.Duration("us"))
        times = utc.dt.replace_time_zone("UTC")
    return Stamps(times.alias(text.name), offsets.alias("offset"), notes)


def _seconds(zone: pl.Series) -> pl.Series:
    digits = zone.str.replace_all(r"\D", "")
    hours = digits.str.head(2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(2).cast(pl.Int64, strict=False).fill_null(0)
    ahead = hours * 3600 + minutes * 60
    found = ahead.zip_with(~zone.str.starts_with("-").fill_null(False), -ahead)
    return found.set(zone.is_null(), None)


def _year_first(text: pl.Series, series: pl.Series | None) -> tuple[pl.Series, tuple[str, ...]]:
    """ISO text; which of the first two parts is the day is decided from all rows."""
    parts = text.str.extract_groups(SLASHED).struct.unnest()
    slashed = parts["year"].is_not_null()
    plain = text.str.replace_all("/", "-").str.replace(r"[ T]+", "T")
    if not slashed.any():
        return plain, ()
    rest = parts["rest"].fill_null("").str.replace(r"^[ T]+", "T")
    first, second = parts["a"].str.zfill(2), parts["b"].str.zfill(2)
    readings = {
        name: parts["year"] + "-" + month + "-" + day + rest
        for name, day, month in (
            ("day/month/year", first, second),
            ("month/day/year", second, first),
        )
    }
    name = _reading(readings, text.filter(slashed)[0], text.name, series)
    found = readings[name].zip_with(slashed, plain)
    return found, (f"{text.name} such as {text.filter(slashed)[0]} is {name}",)


def _reading(
    readings: dict[str, pl.Series], example: str, column: str, series: pl.Series | None
) -> str:
    times = {name: _tried(text, FORMATS) for name, text in readings.items()}
    (one, first), (other, second) = times.items()
    if first.count() != second.count():  # a part above 12
        return one if first.count() > second.count() else other
    if first.equals(second):
        return one
    even = [name for name, found in times.items() if _is_even(found, series)]
    if len(even) == 1:
        return even[0]
    raise UnusableSeries(
        f"{column} has dates such as {example}, which may be {one} or {other}: no row has a part "
        f"above 12 that would tell, and the steps are even in {'both' if even else 'neither'}. "
        "Write dates as 2026-11-22."
    )


def _is_even(times: pl.Series, series: pl.Series | None) -> bool:
    """Are nearly all steps between the first and the last row of each series there?"""
    of = pl.lit(0) if series is None else pl.Series("of", series)
    days = pl.col("at").diff().dt.total_seconds()
    found = (
        times.alias("at").to_frame().select(of.alias("of"), "at").drop_nulls("at").unique()
        .sort("of", "at").group_by("of")
        .agg(pl.len().alias("rows"), days.median().alias("step"), days.sum().alias("span"))
        .filter(pl.col("rows") > 1)
    )  # fmt: skip
    steps = found["span"] / found["step"] + 1
    return bool(found["rows"].sum() >= FILLED * float(steps.sum()))


def _tried(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Times by the first format that fits, row by row."""
    times = pl.Series(text.name, [None], TIME).new_from_index(0, len(text))
    for form in formats:
        left = text.set(times.is_not_null(), None)
        if not left.count():
            break
        found = left.str.to_datetime(form, strict=False, time_unit="us")
        times = times.zip_with(times.is_not_null(), found)
    return times
