"""Closed form, HiGHS, pool pricing and exhaustive search find the same purchase."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.commitments.closed_form import best_level, cost
from models.commitments.plan import CLOSED_FORM, HIGHS, PRICING, solve
from models.commitments.pricing import priced
from models.commitments.problem import Problem
from models.commitments.programme import programmed

Floats = NDArray[np.float64]

demands = st.lists(st.integers(0, 40), min_size=1, max_size=24).map(lambda d: np.array(d, float))
ratios = st.integers(5, 99).map(lambda percent: percent / 100)


def problem(
    demand: Floats,
    *,
    bound: list[float],
    flexible: list[float],
    unit: float = 0.0,
    weight: Floats | None = None,
) -> Problem:
    slots, groups = demand.shape
    weight = np.full(slots, 1 / slots) if weight is None else weight
    return Problem(demand, weight, np.array(bound), np.array(flexible), np.full(groups, unit))


@st.composite
def problems(draw: st.DrawFn, unit: float = 0.0) -> Problem:
    groups, slots = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    demand = np.array(draw(st.lists(
        st.lists(st.integers(0, 6), min_size=groups, max_size=groups),
        min_size=slots, max_size=slots,
    )), float)  # fmt: skip
    bound = [draw(ratios) for _ in range(groups)]
    flexible = [draw(ratios) for _ in range(groups)]
    parts = np.array([draw(st.integers(1, 5)) for _ in range(slots)], float)
    return problem(
        demand, bound=bound, flexible=flexible, unit=unit, weight=parts / parts.sum()
    ).offered()


@given(demands, ratios)
def test_the_closed_form_is_the_best_of_all_levels(demand: Floats, ratio: float) -> None:
    weight = np.full(len(demand), 1 / len(demand))
    level = best_level(demand, weight, ratio)
    tried = [cost(demand, weight, ratio, each) for each in np.arange(0, 41)]
    assert cost(demand, weight, ratio, level) == pytest.approx(min(tried))


@given(demands, ratios)
def test_the_last_unit_is_used_as_often_as_its_rate_asks(demand: Floats, ratio: float) -> None:
    weight = np.full(len(demand), 1 / len(demand))
    level = best_level(demand, weight, ratio)
    assert weight[demand > level].sum() <= ratio + 1e-9
    if level > 0:
        assert weight[demand >= level].sum() >= ratio - 1e-9


@given(demands, ratios, st.sampled_from([1.0, 2.5, 7.0]))
def test_whole_units_are_the_best_of_all_counts(demand: Floats, ratio: float, unit: float) -> None:
    weight = np.full(len(demand), 1 / len(demand))
    level = best_level(demand, weight, ratio, unit)
    assert level / unit == pytest.approx(round(level / unit))
    tried = [cost(demand, weight, ratio, unit * count) for count in range(50)]
    assert cost(demand, weight, ratio, level) == pytest.approx(min(tried))


@given(demands, ratios)
def test_highs_agrees_with_the_closed_form(demand: Floats, ratio: float) -> None:
    one = problem(demand[:, None], bound=[ratio], flexible=[np.nan])
    levels, hourly, bound = programmed(one)
    exact = solve(one)
    assert exact.method == CLOSED_FORM
    assert exact.gap == 0.0
    assert one.cost(levels, hourly) == pytest.approx(exact.cost, abs=1e-7)
    assert bound == pytest.approx(exact.cost, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(problems())
def test_highs_and_pool_pricing_agree(given_problem: Problem) -> None:
    one = given_problem
    levels, hourly, bound = programmed(one)
    best = one.cost(levels, hourly)
    assert bound == pytest.approx(best, abs=1e-6)
    if one.has_flexible:
        found, pool, lower = priced(one, 1e-3)
        assert lower <= best + 1e-7, "a lower bound above a purchase that exists"
        assert one.cost(found, pool) >= best - 1e-7


@settings(deadline=None, max_examples=60)
@given(problems(unit=2.0))
def test_highs_finds_the_best_of_all_whole_purchases(given_problem: Problem) -> None:
    one = given_problem
    levels, hourly, bound = programmed(one)
    best = one.cost(levels, hourly)
    counts = [range(4) if np.isfinite(ratio) else range(1) for ratio in one.bound]
    tried = [np.array(each, float) * 2.0 for each in product(*counts)]
    exhaustive = min(min(one.cost(each, pool) for pool in _edges(one, each)) for each in tried)
    assert best == pytest.approx(exhaustive, abs=1e-6)
    assert bound <= best + 1e-6


def _edges(one: Problem, levels: Floats) -> set[float]:
    """The amounts of the pool at which its cost can turn: one of them is the best."""
    if not one.has_flexible:
        return {0.0}
    order = np.argsort(one.flexible)[: int(np.isfinite(one.flexible).sum())]
    rest = np.maximum(one.demand - levels, 0)[:, order] * one.flexible[order]
    return {0.0, *np.cumsum(rest, axis=1).ravel().tolist()}


def year(groups: int, hours: int, seed: int = 0) -> Floats:
    """Demand with levels, days, weeks, growth and slow noise."""
    random = np.random.default_rng(seed)
    hour = np.arange(hours)[:, None]
    level = np.exp(random.normal(2, 1, groups))
    day = random.uniform(0, 0.5, groups) * np.sin(hour * 2 * np.pi / 24)
    week = random.uniform(0, 0.3, groups) * (hour // 24 % 7 >= 5)
    noise = np.exp(np.cumsum(random.normal(0, 0.02, (hours, groups)), axis=0))
    return np.maximum(level * (1 + day - week) * noise, 0.0)


def test_a_large_problem_is_solved_to_its_gap_and_agrees_with_highs() -> None:
    demand = year(6, 24 * 56)
    bound = np.linspace(0.5, 0.65, 6)
    one = problem(demand, bound=bound.tolist(), flexible=(bound + 0.08).tolist())
    large = solve(one)
    assert large.method == PRICING
    assert large.gap <= 1e-3
    levels, hourly, lower = programmed(one)
    assert large.bound <= lower + 1e-6
    assert large.cost <= one.cost(levels, hourly) * (1 + large.gap)


def test_whole_units_of_a_large_problem_are_whole_and_their_gap_is_told() -> None:
    demand = year(6, 24 * 56)
    bound = np.linspace(0.5, 0.65, 6)
    one = problem(demand, bound=bound.tolist(), flexible=(bound + 0.08).tolist(), unit=0.5)
    large = solve(one)
    assert np.allclose(large.levels / 0.5, np.round(large.levels / 0.5))
    assert 0 <= large.gap <= 0.01
    assert large.cost == pytest.approx(one.cost(large.levels, large.hourly))


def test_a_small_problem_goes_to_highs() -> None:
    one = problem(np.array([[4.0, 2.0], [6.0, 1.0]]), bound=[0.6, 0.6], flexible=[0.7, 0.7])
    assert solve(one).method == HIGHS
    assert solve(one).gap <= 1e-6


@settings(deadline=None, max_examples=60)
@given(problems())
def test_never_more_is_bought_than_the_demand(given_problem: Problem) -> None:
    bought = solve(given_problem)
    most = given_problem.demand.max(axis=0)
    assert (bought.levels <= most + 1e-9).all()
    pooled = np.nan_to_num(given_problem.flexible) * most
    assert bought.hourly <= pooled.sum() + 1e-7


@settings(deadline=None, max_examples=60)
@given(problems())
def test_a_purchase_never_costs_more_than_none(given_problem: Problem) -> None:
    none = float(given_problem.weight @ given_problem.demand.sum(axis=1))
    assert solve(given_problem).cost <= none + 1e-7


def test_a_commitment_that_saves_nothing_is_not_bought() -> None:
    one = problem(np.full((5, 2), 3.0), bound=[1.0, 1.2], flexible=[1.1, np.nan])
    bought = solve(one)
    assert bought.levels.sum() == bought.hourly == 0


def test_the_flexible_pool_takes_what_moves_between_families() -> None:
    """Two families whose sum is steady: neither alone is used enough, both together are."""
    demand = np.array([[10.0, 0.0], [0.0, 10.0]] * 4)
    bought = solve(problem(demand, bound=[0.6, 0.6], flexible=[0.7, 0.7]))
    assert bought.levels.sum() == pytest.approx(0, abs=1e-7)
    assert bought.hourly == pytest.approx(7.0)
    assert bought.cost == pytest.approx(7.0)
