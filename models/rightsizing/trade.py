"""How much of a machine its load needs: money saved against time in which it is too small.

A rule with one quantile for all makes that trade badly, as a machine with rare high peaks and one
with a steady load want different quantiles. Here every machine of a fleet gets the size where one
percent less saves the fleet no more than the harm it brings, at a price of harm that is the same
for all: no other sizes save as much with less expected harm.
"""

from dataclasses import dataclass

import numpy as np

from models.known import Floats
from models.rightsizing.overload import SIZES, Outlook, overload_share
from models.rightsizing.presets import COMPUTE_OPTIMIZER, P95_AND_30, Preset, allocation
from models.rightsizing.usable import sized

OUTLOOK = Outlook()
STEPS_A_DAY = 288  # of five minutes
CHEAPEST, DEAREST = 1e-3, 1e6  # percent of a machine that its harm of 1 may be worth
HALVINGS = 40
LADDER = 100 / 2.0 ** np.arange(4, -1, -1)  # percent: what can be bought of most families
LIGHTEST, HEAVIEST = 1e-3, 10.0  # how much a size bought may count beside the size needed
LADDER_HALVINGS = 10
MOST_OVERLOAD = 0.5  # expected share of time
NEVER = 1e9  # harm that no saving is worth
UNIT = 0.01  # share of a machine's time in overload whose harm is 1


@dataclass(frozen=True)
class Trade:
    """What the fleet is to save, and what is expected of its future."""

    saves: Preset | float  # percent of the fleet, or the rule whose sizes save as much
    outlook: Outlook = OUTLOOK
    margin: float = 0.05  # percent of the fleet saved beyond the rule


BALANCED = Trade(P95_AND_30)
SAFE = Trade(COMPUTE_OPTIMIZER)


def right_size(cpu_max: Floats, cpu_avg: Floats) -> Floats:
    """Percent of the present size that each machine needs, by the balanced trade.

    Arrays of (five-minute steps, machines), in percent of the present size. A machine with a step
    that is no percentage keeps its size and counts in no other's; `unusable` says why.
    """
    return needed(cpu_max, cpu_avg, BALANCED)


def safe_size(cpu_max: Floats, cpu_avg: Floats) -> Floats:
    """The same, with as little overload as the savings of AWS Compute Optimizer's rule allow."""
    return needed(cpu_max, cpu_avg, SAFE)


def needed(
    cpu_max: Floats, cpu_avg: Floats, trade: Trade, steps_a_day: int = STEPS_A_DAY
) -> Floats:
    """The sizes of least expected harm that save a fleet what the trade asks for.

    Where that is what a rule saves, it is saved as well if only sizes that halve can be bought.
    """

    def least_harm(high: Floats, mean: Floats) -> Floats:
        return _least_harm(high, mean, trade, steps_a_day)

    return sized(least_harm, cpu_max, cpu_avg)


def _least_harm(cpu_max: Floats, cpu_avg: Floats, trade: Trade, steps_a_day: int) -> Floats:
    harms = harm(overload_share(cpu_max, trade.outlook, steps_a_day))
    if not isinstance(trade.saves, Preset):
        return _cheapest(harms, SIZES, 100 - trade.saves)
    theirs = allocation(cpu_max, cpu_avg, trade.saves, steps_a_day)

    def sizes(weight: float) -> Floats:
        costs = SIZES + weight * bought(SIZES)
        return _cheapest(harms, costs, theirs.mean() - trade.margin)

    def is_enough(found: Floats) -> bool:
        return bool(bought(found).mean() <= bought(theirs).mean())

    best = sizes(0.0)
    if is_enough(best):
        return best
    low, high = np.log(LIGHTEST), np.log(HEAVIEST)
    best = sizes(np.exp(high))
    for _ in range(LADDER_HALVINGS):
        middle = (low + high) / 2
        found = sizes(np.exp(middle))
        if is_enough(found):
            best, high = found, middle
        else:
            low = middle
    return best


def bought(sizes: Floats) -> Floats:
    """The smallest of 100, 50, 25, 12.5 and 6.25 % that is no less."""
    return LADDER[np.searchsorted(LADDER, sizes - 1e-9)]


def harm(overload: Floats) -> Floats:
    """The square: one machine that is too small for an hour is worse than two for half an hour.

    It also spreads the risk, as nobody knows which machine's outlook is wrong. A size that is too
    small for most of the time is none at all.
    """
    return np.where(overload > MOST_OVERLOAD, NEVER, np.square(overload / UNIT))


def _cheapest(harms: Floats, costs: Floats, mean: float) -> Floats:
    """The sizes of least harm whose mean is at most `mean`, by the cost of each of `SIZES`."""

    def sizes(price: float) -> Floats:
        return SIZES[(costs[:, None] + np.exp(price) * harms).argmin(axis=0)]

    low, high = np.log(CHEAPEST), np.log(DEAREST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if sizes(middle).mean() <= mean else (low, middle)
    return _raised(harms, sizes(low), sizes(high), mean * harms.shape[1])


def _raised(harms: Floats, sizes: Floats, raised: Floats, most: float) -> Floats:
    """The sizes with as many of the raised ones as the sum allows, those that help most first."""
    machine = np.arange(len(sizes))
    spared = harms[sizes.astype(int) - 1, machine] - harms[raised.astype(int) - 1, machine]
    cost = raised - sizes
    order = np.argsort(-spared / np.maximum(cost, 1.0))
    fits = sizes.sum() + np.cumsum(cost[order]) <= most
    out = sizes.copy()
    out[order[fits]] = raised[order[fits]]
    return out
