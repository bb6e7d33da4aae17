"""What comes every month or week is no incident, and what lasts becomes the new normal."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from planted import FIRST, frame

from models.anomaly.run import detect
from models.anomaly.verdict import Limits

DAYS = 240
CALENDAR = [FIRST + timedelta(days=k) for k in range(DAYS)]
END = CALENDAR[-1] + timedelta(days=1)
WEEKEND = np.array([day.weekday() >= 5 for day in CALENDAR])
CLOSING = np.array([(day + timedelta(days=3)).month != day.month or day.day <= 2
                    for day in CALENDAR])  # fmt: skip


def work(weekend: float = 0.5, noise: float = 0.02, seed: int = 0) -> np.ndarray:
    """One series whose weekends cost less, one row."""
    random = np.random.default_rng(seed)
    return 200 * np.where(WEEKEND, weekend, 1.0) * random.normal(1, noise, (1, DAYS))


def found(values: np.ndarray) -> list[dict[str, object]]:
    return detect(frame(values, CALENDAR), until=END).sort("starts_on").to_dicts()


def starts(incidents: Sequence[dict[str, object]]) -> list[object]:
    return [one["starts_on"] for one in incidents]


@pytest.mark.parametrize("seed", range(4))
def test_a_month_end_of_days_is_usual_on_whatever_weekdays_it_falls(seed: int) -> None:
    values = work(seed=seed)
    values[0, CLOSING] *= 1.9
    assert found(values) == []


def test_a_month_end_that_costs_far_more_than_the_others_is_no_usual_one() -> None:
    values = work()
    values[0, CLOSING] *= 1.9
    dear = [k for k, day in enumerate(CALENDAR) if date(2025, 5, 29) <= day <= date(2025, 6, 2)]
    values[0, dear] *= 2
    (incident,) = found(values)
    assert incident["starts_on"] == date(2025, 5, 29)


def test_a_step_is_no_repetition_of_last_months_step() -> None:
    values = work()
    one, other = date(2025, 4, 9), date(2025, 5, 9)
    for day in (one, other):
        values[0, CALENDAR.index(day) :] += 60
    assert starts(found(values)) == [one, other]


def test_a_short_excess_is_still_usual_on_the_same_day_of_the_next_month() -> None:
    values = work()
    for month in (4, 5):
        day = CALENDAR.index(date(2025, month, 9))
        values[0, day : day + 3] += 300
    assert starts(found(values)) == [date(2025, 4, 9)]


def test_a_step_at_a_month_turn_nobody_knew_is_dated_back_to_its_first_day() -> None:
    values = work(weekend=1.0)
    onset = date(2025, 1, 30)
    values[0, CALENDAR.index(onset) :] *= 2
    (incident,) = found(values)
    assert incident["starts_on"] == onset
    assert incident["flagged_on"] <= onset + timedelta(days=5)  # pyright: ignore


def test_a_step_of_working_days_only_becomes_normal_and_hides_no_later_one() -> None:
    values = work()
    onset, next_onset = 100, 184
    values[0, onset:] *= np.where(WEEKEND[onset:], 1.0, 1.5)
    values[0, next_onset:] *= 3
    one, other = found(values)
    assert one["starts_on"] == CALENDAR[onset]
    assert one["ends_on"] <= CALENDAR[onset + Limits().normal_after + 3]  # pyright: ignore
    assert other["starts_on"] == CALENDAR[next_onset]
    assert other["expected"] == pytest.approx(21 / 7 * 200 * (5 * 1.5 + 2 * 0.5), rel=0.1)


def test_a_new_series_of_working_days_becomes_normal_from_its_first_day_on() -> None:
    values = np.vstack([work(), 3 * work(weekend=0.0)])
    values[1, WEEKEND] = 0.2  # less than anybody cares for
    began = CALENDAR.index(date(2025, 5, 3))  # a Saturday
    values[1, :began] = 0
    (incident,) = found(values)
    assert incident["starts_on"] == CALENDAR[began]
    assert incident["flagged_on"] == CALENDAR[began + 2]
    assert incident["ends_on"] <= CALENDAR[began + 2 + Limits().normal_after + 3]  # pyright: ignore


def test_a_fall_that_is_over_before_it_is_normal_leaves_the_old_normal() -> None:
    values = work()
    values[0, 100:120] *= 0.4
    (incident,) = found(values)
    assert (incident["direction"], incident["ends_on"]) == ("down", CALENDAR[120])


def test_a_credit_in_a_step_does_not_lower_the_new_normal() -> None:
    values = work(weekend=1.0, noise=0.005)
    values[0, 100:] *= 1.5
    values[0, 112] -= 1500
    values[0, 170:] *= 1.3
    one, other = found(values)
    assert one["impact"] == pytest.approx(20 * 100, rel=0.1)
    assert other["expected"] == pytest.approx(21 * 300, rel=0.02)
