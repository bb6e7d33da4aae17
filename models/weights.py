"""How much each model counts in the mix of a series: by its errors here and on the other series."""

import numpy as np
from numpy.typing import NDArray

from models.known import Floats, mean, median

# A model with half the error weighs more by two to these powers: here, and on the other series.
SHARPNESS = (8 / 3, 4 / 3)  # of a lone series, and where errors are of the series
SHARPNESS_OF_MANY = (1.5, 16.0)  # where there are many, and what is special about one is chance
LEARNED_AT = 40  # other series: so many tell half of what very many do
BORROWED = 0.5  # trust in how the mix did on the other series, against 1 in how it did here
MOST_BORROWED = 4.0  # times better or worse than here is what is believed of the other series
LEAST = 1e-6  # error over the baseline's


def weights_of(by_fold: Floats, usable: NDArray[np.bool_]) -> Floats:
    """Series x model, each row sums to 1 (or is all 0 where nothing is usable).

    `by_fold` is the mean absolute error, series x model x origin, the baseline's first; `usable`
    (series x model) says which models have something to say.

    The median of many series tells more of a model than its few errors here, unless these are of
    the series and come again.
    """
    ratio = _over_baseline(by_fold, usable)
    known = np.isfinite(ratio)
    pooled = median(np.where(known, ratio, np.nan).T)
    pooled = np.where(np.isnan(pooled), 1.0, pooled)
    own, others = _limited(np.where(known, ratio, 1.0), pooled)
    more = max(int(known.any(axis=1).sum()) - 1, 0)
    learned = more / (more + LEARNED_AT) * (1 - _reliability(by_fold, usable)) ** 2
    here = (1 - learned) * SHARPNESS[0] + learned * SHARPNESS_OF_MANY[0]
    elsewhere = (1 - learned) * SHARPNESS[1] + learned * SHARPNESS_OF_MANY[1]
    weight = np.where(known, own**-here * others**-elsewhere, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return weight / np.where(total > 0, total, 1.0)


def _over_baseline(by_fold: Floats, usable: NDArray[np.bool_]) -> Floats:
    """Series x model: the error over the baseline's; infinite where the model is not usable."""
    error = np.where(usable, mean(by_fold, (2,)), np.inf)
    base = error[:, :1]
    return error / np.where(base > 0, base, 1.0)


def _reliability(by_fold: Floats, usable: NDArray[np.bool_]) -> float:
    """How much of what is special about a series comes again, from 0 to 1.

    The correlation of the logarithms of its errors over the baseline's, less the median of all
    series, in one half of the origins and the other; of both halves by the formula of Spearman and
    Brown.
    """
    half = by_fold.shape[2] // 2
    parts: list[Floats] = []
    for fold in (slice(0, half), slice(half, None)):
        ratio = _over_baseline(by_fold[:, :, fold], usable)[:, 1:]
        ratio = np.where(np.isfinite(ratio), np.log(np.clip(ratio, 0.05, 20)), np.nan)
        parts.append(ratio - median(ratio.T))
    known = np.isfinite(parts[0] + parts[1])
    first, second = (np.where(known, part, 0.0) for part in parts)
    size = np.sqrt((first**2).sum() * (second**2).sum())
    again = max(float((first * second).sum() / size), 0.0) if size > 0 else 0.0
    return 2 * again / (1 + again)


def trusted(ratio: Floats, pooled: Floats) -> Floats:
    """An error over the baseline's, as it was here and on the other series; both above zero."""
    own, others = _limited(ratio, pooled)
    return (own * others**BORROWED) ** (1 / (1 + BORROWED))


def _limited(ratio: Floats, pooled: Floats) -> tuple[Floats, Floats]:
    """Errors over the baseline's here, and on the other series within limits of those here.

    A fee once a month, of which one model knows nearly all, is not forecast by what is good for the
    rest, nor the rest by that model.
    """
    own = np.maximum(ratio, LEAST)
    return own, np.clip(pooled, own / MOST_BORROWED, own * MOST_BORROWED)
