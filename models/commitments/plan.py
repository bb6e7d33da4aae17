"""What to buy across families and pools at least expected cost, and how far from the best it is.

Three ways, the first that fits: without a flexible commitment each group is a closed form of its
own; a small problem is one linear (or, in whole units, mixed-integer) programme for HiGHS; a large
one is solved by pricing the flexible pool. Whatever found the purchases, their cost is worked out
again on all slots, and compared with a lower bound that holds for all purchases.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.commitments.closed_form import best_level
from models.commitments.pricing import priced
from models.commitments.problem import Problem
from models.commitments.programme import programmed
from models.errors import NotSolved

Floats = NDArray[np.float64]

GAP = 1e-3  # share of the cost that a purchase may be above the bound
FEW_CELLS = 6_000  # slots x groups; HiGHS takes less than a second for as many
MOST_CELLS = 60_000  # tried with HiGHS where pricing leaves a wider gap, as few levels may
CLOSED_FORM, HIGHS, PRICING = "closed form", "HiGHS", "pool pricing"


@dataclass(frozen=True)
class Purchase:
    """The answer: what to commit to, in cost per hour."""

    levels: Floats  # groups: bound commitments, in on-demand cost per hour of what they cover
    hourly: float  # the flexible commitment, at committed rates
    cost: float  # of an average hour, on all slots
    bound: float  # no purchase costs less
    method: str

    @property
    def gap(self) -> float:
        """How much cheaper the best purchase could be at most, as a share of the cost."""
        return max(0.0, (self.cost - self.bound) / self.cost) if self.cost > 0 else 0.0


def solve(problem: Problem, gap: float = GAP) -> Purchase:
    """The purchase of least expected cost; its proven gap is at most `gap`, or it is told.

    Whole units in a large problem with a flexible commitment can leave a wider one.
    """
    problem = problem.offered().merged()
    if not problem.has_flexible:
        return _separate(problem)
    if problem.demand.size <= FEW_CELLS:
        exact = _programmed(problem)
        if exact is not None and exact.gap <= gap:
            return exact
    made = _purchase(problem, PRICING, *priced(problem, gap))
    if made.gap <= gap or problem.demand.size > MOST_CELLS:
        return made
    exact = _programmed(problem)
    if exact is None:
        return made
    better = exact if exact.cost < made.cost else made
    return replace(better, bound=min(max(made.bound, exact.bound), better.cost))


def _programmed(problem: Problem) -> Purchase | None:
    """The answer of HiGHS; None if its time was over before it had one."""
    try:
        return _purchase(problem, HIGHS, *programmed(problem))
    except NotSolved:
        return None


def _purchase(
    problem: Problem, method: str, levels: Floats, hourly: float, bound: float
) -> Purchase:
    cost = problem.cost(levels, hourly)
    return Purchase(levels, hourly, cost, min(bound, cost), method)


def _separate(problem: Problem) -> Purchase:
    levels = np.array([
        best_level(problem.demand[:, group], problem.weight, ratio, unit)
        if np.isfinite(ratio) else 0.0
        for group, (ratio, unit) in enumerate(zip(problem.bound, problem.unit, strict=True))
    ])  # fmt: skip
    return _purchase(problem, CLOSED_FORM, levels, 0.0, np.inf)
