"""Read the reader's own series, and say exactly what is wrong with a file that can't be used."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from app.errors import BadInput
from app.table_file import AGAIN, given_format, read_table
from models.anomaly.measurements import LARGEST
from models.errors import UnusableSeries
from models.stamps import Stamps, read_stamps

SERIES = ("unique_id", "ds", "y")
STREAM = ("timestamp", "value")
A_TIME = "a date or time such as 2026-11-22 09:00:00"
COUNTED = 10**10  # steps are reckoned as seconds; with more digits they are milliseconds or less
NO_VALUE = ("", "NA", "NaN", "nan", "null")
YEARS = (1000, 3000)  # what stands for "never", such as 9999-12-31, has no step after it
UNREADABLE = 0.1  # share of timestamps; with more of them the file is something else


@dataclass(frozen=True, eq=False)
class SeriesFile:
    """`unique_id, ds, y, offset, wrong`: `ds` are times or counted steps; how it was understood.

    `offset` is what local time is ahead of UTC, in microseconds, if it is given; `wrong` says what
    can't be used in a row, and is null where all can.
    """

    rows: pl.DataFrame
    notes: tuple[str, ...]


def read_series(file: Path) -> SeriesFile:
    """The series of one file. Raises `BadInput` if each of them has a row that can't be used."""
    frame = _columns(file, read_table(file), SERIES).with_row_index("row")
    frame = frame.filter(pl.any_horizontal(pl.col(SERIES).is_not_null()))  # others are blank lines
    if frame.is_empty():
        raise BadInput(f"{file} has no rows.")
    stamps = _stamps(file, frame["ds"], frame["unique_id"])
    rows = pl.DataFrame({
        "row": frame["row"], "unique_id": frame["unique_id"].cast(pl.String), "ds": stamps.times,
        "y": _numbers(frame["y"]), "offset": stamps.offsets,
        "given_ds": frame["ds"], "given_y": frame["y"],
    })  # fmt: skip
    rows = rows.join(_wrong(rows, file), on="row", how="left", maintain_order="left")
    if rows.select(pl.col("wrong").is_not_null().any().over("unique_id").all()).item():
        raise BadInput(f"{file}: {rows['wrong'].drop_nulls()[0]}.")
    return SeriesFile(
        rows.select("unique_id", "ds", pl.col("y").fill_nan(None), "offset", "wrong"),
        stamps.notes,
    )


def _wrong(rows: pl.DataFrame, file: Path) -> pl.DataFrame:
    """`row, wrong`: the first thing that can't be used in each row that has one."""
    zoned, number = pl.col("offset").is_not_null(), pl.col("y")
    bad = {
        ("unique_id", "the name of a series"): pl.col("unique_id").is_null(),
        ("ds", A_TIME): pl.col("ds").is_null(),
        ("ds", _some_time(rows["ds"])): _is_out_of_time(rows["ds"]),
        ("ds", "a time zone, which other rows of the series have"): ~zoned
        & zoned.any().over("unique_id"),
        ("y", "a number, or nothing if it is unknown"): pl.col("given_y").is_not_null()
        & (number.is_null() | number.is_infinite()),
        ("y", f"a number of at most {LARGEST:g}"): number.abs() > LARGEST,
    }
    masks = rows.with_columns(mask.alias(f"bad {k}") for k, mask in enumerate(bad.values()))
    found = masks.filter(pl.any_horizontal(pl.col(f"bad {k}") for k in range(len(bad))))
    form = given_format(file)
    places = pl.format(f"{form.unit} {{}}", pl.col("row") + form.first)
    values = {"unique_id": pl.lit("empty")} | {
        name: pl.when(pl.col(f"given_{name}").cast(pl.String).str.strip_chars().fill_null("") == "")
        .then(pl.lit("empty"))
        .otherwise(pl.format("'{}'", f"given_{name}"))
        for name in ("ds", "y")
    }
    said = [
        pl.when(f"bad {k}").then(
            pl.format(f"{name} in {{}} is {{}}; expected {expected}", places, values[name])
        )
        for k, (name, expected) in enumerate(bad)
    ]
    return found.select("row", pl.coalesce(said).alias("wrong"))


def _some_time(times: pl.Series) -> str:
    if times.dtype.is_integer():
        return (
            "a counted step or seconds since 1970, of at most 10 digits; times in milliseconds or "
            "less write as 2026-11-22 09:00:00"
        )
    return f"a time between the years {YEARS[0]} and {YEARS[1]}"


def _is_out_of_time(times: pl.Series) -> pl.Expr:
    if times.dtype.is_integer():
        return ~pl.col("ds").is_between(-COUNTED, COUNTED, closed="none")
    return ~pl.col("ds").dt.year().is_between(*YEARS)


@dataclass(frozen=True, eq=False)
class StreamFile:
    """One file of measurements: rows as written, what they mean, what is wrong with some."""

    rows: pl.DataFrame
    times: pl.Series  # UTC, or numbers; null where unreadable
    values: pl.Series  # null where it is no number
    notes: tuple[str, ...]


