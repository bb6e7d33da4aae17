"""One set of boosted trees for all series that says the next step, and is asked step by step.

What it says of one step is what it sees of it at the next. Series count in spreads around their
own mean, so those of any size learn from each other; the absolute error is learned, so a spike does
not bend the forecast.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from models.forecast.history import Days, Fitted, Floats, History, Model
from models.forecast.month import day_of_month
from models.forecast.month_effect import NotUsable
from models.forecast.trees import FEWEST, SEED, Trees, grow, one_thread, year
from models.forecast.windows import Places, Windows, at
from models.known import mean

BACK = (1, 2, 3, 4, 5, 8)  # seasons
NEAR = (1, 2, 3)  # steps
MOST = 30_000  # examples
PER_TREE = 100  # examples: with few of them, more trees cost time and say no more
FEWEST_TREES = 30
YOUNGEST = 28  # steps, or a quarter of the history, that an example has behind it


@dataclass(frozen=True, eq=False)
class Scaled:
    """Values of series in spreads around their means."""

    values: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, history: History) -> Self:
        """By all that is known of each; NaN where nothing is."""
        centre = mean(history.values, (1,))
        spread = np.sqrt(np.nan_to_num(mean((history.values - centre[:, None]) ** 2, (1,))))
        spread = np.where(spread > 0, spread, 1.0)
        return cls((history.values - centre[:, None]) / spread[:, None], centre, spread)


@dataclass(frozen=True, eq=False)
class FittedRecursive:
    """Trees and the history they go on from, with the steps that they have been asked for."""

    trees: Trees
    history: History
    said: Floats

    def predict(self, days: int) -> Floats:
        """Series by steps."""
        if days > self.said.shape[1]:
            return _steps(self.trees, [self.history], days)[0]
        return self.said[:, :days]


@dataclass(frozen=True)
class Recursive:
    """Settings of the trees; the same seed gives the same trees."""

    trees: int = 60
    rate: float = 0.1
    leaves: int = 31
    smallest_leaf: int = 30
    features: float = 0.8  # share that each split chooses from

    def fit(self, history: History) -> Fitted:
        """Not usable with fewer than FEWEST examples."""
        trees = self._learned(history)
        if trees is None:
            return NotUsable(len(history.values))
        return FittedRecursive(trees, history, np.empty((len(history.values), 0)))

    def fit_before(self, history: History, origins: Sequence[int]) -> Iterator[Fitted]:
        """Trees grown before the first origin, asked at all of them together."""
        trees = self._learned(history.before(max(origins)))
        histories = [history.before(origin) for origin in origins]
        if trees is None:
            yield from (NotUsable(len(each.values)) for each in histories)
            return
        said = _steps(trees, histories, history.horizon)
        for each, steps in zip(histories, said, strict=True):
            yield FittedRecursive(trees, each, steps)

    def _learned(self, history: History) -> Trees | None:
        values = Scaled.of(history).values
        known = np.isfinite(values)
        row, column = np.nonzero(known)
        age = column - known.argmax(axis=1)[row]
        old = age >= min(YOUNGEST, max(1, history.steps // 4))
        row, column = row[old], column[old]
        if len(row) < FEWEST:
            return None
        if len(row) > MOST:
            some = np.random.default_rng(SEED).choice(len(row), MOST, replace=False)
            row, column = row[some], column[some]
        behind = (history.steps - 1 - column) * np.timedelta64(1, "D")
        day = None if history.last_day is None else history.last_day[row] - behind
        seen = _seen(history, values, Windows.of(values), row, column, column, day)
        return grow(
            seen,
            values[row, column],
            trees=min(self.trees, max(FEWEST_TREES, len(row) // PER_TREE)),
            rate=self.rate,
            leaves=self.leaves,
            smallest_leaf=self.smallest_leaf,
            features=self.features,
        )


def _steps(trees: Trees, histories: Sequence[History], days: int) -> list[Floats]:
    """What follows each of several histories of the same series: series by steps, of each."""
    first = histories[0]
    wide = max(*_lags(first), *(start for start, _ in _windows(first)))
    scaled = [Scaled.of(history) for history in histories]
    count, rows = len(first.values), len(first.values) * len(histories)
    values = np.full((rows, wide + days), np.nan)
    for number, each in enumerate(scaled):
        kept = each.values[:, -wide:]
        values[number * count : (number + 1) * count, wide - kept.shape[1] : wide] = kept
    windows = Windows.of(values)
    row = np.arange(rows)
    number = np.repeat([history.steps for history in histories], count)
    ends = [history.last_day for history in histories if history.last_day is not None]
    last_day = np.concatenate(ends) if ends else None
    with one_thread():
        for step in range(days):
            column = np.full(rows, wide + step)
            day = None if last_day is None else last_day + np.timedelta64(step + 1, "D")
            seen = _seen(first, values, windows, row, column, number + step, day)
            values[:, wide + step] = trees.predict(seen)
            windows.grow(wide + step, values[:, wide + step])
    parts = np.split(values[:, wide:], len(histories))
    return [
        part * each.spread[:, None] + each.mean[:, None]
        for part, each in zip(parts, scaled, strict=True)
    ]


def _seen(
    history: History,
    values: Floats,
    windows: Windows,
    row: Places,
    column: Places,
    number: Places,
    day: Days | None,
) -> Floats:
    """The facts about steps by what is known before them; `number` counts them, for the phases."""
    return np.column_stack([
        *(at(values, row, column - lag) for lag in _lags(history)),
        *(windows.mean(row, column - start, column - stop) for start, stop in _windows(history)),
        (number % history.season).astype(np.float64),
        (number % history.long_season).astype(np.float64),
        np.zeros(len(row)) if day is None else day_of_month(day).astype(np.float64),
    ])  # fmt: skip


def _lags(history: History) -> list[int]:
    """Steps back that are looked at one by one."""
    season, long_season = history.season, history.long_season
    found = {*NEAR, season + 1, *(season * k for k in BACK)}
    return sorted(found | ({long_season, 2 * long_season} if long_season > 1 else set()))


def _windows(history: History) -> list[tuple[int, int]]:
    """Spans that are averaged, as steps back: the last season, four of them, and a year ago."""
    span, long = max(history.season, 2), year(history.season)
    return [(span, 0), (4 * span, 0), (long + 2, long - 3), (long + span, long - span)]


MODELS: dict[str, Model] = {"recursive": Recursive()}
