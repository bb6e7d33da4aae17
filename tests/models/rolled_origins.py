"""A backtest made up: what came, what was said of it, and which mix was chosen."""

import numpy as np

from models.backtest import Choice, Rolled

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
