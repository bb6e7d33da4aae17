"""Measurements as files have them: each oddity is put right or said, and none stops the scoring."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from test_stream import daily

from models.anomaly.measurements import Scored, score_measurements
from models.anomaly.stream import score
from models.errors import UnusableSeries
from models.forecast.history import Floats

START = datetime(2026, 3, 1)
STEP = timedelta(minutes=5)
ROWS = 3000


def times(count: int = ROWS) -> list[datetime]:
    return [START + STEP * row for row in range(count)]


def scored(at: list[datetime] | pl.Series, values: Floats) -> Scored:
    column = at if isinstance(at, pl.Series) else pl.Series("timestamp", at)
    return score_measurements(column, pl.Series("value", values))


def test_an_ordinary_file_scores_as_its_values_and_has_no_notes():
    values = daily(1, ROWS)
    found = scored(times(), values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert found.notes == ()
    assert found.refusal == ""


def test_unsorted_rows_get_the_scores_of_their_time():
    values = daily(2, ROWS)
    shuffled = np.random.default_rng(0).permutation(ROWS)
    found = scored([times()[row] for row in shuffled], values[shuffled])
    np.testing.assert_array_equal(found.scores, score(values)[shuffled])
    assert "in the order of time" in found.notes[0]


def test_a_repeated_row_scores_nothing_and_changes_no_other():
    values = daily(3, ROWS)
    twice = np.insert(np.arange(ROWS), 1501, 1500)
    found = scored([times()[row] for row in twice], values[twice])
    assert found.scores[1501] == 0
    np.testing.assert_array_equal(np.delete(found.scores, 1501), score(values))
    assert found.notes == ("1 row repeated, first at 2026-03-06 05:00:00: a repetition scores 0.",)


def test_two_values_for_one_time_are_both_scored_and_said():
    twice = np.repeat(np.arange(ROWS // 2), 2)
    values = daily(4, ROWS)
    found = scored([times()[row] for row in twice], values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert "1,500 rows with another value for the time of the row before" in found.notes[0]


def test_unknown_and_endless_values_score_nothing_and_are_counted():
    values = daily(5, ROWS)
    values[[700, 800, 900]] = [np.nan, np.inf, 1e200]
    found = scored(times(), values)
    assert found.scores[[700, 800, 900]].tolist() == [0, 0, 0]
    assert np.isfinite(found.scores).all()
    assert found.notes[0].startswith("3 of 3,000 values unknown, first at 2026-03-03 10:20:00")


def test_missing_steps_keep_the_season_in_its_place():
    load = np.where(np.arange(ROWS) % 288 > 200, 80.0, 20.0) + daily(6, ROWS) / 10
    there = np.ones(ROWS, dtype=bool)
    there[2000:2130] = False
    found = scored([at for at, keep in zip(times(), there, strict=True) if keep], load[there])
    assert "1 gap, the longest of 130 steps before 2026-03-08 09:30:00" in found.notes[0]
    after = found.scores[2000:]
    assert (after >= 0.5).sum() <= 1
    closed_up = score(load[there])[2000:]  # the mistake that places avoid
    assert (closed_up >= 0.5).sum() > (after >= 0.5).sum()


def test_a_gap_of_years_is_taken_without_filling_the_machine():
    at = times()
    later = [*at[:1500], *(one + timedelta(days=4000) for one in at[1500:])]
    found = scored(later, daily(7, ROWS))
    assert "1 gap, the longest of 4,000 steps" in found.notes[0]
    assert len(found.scores) == ROWS


def test_a_change_of_frequency_is_said_and_scored_through():
    at = [*times(1500), *(times(1500)[-1] + timedelta(hours=row) for row in range(1, 1501))]
    values = 50 + np.random.default_rng(8).normal(size=ROWS)
    values[2900] += 30
    found = scored(at, values)
    assert "The step changes from 0:05:00 to 1:00:00 about" in " ".join(found.notes)
    assert found.scores[2900] == found.scores.max()


def test_steps_without_a_length_are_taken_as_even():
    random = np.random.default_rng(9)
    seconds = np.cumsum(random.exponential(60, ROWS))
    values = daily(9, ROWS)
    found = scored([START + timedelta(seconds=float(one)) for one in seconds], values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert found.notes == (
        "The steps vary too much to tell gaps: the rows count as evenly spaced.",
    )


def test_a_clock_put_back_keeps_the_order_of_the_file():
    values = daily(10, ROWS)
    local = [at if row < 1500 else at - timedelta(hours=1) for row, at in enumerate(times())]
    found = scored(local, values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert "The clock goes back at 2026-03-06 04:00:00" in found.notes[0]


def test_times_with_a_zone_need_no_note_when_the_clock_changes():
    utc = pl.Series([at.replace(tzinfo=UTC) + timedelta(days=25) for at in times()])
    local = utc.dt.convert_time_zone("Europe/Berlin")
    assert local.dt.base_utc_offset().n_unique() + local.dt.dst_offset().n_unique() == 3
    values = daily(11, ROWS)
    found = scored(local, values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert found.notes == ()


@pytest.mark.parametrize("count", [1, 2, 100])
def test_too_few_values_are_refused_with_how_many_it_takes(count: int):
    found = scored(times(count), daily(12, count))
    assert found.scores.tolist() == [0] * count
    assert f"{count:,} known value" in found.refusal
    assert "Give at least 101" in found.refusal


def test_a_constant_is_scored_and_said():
    found = scored(times(), np.full(ROWS, 5.0))
    assert found.scores.max() == 0
    assert found.refusal == ""
    assert found.notes == ("Every value is 5, so nothing stands out; the first other one will.",)


@pytest.mark.parametrize("unit", [1.0, 0.001])
def test_counted_steps_are_times_too(unit: float):
    values = daily(13, ROWS)
    found = scored(pl.Series(np.arange(ROWS) * unit), values)
    np.testing.assert_array_equal(found.scores, score(values))
    assert found.notes == ()


def test_rows_without_a_time_are_passed_over():
    at: list[datetime | None] = [*times()]
    at[1000] = None
    values = daily(14, ROWS)
    found = score_measurements(pl.Series(at), pl.Series(values))
    assert found.scores[1000] == 0
    assert found.notes[0] == "1 row without a readable time: not scored."


@pytest.mark.parametrize("cut", [150, 1000, 1600, 2500])
def test_a_file_that_ends_earlier_has_the_same_scores(cut: int):
    """With everything wrong that can be: gaps, repeats, unknown values, another frequency."""
    random = np.random.default_rng(15)
    rows = np.sort(random.choice(ROWS, ROWS - 300, replace=False))
    rows = np.sort(np.concatenate([rows, rows[::100]]))
    values = daily(15, ROWS)[rows]
    values[::97] = np.nan
    at = [times()[row] if row < 1500 else times()[1500] + STEP * 3 * (row - 1500) for row in rows]
    whole = scored(at, values).scores
    np.testing.assert_array_equal(scored(at[:cut], values[:cut]).scores, whole[:cut])


def test_columns_of_other_types_are_named():
    with pytest.raises(UnusableSeries, match="times are String"):
        score_measurements(pl.Series(["x"]), pl.Series([1.0]))
    with pytest.raises(UnusableSeries, match="values are String"):
        score_measurements(pl.Series([1]), pl.Series(["x"]))
    with pytest.raises(UnusableSeries, match="None of 2 rows has both"):
        score_measurements(pl.Series([1, 2]), pl.Series([None, float("nan")]))
