"""What is special about a series: too short, constant, ended, or nothing known at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.backtest import UNTESTED
from models.forecast.history import Floats, History

Flags = NDArray[np.bool_]

SHORT = 2  # seasons that must be known
ENDED = 14  # steps without anything, at least
ENDED_RARE = 40  # the same for a series with so few values that a month between them is usual
RARE = 3  # values that make a series rare
PATIENCE = 2.0  # times the longest earlier pause


@dataclass(frozen=True, eq=False)
class Conditions:
    """One flag per series; a series may have one of the first three only."""

    empty: Flags  # no known value
    short: Flags  # less than two seasons known
    ended: Flags  # zero for much longer than ever before
    constant: Flags  # every known value is the same
    known: NDArray[np.intp]
    silent: NDArray[np.intp]  # zero steps at the end

    def reasons(self, season: int, is_borrowed: bool) -> list[str | None]:
        """A sentence per series where there is something to say.

        `is_borrowed`: other series were tested, whose error a short one has.
        """
        error = (
            "with the relative error of the other series"
            if is_borrowed
            else f"with {UNTESTED:.0%} of it as the typical error, since no other series tells one"
        )
        out: list[str | None] = []
        for row in range(len(self.known)):
            known, silent = int(self.known[row]), int(self.silent[row])
            if self.empty[row]:
                out.append("no known value, so there is nothing to forecast from")
            elif self.ended[row]:
                out.append(f"zero in the last {silent} steps, longer than ever: taken as ended")
            elif self.short[row]:
                out.append(
                    f"only {known} known steps, need {SHORT * season + 1} to test models: the "
                    f"median of what is known, {error}"
                )
            elif self.constant[row]:
                out.append(f"the same value in all {known} known steps")
            else:
                out.append(None)
        return out


def conditions(history: History, ended_after: int = ENDED) -> Conditions:
    """Look at each series once."""
    values = history.values
    known = history.known()
    active = np.isfinite(values) & (values != 0)
    steps = values.shape[1]
    since = np.where(active.any(axis=1), active[:, ::-1].argmax(axis=1), steps)
    silent = np.where(active.any(axis=1), np.isfinite(_tail(values, since)).sum(axis=1), known)
    patience = np.maximum(ended_after, PATIENCE * _longest_pause(active))
    rare = active.sum(axis=1) <= RARE
    patience = np.where(rare, np.maximum(patience, ENDED_RARE), patience)
    empty = known == 0
    ended = ~empty & active.any(axis=1) & (silent >= patience)
    short = ~empty & ~ended & (known <= SHORT * history.season)
    top = np.where(np.isfinite(values), values, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(np.isfinite(values), values, np.inf).min(axis=1, initial=np.inf)
    return Conditions(empty, short, ended, ~empty & (top == low), known, silent)


def _tail(values: Floats, since: NDArray[np.intp]) -> Floats:
    """The values after the last active step; NaN elsewhere."""
    position = np.arange(values.shape[1])[None, :]
    return np.where(position >= values.shape[1] - since[:, None], values, np.nan)


def _longest_pause(active: Flags) -> NDArray[np.intp]:
    """Longest run of inactive steps between two active ones, per series."""
    steps = active.shape[1]
    position = np.where(active, np.arange(steps)[None, :], -1)
    before = np.maximum.accumulate(position, axis=1)
    gap = np.zeros_like(position)
    between = active[:, 1:] & (before[:, :-1] >= 0)
    gap[:, 1:] = np.where(between, position[:, 1:] - before[:, :-1] - 1, 0)
    return gap.max(axis=1, initial=0)
