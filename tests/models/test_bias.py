"""How series make up for what their sum misses."""

from dataclasses import replace

import numpy as np
import pytest
from rolled_origins import STARTS, STEPS, mixture, noise, rolled

from models import bias
from models.backtest import Rolled, choose
from models.bias import retested, unbiased


def factors(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Of each series; so few steps have one for all."""
    found = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
    assert (found == found[:, :1]).all()
    return found[:, 0]


def test_what_far_steps_miss_is_not_made_up_for_by_near_ones():
    """Services that grow from the forecast on, which models that damp a trend don't follow."""
    steps = 4 * STEPS
    said = np.full((3, 5, steps), 100.0)
    truth = said * (1 + 0.002 * np.arange(steps))
    test = Rolled((28, 35, 42, 49, 56), truth, {}, np.ones(3), np.zeros(3))
    factor = unbiased(test, mixture(said), said[:, 0])
    missed = truth[0, 0] / 100 - 1
    assert factor[:, 0] - 1 == pytest.approx(bias.MADE_UP * missed[:10].mean(), rel=0.1)
    assert factor[:, -1] - 1 == pytest.approx(bias.MADE_UP * missed[-9:].mean(), rel=0.1)
    assert (np.diff(factor) >= 0).all()


def test_what_the_sum_misses_is_made_up_for_in_part_by_the_series_nobody_forecasts_well():
    said = np.full((3, len(STARTS), STEPS), 100.0)
    truth = said.copy()
    truth[0] += noise(0, 1, 0.1)[0]
    truth[1] += noise(1, 1, 0.1)[0]
    truth[2, :, 3] += 150.0  # a spike that a median does not expect
    factor = factors(truth, said)
    assert factor[:2] == pytest.approx([1.0, 1.0], abs=1e-3)
    missed = 150 / 7 / 300  # of the sum
    gained = (factor[2] - 1) * 100 / 300
    assert gained == pytest.approx(bias.MADE_UP * missed, rel=0.02)


def test_a_fold_is_judged_with_what_the_other_folds_missed():
    said = np.full((1, len(STARTS), STEPS), 100.0)
    truth = said + np.array([2.0, 2.0, 6.0, 6.0])[:, None]
    test = rolled(truth, seasonal_naive=said)
    factor = unbiased(test, mixture(said), said[:, 0], made_up=1.0)
    assert factor[0] == pytest.approx(1.04)
    tested = retested(test, mixture(said), made_up=1.0)
    assert tested.said[0, :, 0] == pytest.approx([106.0, 106.0, 102.0, 102.0])
    assert (tested.mixed == tested.said).all()


def test_folds_that_share_days_with_one_do_not_tell_what_it_missed():
    said = np.full((1, 3, 2 * STEPS), 100.0)
    truth = said + np.array([6.0, 4.0, 2.0])[:, None]
    test = Rolled((14, 21, 28), truth, {}, np.ones(1), np.zeros(1))
    tested = retested(test, mixture(said), made_up=1.0)
    assert tested.said[0, 0] == pytest.approx(102.0)
    assert tested.said[0, 2] == pytest.approx(106.0)
    assert tested.said[0, 1] == pytest.approx(104.0)  # there are no others


def test_a_series_that_is_steady_since_it_jumped_stays_what_it_is():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    truth = said.copy()
    truth[0, 0] += 900.0  # the first origin did not know yet
    truth[1, :, 3] += 150.0
    factor = factors(truth, said)
    assert factor[0] == 1
    assert factor[1] > 1.05


def test_a_series_is_moved_by_no_more_than_it_missed_itself():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    said[0] = 1000.0
    truth = said.copy()
    truth[0, :, ::2] += 70.0
    truth[0, :, 1::2] -= 50.0  # badly forecast, but the sum is hardly missed
    truth[1] += 100.0
    own = (truth - said).mean(axis=(1, 2)) / said.mean(axis=(1, 2))
    factor = factors(truth, said)
    assert (factor - 1 <= own + 1e-9).all()
    assert factor[0] > 1


def test_a_series_that_was_not_tested_adds_nothing_to_what_is_made_up_for():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    said[1] = 1e6
    truth = said.copy()
    truth[0] += 5.0 + noise(0, 1, 1.0)[0]
    truth[1] = np.nan
    factor = factors(truth, said)
    assert factor == pytest.approx([1 + bias.MADE_UP * 0.05, 1.0], rel=0.01)


def test_without_a_fold_nothing_is_moved():
    said = np.full((2, 0, STEPS), 100.0)
    test = rolled(said, seasonal_naive=said)
    assert (unbiased(test, mixture(said), np.full((2, STEPS), 100.0)) == 1).all()


def test_a_single_model_and_negative_series_are_not_moved():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    truth = said + 30
    test = rolled(truth, seasonal_naive=said)
    assert (unbiased(test, mixture(said, chosen=0), said[:, 0]) == 1).all()
    assert (unbiased(test, mixture(-said), -said[:, 0]) == 1).all()


def test_a_sum_is_moved_by_no_more_than_a_tenth_and_a_series_by_no_more_than_its_double():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    said[1] = 1.0
    truth = said.copy()
    truth[1] = 5000.0
    factor = factors(truth, said)
    assert factor == pytest.approx([1.0, 2.0], abs=1e-3)


def test_an_unknown_truth_moves_nothing():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    test = rolled(np.full_like(said, np.nan), seasonal_naive=said)
    assert (unbiased(test, mixture(said), said[:, 0]) == 1).all()
    assert choose(replace(test, truth=said + np.nan)).said.shape == said.shape
