"""The backtest: how models are mixed, when the baseline stays, and what bands and sums rest on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from rolled_origins import STARTS, STEPS, noise, rolled

from models import backtest
from models.backtest import Rolled, bands, choose, combine, origins


def test_one_model_that_is_far_off_has_no_pull_on_the_mix():
    truth = 100 + noise(0, 6)
    test = rolled(
        truth,
        seasonal_naive=truth + noise(1, 6, 3),
        a=truth + noise(2, 6),
        b=truth + noise(3, 6),
        c=truth + noise(4, 6, 2),
        d=truth + noise(5, 6),
    )
    choice = choose(test)
    calm = np.full((6, 5, STEPS), 100.0)
    wild = calm.copy()
    wild[:, 3] = 1e9
    np.testing.assert_allclose(combine(choice, calm), 100.0)
    np.testing.assert_allclose(combine(choice, wild), 100.0)


def test_the_mix_never_leaves_the_range_of_the_models_that_have_weight():
    truth = 100 + noise(0, 5)
    test = rolled(
        truth, seasonal_naive=truth + noise(1, 5, 3), a=truth + noise(2, 5), b=truth + np.nan
    )  # fmt: skip
    said = np.stack(
        [np.full((5, 3), 90.0), np.full((5, 3), 110.0), np.full((5, 3), np.nan)], axis=1
    )
    mixed = combine(choose(test), said)
    assert ((mixed >= 90) & (mixed <= 110)).all()


def test_what_one_model_knows_of_a_series_outweighs_how_bad_it_is_for_the_others():
    truth = np.abs(noise(0, 9)) + 1
    said = {"seasonal_naive": truth + 1, "usual": truth + 0.5, "special": truth + 2.0}
    said = {name: values.copy() for name, values in said.items()}
    said["special"][0] = truth[0] + 0.01
    weights = choose(rolled(truth, **said)).weights
    assert weights[0, 2] > 0.9
    assert (weights[1:, 1] > 0.9).all()


def test_what_is_perfect_for_most_series_is_not_taken_where_it_fails():
    truth = np.abs(noise(0, 9)) + 1
    said = {"seasonal_naive": truth + 1, "special": truth.copy()}
    said["special"][:2] = truth[:2] + 3
    found = choose(rolled(truth, **said))
    assert found.said[:2] == pytest.approx(said["seasonal_naive"][:2])
    assert found.said[2:] == pytest.approx(truth[2:])


def test_the_baseline_stays_where_no_model_beats_it():
    truth = 100 + noise(0, 4)
    test = rolled(
        truth,
        seasonal_naive=truth + noise(1, 4, 0.5),
        a=truth + 20 + noise(2, 4),
        b=truth + 35 + noise(3, 4),
    )
    choice = choose(test)
    assert [choice.names[k] for k in choice.chosen] == ["seasonal_naive"] * 4


def test_bands_reckon_with_an_error_that_neighbouring_origins_share():
    """Origins half a horizon apart see the same bad days; only distant ones tell."""
    starts = tuple(range(14, 14 + 7 * 8, 7))
    random = np.random.default_rng(0)
    level = np.repeat(random.choice([0.2, 3.0], (200, 4)), 2, axis=1)  # two neighbours are alike
    error = level[:, :, None] * random.normal(0, 1, (200, 8, 14))
    test = Rolled(starts, error, {}, np.ones(200), np.full(200, -np.inf))
    band = bands(test, np.zeros_like(error), np.ones(200))
    fresh = random.choice([0.2, 3.0], (200, 1)) * random.normal(0, 1, (200, 14))
    low, high = band.around(np.zeros((200, 14)), 0)
    assert ((fresh >= low) & (fresh <= high)).mean() == pytest.approx(0.80, abs=0.04)


def test_the_band_of_a_lone_series_allows_for_how_few_errors_it_rests_on():
    """Each fold has a miss of its own that all its days share, as a wrong level gives."""
    starts = tuple(range(14, 14 + 14 * 4, 14))
    random = np.random.default_rng(0)
    inside = np.zeros(2)
    for _ in range(400):
        days = random.normal(0, 1, (5, 1)) + random.normal(0, 1, (5, 14))
        error = days[None, :4]
        test = Rolled(starts, error, {}, np.ones(1), np.full(1, -np.inf))
        band = bands(test, np.zeros_like(error), np.ones(1))
        for level in range(2):
            low, high = band.around(np.zeros((1, 14)), level)
            inside[level] += ((days[4] >= low) & (days[4] <= high)).mean() / 400
    assert inside == pytest.approx([0.80, 0.95], abs=0.03)


def test_series_that_err_together_say_less_than_those_that_err_on_their_own():
    shared, own = np.tile(noise(0, 1, 1.0), (6, 1, 1)), noise(0, 6, 1.0)
    together, alone = (backtest._freedom(rolled(e), e) for e in (shared, own))  # pyright: ignore[reportPrivateUsage]
    assert together == pytest.approx(2 * max(STARTS) / STEPS)
    assert alone > 3 * together


def test_what_stands_in_for_errors_that_are_not_there_is_not_widened():
    error = noise(0, 1)
    error[:, :, 1:] = np.nan
    band = bands(rolled(error), np.zeros_like(error), np.ones(1))
    assert 1.7 <= band.high[0, 0] <= band.high[1, 0] <= 2.8


def test_few_series_are_tested_at_more_origins():
    assert len(origins(400, 28, 7, backtest.FOLDS_OF_FEW)) > len(origins(400, 28, 7))
    assert all(400 - start >= 100 for start in origins(400, 28, 7, backtest.FOLDS_OF_FEW))


def test_further_origins_share_no_day_and_leave_a_quarter_to_learn_from():
    further = backtest.FURTHER_OF_FEW
    near = origins(2000, 48, 24, backtest.FOLDS_OF_FEW)
    found = origins(2000, 48, 24, backtest.FOLDS_OF_FEW, further)
    assert found[: len(near)] == near
    far = found[len(near) - 1 :]
    assert len(far) == further + 1
    assert {b - a for a, b in pairwise(far)} == {48}
    short = origins(280, 48, 24, backtest.FOLDS_OF_FEW, further)
    assert all(280 - start >= 70 for start in short)


def test_zeros_of_a_series_that_never_is_negative_do_not_widen_its_band():
    """Half of the days are zero: none of them can fall below a limit that stays at zero."""
    random = np.random.default_rng(0)
    truth = np.where(
        random.random((200, 4, STEPS)) < 0.5, 0.0, random.uniform(8, 12, (200, 4, STEPS))
    )
    said = np.full_like(truth, 9.0)
    free = replace(rolled(truth, a=said), floor=np.full(200, -np.inf))
    open_band = bands(free, said, np.full(200, 9.0))
    floored = bands(rolled(truth, a=said), said, np.full(200, 9.0))
    assert (floored.low[0] > open_band.low[0] / 2).all()
    np.testing.assert_array_equal(floored.high, open_band.high)


def test_bands_know_what_is_missed_on_the_first_day_already():
    """An error of 1 that is there at once, and grows by a tenth each day."""
    typical = 1 + 0.1 * np.arange(28)
    error = np.random.default_rng(0).normal(0, 1, (200, 4, 28)) * typical
    test = Rolled((28, 56, 84, 112), error, {}, np.ones(200), np.full(200, -np.inf))
    growth = bands(test, np.zeros_like(error), np.ones(200)).growth
    np.testing.assert_allclose(growth / growth[0], typical, rtol=0.1)


def test_bands_of_near_days_do_not_lean_as_those_of_far_ones():
    """Near days are missed either way, and those of the last third are more than was said."""
    random = np.random.default_rng(0)
    error = random.normal(0, 1, (200, 5, 28))
    error[:, :, 18:] = np.abs(error[:, :, 18:]) + 1
    test = Rolled((28, 56, 84, 112, 140), error, {}, np.ones(200), np.full(200, -np.inf))
    band = bands(test, np.zeros_like(error), np.ones(200))
    low, high = band.around(np.zeros((200, 28)), 0)
    near = error[:, :, :5]
    inside = (near >= low[:, None, :5]) & (near <= high[:, None, :5])
    assert inside.mean() == pytest.approx(0.80, abs=0.06)
    assert -low[0, 0] == pytest.approx(high[0, 0], rel=0.1)
    assert low[0, -1] == 0
