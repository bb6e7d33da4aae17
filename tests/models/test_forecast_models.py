"""The contract of every model file, and what the single models are for."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.forecast import BASELINE, available
from models.forecast.autoregression import Autoregression
from models.forecast.boosted import Boosted
from models.forecast.deseasoned import Deseasoned
from models.forecast.history import History, fits
from models.forecast.month_effect import MonthEffect
from models.forecast.recursive import Recursive
from models.forecast.same_day_last_month import SameDayLastMonth
from models.forecast.theta import Theta

STEPS = 130
NAMES = list(available())
NEED_MORE = (
    "boosted",
    "recursive",
    "theta_long",
    "autoregression_long",
)  # series, or a second season, than a plain week
OF_ALL = ("boosted", "recursive")  # which learn from all series
ALONE = [name for name in NAMES if name not in OF_ALL]
values = arrays.arrays(
    np.float64,
    (3, STEPS),
    elements=st.one_of(st.just(0.0), st.floats(0.01, 1e6), st.just(float("nan"))),
)


def history(matrix: np.ndarray, last: date = date(2026, 3, 15)) -> History:
    return History(matrix, 7, last_day=np.full(len(matrix), np.datetime64(last)))


def weekly(level: float = 100.0, count: int = 3, steps: int = STEPS) -> np.ndarray:
    weekdays = np.array([1.0, 1.0, 1.1, 1.0, 1.0, 0.5, 0.4])
    return np.tile(level * weekdays[np.arange(steps) % 7], (count, 1))


def test_the_baseline_comes_first_and_something_is_there_to_beat_it():
    assert NAMES[0] == BASELINE
    assert len(NAMES) > 3


@pytest.mark.parametrize("name", NAMES)
def test_a_model_predicts_one_row_a_series_and_one_column_a_step(name: str):
    assert available()[name].fit(history(weekly())).predict(40).shape == (3, 40)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(matrix=values)
def test_a_model_survives_gaps_zeros_and_jumps(name: str, matrix: np.ndarray):
    said = available()[name].fit(history(matrix)).predict(20)
    assert said.shape == (3, 20)
    assert not np.isinf(said).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_says_nothing_about_a_series_nobody_knows(name: str):
    matrix = weekly()
    matrix[1] = np.nan
    said = available()[name].fit(history(matrix)).predict(10)
    assert np.isnan(said[1]).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [1e-9, 1e12])
def test_a_model_does_not_mind_the_unit(name: str, factor: float):
    noise = np.random.default_rng(1).normal(1, 0.05, (3, STEPS))
    model = available()[name]
    plain = model.fit(history(weekly() * noise)).predict(10)
    scaled = model.fit(history(weekly() * noise * factor)).predict(10)
    np.testing.assert_allclose(scaled, plain * factor, rtol=1e-5, equal_nan=True)


@pytest.mark.parametrize("name", ALONE)
def test_a_series_is_forecast_the_same_alone_and_in_company(name: str):
    random = np.random.default_rng(2)
    matrix = weekly() * random.normal(1, 0.1, (3, STEPS)) * np.array([[1.0], [50.0], [0.1]])
    model = available()[name]
    together = model.fit(history(matrix)).predict(14)
    alone = model.fit(history(matrix[1:2])).predict(14)
    np.testing.assert_allclose(alone[0], together[1], rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NEED_MORE and "month" not in n])
def test_a_perfect_week_is_repeated(name: str):
    said = available()[name].fit(history(weekly(steps=140))).predict(14)
    np.testing.assert_allclose(said, weekly(steps=154)[:, -14:], rtol=0.06)


def test_a_monthly_fee_that_grows_is_expected_as_in_the_last_three_months():
    days = np.arange("2026-01-01", "2026-11-20", dtype="datetime64[D]")
    first = (days == days.astype("datetime64[M]")) & (days > days[0])
    values = np.where(first, 100 * 1.1 ** np.cumsum(first), 0.0)[None, :]
    history = History(values, 7, last_day=days[-1:])
    fees = values[0][first]
    said = MonthEffect(available()["damped"]).fit(history).predict(30)[0]
    assert said.sum() == pytest.approx(fees[-2], rel=1e-3)
    assert said[11] == pytest.approx(fees[-2], rel=1e-3)  # the first of December


def test_a_monthly_fee_is_expected_on_its_day_again():
    days = np.datetime64("2026-03-15") - np.arange(STEPS)[::-1] * np.timedelta64(1, "D")
    first = np.array([d.astype(object).day == 1 for d in days])
    said = SameDayLastMonth().fit(history(np.where(first, 500.0, 0.0)[None])).predict(31)
    expected = np.zeros(31)
    expected[16] = 500.0  # 1 April
    np.testing.assert_array_equal(said[0], expected)


def test_a_fee_on_top_of_daily_cost_is_added_to_what_another_model_says():
    days = np.datetime64("2026-03-15") - np.arange(200)[::-1] * np.timedelta64(1, "D")
    first = np.array([d.astype(object).day == 1 for d in days])
    noise = np.random.default_rng(3).normal(0, 1, 200)
    matrix = (100 + noise + 400 * first)[None]
    said = MonthEffect(available()["damped"]).fit(history(matrix)).predict(31)[0]
    assert said[16] == pytest.approx(500, rel=0.05)
    assert np.delete(said, 16) == pytest.approx(np.full(30, 100.0), rel=0.05)


def due(days: np.ndarray, number: int) -> np.ndarray:
    """Whether a fee of that day of the month falls on each day: on the last where it is lacking."""
    dates = days.astype(object)
    following = (days + np.timedelta64(1, "D")).astype(object)
    last = np.array([(a.day, a.month != b.month) for a, b in zip(dates, following, strict=True)])
    return (last[:, 0] == number) | (last[:, 1].astype(bool) & (last[:, 0] < number))


LATE = {
    "28th": (28,), "29th": (29,), "30th": (30,), "last": (31,), "30th and last": (30, 31),
    "28th and 30th": (28, 30), "1st and last": (1, 31),
}  # fmt: skip


@pytest.mark.parametrize("fees", LATE.values(), ids=LATE)
@pytest.mark.parametrize(
    "last", ["2027-02-10", "2028-02-10", "2027-03-05", "2027-04-12", "2027-05-10", "2027-12-31"]
)
def test_a_fee_of_a_day_that_a_month_lacks_falls_on_its_last(fees: tuple[int, ...], last: str):
    """Before and after Februaries of 28 and 29 days, and months of 30."""
    end = np.datetime64(last)
    days, ahead = end - np.arange(250)[::-1], end + np.arange(1, 63)
    noise = np.random.default_rng(7).normal(0, 2, 250)
    values = 100 + noise + 400 * sum(due(days, fee).astype(float) for fee in fees)
    said = MonthEffect(available()["damped"]).fit(history(values[None], date.fromisoformat(last)))
    expected = 100 + 400 * sum(due(ahead, fee).astype(float) for fee in fees)
    np.testing.assert_allclose(said.predict(62)[0], expected, atol=25)


@pytest.mark.parametrize("fee", [28, 29, 30, 31])
@pytest.mark.parametrize("last", ["2027-02-10", "2028-02-10", "2027-03-05", "2027-05-10"])
def test_what_came_last_month_comes_on_the_last_day_of_a_month_that_is_shorter(fee: int, last: str):
    end = np.datetime64(last)
    days, ahead = end - np.arange(70)[::-1], end + np.arange(1, 63)
    values = np.where(due(days, fee), 500.0, 20.0)[None]
    said = SameDayLastMonth().fit(history(values, date.fromisoformat(last))).predict(62)
    np.testing.assert_array_equal(said[0], np.where(due(ahead, fee), 500.0, 20.0))


@pytest.mark.parametrize("name", ["damped", "damped_ratio"])
def test_a_new_level_is_followed_within_a_week_but_a_spike_is_not(name: str):
    model = available()[name]
    stepped, spiked = weekly(), weekly()
    stepped[:, -6:] *= 3
    spiked[:, -2] *= 3
    after = weekly(steps=137)[:, -7:]
    assert model.fit(history(stepped)).predict(7).mean() > 2.2 * after.mean()
    assert model.fit(history(spiked)).predict(7).mean() < 1.3 * after.mean()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_says_at_an_origin_uses_nothing_that_came_later(name: str):
    random = np.random.default_rng(4)
    values = weekly(count=20, steps=220) * random.normal(1, 0.1, (20, 220))
    changed = values.copy()
    changed[:, -20:] *= random.uniform(0.2, 5, (20, 20))
    model = available()[name]
    for one, other in zip(
        fits(model, history(values), (20, 40)), fits(model, history(changed), (20, 40)), strict=True
    ):
        np.testing.assert_array_equal(one.predict(10), other.predict(10))


def test_trees_learn_from_other_series_what_comes_after_a_rise():
    """A jump to the double is followed by a fall to the half: only the others have seen it."""
    random = np.random.default_rng(5)
    values = weekly(count=40, steps=300) * random.normal(1, 0.02, (40, 300))
    for row in range(1, 40):
        for start in range(40 + row % 20, 280, 42):
            values[row, start : start + 7] *= 2
            values[row, start + 7 : start + 14] *= 0.5
    values[0, -7:] *= 2
    said = Boosted().fit(replace(history(values), horizon=7)).predict(7)
    assert said[0].sum() == pytest.approx(0.5 * weekly(steps=307)[0, -7:].sum(), rel=0.15)


def test_trees_say_nothing_about_series_with_negative_values_or_if_there_is_little_to_learn():
    values = weekly(count=40, steps=300) * np.random.default_rng(6).normal(1, 0.1, (40, 300))
    values[3, 100] = -5.0
    said = Boosted().fit(history(values)).predict(7)
    assert np.isnan(said[3]).all()
    assert np.isfinite(np.delete(said, 3, axis=0)).all()
    assert np.isnan(Boosted().fit(history(values[:1])).predict(7)).all()


def paydays(count: int = 12, steps: int = 400) -> tuple[np.ndarray, History]:
    """Twice as much on the 15th of each month, on series of any size; the last 28 days apart."""
    last = date(2026, 6, 15)
    days = np.datetime64(last) - np.arange(steps - 1, -1, -1)
    is_payday = days.astype(object) == np.array([d.replace(day=15) for d in days.astype(object)])
    size = np.logspace(-6, 9, count)[:, None]
    noise = np.random.default_rng(8).normal(1, 0.02, (count, steps))
    whole = size * weekly(level=1.0, count=1, steps=steps) * np.where(is_payday, 2.0, 1.0) * noise
    return whole[:, -28:], history(whole, last).before(28)


def test_recursive_trees_know_the_day_of_the_month_whatever_the_size_of_a_series():
    truth, known = paydays()
    said = Recursive().fit(known).predict(28)
    assert np.median(said[:, -1] / truth[:, -1]) > 0.8  # the 15th; half of it on other days
    np.testing.assert_allclose(said.sum(axis=1), truth.sum(axis=1), rtol=0.05)


def test_recursive_trees_go_on_for_as_long_as_they_are_asked():
    _, known = paydays()
    fitted = next(iter(Recursive().fit_before(replace(known, horizon=28), [20])))
    far = fitted.predict(60)
    assert far.shape == (12, 60)
    np.testing.assert_allclose(far[:, :28], fitted.predict(28))


def test_recursive_trees_need_examples_and_say_nothing_of_series_nobody_knows():
    _, known = paydays()
    values = known.values.copy()
    values[2] = np.nan
    said = Recursive().fit(replace(known, values=values)).predict(7)
    assert np.isnan(said[2]).all()
    assert np.isfinite(np.delete(said, 2, axis=0)).all()
    assert np.isnan(Recursive().fit(known.rows(slice(0, 1))).predict(7)).all()


def test_theta_follows_half_of_a_trend_times_a_season():
    steps = np.arange(147)
    season = np.array([1.0, 1.0, 1.1, 1.0, 1.0, 0.5, 0.4])[steps % 7]
    values = ((100 + 2 * steps) * season)[None]
    said = Theta().fit(history(values[:, :140])).predict(7)
    np.testing.assert_allclose(said[0], values[0, 140:], rtol=0.06)


def test_theta_with_the_long_season_is_for_series_that_have_one():
    steps = np.arange(24 * 7 * 4)
    weekend = np.where(steps // 24 % 7 >= 5, 0.5, 1.0)
    values = 100 * (1 + 0.3 * np.sin(steps / 24 * 2 * np.pi)) * weekend
    hours = History(values[None, :-168], 24, long_season=168)
    said = Theta(is_long=True).fit(hours).predict(168)
    np.testing.assert_allclose(said[0], values[-168:], rtol=0.05)
    assert np.isnan(Theta(is_long=True).fit(history(weekly())).predict(5)).all()


def test_a_long_season_is_taken_out_before_lags_are_learned():
    """Working hours, six weeks of them, on a level that returns to normal within some hours."""
    steps = np.arange(24 * 7 * 7)
    shape = np.where((steps // 24 % 7 < 5) & (steps % 24 >= 8) & (steps % 24 < 18), 200.0, 80.0)
    noise = np.random.default_rng(7).normal(0, 0.01, len(steps))
    for step in range(1, len(noise)):
        noise[step] += 0.9 * noise[step - 1]
    hours = History((shape * (1 + noise))[None, :-168], 24, long_season=168)
    truth = shape[-168:]
    long = Deseasoned(Autoregression(), is_long=True).fit(hours).predict(168)[0]
    plain = Autoregression().fit(hours).predict(168)[0]
    assert np.abs(long / truth - 1).mean() < 0.03
    assert np.abs(long - truth).mean() < 0.8 * np.abs(plain - truth).mean()


@pytest.mark.parametrize("season", [7, 12, 52])
def test_a_week_and_a_year_are_left_to_the_lags(season: int):
    matrix = weekly(steps=400) * np.random.default_rng(8).normal(1, 0.1, (3, 400))
    seen = History(matrix, season)
    np.testing.assert_array_equal(
        Deseasoned(Autoregression()).fit(seen).predict(14), Autoregression().fit(seen).predict(14)
    )


def test_a_season_is_taken_out_of_a_series_with_gaps_and_zeros():
    matrix = np.tile(np.where(np.arange(24) < 8, 0.0, 50.0), (2, 12))
    matrix[0, 100:110] = np.nan
    hours = History(matrix, 24)
    said = Deseasoned(Autoregression()).fit(hours).predict(24)
    assert np.isfinite(said).all()
    error = np.abs(said[1] - matrix[1, :24]).mean()
    assert error <= np.abs(Autoregression().fit(hours).predict(24)[1] - matrix[1, :24]).mean()
