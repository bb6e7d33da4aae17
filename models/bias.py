"""What forecasts miss in sum, and how series make up for a part of it.

A mix of models follows the median, and a sum of medians falls short where spikes only go up.
"""

from dataclasses import replace

import numpy as np

from models.backtest import Choice, Rolled
from models.horizon import between, parts
from models.known import Floats, mean, median, total

MISSED = 0.1  # share of the sum, at most
MADE_UP = 0.5  # of what the sum missed: all of it costs each series as much as it saves the sum
FACTOR = (-0.5, 1.0)  # change of one series at most


def unbiased(rolled: Rolled, choice: Choice, forecast: Floats, made_up: float = MADE_UP) -> Floats:
    """Series x step: factors that make up for a share of what the sum of all misses.

    A sum of services that grow is missed by more each day, so each part of the horizon has factors
    of its own.
    """
    return _by_part(choice, forecast, choice.said, rolled.truth, made_up)


def retested(rolled: Rolled, choice: Choice, made_up: float = MADE_UP) -> Choice:
    """What it would have said in the backtest: each fold with the factors that others give.

    Folds that saw some of the same days know the miss already, so they don't count, unless there
    are no others.
    """
    starts, horizon = rolled.origins, rolled.truth.shape[2]
    said, mixed = choice.said.copy(), choice.mixed.copy()
    for fold, start in enumerate(starts):
        far = [k for k, other in enumerate(starts) if abs(start - other) >= horizon]
        known = far or [k for k in range(len(starts)) if k != fold]
        factor = _by_part(
            choice, choice.said[:, fold], choice.said[:, known], rolled.truth[:, known], made_up
        )
        said[:, fold] *= factor
        mixed[:, fold] *= factor
    return replace(choice, said=said, mixed=mixed)


def _by_part(
    choice: Choice, forecast: Floats, tested: Floats, truth: Floats, made_up: float
) -> Floats:
    steps = forecast.shape[1]
    factors = [
        _factors(choice, forecast[:, part], tested[:, :, part], truth[:, :, part], made_up)
        for part in parts(steps)
    ]
    return between(np.stack(factors), steps)


def _factors(
    choice: Choice, forecast: Floats, tested: Floats, truth: Floats, made_up: float
) -> Floats:
    """One per series, of some of the steps.

    What the sum missed at the median origin is shared out by the squares of the errors that a
    series has even in its good folds: those that nobody forecasts well take most of it, and none
    takes more than it missed itself in its median fold. So steady ones stay what they are, also
    after a jump. A single model, and a series that may be negative, keep a factor of 1.
    """
    error = truth - tested
    said = total(np.where(np.isfinite(error), np.abs(tested), np.nan), (0, 2))
    missed = total(error, (0, 2))[said > 0] / said[said > 0]
    share = made_up * float(np.clip(np.median(missed), -MISSED, MISSED)) if len(missed) else 0.0
    size = np.nan_to_num(mean(np.abs(forecast), (1,)))
    is_mix = choice.chosen == len(choice.names) - 1
    is_open = is_mix & (size > 0) & (np.nan_to_num(forecast).min(axis=1, initial=0.0) >= 0)
    own = np.maximum(np.sign(share) * np.nan_to_num(median(mean(error, (2,)))), 0.0)
    spread = _lower_quartile(mean(np.abs(error), (2,))) * (is_open & (own > 0))
    most = np.minimum(own, FACTOR[share > 0] * np.sign(share) * size)
    is_tested = np.isfinite(error).any(axis=(1, 2))
    moved = np.sign(share) * _shared_out(abs(share) * size[is_tested].sum(), spread**2, most)
    return 1 + moved / np.where(size > 0, size, 1.0)


def _shared_out(amount: float, weight: Floats, most: Floats) -> Floats:
    """In proportion to the weights, but to nobody more than `most`; the others take the rest."""
    part, left = np.zeros(len(weight)), amount
    for _ in range(len(weight)):
        open_ = (weight > 0) & (part < most)
        if left <= amount * 1e-9 or not open_.any():
            break
        given = left * weight * open_ / (weight * open_).sum()
        given = np.minimum(given, most - part)
        part, left = part + given, left - given.sum()
    return part


def _lower_quartile(by_fold: Floats) -> Floats:
    """Of each row's known values; 0 where none is known."""
    if by_fold.shape[1] == 0:
        return np.zeros(len(by_fold))
    ordered = np.sort(by_fold, axis=1)  # unknown ones last
    at = np.isfinite(by_fold).sum(axis=1) // 4
    return np.nan_to_num(ordered[np.arange(len(ordered)), at])
