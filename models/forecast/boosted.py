"""One set of boosted trees for all series: what followed, in any of them, on a past like this one.

Every step ahead is a question of its own: how far will the value be from the usual one of its
phase? Values count in units of the series' recent level, as logarithms, so series of any size learn
from each other. The absolute error is learned, so a spike does not bend the forecast.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast.history import Fitted, Floats, History, Model
from models.forecast.month_effect import NotUsable
from models.forecast.trees import FEWEST, SEED, Trees, grow, one_thread, year
from models.forecast.windows import Places, Windows, at

SMALL = 0.05  # of the level: added before taking logarithms, so that zero has one
MOST = 40_000  # examples
PER_SERIES = 150  # examples
OF_ALL = 5_000  # examples of few series together
RECENT = 0.6  # power of the place of an example in the history: below 1 prefers the end
FARTHEST = 3.0  # logarithm of the largest ratio that is learned
CYCLES = 4  # seasons that make the level
PHASES = 8  # seasons that make the usual value of a phase


@dataclass(frozen=True, eq=False)
class FittedBoosted:
    """Trees, and the history they are asked about."""

    trees: Trees
    history: History

    def predict(self, days: int) -> Floats:
        """Series by steps; NaN where the recent level is not above zero."""
        count = len(self.history.values)
        row = np.repeat(np.arange(count), days)
        ahead = np.tile(np.arange(1, days + 1), count)
        origin = np.full(len(row), self.history.steps)
        seen, level, usual = _seen(self.history, row, origin, ahead)
        with one_thread():
            share = np.expm1(self.trees.predict(seen) + usual) * SMALL
        return np.maximum(share * level, 0.0).reshape(count, days)


@dataclass(frozen=True)
class Boosted:
    """Settings of the trees; the same seed gives the same trees."""

    trees: int = 60
    rate: float = 0.1
    leaves: int = 24
    smallest_leaf: int = 40

    def fit(self, history: History) -> FittedBoosted | NotUsable:
        """Not usable with fewer than FEWEST examples, or on series with negative values."""
        trees = self._learned(history)
        return NotUsable(len(history.values)) if trees is None else FittedBoosted(trees, history)

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[Fitted]:
        """Trees grown before the first origin, asked at each."""
        trees = self._learned(history.before(max(origins)))
        for origin in origins:
            seen = history.before(origin)
            yield NotUsable(len(seen.values)) if trees is None else FittedBoosted(trees, seen)

    def _learned(self, history: History) -> Trees | None:
        row, origin, ahead = _examples(history)
        seen, level, usual = _seen(history, row, origin, ahead)
        with np.errstate(invalid="ignore", divide="ignore"):
            truth = np.log1p(history.values[row, origin + ahead - 1] / (SMALL * level)) - usual
        good = np.isfinite(truth)
        if good.sum() < FEWEST:
            return None
        return grow(
            seen[good],
            np.clip(truth[good], -FARTHEST, FARTHEST),
            trees=self.trees,
            rate=self.rate,
            leaves=self.leaves,
            smallest_leaf=self.smallest_leaf,
        )


def _examples(history: History) -> tuple[Places, Places, Places]:
    """Row, origin (the number of steps known then) and steps ahead of what is learned from."""
    random = np.random.default_rng(SEED)
    known = np.isfinite(history.values)
    begin = np.where(known.any(axis=1), known.argmax(axis=1), history.steps)
    begin = begin + max(2 * history.season, 4) + 1
    count = len(begin)
    wanted = max(PER_SERIES, OF_ALL // max(count, 1))
    each = min(wanted, history.steps, max(1, MOST // max(count, 1)))
    row = np.repeat(np.arange(count), each)
    span = np.maximum(history.steps - 1 - begin, 0)[row]
    origin = begin[row] + (random.random(len(row)) ** RECENT * span).astype(np.intp)
    ahead = random.integers(1, history.horizon + 1, len(row))
    inside = origin + ahead <= history.steps
    row, origin, ahead = row[inside], origin[inside], ahead[inside]
    good = known[row, origin + ahead - 1]
    return row[good], origin[good], ahead[good]


def _seen(
    history: History, row: Places, origin: Places, ahead: Places
) -> tuple[Floats, Floats, Floats]:
    """What an example shows, the level it is measured in, and the usual value of its phase.

    All but the level are logarithms of shares of the level. Nothing at or after the origin is used.
    """
    values, season = history.values, history.season
    windows = Windows.of(values)
    cycle = max(season, 4)
    level = windows.mean(row, origin - CYCLES * cycle, origin)
    level = np.where((level > 0) & (history.floor()[row] == 0), level, np.nan)
    target = origin + ahead - 1
    nearest = (ahead - 1) // season + 1
    phases = np.stack([at(values, row, target - (nearest + k) * season) for k in range(PHASES)], 1)
    spans = (1, 2, 4, 8, 16)
    long = year(season)
    back = ((ahead - 1) // long + 1) * long
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of phases nobody knows: NaN is right
        middle, usual = np.nanmedian(phases, axis=1), np.nanmean(phases, axis=1)
    shares = np.stack([
        *phases[:, :4].T,
        at(values, row, origin - 1), at(values, row, origin - 2),
        *[windows.mean(row, origin - k * cycle, origin) for k in spans],
        windows.mean(row, origin - 2 * cycle, origin - cycle),
        windows.mean(row, target - back - 2, target - back + 3),
        windows.mean(row, origin - back - cycle, origin - back),
        *_of_long_season(history, row, target, ahead),
        middle, np.where(np.isfinite(usual), usual, level),
    ], axis=1)  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.log1p(shares / (SMALL * level[:, None]))
        moves = Windows.of(np.abs(np.diff(values, axis=1, prepend=np.nan)))
        restless = moves.mean(row, origin - CYCLES * cycle, origin) / level
    step, phase = ahead.astype(np.float64), (ahead % season).astype(np.float64)
    seen: Floats = np.column_stack([shares, step, restless, phase])
    return seen, level, shares[:, -1]


def _of_long_season(
    history: History, row: Places, target: Places, ahead: Places
) -> Iterator[Floats]:
    """The same phase of the last two long seasons, where there are some."""
    season = history.long_season
    nearest = (ahead - 1) // season + 1
    for k in (0, 1) if season > 1 else ():
        yield at(history.values, row, target - (nearest + k) * season)


MODELS: dict[str, Model] = {"boosted": Boosted()}
