"""From a history to a chosen forecast with bands, for every series, whatever its condition."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models import backtest
from models.bias import MADE_UP, retested, unbiased
from models.forecast import available
from models.forecast.condition import ENDED, Conditions, conditions
from models.forecast.history import Floats, History
from models.forecast.public_holidays import Holidays
from models.known import mean, median, total

CHUNK = 2000  # series at once, so that memory does not grow with their number
RECENT = 4  # seasons that give the typical size of a series
EXPLODED = 10.0  # times the largest known value: no forecast beyond


@dataclass(frozen=True, eq=False)
class Measured:
    """One candidate in the backtest, an entry per series; NaN where it can't be said."""

    name: str
    mase: Floats
    wape: Floats
    bias: Floats
    cover80: Floats
    cover95: Floats
    relative: Floats  # mean absolute error over that of the baseline


@dataclass(frozen=True, eq=False)
class Outlook:
    """The forecast of each series and what earned it; arrays of series x step."""

    mean: Floats
    limits: tuple[tuple[Floats, Floats], ...]  # per level: lower, upper
    models: list[str]
    reasons: list[str | None]
    conditions: Conditions
    beyond: Floats  # series x further step, without limits: for sums that reach further
    truth: Floats  # series x fold x step: what came in the backtest
    errors: Floats  # series x fold x step: truth minus forecast in the backtest
    scale: Floats  # typical absolute error of a step
    folds: NDArray[np.intp]
    origins: tuple[int, ...]
    measured: tuple[Measured, ...]
    chosen: NDArray[np.intp]  # index into measured; -1 = none of them

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Whether each series never was negative, so that its forecast is not either."""
        return np.nan_to_num(self.limits[0][0]).min(axis=1, initial=0.0) >= 0


def outlooks(
    history: History,
    steps: int,
    ended_after: int = ENDED,
    reach: int = 0,
    made_up: float = MADE_UP,
) -> Iterator[Outlook]:
    """One outlook per chunk of series, in their order."""
    for start in range(0, len(history.values), CHUNK):
        chunk = history.rows(slice(start, start + CHUNK))
        yield outlook(chunk, steps, ended_after, reach, made_up)


def outlook(
    history: History,
    steps: int,
    ended_after: int = ENDED,
    reach: int = 0,
    made_up: float = MADE_UP,
) -> Outlook:
    """Backtest, choose, forecast and put bands around it.

    Models are compared over `steps` ahead; the chosen one goes on to `reach` steps if that is more.
    `made_up` is the share that is made up for of what the sum of all missed in the backtest.
    """
    history = replace(history, horizon=steps)
    holidays = Holidays.of(history)
    models = holidays.models(available()) if holidays else available()
    state = conditions(history, ended_after)
    values = history.values
    rolled = backtest.roll(history, models, steps)
    testable = ~(state.empty | state.short | state.ended)
    rolled = replace(rolled, truth=np.where(testable[:, None, None], rolled.truth, np.nan))
    choice = backtest.choose(rolled)
    floor = history.floor()[:, None]
    reach = max(steps, reach)
    said = [np.maximum(model.fit(history).predict(reach), floor) for model in models.values()]
    centre = backtest.combine(choice, np.stack(said, axis=1))
    factor = unbiased(rolled, choice, centre[:, :steps], made_up)
    choice = retested(rolled, choice, made_up)
    centre = centre * np.pad(factor, ((0, 0), (0, reach - steps)), mode="edge")
    centre = np.where(state.short[:, None], median(values)[:, None], centre)
    centre = np.where(state.ended[:, None], 0.0, centre)
    cap = EXPLODED * np.where(np.isfinite(values), np.abs(values), 0.0).max(axis=1, initial=0.0)
    whole = np.clip(centre, -cap[:, None], cap[:, None])
    centre = whole[:, :steps]
    size = np.nan_to_num(mean(np.abs(values[:, -RECENT * max(history.season, 7) :]), (1,)))
    bands = backtest.bands(rolled, choice.said, size)
    bands = replace(bands, scale=np.where(state.ended | state.empty, 0.0, bands.scale))
    limits = tuple(_floored(bands.around(centre, k), floor) for k in range(len(backtest.LEVELS)))
    folds = np.isfinite(rolled.truth).any(axis=2).sum(axis=1)
    return Outlook(
        centre,
        limits,
        _names(choice, state),
        _reasons(state.reasons(history.season, bool(folds.any())), holidays, steps),
        state,
        whole[:, steps:],
        rolled.truth,
        rolled.truth - choice.said,
        bands.scale,
        folds,
        rolled.origins,
        tuple(_measured(rolled, choice, size)),
        np.where(testable & (folds > 0), choice.chosen, -1),
    )


def _reasons(reasons: list[str | None], holidays: Holidays | None, steps: int) -> list[str | None]:
    if holidays is None:
        return reasons
    return [one or other for one, other in zip(reasons, holidays.reasons(steps), strict=True)]


def _measured(rolled: backtest.Rolled, choice: backtest.Choice, size: Floats) -> Iterator[Measured]:
    base = choice.error[:, 0]
    naive = np.where(rolled.naive_error > 0, rolled.naive_error, np.nan)
    actual = total(np.abs(rolled.truth), (1, 2))
    signed = total(rolled.truth, (1, 2))
    for index, name in enumerate(choice.names):
        said = choice.mixed if name == backtest.MIX else rolled.said[name]
        usable = np.isfinite(choice.error[:, index])
        error = np.where(usable[:, None, None], said - rolled.truth, np.nan)
        cover80, cover95 = backtest.coverage(rolled, said, size)
        with np.errstate(divide="ignore", invalid="ignore"):
            yield Measured(
                name,
                np.where(usable, choice.error[:, index], np.nan) / naive,
                total(np.abs(error), (1, 2)) / np.where(usable & (actual > 0), actual, np.nan),
                total(error, (1, 2)) / np.where(usable & (signed != 0), signed, np.nan),
                np.where(usable, cover80, np.nan),
                np.where(usable, cover95, np.nan),
                np.where(usable & (base > 0), choice.error[:, index] / base, np.nan),
            )


def _names(choice: backtest.Choice, state: Conditions) -> list[str]:
    names = [choice.names[k] for k in choice.chosen]
    for flags, name in ((state.short, "median"), (state.ended, "ended"), (state.empty, "none")):
        names = [name if flag else old for flag, old in zip(flags, names, strict=True)]
    return names


def _floored(limits: tuple[Floats, Floats], floor: Floats) -> tuple[Floats, Floats]:
    return np.maximum(limits[0], floor), np.maximum(limits[1], floor)
