"""When to buy how much: nothing for use that is owned, and at no time too little."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.commitments.dated import LEAST, cost, effect, purchases
from models.commitments.demand import Phase, Remaining
from models.commitments.plan import Purchase, solve
from models.commitments.problem import Problem

TODAY = date(2026, 3, 5)
YEAR = 365
NONE = np.nan


def left(*phases: tuple[int, list[list[float]]]) -> Remaining:
    """Phases by the day they begin on, and rows of what is left."""
    made = [Phase(TODAY + timedelta(days=day), np.array(rows)) for day, rows in phases]
    rows = len(made[0].demand)
    return Remaining(made, len(made), np.full(rows, 1 / rows), np.zeros(rows, np.intp))


def asked(
    found: Remaining, bound: list[float], flexible: list[float], unit: float = 0.0
) -> Problem:
    return Problem(
        found.phases[0].demand, found.weight, np.array(bound), np.array(flexible),
        np.full(len(bound), unit),
    ).offered()  # fmt: skip


def test_what_is_owned_for_some_weeks_is_bought_when_it_has_ended() -> None:
    found = left((0, [[0.0], [0.2]]), (45, [[9.0], [9.2]]))
    made = purchases(asked(found, [0.7], [NONE]), found)
    assert [each.levels.tolist() for each in made] == [[0.0], [9.0]]


def test_what_nothing_covers_is_bought_at_once_and_the_rest_later() -> None:
    found = left((0, [[2.0]]), (45, [[9.0]]))
    made = purchases(asked(found, [0.7], [NONE], unit=1.0), found)
    assert [each.levels.tolist() for each in made] == [[2.0], [9.0]]


def test_what_ends_after_the_purchases_are_planned_changes_nothing() -> None:
    both = left((0, [[2.0]]), (200, [[9.0]]))
    found = Remaining(both.phases, 1, both.weight, both.scenario)
    assert [each.levels.tolist() for each in purchases(asked(found, [0.7], [NONE]), found)] == [
        [2.0]
    ]


def test_a_purchase_is_judged_over_a_term_of_its_own() -> None:
    """From day 73 on it is used whole, for a year; counted from today, a fifth would be idle."""
    found = left((0, [[0.0]]), (73, [[5.0]]))

    def covers(phase: int, amount: float) -> np.ndarray:
        return np.minimum(found.phases[phase].demand[:, 0], amount)[None, :]

    assert effect(found, YEAR, [0.0, 5.0], covers).tolist() == [[5.0]]
    assert effect(found, YEAR, [5.0, 5.0], covers)[0].tolist() == pytest.approx([4.0])
    assert effect(found, YEAR, [0.0, 0.0], covers).tolist() == [[0.0]]


def test_a_pool_that_was_bought_stays_when_a_family_needs_less_of_it() -> None:
    """Two families that take turns suit the pool; once one is steady, it alone would be bound."""
    turns = [[4.0, 0.0], [0.0, 4.0]]
    found = left((0, turns), (30, [[4.0, 4.0], [4.0, 4.0]]))
    made = purchases(asked(found, [0.6, 0.6], [0.7, 0.7]), found)
    assert made[0].hourly == pytest.approx(4 * 0.7)
    assert made[1].hourly >= made[0].hourly
    covered = made[1].levels.sum() + made[1].hourly / 0.7
    assert covered == pytest.approx(8.0), "no more than is used"
    assert made[1].cost >= made[1].bound


rows = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20)), min_size=2, max_size=5)


@settings(deadline=None, max_examples=60)
@given(rows, rows, st.integers(1, 364), st.floats(0.3, 0.95), st.floats(0, 25), st.booleans())
def test_no_purchase_on_one_day_costs_less(
    now: list[tuple[float, float]],
    freed: list[tuple[float, float]],
    day: int,
    ratio: float,
    tried: float,
    is_whole: bool,
) -> None:
    """Over the same term, whatever is bought today for all of it."""
    count = min(len(now), len(freed))
    first = np.array(now[:count])
    found = left((0, first.tolist()), (day, (first + np.array(freed[:count])).tolist()))
    problem = asked(found, [ratio, ratio], [NONE, NONE], unit=1.0 if is_whole else 0.0)
    made = purchases(problem, found)
    assert (made[1].levels >= made[0].levels).all()
    shares = found.shares(TODAY, YEAR)
    whole_term = replace(
        problem,
        demand=np.vstack([phase.demand for phase in found.phases]),
        weight=np.concatenate([share * found.weight for share in shares]),
    )
    other = np.full(2, round(tried) if is_whole else tried)
    mine = cost(problem, found, made, YEAR)
    for levels in (solve(whole_term).levels, other, np.zeros(2)):
        at_once = [Purchase(levels, 0.0, 0.0, 0.0, "")]
        assert mine <= cost(problem, found, at_once, YEAR) + 2 * LEAST + 1e-9


@settings(deadline=None, max_examples=30)
@given(rows, st.floats(0.4, 0.7), st.floats(0.02, 0.2))
def test_with_a_pool_each_phase_stays_above_its_proven_bound(
    now: list[tuple[float, float]], ratio: float, dearer: float
) -> None:
    first = np.array(now)
    found = left((0, first.tolist()), (30, (first + first[::-1]).tolist()))
    made = purchases(asked(found, [ratio, ratio], [ratio + dearer, ratio + dearer]), found)
    assert made[1].hourly >= made[0].hourly
    assert (made[1].levels >= made[0].levels).all()
    for each, phase in zip(made, found.phases, strict=True):
        none = found.weight @ phase.demand.sum(axis=1)
        assert each.bound <= each.cost + 1e-9
        assert each.cost <= none + 1e-9, "it saves in each phase"
