"""The backtest: how models are mixed, when the baseline stays, and what bands and sums rest on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models import backtest
from models.backtest import Choice, Rolled, bands, choose, combine, origins, unbiased

STARTS = (7, 14, 21, 28)
STEPS = 7


def rolled(truth: np.ndarray, **said: np.ndarray) -> Rolled:
    return Rolled(STARTS, truth, said, np.ones(len(truth)), np.zeros(len(truth)))


def noise(seed: int, count: int, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (count, len(STARTS), STEPS))


def mixture(said: np.ndarray, chosen: int = 1) -> Choice:
    """One model and the mix, of which the second one is chosen."""
    count = len(said)
    picked = np.full(count, chosen)
    return Choice(("seasonal_naive", "mix"), np.ones((count, 2)), np.ones((count, 1)), picked, said,
                  said)  # fmt: skip


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


def test_what_the_sum_misses_is_made_up_for_in_part_by_the_series_nobody_forecasts_well():
    said = np.full((3, len(STARTS), STEPS), 100.0)
    truth = said.copy()
    truth[0] += noise(0, 1, 0.1)[0]
    truth[1] += noise(1, 1, 0.1)[0]
    truth[2, :, 3] += 150.0  # a spike that a median does not expect
    factor = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
    assert factor[:2] == pytest.approx([1.0, 1.0], abs=1e-3)
    missed = 150 / 7 / 300  # of the sum
    gained = (factor[2] - 1) * 100 / 300
    assert gained == pytest.approx(backtest.MADE_UP * missed, rel=0.02)


def test_a_series_that_is_steady_since_it_jumped_stays_what_it_is():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    truth = said.copy()
    truth[0, 0] += 900.0  # the first origin did not know yet
    truth[1, :, 3] += 150.0
    factor = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
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
    factor = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
    assert (factor - 1 <= own + 1e-9).all()
    assert factor[0] > 1


def test_a_series_that_was_not_tested_adds_nothing_to_what_is_made_up_for():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    said[1] = 1e6
    truth = said.copy()
    truth[0] += 5.0 + noise(0, 1, 1.0)[0]
    truth[1] = np.nan
    factor = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
    assert factor == pytest.approx([1 + backtest.MADE_UP * 0.05, 1.0], rel=0.01)


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
    factor = unbiased(rolled(truth, seasonal_naive=said), mixture(said), said[:, 0])
    assert factor == pytest.approx([1.0, 2.0], abs=1e-3)


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
    assert 1.7 <= band.high[0] <= band.high[1] <= 2.8


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


def test_an_unknown_truth_moves_nothing():
    said = np.full((2, len(STARTS), STEPS), 100.0)
    test = rolled(np.full_like(said, np.nan), seasonal_naive=said)
    assert (unbiased(test, mixture(said), said[:, 0]) == 1).all()
    assert choose(replace(test, truth=said + np.nan)).said.shape == said.shape


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
    assert floored.low[0] > open_band.low[0] / 2
    assert floored.high == open_band.high
