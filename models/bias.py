"""What forecasts miss in sum, and how series make up for a part of it.

A mix of models follows the median, and a sum of medians falls short where spikes only go up.
"""

import numpy as np

from models.backtest import Choice, Rolled
from models.horizon import between, parts
from models.known import Floats, mean, median, total

MISSED = 0.1  # share of the sum, at most
MADE_UP = 0.5  # of what the sum missed: all of it costs as much in error as it saves in bias
FACTOR = (-0.5, 1.0)  # change of one series at most


def unbiased(rolled: Rolled, choice: Choice, forecast: Floats) -> Floats:
    """Series x step: factors that make up for half of what the sum of all misses.

    A sum of services that grow is missed by more each day, so each part of the horizon has factors
    of its own.
    """
    steps = forecast.shape[1]
    factors = [
        _factors(choice, forecast[:, part], choice.said[:, :, part], rolled.truth[:, :, part])
        for part in parts(steps)
    ]
    return between(np.stack(factors), steps)


def _factors(choice: Choice, forecast: Floats, tested: Floats, truth: Floats) -> Floats:
    """One per series, of some of the steps.

    What the sum missed at the median origin is shared out by the squares of the errors that a
    series has even in its good folds: those that nobody forecasts well take most of it, and none
    takes more than it missed itself in its median fold. So steady ones stay what they are, also
    after a jump. A single model, and a series that may be negative, keep a factor of 1.
    """
    error = truth - tested
    said = total(np.where(np.isfinite(error), np.abs(tested), np.nan), (0, 2))
    missed = total(error, (0, 2))[said > 0] / said[said > 0]
    share = MADE_UP * float(np.clip(np.median(missed), -MISSED, MISSED)) if len(missed) else 0.0
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
