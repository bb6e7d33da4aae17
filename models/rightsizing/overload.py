"""How much of the coming time each machine would need more than a size has.

Three things speak of the coming week: the last days, how far this machine's peaks have moved from
one day to the next, and the fleet, as any machine may get a load that it never had.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from models.known import Floats

SIZES = np.arange(1.0, 101.0)  # percent of the present size
LEVELS = np.arange(0.0, 100.5, 0.5)  # percent, to which measured peaks are rounded
HIGH = (0.90, 0.95, 0.98)  # quantiles of a day whose mean logarithm is the level of its peaks
LEAST_LEVEL = 0.5  # percent; below it a day's peaks count as this high
AHEAD = 7  # days, for which sizes are meant to do
LEARN_AFTER = 4  # days of history, from which on the chance of new loads is learned
FEW = 0.1  # share of time above a size below which it might be thought to do
LEARN_FROM = 500  # machines
ROUNDS = 50
USUAL_NEW_LOAD = 0.1  # of a fleet that is too small, or measured too briefly, to learn from
LEAST_MACHINES = 20  # to learn from
MOST_NEW_LOAD = 0.3  # what is learned is no more; a machine's own past always counts for more
DRIFTS = np.geomspace(0.03, 0.8, 24)  # to which a machine's drift is rounded


@dataclass(frozen=True)
class Outlook:
    """What is taken for granted of all machines."""

    half_life_days: float = 1.5  # after which a day counts half
    drift: float = 0.2  # usual spread of the logarithm by which coming peaks differ from those seen
    new_load: float | None = None  # chance that a machine gets the load of any; None: as it was


def overload_share(cpu_max: Floats, outlook: Outlook, steps_a_day: int) -> Floats:
    """Expected share of time above each of `SIZES`, per machine.

    Highest use of each step as (steps, machines), percent of the present size. The present size
    counts as enough: how often it is too small is not known.
    """
    days = days_at_levels(cpu_max, steps_a_day)
    chance = new_load(days, outlook) if outlook.new_load is None else outlook.new_load
    own, fleet = _own(days, outlook), _fleet(days, outlook)
    share = (1 - chance) * own + chance * fleet
    share[-1] = 0.0
    return share


def new_load(days: Floats, outlook: Outlook) -> float:
    """How often machines got a load that their own past did not tell, but the fleet's did.

    The weight of the fleet in the mixture that best tells the days that came after each day, by the
    likelihood of the time above those sizes that a machine's own past said would do (expectation
    maximisation).
    """
    if len(days) <= LEARN_AFTER or days.shape[2] < LEAST_MACHINES:
        return USUAL_NEW_LOAD
    some = days[:, :, :: -(-days.shape[2] // LEARN_FROM)]
    above = (LEVELS[None, :] > SIZES[:, None]).astype(float)
    told = list[tuple[Floats, Floats, Floats]]()
    for day in range(LEARN_AFTER, len(days)):
        own, fleet = _own(some[:day], outlook), _fleet(some[:day], outlook)
        came = above @ some[day : day + AHEAD].mean(axis=0)
        would_do = own < FEW
        told.append((own[would_do], np.broadcast_to(fleet, own.shape)[would_do], came[would_do]))
    own, fleet, came = (np.concatenate(part) for part in zip(*told, strict=True))
    chance = USUAL_NEW_LOAD
    for _ in range(ROUNDS):
        by_fleet = chance * fleet
        mixed = (1 - chance) * own + by_fleet + 1e-6
        chance = min(float((came * by_fleet / mixed).sum() / max(fleet.sum(), 1e-9)), MOST_NEW_LOAD)
    return chance


def _own(days: Floats, outlook: Outlook) -> Floats:
    """Share of time above each of `SIZES`, by what each machine did itself."""
    recent = np.tensordot(_weights(len(days), outlook.half_life_days), days, axes=1)
    nearest = np.abs(np.log(DRIFTS)[:, None] - np.log(_drift(days, outlook))).argmin(axis=0)
    share = np.empty((len(SIZES), days.shape[2]))
    for k in np.unique(nearest):
        share[:, nearest == k] = _above(float(DRIFTS[k])) @ recent[:, nearest == k]
    return share


def _fleet(days: Floats, outlook: Outlook) -> Floats:
    """The same by what the machine of the fleet did on any day, as a column."""
    return (_above(outlook.drift) @ days.mean(axis=(0, 2)))[:, None]


def days_at_levels(cpu_max: Floats, steps_a_day: int) -> Floats:
    """Share of time at each of `LEVELS`, (days, levels, machines); the steps of a part of a day
    before the first whole one are left out, unless there is no whole one.
    """
    steps, machines = cpu_max.shape
    long = min(steps_a_day, steps)
    whole = cpu_max[steps % long :].reshape(-1, long, machines)
    out = np.empty((len(whole), len(LEVELS), machines))
    for day, used in enumerate(whole):
        at = np.clip(np.rint(used * 2), 0, len(LEVELS) - 1).astype(np.intp)
        flat = np.bincount((at * machines + np.arange(machines)).ravel(), minlength=out[0].size)
        out[day] = flat.reshape(len(LEVELS), machines) / long
    return out


def _weights(days: int, half_life: float) -> Floats:
    weight = 2.0 ** ((np.arange(days) - days) / half_life)
    return weight / weight.sum()


def _drift(days: Floats, outlook: Outlook) -> Floats:
    """The geometric mean of the usual drift and the machine's own.

    Its own is the root mean square of how far each day's peaks were off the days before, as they
    are weighted. It takes four days.
    """
    count, _, machines = days.shape
    if count < LEARN_AFTER:
        return np.full(machines, outlook.drift)
    until = np.cumsum(days, axis=1)
    at = [(until < q - 1e-9).sum(axis=1) for q in HIGH]
    level = np.mean([np.log(np.maximum(LEVELS[a], LEAST_LEVEL)) for a in at], axis=0)
    off = [
        level[day] - _weights(day, outlook.half_life_days) @ level[:day] for day in range(2, count)
    ]
    own = np.sqrt(np.mean(np.square(off), axis=0))
    return np.sqrt(outlook.drift * np.maximum(own, 1e-3))


def _above(drift: float) -> Floats:
    """Chance that a peak of each of `LEVELS` comes back above each of `SIZES`."""
    distance = np.log(np.maximum(LEVELS, 0.1))[None, :] - np.log(SIZES)[:, None]
    return ndtr(distance / drift)
