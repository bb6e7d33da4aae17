"""Public holidays: what they changed before, they change again; nobody knows more than the day."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from planted import frame

from models.errors import UnknownCalendar
from models.forecast.history import Floats, History
from models.forecast.public_holidays import Holidays, calendar
from models.forecast.run import forecast
from models.forecast.series import forecast_series

FIRST = date(2024, 11, 1)
STEPS, AHEAD = 400, 45
DAYS = [FIRST + timedelta(days=k) for k in range(STEPS + AHEAD)]
GERMAN = calendar(["DE"], DAYS[0], DAYS[-1])
IS_HOLIDAY = np.isin(np.array(DAYS, dtype="datetime64[D]"), GERMAN)
COMING = np.flatnonzero(IS_HOLIDAY[STEPS:])
CLOSED = 0.5  # share of the cost of a working day that a holiday saves


def load(count: int = 24, seed: int = 0) -> Floats:
    """Series x day: every second one falls by half on German holidays."""
    random = np.random.default_rng(seed)
    weekend = np.array([day.weekday() >= 5 for day in DAYS])
    level = np.exp(random.normal(4, 1, (count, 1)))
    drift = np.exp(np.cumsum(random.normal(0.0005, 0.004, (count, len(DAYS))), axis=1))
    falls = CLOSED * (np.arange(count) % 2)[:, None] * IS_HOLIDAY
    noise = np.exp(random.normal(0, 0.04, (count, len(DAYS))))
    return level * drift * (1 - 0.4 * weekend) * (1 - falls) * noise


def series(values: Floats) -> pl.DataFrame:
    """What is known of them, as a file has it."""
    names = [f"s{k:02d}" for k in range(len(values))]
    return pl.DataFrame({
        "unique_id": np.repeat(names, STEPS), "ds": DAYS[:STEPS] * len(values),
        "y": values[:, :STEPS].ravel(),
    })  # fmt: skip


def test_a_calendar_has_the_working_days_of_all_its_countries() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    german = calendar(["DE"], first, last).tolist()
    bavarian = calendar(["DE-BY"], first, last).tolist()
    both = calendar(["DE", "US"], first, last).tolist()
    assert date(2026, 12, 25) in german
    assert date(2026, 10, 3) not in german  # a Saturday
    assert date(2026, 1, 6) in bavarian
    assert date(2026, 1, 6) not in german
    assert date(2026, 11, 26) in both
    assert set(german) < set(both)
    assert calendar([], first, last).size == 0


@pytest.mark.parametrize("code", ["GER", "DE-XX", "", "de by"])
def test_an_unknown_calendar_is_said(code: str) -> None:
    with pytest.raises(UnknownCalendar, match="expected a country such as DE"):
        calendar([code], FIRST, FIRST)


def test_holidays_to_come_are_what_those_before_were() -> None:
    truth = load()
    assert len(COMING) == 3  # Christmas and New Year
    off = dict[bool, Floats]()
    for is_told in (False, True):
        found = forecast_series(series(truth), AHEAD, ["DE"] if is_told else [])
        mean = found["mean"].to_numpy().reshape(len(truth), AHEAD)
        off[is_told] = np.abs(mean / truth[:, STEPS:] - 1)
        reasons = found.group_by("unique_id", maintain_order=True).agg(pl.col("reason").first())
        said = [bool(r and "on 3 public holidays ahead" in r) for r in reasons["reason"]]
        assert said == [is_told and row % 2 == 1 for row in range(len(truth))]
    assert off[False][1::2, COMING].mean() > 0.4
    assert off[True][1::2, COMING].mean() < 0.08
    ordinary = ~IS_HOLIDAY[STEPS:]
    assert off[True][:, ordinary].mean() < off[False][:, ordinary].mean() + 0.002
    np.testing.assert_allclose(off[True][::2, COMING], off[False][::2, COMING], atol=0.03)


def test_a_foreign_calendar_changes_nothing() -> None:
    known = series(load())
    foreign = forecast_series(known, AHEAD, ["JP"])
    assert foreign.equals(forecast_series(known, AHEAD))


def test_no_origin_knows_a_holiday_after_it() -> None:
    truth = load()[:, :STEPS]
    last = np.full(len(truth), np.datetime64(DAYS[STEPS - 1], "D"))
    whole = History(truth, 7, last_day=last, holidays=GERMAN)
    changed = truth.copy()
    changed[:, -40:] *= 7
    found, other = Holidays.of(whole), Holidays.of(History(changed, 7, 1, last, GERMAN))
    assert found
    assert other
    np.testing.assert_array_equal(found.effect(40), other.effect(40))
    short = Holidays.of(whole.before(40))
    assert short
    np.testing.assert_array_equal(found.effect(40), short.effect(0))


def test_holidays_that_go_either_way_are_left_alone() -> None:
    truth = load()
    random = np.random.default_rng(1)
    truth[:, IS_HOLIDAY] *= random.choice([0.5, 1.0, 1.8], (len(truth), IS_HOLIDAY.sum()))
    last = np.full(len(truth), np.datetime64(DAYS[STEPS - 1], "D"))
    found = Holidays.of(History(truth[::2, :STEPS], 7, last_day=last[::2], holidays=GERMAN))
    assert found is None or (found.effect(0) != 0).mean() < 0.2


def test_hours_and_weeks_know_no_holidays() -> None:
    stamps = pl.datetime_range(FIRST, FIRST + timedelta(days=20), "1h", eager=True)
    y = [10.0 + k % 24 for k in range(len(stamps))]
    frame_of_hours = pl.DataFrame({"unique_id": "a", "ds": stamps, "y": y})
    told = forecast_series(frame_of_hours, 24, ["DE"])
    assert told.equals(forecast_series(frame_of_hours, 24))


def test_the_cost_of_a_month_counts_its_holidays() -> None:
    truth = load()
    made_on = DAYS[STEPS]
    costs = frame(truth[:, :STEPS], DAYS[:STEPS])
    plain = forecast(costs, made_on=made_on, days=AHEAD)
    told = forecast(costs, made_on=made_on, days=AHEAD, holidays=["DE"])
    means = [
        one.forecast.sort("service", "day")["mean"].to_numpy().reshape(len(truth), AHEAD)
        for one in (plain, told)
    ]
    ratio = (means[1] / means[0])[1::2, COMING].mean()
    assert ratio == pytest.approx(1 - CLOSED, abs=0.1)
    why = told.backtest.filter(pl.col("is_chosen"))["reason"].to_list()
    assert sum("less on 3 public holidays ahead" in reason for reason in why) == len(truth) // 2
