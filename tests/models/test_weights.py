"""How models are weighed: by what comes again."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.weights import weights_of

SERIES, FOLDS = 200, 8


def weighed(by_fold: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights_of(by_fold, np.ones(by_fold.shape[:2], dtype=bool))


def errors(typical: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Series x model x origin, of a baseline that errs by 1 and models that err so, by chance."""
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.5, (*typical.shape, FOLDS)))
    return np.concatenate([np.ones((len(typical), 1, FOLDS)), typical[..., None] * noise], axis=1)


def test_what_is_better_on_most_of_many_series_counts_where_it_had_bad_luck() -> None:
    by_fold = errors(np.tile([0.6, 0.8], (SERIES, 1)))
    own = by_fold.mean(axis=2)
    unlucky = own[:, 1] > own[:, 2]
    assert 0 < unlucky.sum() < SERIES / 2
    weight = weighed(by_fold)
    assert (weight[unlucky, 1] > weight[unlucky, 2]).all()


def test_what_is_better_here_counts_where_that_comes_again() -> None:
    kind = np.arange(SERIES) % 2
    typical = np.stack([np.where(kind, 0.4, 0.8), np.where(kind, 0.8, 0.4)], axis=1)
    weight = weighed(errors(typical))
    best = np.where(kind, weight[:, 1], weight[:, 2])
    assert np.median(best) > 0.7
    assert (best > 0.5).mean() > 0.95


@pytest.mark.parametrize("folds", [1, 2, 8])
def test_a_lone_series_is_weighed_by_its_own_errors(folds: int) -> None:
    [weight] = weighed(np.broadcast_to(np.array([1.0, 0.5, 1.0])[None, :, None], (1, 3, folds)))
    assert weight.sum() == pytest.approx(1)
    assert weight[1] / weight[2] == pytest.approx(2**4)


def test_what_is_not_usable_has_no_weight_and_hides_nothing() -> None:
    by_fold = errors(np.tile([0.6, 0.8], (SERIES, 1)))
    by_fold[0, 1] = np.nan
    usable = np.isfinite(by_fold).all(axis=2)
    weight = weights_of(by_fold, usable)
    assert weight[0, 1] == 0
    assert np.allclose(weight.sum(axis=1), 1)
