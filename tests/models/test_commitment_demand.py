"""What is left to cover: after owned commitments, hour by hour, and after accepted changes."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.commitments.demand import Held, Remaining, Usage, remaining, usage_of
from models.commitments.ladder import ladder
from models.commitments.plan import solve
from models.commitments.problem import Problem
from models.commitments.scenarios import SHARES, Scenarios, from_forecast, from_weeks, quantile

DAY = datetime(2026, 3, 1)
TODAY = date(2026, 3, 5)
STEADY = Scenarios(np.ones(1), np.ones(1), "as is")


def line(hour: int, cost: float, *, commitment: str | None = None, family: str = "m5",
         slot_hours: int = 1) -> dict[str, object]:  # fmt: skip
    return {
        "starts_at": DAY + timedelta(hours=hour), "slot_hours": slot_hours, "region": "r",
        "instance_type": family, "os": "linux", "commitment_id": commitment, "on_demand_cost": cost,
    }  # fmt: skip


def types(*families: str) -> pl.DataFrame:
    return pl.DataFrame([
        {"region": "r", "instance_type": name, "os": "linux", "group": number}
        for number, name in enumerate(families)
    ])  # fmt: skip


def usage(gross: list[list[float]], **covered: list[list[float]]) -> Usage:
    slots = [DAY + timedelta(hours=number) for number in range(len(gross))]
    parts = {name: np.array(part) for name, part in covered.items()}
    return Usage(slots, 1, np.array(gross), parts)


def remains(known: Usage, days: int = 365, **held: Held) -> Remaining:
    groups = known.gross.shape[1]
    found = remaining(
        known, held=held, cut=np.zeros(groups), scenarios=STEADY, made_on=TODAY, days=days
    )
    assert found.weight.sum() == pytest.approx(1)
    assert found.phases[0].starts_on == TODAY
    return found


def left(known: Usage, **held: Held) -> np.ndarray:
    (phase,) = remains(known, 365, **held).phases
    return phase.demand


def until(days: int) -> Held:
    return Held(TODAY + timedelta(days=days), 0.0, np.array([True]))


def test_usage_is_laid_out_by_slot_and_group_and_a_silent_slot_used_nothing() -> None:
    rows = pl.DataFrame([line(0, 2.0), line(2, 3.0), line(2, 1.0, family="c5"),
                         line(2, 4.0, commitment="sp")])  # fmt: skip
    found = usage_of(rows, types("m5", "c5"), 2, date(2026, 3, 2))
    assert len(found.starts_at) == 24
    assert found.gross[:3].tolist() == [[2.0, 0.0], [0.0, 0.0], [7.0, 1.0]]
    assert found.on_demand[2].tolist() == [3.0, 1.0]
    assert found.covered["sp"].sum() == 4.0


def test_one_daily_line_makes_all_slots_days() -> None:
    rows = pl.DataFrame([line(0, 24.0, slot_hours=24), line(26, 12.0)])
    found = usage_of(rows, types("m5"), 1, date(2026, 3, 4))
    assert found.slot_hours == 24
    assert found.gross[:, 0].tolist() == [1.0, 0.5, 0.0]
    assert found.daily().tolist() == [24.0, 12.0, 0.0]


def test_what_is_owned_is_netted_in_each_hour_of_its_own() -> None:
    known = usage([[4.0], [4.0], [1.0]], sp=[[3.0], [1.0], [1.0]])
    assert left(known)[:, 0].tolist() == [1.0, 3.0, 0.0]


def test_a_commitment_that_ends_leaves_its_demand_from_that_day_on() -> None:
    found = remains(usage([[4.0], [4.0]], sp=[[3.0], [3.0]]), sp=until(73))
    assert [phase.starts_on for phase in found.phases] == [TODAY, TODAY + timedelta(days=73)]
    assert [phase.demand[:, 0].tolist() for phase in found.phases] == [[1.0, 1.0], [4.0, 4.0]]
    assert found.shares(TODAY, 365).tolist() == pytest.approx([0.2, 0.8])
    assert found.mean(TODAY, 365).tolist() == pytest.approx([0.2 * 1 + 0.8 * 4])
    assert found.shares(TODAY + timedelta(days=73), 365).tolist() == [0.0, 1.0]
    assert found.purchases == 2
    assert found.later is None


def test_what_ends_after_the_forecast_is_seen_and_not_planned_yet() -> None:
    found = remains(usage([[4.0]], sp=[[3.0]]), sp=until(91))
    assert len(found.phases) == 2
    assert found.purchases == 1
    assert found.later == TODAY + timedelta(days=91)
    assert len(remains(usage([[4.0]], sp=[[3.0]]), sp=until(365 + 90)).phases) == 1


@pytest.mark.parametrize("days", [0, -1])
def test_a_commitment_that_has_ended_covers_nothing(days: int) -> None:
    known = usage([[4.0], [4.0]], sp=[[3.0], [3.0]])
    assert left(known, sp=until(days))[:, 0].tolist() == [4.0, 4.0]


def test_a_commitment_of_unknown_end_goes_on() -> None:
    known = usage([[4.0]], sp=[[3.0]])
    assert left(known, sp=Held(None, 0.0, np.array([True])))[:, 0].tolist() == [1.0]


def test_before_a_commitment_began_it_counts_as_if_it_had() -> None:
    known = usage([[5.0], [5.0], [5.0], [5.0]], sp=[[0.0], [0.0], [2.0], [4.0]])
    assert left(known)[:, 0].tolist() == [2.0, 2.0, 3.0, 1.0]


def test_of_many_ends_in_a_month_the_last_one_counts() -> None:
    ends = {f"c{n}": until(2 * n) for n in range(12)}
    found = remains(usage([[20.0]], **{name: [[1.0]] for name in ends}), 365, **ends)
    march = date(2026, 3, 5 + 2 * 11)
    assert [phase.starts_on for phase in found.phases] == [TODAY, march]
    assert [phase.demand[0, 0] for phase in found.phases] == [9.0, 20.0]


@given(st.lists(st.integers(-50, 600), max_size=40))
def test_nothing_counts_as_free_before_its_commitment_has_ended(ends: list[int]) -> None:
    held = {f"c{number}": until(days) for number, days in enumerate(ends)}
    found = remains(usage([[float(len(ends))]], **{name: [[1.0]] for name in held}), 365, **held)
    assert len(found.phases) <= 10
    for phase in found.phases:
        over = sum(TODAY + timedelta(days=days) <= phase.starts_on for days in ends)
        assert phase.demand[0, 0] <= over


def test_what_lies_idle_is_used_before_anything_is_bought() -> None:
    known = usage([[4.0, 4.0]], ri=[[1.0, 0.0]])
    idle = Held(None, 2.0, np.array([True, False]))
    assert left(known, ri=idle).tolist() == [[1.0, 4.0]]


def test_a_flexible_commitment_moves_on_when_its_usage_is_cut() -> None:
    known = usage([[4.0, 4.0]], sp=[[2.0, 2.0]])
    found = remaining(
        known, held={}, cut=np.array([4.0, 0.0]), scenarios=STEADY, made_on=TODAY, days=365
    )
    assert found.phases[0].demand.tolist() == [[0.0, 0.0]], "2 of it are free for what is left"


@given(
    st.lists(st.floats(0, 100), min_size=4, max_size=20),
    st.floats(0, 120),
    st.floats(0, 60),
    st.floats(0.05, 0.95),
)
def test_never_more_is_bought_than_remains_after_accepted_changes(
    gross: list[float], cut: float, owned: float, ratio: float
) -> None:
    cells = np.array(gross)[:, None]
    known = usage(cells.tolist(), sp=np.minimum(cells, owned).tolist())
    found = remaining(
        known, held={}, cut=np.array([cut]), scenarios=STEADY, made_on=TODAY, days=365
    )
    rest = np.maximum(np.maximum(cells - cut, 0) - np.minimum(cells, owned), 0)
    (phase,) = found.phases
    assert phase.demand == pytest.approx(rest)
    problem = Problem(
        phase.demand, found.weight, np.array([ratio]), np.array([np.nan]), np.zeros(1)
    )
    assert solve(problem).levels[0] <= rest.max() + 1e-9


def test_scenarios_weigh_the_levels_of_the_forecast() -> None:
    total = {"lo95": 45.0, "lo80": 72.0, "mean": 99.0, "hi80": 117.0, "hi95": 180.0}
    found = from_forecast(total, days=90, known=1.0)
    assert found is not None
    assert found.factor.tolist() == pytest.approx([0.5, 0.8, 1.1, 1.3, 2.0])
    assert found.weight is SHARES
    assert SHARES.sum() == 1.0
    assert "+10%" in found.told


@pytest.mark.parametrize("missing", [{}, {"mean": None}, {"lo95": float("nan")}])
def test_without_a_forecast_there_are_no_scenarios_of_it(missing: dict[str, float | None]) -> None:
    total = {"lo95": 1.0, "lo80": 2.0, "mean": 3.0, "hi80": 4.0, "hi95": 5.0} if missing else {}
    assert from_forecast({**total, **missing}, days=90, known=1.0) is None


def test_weeks_of_the_past_are_drawn_around_their_mean_and_the_same_each_time() -> None:
    daily = np.repeat([1.0, 2.0, 3.0, 4.0], 7)
    found = from_weeks(daily)
    assert found.factor.min() >= 0.4
    assert found.factor.max() <= 1.6
    assert found.factor.mean() == pytest.approx(1, abs=0.15)
    assert found.factor.tolist() == from_weeks(daily).factor.tolist()


def test_too_few_weeks_leave_one_scenario_that_says_so() -> None:
    found = from_weeks(np.ones(20))
    assert found.factor.tolist() == [1.0]
    assert "too few" in found.told


def test_a_quantile_is_a_value_that_occurs() -> None:
    assert quantile(np.array([5.0, 1.0]), np.array([0.9, 0.1]), 0.1) == 1.0
    assert quantile(np.array([5.0, 1.0]), np.array([0.9, 0.1]), 0.11) == 5.0


@given(st.floats(0.2, 1e5), st.floats(0.25, 0.5))
def test_the_parts_of_a_purchase_add_up_to_it(amount: float, share: float) -> None:
    parts = ladder(amount, TODAY, share=share)
    assert sum(part.amount for part in parts) == pytest.approx(amount, rel=1e-12)
    assert all(part.amount <= amount / 2 * 1.001 + 1e-6 for part in parts)
    days = [part.buy_on for part in parts]
    assert days[0] == TODAY
    assert days == sorted(set(days))


@given(st.integers(1, 500), st.floats(0.25, 0.5))
def test_whole_instances_are_bought_whole(count: int, share: float) -> None:
    parts = ladder(count, TODAY, is_whole=True, share=share)
    assert sum(part.amount for part in parts) == count
    assert all(part.amount == round(part.amount) > 0 for part in parts)


def test_a_small_amount_is_bought_at_once() -> None:
    assert [part.amount for part in ladder(0.06, TODAY)] == [0.06]


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_parts_are_a_quarter_to_a_half(share: float) -> None:
    with pytest.raises(ValueError, match="25 to 50 %"):
        ladder(1.0, TODAY, share=share)
