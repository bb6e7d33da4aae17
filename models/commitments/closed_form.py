"""How much to commit to in one pool: the quantile of its demand at the ratio of the two rates.

A committed unit is paid in every hour, a unit on demand only while it is used. With demand d_t,
share of time w_t and ratio r of the committed over the on-demand rate, a commitment of k costs
r k + sum_t w_t (d_t - k)+, which is lowest at the smallest k with F(k) >= 1 - r: the newsvendor
(Arrow, Harris and Marschak, Optimal Inventory Policy, Econometrica 19, 1951). So one unit more pays
as long as it is used in more than the share r of all hours.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_level(demand: Floats, weight: Floats, ratio: float, unit: float = 0.0) -> float:
    """The commitment of least cost, in on-demand cost per hour; the smaller one of equal ones.

    `weight` is each slot's share of the time (sums to 1); `unit` is what one whole unit costs per
    hour on demand, 0 where any amount can be bought.

    >>> best_level(np.array([4.0, 6.0, 9.0, 10.0]), np.full(4, 0.25), ratio=0.72)
    6.0
    """
    order = np.argsort(demand, kind="stable")
    level = float(best_levels(demand[order, None], weight[order, None], np.array([ratio]))[0])
    if not unit:
        return level
    below = np.floor(level / unit) * unit
    tried = np.array([below, below + unit])
    return float(tried[np.argmin([cost(demand, weight, ratio, each) for each in tried])])


def cost(demand: Floats, weight: Floats, ratio: float, level: float) -> float:
    """What an hour costs on average with so much committed, in the unit of the demand."""
    return ratio * level + float(weight @ np.maximum(demand - level, 0.0))


def best_levels(ordered: Floats, weight: Floats, ratio: Floats) -> Floats:
    """The same for each column of demand that is in ascending order, any amount.

    `weight` goes with `ordered` and may differ from column to column, and sum to less than 1: it is
    then what an uncovered unit costs in that slot, times its share of the time.
    """
    above = weight[::-1].cumsum(axis=0)[::-1]  # weight of the slot and of all busier ones
    above = np.vstack([above[1:], np.zeros((1, weight.shape[1]))])
    first = np.argmax(above <= ratio + 1e-12, axis=0)
    level = np.take_along_axis(ordered, first[None, :], axis=0)[0]
    return np.where(weight.sum(axis=0) <= ratio + 1e-12, 0.0, level)
