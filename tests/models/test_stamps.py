"""Time stamps of all kinds, and what only the whole column tells."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from models.errors import UnusableSeries
from models.stamps import read_stamps

MONTHS = [date(2022 + m // 12, m % 12 + 1, 1) for m in range(24)]


def read(values: list[object], dtype: pl.DataType | None = None) -> list[object]:
    return read_stamps(pl.Series("ds", values, dtype)).times.to_list()


@pytest.mark.parametrize(
    "text",
    ["%Y%m%d", "%Y%m", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m", "%-m/%-d/%Y"],
)
def test_months_are_read_however_they_are_written(text: str):
    expected = [datetime(m.year, m.month, 1) for m in MONTHS]
    assert read([m.strftime(text) for m in MONTHS]) == expected
    if text.startswith("%Y%m"):
        assert read([int(m.strftime(text)) for m in MONTHS]) == expected


def test_numbers_of_which_most_are_no_dates_are_counted_steps():
    for steps in (range(1, 40), range(20260128, 20260228), range(202501, 202601), (0, 99999999)):
        assert read(list(steps)) == list(steps)
        assert read([str(step) for step in steps]) == list(steps)


def test_one_impossible_date_makes_no_steps_of_the_others():
    assert read([20260227, 20260228, 20260230]) == [datetime(2026, 2, d) for d in (27, 28)] + [None]


def test_a_part_above_12_tells_which_is_the_day():
    assert read(["03/01/2026", "13/01/2026"]) == [datetime(2026, 1, 3), datetime(2026, 1, 13)]
    assert read(["03/01/2026", "01/13/2026"]) == [datetime(2026, 3, 1), datetime(2026, 1, 13)]


def test_else_the_day_is_where_the_steps_are_even_within_each_series():
    hours = [datetime(2026, 1, 3) + timedelta(hours=h) for h in range(72)]
    assert read([f"{h:%d/%m/%Y %H:%M}" for h in hours]) == hours
    text = pl.Series("ds", [f"{m:%m/%d/%Y}" for m in MONTHS] * 2)
    series = pl.Series(["a"] * 24 + ["b"] * 24)
    assert read_stamps(text, series).times.to_list() == [
        datetime(m.year, m.month, 1) for m in MONTHS * 2
    ]
    assert read_stamps(text, series).notes == ("ds such as 01/01/2022 is month/day/year",)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([f"{d:02}/01/2026" for d in range(1, 13)], "even in both"),
        (["01/02/2026", "01/03/2026", "07/08/2026", "09/08/2026"], "even in neither"),
        (["01/02/2026"], "01/02/2026, which may be day/month/year or month/day/year"),
    ],
)
def test_dates_that_may_be_either_are_refused(rows: list[object], says: str):
    with pytest.raises(UnusableSeries, match=f"{says}.*Write dates as 2026-11-22"):
        read(rows)


def test_a_date_that_is_the_same_either_way_is_read():
    assert read(["01/01/2020", "01/01/2021"]) == [datetime(2020, 1, 1), datetime(2021, 1, 1)]


def test_offsets_give_one_time_and_are_kept_beside_it():
    rows = ["2026-01-05T00:00:00+01:00", "2026-01-05 00:00:00-0330", "2026-01-05 00:00Z", "soon"]
    stamps = read_stamps(pl.Series("ds", rows))
    minutes = [-60, 210, 0]
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    assert stamps.times.to_list() == [*[midnight + timedelta(minutes=m) for m in minutes], None]
    assert stamps.offsets.to_list() == [-m * 60_000_000 for m in minutes] + [None]


def test_what_is_no_time_is_null_and_other_types_are_refused():
    assert read(["soon", "", None, "2026-01-05"]) == [None, None, None, datetime(2026, 1, 5)]
    assert read([None, None]) == [None, None]
    assert read(["01/02/26", "01-02-26", "26-01-13"]) == [None, None, None]
    with pytest.raises(UnusableSeries, match="Column ds is of type Float64"):
        read([1.5])
