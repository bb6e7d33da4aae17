"""Boosted trees that learn what follows from facts about the past, as two models grow them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from models.forecast.history import Floats

FEWEST = 500  # examples to learn from
SEED = 0
YEAR = {7: 364, 24: 168, 4: 4, 12: 12, 52: 52}  # steps after which a longer rhythm comes again
OTHER_YEAR = 52


@dataclass(frozen=True, eq=False)
class Trees:
    """What has been learned, and which of the facts it was learned from were known at all."""

    regressor: HistGradientBoostingRegressor
    known: NDArray[np.bool_]

    def predict(self, seen: Floats) -> Floats:
        """One value for each row of facts; call it in `one_thread`."""
        return self.regressor.predict(np.where(self.known, seen, 0.0))


def grow(
    seen: Floats,
    truth: Floats,
    *,
    trees: int,
    rate: float,
    leaves: int,
    smallest_leaf: int,
    features: float = 1.0,
) -> Trees:
    """Trees that tell `truth` from the facts of its row; the same examples give the same trees.

    `features` is the share of the facts that each split chooses from. NaN is a fact that nobody
    knows; one that is unknown in every row counts as zero from then on.
    """
    known = np.asarray(np.isfinite(seen).any(axis=0))
    regressor = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=trees,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=smallest_leaf,
        max_features=features,
        early_stopping=False,  # pyright: ignore[reportArgumentType]  # stub: only 'auto'
        random_state=SEED,
    )
    with one_thread():
        return Trees(regressor.fit(np.where(known, seen, 0.0), truth), known)


def one_thread() -> threadpool_limits:
    """Threads of small trees wait for each other: on a busy machine that costs ten times as much.

    Setting the limit takes longer than asking the trees, so whoever asks often sets it once.
    """
    return threadpool_limits(1, "openmp")


def year(season: int) -> int:
    """Steps after which the rhythm comes again that is longer than the season."""
    return YEAR.get(season, OTHER_YEAR)
