"""The detector for any stream: onsets once, nothing ahead of time, drift and seasons no news."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.anomaly.season import SeasonSettings, find_period
from models.anomaly.stream import ALARM, NOTHING, follow, score
from models.forecast.history import Floats

DAY = 288  # steps of five minutes


def noise(seed: int, count: int = 4000) -> Floats:
    return np.random.default_rng(seed).normal(size=count)


def daily(seed: int, count: int = 4000) -> Floats:
    return 50 + 10 * np.sin(np.arange(count) * 2 * np.pi / DAY) + noise(seed, count)


def slow(seed: int) -> Floats:
    return 50 + 20 * np.sin(np.arange(4000) * np.pi / 1000) + noise(seed)


def drifting(seed: int) -> Floats:
    return 0.01 * np.arange(4000) + noise(seed)


def alarms(values: Floats) -> list[int]:
    return np.flatnonzero(score(values) >= ALARM).tolist()


STREAMS = [noise, daily, slow, drifting]
every_stream = pytest.mark.parametrize("make", STREAMS)


@every_stream
def test_a_quiet_stream_gives_few_alarms(make: Callable[[int], Floats]):
    numbers = [len(alarms(make(seed)[:])) for seed in range(8)]
    assert np.mean(numbers) < 12  # of 4,000 rows, most of them while it is still learning
    late = [sum(row >= 2000 for row in alarms(make(seed))) for seed in range(8)]
    assert np.mean(late) < 4


@every_stream
def test_a_spike_is_one_alarm_at_its_row(make: Callable[[int], Floats]):
    values = make(11)
    values[3210] += 15
    assert [row for row in alarms(values) if 3210 <= row < 3500] == [3210]


@every_stream
def test_a_burst_is_reported_at_its_onset_and_not_at_each_row(make: Callable[[int], Floats]):
    values = make(12)
    values[3210:3270] += 15
    found = [row for row in alarms(values) if 3210 <= row < 3500]
    assert found[0] == 3210
    assert len(found) <= 3


@pytest.mark.parametrize("make", [noise, daily, drifting])
@pytest.mark.parametrize("by", [8, -8])
def test_a_shift_of_level_is_one_alarm_at_its_onset(make: Callable[[int], Floats], by: float):
    for seed in range(4):
        values = make(seed)
        values[3000:] += by
        after = [row for row in alarms(values) if 3000 <= row < 3300]
        assert after
        assert after[0] <= 3003
        assert len(after) <= 2


@every_stream
def test_a_change_of_variance_is_found_within_an_hour_of_five_minutes(
    make: Callable[[int], Floats],
):
    values = make(13)
    values[3000:] += 5 * noise(14, 1000)
    after = [row for row in alarms(values) if 3000 <= row < 3400]
    assert after
    assert after[0] <= 3012
    assert len(after) <= 6


def test_a_day_without_its_peak_is_found_though_no_value_is_unusual():
    load = np.where(np.arange(4032) % DAY > 200, 80.0, 20.0) + noise(1, 4032)
    values = load.copy()
    missing = slice(11 * DAY + 200, 12 * DAY)
    values[missing] = 20 + noise(2, DAY)[: DAY - 200]
    after = [row for row in alarms(values) if missing.start <= row < missing.stop]
    assert after
    assert after[0] <= missing.start + 0.1 * DAY
    assert not [row for row in alarms(load) if missing.start <= row < missing.stop]


def test_the_season_is_the_shortest_that_fits_and_noise_has_none():
    set_to = SeasonSettings()
    assert find_period(daily(1), set_to) == pytest.approx(DAY, abs=2)
    assert find_period(noise(1), set_to) == 0
    assert find_period(np.full(4000, 7.0), set_to) == 0
    assert find_period(daily(1, DAY), set_to) == 0  # seen once is no season
    with_spike = daily(1)
    with_spike[1234] = 1e9
    assert find_period(with_spike, set_to) == pytest.approx(DAY, abs=2)
    with_holes = daily(1)
    with_holes[np.random.default_rng(2).random(4000) < 0.2] = np.nan
    assert find_period(with_holes, set_to) == pytest.approx(DAY, abs=2)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 2500), later=st.floats(-1e6, 1e6))
def test_a_score_uses_no_later_row(seed: int, cut: int, later: float):
    values = daily(seed, 2500)
    changed = values.copy()
    changed[cut:] = later
    whole = score(values)
    np.testing.assert_array_equal(whole[:cut], score(changed)[:cut])
    np.testing.assert_array_equal(whole[:cut], score(values[:cut]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cuts=st.lists(st.integers(0, 9000), max_size=6))
def test_rows_in_many_calls_score_as_in_one(seed: int, cuts: list[int]):
    values = daily(seed, 9000)
    values[5000] += 60
    values[7000:7200] = np.nan
    past, scores = NOTHING, [np.zeros(0)]
    for part in np.split(values, sorted(cuts)):
        found, past = follow(past, part)
        scores.append(found)
    np.testing.assert_allclose(np.concatenate(scores), score(values), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(allow_nan=True, allow_infinity=True, width=32), st.just(0.0)),
        max_size=400,
    )
)
def test_scores_are_between_zero_and_one_for_anything(values: list[float]):
    scores = score(np.array(values, dtype=float))
    assert len(scores) == len(values)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("factor", [1e-9, 1e12, -1.0])
def test_neither_unit_nor_sign_matters(factor: float):
    values = daily(3)
    values[3900] += 40
    np.testing.assert_allclose(score(values * factor), score(values), atol=1e-6)


def test_a_level_of_a_trillion_hides_no_change_of_ten():
    values = daily(3)
    values[3900] += 40
    assert 3900 in alarms(values + 1e12)


def test_a_constant_is_quiet_until_it_changes():
    values = np.full(3000, 0.1)
    assert alarms(values) == []
    values[2000:] = 0.2
    assert alarms(values) == [2000]


def test_unknown_values_score_nothing_and_make_no_later_row_unusual():
    values = daily(5)
    whole = alarms(values)
    values[2900:3050] = np.nan
    found = alarms(values)
    assert not [row for row in found if 2900 <= row < 3050]
    assert len([row for row in found if 3050 <= row < 3400]) <= 1 + len(
        [row for row in whole if 3050 <= row < 3400]
    )
