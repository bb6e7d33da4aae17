"""Measure every model on days it has not seen, mix the best, and learn the bands from their errors.

Rolling origins: each model is fitted as if it were some weeks ago and compared with what came.
The errors give each series its mix of models (or the baseline, which a mix must beat to be used)
and its split-conformal intervals: how far the truth was off, by horizon, in units of the series'
own error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import norm
from scipy.stats import t as student

from models.forecast.history import Floats, History, Model, fits
from models.horizon import between, parts
from models.known import mean, median
from models.weights import trusted, weights_of

MIX = "combination"
FOLDS = 8
FOLDS_OF_FEW = 16  # where there are few series to learn from, and time is no matter
FURTHER_OF_FEW = 16  # and as many before those, a whole horizon apart: few series err together
FEW_SERIES = 10
ROUNDING = 1e-9  # a mix that is the baseline does not beat it
CUT = 0.3  # share of the weight left out at each end
LEAST_KNOWN = 8  # steps before an origin, and at least two seasons, for it to count
UNTESTED = 0.3  # error over size, where no series has been tested
LEAST_FREEDOM = 3.0  # with less, the limits of Student's t say nothing any more
FEW_ERRORS = 20  # scaled errors; with fewer as many of a normal distribution help out
WIDEST = 2.8  # typical errors that the furthest of these is off, their 95 % limit
LEVELS = (0.80, 0.95)
POWERS = (0.25, 0.5, 0.75, 1.0)  # by which the error may grow with the horizon


@dataclass(frozen=True, eq=False)
class Rolled:
    """What each model said at each origin, and what came: arrays of series x fold x step."""

    origins: tuple[int, ...]  # steps before the end; at most as much truth is seen
    truth: Floats
    said: dict[str, Floats]
    naive_error: Floats  # per series: mean absolute in-sample error of the seasonal naive, for MASE
    floor: Floats  # per series: what no limit falls below


@dataclass(frozen=True, eq=False)
class Choice:
    """Which mix of models each series uses and what it would have said at each origin."""

    names: tuple[str, ...]  # all candidates, the mix last
    error: Floats  # series x candidate: mean absolute error in the backtest; inf = not usable
    weights: Floats  # series x model (without the mix)
    chosen: NDArray[np.intp]  # index into names
    said: Floats  # series x fold x step, of the chosen one; weights of a fold from the other folds
    mixed: Floats  # the same, of the mix


@dataclass(frozen=True, eq=False)
class Bands:
    """Half-widths in units of each series' typical error."""

    scale: Floats  # series
    growth: Floats  # step: typical error by horizon over the average one
    low: Floats  # level x step: signed quantiles of the scaled errors
    high: Floats

    def around(self, mean: Floats, level: int) -> tuple[Floats, Floats]:
        """Lower and upper limit at LEVELS[level]; always on both sides of the mean."""
        steps = mean.shape[1]
        width = self.scale[:, None] * self.growth[:steps]
        low, high = np.minimum(self.low[level], 0.0), np.maximum(self.high[level], 0.0)
        return mean + low[:steps] * width, mean + high[:steps] * width


