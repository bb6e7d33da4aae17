"""The purchase as one linear or mixed-integer programme, solved by HiGHS.

Variables: the level x_g bound to each group (whole units where they are), the flexible commitment
c, and per slot and group what the flexible one covers y_tg and what stays on demand o_tg.
Minimise sum_g r_g x_g + c + sum_t w_t sum_g o_tg, with x_g + y_tg + o_tg >= d_tg and
sum_g s_g y_tg <= c.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, hstack, identity, kron

from models.commitments.problem import Problem
from models.errors import NotSolved

Floats = NDArray[np.float64]

SECONDS = 10.0  # after which the best that was found is taken, with the gap that is left
REL_GAP = 1e-5  # of whole units; the last digits take most of the time


def programmed(problem: Problem, seconds: float = SECONDS) -> tuple[Floats, float, float]:
    """Levels, the flexible commitment and the lower bound. Raises `NotSolved`."""
    weight = problem.weight > 0
    demand, share = problem.demand[weight], problem.weight[weight]
    slots, groups = demand.shape
    whole = np.where(problem.unit > 0, problem.unit, 1.0)  # x counts units where they are whole
    can_bind, can_pool = np.isfinite(problem.bound), np.isfinite(problem.flexible)
    price = np.where(can_bind, problem.bound, 0.0) * whole
    objective = np.concatenate([price, [1.0], np.zeros(slots * groups), share.repeat(groups)])
    most = demand.max(axis=0, initial=0.0) / whole
    upper = np.concatenate([
        np.where(can_bind, np.where(problem.unit > 0, np.ceil(most), most), 0.0),
        [np.inf],
        np.tile(np.where(can_pool, np.inf, 0.0), slots),
        np.full(slots * groups, np.inf),
    ])  # fmt: skip
    cells = identity(slots * groups)
    meets = hstack([
        kron(np.ones((slots, 1)), diags_array(whole)), csr_array((slots * groups, 1)), cells, cells,
    ])  # fmt: skip
    spends = hstack([
        csr_array((slots, groups)), -np.ones((slots, 1)),
        kron(identity(slots), np.where(can_pool, problem.flexible, 0.0)[None, :]),
        csr_array((slots, slots * groups)),
    ])  # fmt: skip
    found = milp(
        objective,
        integrality=np.concatenate([
            ((problem.unit > 0) & can_bind).astype(int), np.zeros(1 + 2 * slots * groups, int),
        ]),
        bounds=Bounds(0.0, upper),  # pyright: ignore[reportArgumentType]
        constraints=[
            LinearConstraint(meets.tocsr(), demand.ravel(), np.inf),  # pyright: ignore[reportArgumentType]
            LinearConstraint(spends.tocsr(), -np.inf, 0.0),
        ],
        options={"mip_rel_gap": REL_GAP, "time_limit": seconds},
    )  # fmt: skip
    if found.x is None:
        raise NotSolved(found.message)
    is_whole = bool((problem.unit > 0).any())
    optimum = found.fun if found.status == 0 else -np.inf  # the time can be over
    bound = found.mip_dual_bound if is_whole and found.mip_dual_bound is not None else optimum
    counted = np.where(problem.unit > 0, np.round(found.x[:groups]), found.x[:groups])
    return counted * whole, float(found.x[groups]), float(bound)
