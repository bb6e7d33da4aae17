"""The purchase for many families and hours: give the flexible pool a price in every hour.

With a price per hour for a committed unit of the pool (on average at most 1, what it costs), each
group alone buys by the closed form, and what they then cost is a lower bound for every purchase
(Lagrangian duality). The purchase tells new prices: what one unit more in the pool would save in
each hour. Averaging prices over the rounds, as in fictitious play, closes the gap (Brown 1951;
Robinson, An Iterative Method of Solving a Game, 1951). Each round looks at every hour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.commitments.closed_form import best_levels
from models.commitments.problem import Problem

Floats = NDArray[np.float64]

ROUNDS = 200


@dataclass(frozen=True)
class _Sorted:
    """The demand of each group in ascending order, worked out once."""

    problem: Problem
    order: NDArray[np.intp]
    demand: Floats
    pooled: NDArray[np.intp]  # groups of the flexible pool, the highest saving first

    @classmethod
    def of(cls, problem: Problem) -> "_Sorted":
        order = np.argsort(problem.demand, axis=0, kind="stable")
        count = int(np.isfinite(problem.flexible).sum())
        pooled = np.argsort(problem.flexible, kind="stable")[:count]
        return cls(problem, order, np.take_along_axis(problem.demand, order, axis=0), pooled)


def priced(problem: Problem, gap: float) -> tuple[Floats, float, float]:
    """Levels, the flexible commitment and the lower bound, when the gap is small enough.

    Whole units are rounded at the end; the bound holds for them, too.
    """
    known = _Sorted.of(problem)
    levels = np.zeros(problem.groups)
    prices: Floats | None = None
    best, lower = (levels, 0.0, np.inf), -np.inf
    for turn in range(ROUNDS):
        needed = _needed(known, levels)
        hourly = _pool(known, needed)
        cost = _cost(known, levels, hourly, needed)
        if cost < best[2]:
            best = levels, hourly, cost
        told = _prices(known, hourly, needed)
        prices = told if prices is None else prices + (told - prices) * 2 / (turn + 2)
        wanted, bound = _answer(known, prices)
        lower = max(lower, bound)
        if best[2] - lower <= gap / 2 * best[2]:  # half is left for rounding
            break
        levels = levels + (wanted - levels) * (0.5 if turn else 1.0)
    levels, hourly, _ = best
    return *_in_units(known, levels, hourly), lower


def _needed(known: _Sorted, levels: Floats) -> Floats:
    """Committed cost of what each group leaves to the pool, summed in the order of the pool."""
    rest = np.maximum(known.problem.demand[:, known.pooled] - levels[known.pooled], 0.0)
    return np.cumsum(rest * known.problem.flexible[known.pooled], axis=1)


def _pool(known: _Sorted, needed: Floats) -> float:
    """The flexible commitment of least cost: where one unit more saves 1 on average.

    What it saves in an hour falls in steps, at the sums of `needed`, to nothing.
    """
    saves = 1.0 / known.problem.flexible[known.pooled]
    steps = np.append(saves[:-1] - saves[1:], saves[-1])
    flat = needed.ravel()
    falls = (known.problem.weight[:, None] * steps[None, :]).ravel()
    order = np.argsort(flat, kind="stable")
    left = falls.sum() - np.cumsum(falls[order])
    if falls[flat > 0].sum() <= 1.0:
        return 0.0
    return float(flat[order[np.argmax(left <= 1.0)]])


def _prices(known: _Sorted, hourly: float, needed: Floats) -> Floats:
    """What one committed unit more would save in each slot."""
    saves = np.append(1.0 / known.problem.flexible[known.pooled], 0.0)
    return saves[(needed <= hourly).sum(axis=1)]


def _cost(known: _Sorted, levels: Floats, hourly: float, needed: Floats) -> float:
    """What an hour costs on average."""
    problem = known.problem
    apart = np.diff(needed, axis=1, prepend=0.0)
    covered = np.clip(hourly - (needed - apart), 0.0, apart) / problem.flexible[known.pooled]
    rest = np.maximum(problem.demand - levels, 0.0).sum(axis=1) - covered.sum(axis=1)
    bound = np.where(np.isfinite(problem.bound), problem.bound, 0.0)
    return float(bound @ levels) + hourly + float(problem.weight @ rest)


def _answer(known: _Sorted, prices: Floats) -> tuple[Floats, float]:
    """What each group buys at these prices of the pool, and the lower bound of all purchases."""
    problem = known.problem
    mean = float(problem.weight @ prices)
    fair = prices / mean if mean > 1.0 else prices
    ratio = np.where(np.isfinite(problem.flexible), problem.flexible, 0.0)
    pays = np.minimum(1.0, fair[:, None] * ratio)
    pays[:, ~np.isfinite(problem.flexible)] = 1.0
    weight = np.take_along_axis(pays * problem.weight[:, None], known.order, axis=0)
    bound = np.where(np.isfinite(problem.bound), problem.bound, np.inf)
    levels = best_levels(known.demand, weight, bound)
    price = np.where(np.isfinite(problem.bound), problem.bound, 0.0)
    rest = float((weight * np.maximum(known.demand - levels, 0.0)).sum())
    return levels, float(price @ levels) + rest


def _in_units(known: _Sorted, levels: Floats, hourly: float) -> tuple[Floats, float]:
    unit = known.problem.unit
    if not (unit > 0).any():
        return levels, hourly
    whole = np.where(unit > 0, np.round(levels / np.where(unit > 0, unit, 1.0)) * unit, levels)
    return whole, _pool(known, _needed(known, whole))