def origins(
    known_steps: int, horizon: int, season: int, folds: int = FOLDS, further: int = 0
) -> tuple[int, ...]:
    """How many steps before the end each fold starts, nearest first.

    Half a horizon apart, so that folds overlap but see other weekdays; the first ones see only a
    part of the horizon, for the sake of series too short to hold a whole one. `further` ones are a
    whole horizon apart, as far as the history goes.
    """
    least = max(2 * season, known_steps // 4, 4)
    apart = max(1, min(horizon // 2, (known_steps - least - horizon) // max(folds - 1, 1)))
    whole = [horizon + k * apart for k in range(folds)]
    far = [whole[-1] + k * horizon for k in range(1, further + 1)]
    near = [max(1, horizon // 4), max(1, horizon // 2)]
    return tuple(sorted({o for o in [*near, *whole, *far] if known_steps - o >= least}))


def roll(history: History, models: Mapping[str, Model], horizon: int) -> Rolled:
    """Fit every model at every origin."""
    is_few = len(history.values) <= FEW_SERIES
    folds, further = (FOLDS_OF_FEW, FURTHER_OF_FEW) if is_few else (FOLDS, 0)
    starts = origins(history.steps, horizon, history.season, folds, further)
    floor = history.floor()[:, None]
    least = max(LEAST_KNOWN, 2 * history.season)
    count = len(history.values)
    truth = np.full((count, len(starts), horizon), np.nan)
    said = {name: np.full((count, len(starts), horizon), np.nan) for name in models}
    for fold, start in enumerate(starts):
        seen = min(start, horizon)
        stop = history.steps - start + seen
        truth[:, fold, :seen] = history.values[:, stop - seen : stop]
        truth[history.before(start).known() < least, fold] = np.nan
    for name, model in models.items():
        for fold, fitted in enumerate(fits(model, history, starts)):
            said[name][:, fold] = np.maximum(fitted.predict(horizon), floor)
    lag = max(1, history.season)
    steps = np.abs(history.values[:, lag:] - history.values[:, :-lag])
    return Rolled(starts, truth, said, mean(steps, (1,)), floor[:, 0])


def choose(rolled: Rolled) -> Choice:
    """Weigh the models of each series by their errors, and check the mix against the baseline.

    What the mix is judged by is honest: the weights of a fold come from the other folds.
    """
    names = tuple(rolled.said)
    said = np.stack([rolled.said[n] for n in names], axis=1)  # series x model x fold x step
    error = np.abs(said - rolled.truth[:, None])
    seen = np.isfinite(rolled.truth)[:, None] & ~np.isnan(said[:, :1])
    # usable = says something wherever it is asked
    usable = np.asarray((np.isfinite(error) | ~seen).all(axis=(2, 3)))
    by_fold = mean(error, (3,))  # series x model x fold
    per_model = np.where(usable, mean(by_fold, (2,)), np.inf)
    weights = weights_of(by_fold, usable)
    folds = len(rolled.origins)
    mixed = np.full_like(rolled.truth, np.nan)
    for fold in range(folds):
        others = [k for k in range(folds) if k != fold]
        part = weights_of(by_fold[:, :, others], usable) if others else weights
        mixed[:, fold] = _mix(part, said[:, :, fold])
    mix_error = mean(mean(np.abs(mixed - rolled.truth), (2,)), (1,))
    mix_error = np.where(np.isfinite(mix_error), mix_error, np.inf)
    chosen = _pick(per_model, mix_error)
    every = np.concatenate([said, mixed[:, None]], axis=1)
    return Choice(
        (*names, MIX),
        np.concatenate([per_model, mix_error[:, None]], axis=1),
        weights,
        chosen,
        every[np.arange(len(every)), chosen],
        mixed,
    )


def combine(choice: Choice, said: Floats) -> Floats:
    """The forecast of the chosen candidate from what the models say: series x model x step."""
    both = np.concatenate([said, _mix(choice.weights, said)[:, None]], axis=1)
    return both[np.arange(len(both)), choice.chosen]


def bands(rolled: Rolled, said: Floats, level: Floats) -> Bands:
    """Learn interval widths; a series without a usable error borrows from the others.

    `said` is what the forecast would have been, series x fold x step; `level` the typical size of
    each series; the borrowed error is the others' share of theirs.
    """
    error = rolled.truth - said
    size = np.abs(error)
    growth = _growth(size)
    scaled = size / growth
    scale = mean(mean(scaled, (2,)), (1,))
    folds = np.isfinite(scaled).any(axis=2).sum(axis=1)
    share = scale / np.where(level > 0, level, np.nan)
    typical = float(median(share[None])[0])
    typical = typical if np.isfinite(typical) else UNTESTED
    scale = np.where(folds > 0, scale, typical * level)
    scale = np.where(folds == 1, (scale + typical * level) / 2, scale)
    units = _units(rolled, error / growth, scaled)
    low, high = _limits(units, _freedom(rolled, error))
    return Bands(np.nan_to_num(scale), growth, low, high)


def coverage(rolled: Rolled, said: Floats, level: Floats) -> tuple[Floats, ...]:
    """Per level and series: the share of the truth inside the band learned from the other folds."""
    error = rolled.truth - said
    growth = bands(rolled, said, level).growth
    units = _units(rolled, error / growth, np.abs(error) / growth)
    known = np.isfinite(units)
    low, high = _limits(units, _freedom(rolled, error))
    inside = (known & (units >= low[k]) & (units <= high[k]) for k in range(len(LEVELS)))
    return tuple(mean(np.where(known, part, np.nan), (1, 2)) for part in inside)


def _limits(units: Floats, freedom: float) -> tuple[Floats, Floats]:
    """Level x step: the signed limits, of each part of the horizon by its own errors.

    What near steps miss goes either way, what far ones miss of a series that grows goes one way.
    Of few series a part has too few errors to go by them alone.
    """
    steps = units.shape[2]
    of_all = np.array(_quantiles(units[np.isfinite(units)], freedom))
    found: list[Floats] = []
    for part in parts(steps):
        own = units[:, :, part]
        own = own[np.isfinite(own)]
        limits = np.array(_quantiles(own, freedom)) if len(own) >= FEW_ERRORS else of_all
        found.append(limits if np.isinf(freedom) else (limits + of_all) / 2)
    low, high = np.stack(found, axis=1)
    return between(low, steps), between(high, steps)


def _quantiles(units: Floats, freedom: float) -> tuple[list[float], list[float]]:
    """Signed limits per level; with hardly any error known, those of a normal distribution.

    The fewer errors say something new, the more the limits are widened: as much as those of
    Student's t are wider than the normal ones.
    """
    if len(units) < FEW_ERRORS:
        spread = norm.ppf((np.arange(FEW_ERRORS) + 0.5) / FEW_ERRORS)
        units = np.concatenate([units, spread / spread.max() * WIDEST])
        freedom = np.inf
    low: list[float] = []
    high: list[float] = []
    for level in LEVELS:
        end = (1 + level) / 2
        wider = float(student.ppf(end, freedom) / norm.ppf(end))
        low.append(wider * float(np.quantile(units, 1 - end, method="lower")))
        high.append(wider * float(np.quantile(units, end, method="higher")))
    return low, high


def _freedom(rolled: Rolled, error: Floats) -> float:
    """How many errors say something new, where there are few series; infinite where many are.

    Those of folds half a horizon apart, times the number of series that err on their own: the
    variance of one series' mean error in a fold over that of all series together.
    """
    if len(error) > FEW_SERIES:
        return np.inf
    size = mean(np.abs(error), (1, 2))[:, None]
    by_fold = mean(error, (2,)) / np.where(size > 0, size, np.nan)
    together = float(np.nan_to_num(mean(mean(by_fold, (0,)) ** 2, (0,))))
    alone = float(np.nan_to_num(mean(by_fold**2, (0, 1))))
    series = np.clip(alone / together if together > 0 else 1.0, 1.0, max(len(error), 1))
    folds = 2 * max(rolled.origins, default=0) / error.shape[2]
    return max(float(series) * folds, LEAST_FREEDOM)


def _mix(weights: Floats, said: Floats) -> Floats:
    """Series x step: the mean of the models in the middle, so one that is far off has no pull.

    Of the weight, in order of what is said, the lowest and the highest 30 % are left out. A model
    without weight may say NaN; where none has any, the baseline answers.
    """
    heavy = np.broadcast_to(weights[:, :, None], said.shape)
    ranked = np.where(heavy > 0, said, np.inf)
    order = ranked.argsort(axis=1)
    ranked = np.take_along_axis(ranked, order, 1)
    share = np.take_along_axis(heavy, order, 1)
    stop = np.cumsum(share, axis=1)
    whole = np.where(stop[:, -1:] > 0, stop[:, -1:], 1.0)
    low, high = (stop - share) / whole, stop / whole
    part = np.minimum(high, 1 - CUT) - np.maximum(low, CUT)
    part = np.where(share > 0, np.maximum(part, 0.0), 0.0)
    number = part.sum(axis=1)
    mixed = (np.where(part > 0, ranked, 0.0) * part).sum(axis=1) / np.where(number > 0, number, 1.0)
    return np.where(number > 0, mixed, said[:, 0])


def _pick(per_model: Floats, mix_error: Floats) -> NDArray[np.intp]:
    """The mix, or the baseline if the mix does not beat it.

    How the mix did on the other series counts as in its weights.
    """
    base = per_model[:, 0]
    ratio = mix_error / np.where(base > 0, base, 1.0)
    pooled = np.nan_to_num(median(np.where(np.isfinite(ratio), ratio, np.nan)[None])[0], nan=1.0)
    likely = trusted(ratio, np.asarray(pooled))
    return np.where((likely < 1 - ROUNDING) & (base > 0), per_model.shape[1], 0)


def _growth(size: Floats) -> Floats:
    """Typical error per step over the average one: a part that is there at once, and one that grows
    with a power of the horizon.
    """
    steps = np.arange(1, size.shape[2] + 1)
    own = mean(size, (1, 2))[:, None]
    ratio = np.where(own > 0, mean(size, (1,)) / np.where(own > 0, own, 1.0), np.nan)
    by_step = mean(np.minimum(ratio, 5.0), (0,))
    usable = np.isfinite(by_step) & (by_step > 0)
    if usable.sum() < 3:
        return steps**0.3 / np.mean(steps**0.3)
    shapes = [np.stack([np.ones(len(steps)), steps**power], axis=1) for power in POWERS]
    relative = [shape[usable] / by_step[usable, None] for shape in shapes]
    fitted = [nnls(each, np.ones(len(each))) for each in relative]
    best = int(np.argmin([missed for _, missed in fitted]))
    curve = shapes[best] @ fitted[best][0]
    return curve / curve.mean()


def _units(rolled: Rolled, error: Floats, size: Floats) -> Floats:
    """Errors in units of the scale that other folds give, as a new forecast would meet it.

    Folds that saw some of the same days know the error already, so they don't count, unless there
    are no others. A truth at the floor is never below a band, however high the forecast was.
    """
    starts, horizon = rolled.origins, error.shape[2]
    out = np.full_like(error, np.nan)
    per_fold = mean(size, (2,))
    for fold, start in enumerate(starts):
        far = [k for k, other in enumerate(starts) if abs(start - other) >= horizon]
        rest = [k for k in range(len(starts)) if k != fold]
        others = mean(per_fold[:, far], (1,))
        others = np.where(others > 0, others, mean(per_fold[:, rest], (1,)))[:, None]
        known = others > 0
        out[:, fold] = np.where(known, error[:, fold] / np.where(known, others, 1.0), np.nan)
    safe = rolled.truth <= rolled.floor[:, None, None]
    return np.where(safe & np.isfinite(out), np.maximum(out, 0.0), out)
