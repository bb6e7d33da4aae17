"""When to buy how much: each part as soon as it is used enough, and no sooner.

Owned commitments end one after the other, and leave more to cover each time. In each phase the
purchase of least cost for that phase is the goal, and what is missing to it is bought on the first
day of it. So a unit is bought once it is used in more than the share r of the hours, its break-even
(models/commitments/closed_form.py), and as what is left only grows, it stays so for all its term.
Bought sooner it would be paid for nothing in the meantime; what owned commitments still cover
is free. A purchase has a term of its own, from its first day on.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.commitments.demand import Remaining
from models.commitments.plan import Purchase, solve
from models.commitments.problem import Problem

Floats = NDArray[np.float64]

LEAST = 0.005  # money per hour of a purchase; less is not worth a contract


def purchases(problem: Problem, left: Remaining) -> list[Purchase]:
    """One for each phase in which something may be bought: all that is committed to by then.

    `cost` and `bound` are of the demand of that phase.
    """
    nothing = np.zeros(problem.groups)
    made = [Purchase(nothing, 0.0, 0.0, 0.0, "")]
    for phase in left.phases[: left.purchases]:
        asked = replace(problem, demand=phase.demand)
        best = solve(asked)
        made.append(_worth_it(asked, _beside(asked, best, made[-1]), made[-1]))
    return made[1:]


def cost(problem: Problem, left: Remaining, made: Sequence[Purchase], days: int) -> float:
    """Of an hour in the `days` days from the first phase on, each purchase from its first day."""
    shares = left.shares(left.phases[0].starts_on, days)
    return sum(
        float(share) * replace(problem, demand=phase.demand).cost(bought.levels, bought.hourly)
        for number, (share, phase) in enumerate(zip(shares, left.phases, strict=True))
        for bought in [in_force(made, number)]
        if share > 0
    )


def in_force(made: Sequence[Purchase], phase: int) -> Purchase:
    """What is committed to in a phase."""
    return made[min(phase, len(made) - 1)]


def effect(
    left: Remaining,
    days: int,
    amounts: Sequence[float],
    covers: Callable[[int, float], Floats],
) -> Floats:
    """What amounts of one commitment do, each part on average over a term from its own first day.

    `amounts` has what is committed to by each phase with purchases; `covers` tells of a phase and
    an amount what it does in it: any figures x rows, none for an amount of 0.
    """
    told = cache(covers)
    parts = pairwise([0.0, *amounts])
    return sum(
        (
            share * (told(phase, after) - told(phase, before))
            for start, (before, after) in enumerate(parts)
            if after > before
            for phase, share in enumerate(left.shares(left.phases[start].starts_on, days))
            if share > 0
        ),
        np.zeros_like(told(0, 0.0)),
    )


def _beside(problem: Problem, best: Purchase, before: Purchase) -> Purchase:
    """The best purchase, if it holds what was bought before; else what to buy on top of that."""
    if (best.levels >= before.levels - 1e-9).all() and best.hourly >= before.hourly - 1e-9:
        levels, hourly = np.maximum(best.levels, before.levels), max(best.hourly, before.hourly)
        return replace(best, levels=levels, hourly=hourly)
    rest = problem.outcome(before.levels, before.hourly).rest
    more = solve(replace(problem, demand=rest))
    return replace(best, levels=before.levels + more.levels, hourly=before.hourly + more.hourly)


def _worth_it(problem: Problem, purchase: Purchase, before: Purchase) -> Purchase:
    """Without parts of less than LEAST per hour."""
    more = np.nan_to_num((purchase.levels - before.levels) * problem.bound)
    levels = np.where(more >= LEAST, purchase.levels, before.levels)
    is_more = purchase.hourly - before.hourly >= LEAST
    hourly = purchase.hourly if is_more else before.hourly
    return replace(purchase, levels=levels, hourly=hourly, cost=problem.cost(levels, hourly))
