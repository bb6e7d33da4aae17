"""Read the reader's own series, and say exactly what is wrong with a file that can't be used."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from app.errors import BadInput

SERIES = ("unique_id", "ds", "y")
STREAM = ("timestamp", "value")
A_TIME = "a date or time such as 2026-11-22 09:00:00"
NO_VALUE = ("", "NA", "NaN", "nan", "null")
UNREADABLE = 0.1  # share of timestamps; with more of them the file is something else


def read_series(file: Path) -> pl.DataFrame:
    """`unique_id, ds, y`; `ds` are times or whole numbers. Raises `BadInput`."""
    frame = _columns(file, _read(file), SERIES)
    steps = _whole_numbers(frame["ds"])
    return frame.select(
        pl.col("unique_id").cast(pl.String),
        _times(file, frame["ds"]) if steps is None else steps,
        _numbers(file, frame["y"]),
    )


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
    rows = _read(file)
    _columns(file, rows, STREAM)
    times, untimed = _stream_times(file, rows["timestamp"])
    values, no_numbers = _stream_values(file, rows["value"])
    return StreamFile(rows, times, values, (*untimed, *no_numbers))


def csv_files(path: Path) -> Iterator[tuple[Path, Path]]:
    """Every CSV file with its place below `path`. Raises `BadInput` if there is none."""
    if path.is_file():
        yield path, Path(path.name)
        return
    if not path.is_dir():
        raise BadInput(f"{path} does not exist. Give a CSV file or a folder of CSV files.")
    found = sorted(path.rglob("*.csv"))
    if not found:
        raise BadInput(f"There is no .csv file in {path} or below.")
    for file in found:
        yield file, file.relative_to(path)


def _stream_times(file: Path, column: pl.Series) -> tuple[pl.Series, list[str]]:
    numbers = column.cast(pl.Float64, strict=False) if column.dtype == pl.String else column
    if numbers.dtype.is_numeric() and not numbers.null_count():
        return numbers, []
    if column.dtype != pl.String:
        return _times(file, column), []
    _one_clock(file, column)
    times = _parsed(column)
    bad = times.is_null()
    if bad.sum() > UNREADABLE * len(column):
        _no_gaps(file, column)
        _first_bad(file, column, times, A_TIME)
    return times, _said(column, bad, A_TIME)


def _one_clock(file: Path, column: pl.Series) -> None:
    zoned = column.str.contains(r":.*(Z|[+-]\d\d:?\d\d)$")
    if zoned.any() and not zoned.all():
        with_zone, without = int(zoned.arg_max() or 0), int((~zoned).arg_max() or 0)
        raise BadInput(
            f"{file}: timestamp in line {with_zone + 2} is {column[with_zone]!r}, with a time zone,"
            f" and in line {without + 2} {column[without]!r}, without. Which came first can't be "
            "told; write all with their zone, or all in UTC."
        )


def _stream_values(file: Path, column: pl.Series) -> tuple[pl.Series, list[str]]:
    if column.dtype != pl.String:
        return _numbers(file, column), []
    given = column.str.strip_chars().replace(list(NO_VALUE), None)
    numbers = given.cast(pl.Float64, strict=False)
    bad = given.is_not_null() & numbers.is_null()
    if not numbers.is_not_null().any():
        _first_bad(file, given, numbers, "a number")
        raise BadInput(f"{file}: no row has a value; expected at least one number.")
    return numbers, _said(column, bad, "a number")


def _said(column: pl.Series, bad: pl.Series, expected: str) -> list[str]:
    if not bad.any():
        return []
    row = int(bad.arg_max() or 0)
    number = int(bad.sum())
    rest = f", and {number - 1:,} more such" if number > 1 else ""
    return [f"{column.name} in line {row + 2} is {column[row]!r}, expected {expected}{rest}."]


def _read(file: Path) -> pl.DataFrame:
    if not file.is_file():
        raise BadInput(f"{file} does not exist, or is not a file.")
    try:
        if file.suffix == ".parquet":
            return pl.read_parquet(file)
        return pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = "Parquet" if file.suffix == ".parquet" else "CSV"
        raise BadInput(f"{file} can't be read as {kind}: {str(error).splitlines()[0]}") from error


def _columns(file: Path, frame: pl.DataFrame, expected: tuple[str, ...]) -> pl.DataFrame:
    missing = [name for name in expected if name not in frame.columns]
    if missing:
        raise BadInput(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; expected "
            f"{', '.join(expected)}, found {', '.join(frame.columns)}."
        )
    if frame.is_empty():
        raise BadInput(f"{file} has no rows.")
    return frame.select(expected)


def _whole_numbers(column: pl.Series) -> pl.Series | None:
    """Steps counted 1, 2, 3, or None if these are times."""
    if column.dtype == pl.String:
        column = column.cast(pl.Int64, strict=False)
        return None if column.null_count() else column
    return column if column.dtype.is_integer() else None


def _times(file: Path, column: pl.Series) -> pl.Series:
    """Times without zone, UTC; dates become midnight."""
    _no_gaps(file, column)
    if column.dtype == pl.String:
        parsed = _parsed(column)
        _first_bad(file, column, parsed, A_TIME)
        return parsed
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return (utc if column.dtype.time_zone else column).cast(pl.Datetime("us"))
    raise BadInput(f"{file}: column {column.name} is {column.dtype}; expected dates or times.")


def _parsed(column: pl.Series) -> pl.Series:
    try:
        return column.str.to_datetime(time_unit="us", strict=False, ambiguous="null")
    except pl.exceptions.ComputeError:  # not even the first value is a date
        return pl.Series(column.name, [None] * len(column), pl.Datetime("us"))


def _numbers(file: Path, column: pl.Series) -> pl.Series:
    """Finite numbers, or null for a missing one."""
    if column.dtype == pl.String:
        column = column.replace(list(NO_VALUE), None)
    numbers = column.cast(pl.Float64, strict=False)
    _first_bad(file, column, numbers, "a number")
    endless = numbers.is_infinite().arg_max() if numbers.is_infinite().any() else None
    if endless is not None:
        raise BadInput(f"{file}: {column.name} in line {endless + 2} is infinite.")
    return numbers.fill_nan(None)


def _first_bad(file: Path, given: pl.Series, parsed: pl.Series, expected: str) -> None:
    bad = given.is_not_null() & parsed.is_null()
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise BadInput(
            f"{file}: {given.name} in line {row + 2} is {given[row]!r}; expected {expected}."
        )


def _no_gaps(file: Path, column: pl.Series) -> None:
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise BadInput(f"{file}: {column.name} in line {row + 2} is empty.")
