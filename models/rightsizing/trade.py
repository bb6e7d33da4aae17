"""How much of a machine its load needs: money saved against time in which it is too small.

A rule with one quantile for all makes that trade badly, as a machine with rare high peaks and one
with a steady load want different quantiles. Here every machine of a fleet gets the size where one
percent less saves the fleet no more than the overload it brings, at a price of overload that is the
same for all: no other sizes save as much with less expected overload.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from models.known import Floats
from models.rightsizing.presets import COMPUTE_OPTIMIZER, P95_AND_30, Preset, allocation

SIZES = np.arange(1.0, 101.0)  # percent of the present size
LEVELS = np.arange(0.0, 100.5, 0.5)  # percent, to which measured peaks are rounded
STEPS_A_DAY = 288  # of five minutes
CHEAPEST, DEAREST = 1e-3, 1e4  # percent of a machine that 1 % of time in overload may be worth
HALVINGS = 50
WORSE = 10.0  # a machine that is too small for hours a day costs more than several that are briefly


@dataclass(frozen=True)
class Trade:
    """What the fleet is to save, and how far the future may differ from the past."""

    saves: Preset | float  # percent of the fleet, or the rule whose sizes save as much
    half_life_days: float = 2.0  # after which a day counts half
    drift: float = 0.3  # spread of the logarithm by which coming peaks may be off those measured
    much: float = 0.1  # share of one machine's time beyond which overload counts `WORSE` times
    margin: float = 0.05  # percent of the fleet saved beyond the rule


BALANCED = Trade(P95_AND_30)
SAFE = Trade(COMPUTE_OPTIMIZER, much=0.005)


def right_size(cpu_max: Floats, cpu_avg: Floats) -> Floats:
    """Percent of the present size that each machine needs, by the balanced trade.

    Arrays of (five-minute steps, machines), in percent of the present size.
    """
    return needed(cpu_max, cpu_avg, BALANCED)


def safe_size(cpu_max: Floats, cpu_avg: Floats) -> Floats:
    """The same, with as little overload as the savings of AWS Compute Optimizer's rule allow."""
    return needed(cpu_max, cpu_avg, SAFE)


def needed(
    cpu_max: Floats, cpu_avg: Floats, trade: Trade, steps_a_day: int = STEPS_A_DAY
) -> Floats:
    """The sizes of least expected overload that save a fleet what the trade asks for."""
    overload = overload_share(cpu_max, trade, steps_a_day)
    if isinstance(trade.saves, Preset):
        wanted = allocation(cpu_max, cpu_avg, trade.saves, steps_a_day).mean() - trade.margin
    else:
        wanted = 100 - trade.saves
    low, high = np.log(CHEAPEST), np.log(DEAREST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_enough = _sizes(overload, np.exp(middle)).mean() <= wanted
        low, high = (middle, high) if is_enough else (low, middle)
    enough, too_little = _sizes(overload, np.exp(low)), _sizes(overload, np.exp(high))
    return _raised(overload, enough, too_little, wanted * len(enough))


def overload_share(cpu_max: Floats, trade: Trade, steps_a_day: int) -> Floats:
    """Expected share of time above each of `SIZES`, per machine, recent days first.

    The present size counts as enough: how often it is too small is not known. What is beyond `much`
    counts `WORSE` times.
    """
    weight = 2.0 ** (np.arange(len(cpu_max)) / (steps_a_day * trade.half_life_days))
    weight /= weight.sum()
    nearest = np.clip(np.rint(cpu_max * 2), 0, len(LEVELS) - 1).astype(np.intp)
    time = np.stack([np.bincount(one, weight, len(LEVELS)) for one in nearest.T], axis=1)
    distance = np.log(np.maximum(LEVELS, 0.1))[None, :] - np.log(SIZES)[:, None]
    share = ndtr(distance / trade.drift) @ time
    share[-1] = 0.0
    return share + (WORSE - 1) * np.maximum(share - trade.much, 0.0)


def _sizes(overload: Floats, price: float) -> Floats:
    """The size per machine at which size plus the price of its overload is lowest."""
    return SIZES[(SIZES[:, None] + price * 100 * overload).argmin(axis=0)]


def _raised(overload: Floats, sizes: Floats, raised: Floats, most: float) -> Floats:
    """The sizes with as many of the raised ones as the sum allows, those that help most first."""
    machine = np.arange(len(sizes))
    spared = overload[sizes.astype(int) - 1, machine] - overload[raised.astype(int) - 1, machine]
    cost = raised - sizes
    order = np.argsort(-spared / np.maximum(cost, 1.0))
    fits = sizes.sum() + np.cumsum(cost[order]) <= most
    out = sizes.copy()
    out[order[fits]] = raised[order[fits]]
    return out