def read_stream(file: Path) -> StreamFile:
    """`timestamp, value`, and whatever columns there are besides. Raises `BadInput`.

    Up to one in ten timestamps, and all values but one, may be unreadable.
    """
    rows = read_table(file)
    _columns(file, rows, STREAM)
    times, untimed = _stream_times(file, rows["timestamp"])
    values, no_numbers = _stream_values(file, rows["value"])
    return StreamFile(rows, times, values, (*untimed, *no_numbers))


def _stream_times(file: Path, column: pl.Series) -> tuple[pl.Series, list[str]]:
    numbers = column.cast(pl.Float64, strict=False) if column.dtype == pl.String else column
    if numbers.dtype.is_float() and not numbers.null_count() and not _is_whole(column):
        return numbers, []
    stamps = _stamps(file, column)
    if column.dtype == pl.String:
        _one_clock(file, column)
    times = stamps.times
    bad = times.is_null()
    if bad.sum() > UNREADABLE * len(column):
        _no_gaps(file, column)
        _first_bad(file, column, times, A_TIME)
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone:
        times = times.dt.convert_time_zone("UTC")
    times = times.cast(pl.Float64) if times.dtype.is_integer() else times
    return times, [*(f"{note}." for note in stamps.notes), *_said(file, column, bad, A_TIME)]


def _is_whole(column: pl.Series) -> bool:
    return column.dtype == pl.String and not column.cast(pl.Int64, strict=False).null_count()


def _one_clock(file: Path, column: pl.Series) -> None:
    zoned = column.str.contains(r":.*(Z|[+-]\d\d:?\d\d)$")
    if zoned.any() and not zoned.all():
        place = given_format(file).place
        with_zone, without = int(zoned.arg_max() or 0), int((~zoned).arg_max() or 0)
        raise BadInput(
            f"{file}: timestamp in {place(with_zone)} is {column[with_zone]!r}, with a time zone, "
            f"and in {place(without)} {column[without]!r}, without. Which came first can't be "
            "told; write all with their zone, or all in UTC."
        )


def _stream_values(file: Path, column: pl.Series) -> tuple[pl.Series, list[str]]:
    if column.dtype != pl.String:
        return _numbers(column).fill_nan(None), []
    given = column.str.strip_chars().replace(list(NO_VALUE), None)
    numbers = given.cast(pl.Float64, strict=False)
    bad = given.is_not_null() & numbers.is_null()
    if not numbers.is_not_null().any():
        _first_bad(file, given, numbers, "a number")
        raise BadInput(f"{file}: no row has a value; expected at least one number.")
    return numbers, _said(file, column, bad, "a number")


def _said(file: Path, column: pl.Series, bad: pl.Series, expected: str) -> list[str]:
    if not bad.any():
        return []
    row = int(bad.arg_max() or 0)
    place, number = given_format(file).place(row), int(bad.sum())
    rest = f", and {number - 1:,} more such" if number > 1 else ""
    found = "empty" if column[row] is None else repr(column[row])
    return [f"{column.name} in {place} is {found}, expected {expected}{rest}."]


def _columns(file: Path, frame: pl.DataFrame, expected: tuple[str, ...]) -> pl.DataFrame:
    missing = [name for name in expected if name not in frame.columns]
    if missing:
        raise BadInput(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; expected "
            f"{', '.join(expected)}, found {', '.join(frame.columns)}."
        )
    if frame.is_empty():
        raise BadInput(f"{file} has no rows.")
    if twice := [name for name in expected if f"{name}{AGAIN}" in frame.columns]:
        raise BadInput(
            f"{file} has more than one column {twice[0]}, and which is meant can't be told. "
            "Rename or delete the others."
        )
    if nested := [name for name in expected if frame[name].dtype.is_nested()]:
        raise BadInput(
            f"{file}: {nested[0]} is of type {frame[nested[0]].dtype}; expected single values."
        )
    return frame.select(expected)


def _stamps(file: Path, column: pl.Series, series: pl.Series | None = None) -> Stamps:
    try:
        return read_stamps(column, series)
    except UnusableSeries as error:
        raise BadInput(f"{file}: {error}") from error


def _numbers(column: pl.Series) -> pl.Series:
    """Null where there is no number."""
    if column.dtype == pl.String:
        column = column.str.strip_chars().replace(list(NO_VALUE), "nan")
    return column.cast(pl.Float64, strict=False)


def _first_bad(file: Path, given: pl.Series, parsed: pl.Series, expected: str) -> None:
    bad = given.is_not_null() & parsed.is_null()
    if bad.any():
        row = int(bad.arg_max() or 0)
        place = given_format(file).place(row)
        raise BadInput(f"{file}: {given.name} in {place} is {given[row]!r}; expected {expected}.")


def _no_gaps(file: Path, column: pl.Series) -> None:
    if column.null_count():
        place = given_format(file).place(int(column.is_null().arg_max() or 0))
        raise BadInput(f"{file}: {column.name} in {place} is empty.")
