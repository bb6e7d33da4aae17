"""Incidents in daily cost: what is found, what is left alone, and that no day looks ahead."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import FIRST, clean_costs, frame, planted_costs

from models.anomaly.run import COLUMNS, Floor, delivered_since, detect, floors, panel
from models.anomaly.verdict import Limits, judge

DAYS = 200
CALENDAR = [FIRST + timedelta(days=k) for k in range(DAYS)]
END = CALENDAR[-1] + timedelta(days=1)


def steady(seed: int = 0, count: int = 1, noise: float = 0.03) -> np.ndarray:
    random = np.random.default_rng(seed)
    weekdays = np.array([0.6 if d.weekday() >= 5 else 1.0 for d in CALENDAR])
    return 200 * weekdays * random.normal(1, noise, (count, DAYS))


def found(values: np.ndarray, until: date = END) -> list[dict[str, object]]:
    return detect(frame(values, CALENDAR), until=until).to_dicts()


def test_the_frame_has_the_columns_of_its_table_also_when_empty():
    empty = detect(frame(steady(), CALENDAR).clear(), until=END)
    assert dict(empty.schema) == {k: v() for k, v in COLUMNS.items()}
    assert dict(detect(frame(steady(), CALENDAR), until=END).schema) == dict(empty.schema)


def test_a_spike_is_one_incident_with_its_days_and_its_money():
    values = steady()
    values[0, 120:122] += 600
    (incident,) = found(values)
    assert (incident["starts_on"], incident["ends_on"]) == (CALENDAR[120], CALENDAR[122])
    assert incident["direction"] == "up"
    assert incident["days"] == 2
    assert incident["impact"] == pytest.approx(1200, rel=0.1)
    assert "2 days instead of" in str(incident["reason"])
    assert not incident["is_new_normal"]


def test_a_step_is_reported_from_its_first_day_and_becomes_the_new_normal():
    values = steady()
    values[0, 100:] *= 1.8
    (incident,) = found(values)
    assert incident["starts_on"] == CALENDAR[100]
    assert incident["ends_on"] == CALENDAR[100 + Limits().normal_after]
    assert incident["impact"] == pytest.approx(0.8 * 21 * 200 * 31 / 35, rel=0.1)
    assert incident["is_new_normal"]
    assert "new normal" in str(incident["reason"])


def test_what_ran_away_for_weeks_is_reported_again_after_it_was_back_to_normal():
    values = steady()
    for start, end in ((80, 120), (132, 142)):
        values[0, start:end] *= 3
    up, down, again = sorted(found(values, CALENDAR[142]), key=lambda one: str(one["starts_on"]))
    assert (up["direction"], up["is_new_normal"]) == ("up", True)
    assert (down["direction"], down["starts_on"]) == ("down", CALENDAR[120])
    assert (down["ends_on"], down["is_new_normal"]) == (CALENDAR[128], True), "known from before"
    assert (again["direction"], again["starts_on"]) == ("up", CALENDAR[132])
    assert again["impact"] == pytest.approx(2 * 10 * 200 * 31 / 35, rel=0.1)


def test_a_fall_below_what_was_before_is_no_return_to_it():
    values = steady()
    values[0, 80:120] *= 3
    values[0, 120:135] *= 0.3
    *_, down = sorted(found(values, CALENDAR[135]), key=lambda one: str(one["starts_on"]))
    assert (down["direction"], down["is_new_normal"]) == ("down", False)


def test_a_slow_ramp_is_found_and_dated_back():
    values = steady()
    values[0, 100:130] *= np.linspace(1, 2.5, 30)
    values[0, 130:] *= 2.5
    incidents = found(values)
    assert incidents
    first = min(i["starts_on"] for i in incidents)  # pyright: ignore
    assert CALENDAR[98] <= first <= CALENDAR[108]
    assert len(incidents) == 1


def test_a_new_service_is_found_on_its_first_day():
    values = steady(count=2)
    values[1, :110] = 0
    (incident,) = found(values)
    assert incident["service"] == "service-0001"
    assert incident["starts_on"] == CALENDAR[110]
    assert str(incident["reason"]).startswith("new:")
    assert "nothing before" in str(incident["reason"])


def test_what_was_new_and_rose_again_does_not_say_that_nothing_was_before():
    values = steady(count=2)
    values[1, :110] = 0
    values[1, 110 : 110 + Limits().normal_after + 1] = 50
    values[1, 110 + Limits().normal_after + 1 :] = 400
    (incident,) = [one for one in found(values) if one["service"] == "service-0001"]
    assert float(str(incident["expected"])) > 1
    assert str(incident["reason"]).startswith("new at first:")
    assert "nothing before" not in str(incident["reason"])


def test_everything_is_not_new_in_the_first_bill():
    assert found(steady(count=5)) == []


def test_a_monthly_fee_is_usual_once_it_has_been_seen():
    values = steady()
    values[0] += [500 if d.day == 1 else 0 for d in CALENDAR]
    assert found(values) == []


def test_a_fee_much_higher_than_last_month_is_not_usual():
    values = steady()
    values[0] += [500 if d.day == 1 else 0 for d in CALENDAR]
    may = CALENDAR.index(date(2025, 5, 1))
    values[0, may] += 1500
    (incident,) = found(values)
    assert incident["starts_on"] == date(2025, 5, 1)


def test_one_low_last_day_may_be_an_incomplete_bill_but_two_are_a_drop():
    values = steady()
    values[0, -1] *= 0.2
    assert found(values) == []
    values[0, -3:] *= 0.2
    (incident,) = found(values)
    assert incident["direction"] == "down"
    assert incident["starts_on"] == CALENDAR[-3]
    assert incident["ends_on"] is None


def test_a_change_nobody_would_care_for_is_left_out():
    values = np.concatenate([steady(count=5) * 100, steady(seed=1) / 1000])
    values[5, 100] *= 50
    assert found(values) == []


def test_a_single_credit_is_no_incident():
    values = steady()
    values[0, 90] -= 3000
    assert found(values) == []


def test_gaps_of_the_feed_are_unknown_and_not_a_drop():
    values = steady()
    lines = frame(values, CALENDAR).filter(~pl.col("day").is_in(CALENDAR[100:110]))
    assert detect(lines, until=END).is_empty()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(60, DAYS - 1))
def test_later_days_never_change_earlier_verdicts(seed: int, cut: int):
    lines, calendar, _ = planted_costs(seed, 12, DAYS)
    until = calendar[-1] + timedelta(days=1)
    random = np.random.default_rng(seed)
    later = lines.with_columns(
        pl.when(pl.col("day") >= calendar[cut])
        .then(pl.col("cost") * pl.Series(random.uniform(0.1, 9, lines.height)))
        .otherwise("cost")
        .alias("cost")
    )
    first, second = (_verdicts(part, until) for part in (lines, later))
    for name in ("expected", "score", "incident", "cause", "backdated"):
        np.testing.assert_array_equal(
            getattr(first, name)[:, :cut], getattr(second, name)[:, :cut], err_msg=name
        )


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.sampled_from([1e-6, 0.01, 1000.0, 1e9]))
def test_the_currency_unit_does_not_matter(seed: int, factor: float):
    lines, calendar, _ = planted_costs(seed, 12, DAYS)
    until = calendar[-1] + timedelta(days=1)
    plain = detect(lines, until=until, floor=Floor(day=1.0))
    scaled = detect(
        lines.with_columns(pl.col("cost") * factor), until=until, floor=Floor(day=factor)
    )
    assert scaled["id"].to_list() == plain["id"].to_list()
    np.testing.assert_allclose(scaled["impact"], plain["impact"] * factor, rtol=1e-6)


def _verdicts(lines: pl.DataFrame, until: date):
    keys, values, days = panel(lines, until=until, delivered=None)
    least = floors(values, keys["currency"].to_list(), Floor())
    return judge(values, days, least, delivered_since(values, keys), Limits())


def test_clean_cost_gives_at_most_one_false_incident_in_two_thousand_series_days():
    lines, calendar, _ = clean_costs(11, 150, 400)
    false = detect(lines, until=calendar[-1] + timedelta(days=1)).height
    assert false / (150 * 400) <= 1 / 2000


def test_planted_events_are_found_in_time_and_little_else():
    lines, calendar, events = planted_costs(12, 180, 400)
    incidents = detect(lines, until=calendar[-1] + timedelta(days=1)).to_dicts()
    money = hit = 0.0
    used: set[str] = set()
    delays: list[int] = []
    for event in events:
        money += event.impact
        matching = [
            i for i in incidents
            if i["service"] == event.service and i["direction"] == "up"
            and event.start - timedelta(days=2) <= i["starts_on"] <= event.end
        ]  # fmt: skip
        if matching:
            hit += event.impact
            used |= {i["id"] for i in matching}
            delays.append((min(i["starts_on"] for i in matching) - event.start).days)
    false = sum(abs(i["impact"]) for i in incidents if i["id"] not in used)
    assert hit / money > 0.9
    assert hit / (hit + false) > 0.9
    assert np.median(delays) <= 1
