"""What a sum of forecasts needs of its parts, and how far sums were off in the backtest."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.engine import Outlook
from models.forecast.history import Floats
from models.known import mean

INDEPENDENT = 0.6  # share of the folds counted as independent; they overlap
MONTH = 31  # days, the longest; of no older one something is to come
WEEKS = 28  # days of the forecast that tell what a day without a bill has cost
WIDEST = 3.0  # by how much series without a backtest may widen the band of a sum


@dataclass(frozen=True, eq=False)
class Parts:
    """Some series: arrays of series x ..."""

    mean: Floats  # x step, further than the backtest reaches; NaN = nothing is known
    truth: Floats  # x fold x step
    errors: Floats  # x fold x step
    scale: Floats
    is_positive: NDArray[np.bool_]
    origins: tuple[int, ...]
    unknown: NDArray[np.intp]  # days before the forecast that no bill covers yet
    usual: Floats  # what such a day is estimated to have cost
    seen: Floats  # x day before the forecast: what is billed of unknown days all the same
    owed: Floats  # x day before the forecast: what is to come of charges for the running month

    @staticmethod
    def of(
        outlooks: list[Outlook], unknown: NDArray[np.intp], billed: Floats, owed: Floats
    ) -> "Parts":
        """Those of all chunks, in their order; there must be one.

        `billed` (series x day, to the last one before the forecast) has what bills say of any day,
        `owed` (alike) what is to come of it.
        """
        days = min(int(unknown.max(initial=0)), billed.shape[1])
        ahead = np.concatenate([np.concatenate([o.mean, o.beyond], axis=1) for o in outlooks])
        return Parts(
            ahead,
            np.concatenate([o.truth for o in outlooks]),
            np.concatenate([o.errors for o in outlooks]),
            np.concatenate([o.scale for o in outlooks]),
            np.concatenate([o.is_positive for o in outlooks]),
            outlooks[0].origins,
            unknown,
            np.nan_to_num(mean(ahead[:, :WEEKS], (1,))),
            np.nan_to_num(billed[:, billed.shape[1] - days :]),
            owed[:, -MONTH:],
        )

    def plus(self, added: Floats) -> "Parts":
        """With known steps (series x step); days before the forecast stay as they were."""
        return replace(self, mean=floored(self.mean + added, self.is_positive))

    def since(self, steps: int) -> tuple[Floats, Floats]:
        """What the last `steps` days before the forecast cost beyond what is billed, per series.

        Estimated as that many days of the first weeks of the forecast, less what another bill says
        of such a day; and how far that may be off, as if all days erred alike. What is to come of
        charges for the running month is of days that are billed.
        """
        days = np.minimum(self.unknown, max(steps, 0))
        back = np.arange(self.seen.shape[1], 0, -1)
        rest = floored(self.usual[:, None] - self.seen, self.is_positive)
        among = np.where(back <= days[:, None], rest, 0.0).sum(axis=1)
        before = np.maximum(days - len(back), 0)  # days older than the first that was billed
        owed = self.owed[:, max(self.owed.shape[1] - max(steps, 0), 0) :].sum(axis=1)
        return among + before * self.usual + owed, days * self.scale

    def tested(self, steps: int) -> tuple[int, list[int]]:
        """How many of so many steps the backtest reaches, and the folds that reach as far."""
        reach = [min(origin, self.errors.shape[2]) for origin in self.origins]
        usable = [k for k in range(len(reach)) if np.isfinite(self.errors[:, k]).any()]
        longest = min(steps, max((reach[k] for k in usable), default=0))
        return longest, [k for k in usable if reach[k] >= longest > 0]

    @property
    def steps(self) -> int:
        """Steps ahead that are forecast."""
        return self.mean.shape[1]


def floored(values: Floats, is_positive: NDArray[np.bool_]) -> Floats:
    """Series x step, not below zero where the series never was."""
    return np.where(is_positive[:, None], np.maximum(values, 0.0), values)


def grouped(keys: pl.DataFrame, scope: tuple[str, ...]) -> tuple[pl.DataFrame, NDArray[np.intp]]:
    """The groups of series that agree in `scope`, and which of them each series belongs to."""
    groups = keys.select(scope).unique(maintain_order=True)
    joined = keys.join(
        groups.with_row_index("group"), on=scope, nulls_equal=True, maintain_order="left"
    )
    return groups, joined["group"].to_numpy().astype(np.intp)


def sums(values: Floats, group: NDArray[np.intp], count: int) -> Floats:
    """Group x ...: sums over the series, what is not known left out."""
    out = np.zeros((count, *values.shape[1:]))
    np.add.at(out, group, np.nan_to_num(values))
    return out


def spread(parts: Parts, group: NDArray[np.intp], count: int, steps: int) -> tuple[Floats, int]:
    """Root mean square error of the sum over `steps` per group, and the folds behind it.

    Where no fold was long enough, that of the longest sum is stretched in proportion.
    """
    if steps == 0:
        return np.zeros(count), 1
    scale = sums(parts.scale, group, count)
    longest, whole = parts.tested(steps)
    if not whole:
        return scale * steps, 1
    squares, weight = np.zeros(count), np.zeros(count)
    for k in whole:
        path = parts.errors[:, k, :longest]
        seen = np.isfinite(path).any(axis=1)
        error = sums(np.nan_to_num(path).sum(axis=1), group, count)
        share = sums(np.where(seen, parts.scale, 0.0), group, count)
        has = share > 0
        widen = np.clip(scale / np.where(has, share, 1.0), 1.0, WIDEST)
        squares += np.where(has, (error * widen) ** 2, 0.0)
        weight += has
    measured = np.sqrt(squares / np.maximum(weight, 1)) * steps / longest
    return np.where(weight > 0, measured, scale * steps), len(whole)


def freedom(folds: int) -> float:
    """Degrees of freedom of a spread that was measured over so many folds that overlap."""
    return max(1.0, INDEPENDENT * folds)
