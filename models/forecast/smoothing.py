"""Exponential smoothing of many series at once: level, damped trend, seasons, settings by trial.

The recursion runs once over time with arrays of (series, settings), so that thousands of series
cost hardly more than one. Each series keeps the setting whose errors one season ahead were
smallest: the best setting for tomorrow follows every wobble, and is no good for next month.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast.history import Floats
from models.known import mean, median

CLIP = 3.0  # a residual beyond this many spreads moves the state no further
SPREAD_MEMORY = 0.05  # weight of the newest residual in the running spread
SHIFT = 4  # residuals in a row beyond the clip, on one side, are a new level and no outliers
LOSS_MEMORY = 4.0  # the loss looks back about a quarter of the history


@dataclass(frozen=True)
class Grid:
    """Settings to try: equally long tuples, one entry per trial."""

    level: tuple[float, ...]
    trend: tuple[float, ...]
    season: tuple[float, ...]
    damping: float = 0.95


@dataclass(frozen=True, eq=False)
class State:
    """Where smoothing ended, per series: enough to go on."""

    level: Floats  # series
    trend: Floats
    profiles: tuple[Floats, ...]  # series x season, rolled so that column 0 is the next step
    damping: float

    def ahead(self, steps: int) -> Floats:
        """Series by steps."""
        powers = np.cumsum(self.damping ** np.arange(1, steps + 1))
        out = self.level[:, None] + self.trend[:, None] * powers
        for profile in self.profiles:
            out = out + profile[:, np.arange(steps) % profile.shape[1]]
        return out


def seasonal_profile(values: Floats, season: int) -> Floats:
    """Mean departure of each phase from its cycle, shrunk to zero as far as it may be noise.

    Column 0 is the phase of the step that follows the history; series by season.
    """
    count, steps = values.shape
    cycles = steps // season
    if season < 2 or cycles < 2:
        return np.zeros((count, max(season, 1)))
    blocks = values[:, steps - cycles * season :].reshape(count, cycles, season)
    blocks = blocks - mean(blocks, axis=2)[:, :, None]
    spread = median(np.abs(blocks).reshape(count, -1))[:, None, None] * 4 + 1e-12
    blocks = np.clip(blocks, -3 * spread, 3 * spread)
    seen = np.isfinite(blocks).sum(axis=1)
    profile = np.nan_to_num(mean(blocks, axis=1))
    noise = np.nan_to_num(mean((blocks - profile[:, None, :]) ** 2, axis=(1, 2)))
    noise = noise / np.maximum(seen.mean(axis=1), 1)
    signal = np.mean(profile**2, axis=1)
    keep = np.clip(1 - noise / np.maximum(signal, 1e-300), 0, 1)
    keep = np.where(seen.min(axis=1) >= 2, keep, 0.0)
    return (profile - profile.mean(axis=1, keepdims=True)) * keep[:, None]


def smooth(
    values: Floats, seasons: tuple[int, ...], grid: Grid, stops: Sequence[int] | None = None
) -> list[State]:
    """Run the recursion once; after each of `stops` steps, the best setting of each series.

    `stops` ascend; by default there is one, the end. The start values come from what is before
    the first one.
    """
    count, steps = values.shape
    stops = [steps] if stops is None else stops
    states: list[State] = []
    first = values[:, : stops[0]]
    trials = len(grid.level)
    alpha, beta, gamma = (np.array(g)[None, :] for g in (grid.level, grid.trend, grid.season))
    profiles = _first_profiles(first, seasons)
    start = _first_level(first, max(seasons, default=1))
    level = np.repeat(start[:, None], trials, axis=1)
    trend = np.zeros((count, trials))
    waves = [
        np.repeat(p.T[:, :, None], trials, axis=2) for p in profiles
    ]  # one phase lies together
    spread = np.repeat(_first_spread(first)[:, None], trials, axis=1)
    loss = np.zeros((count, trials))
    ahead = max([*seasons, 1])
    past = [level] * ahead  # ring of the levels one season ago
    run, pushed = np.zeros((count, trials)), np.zeros((count, trials))
    forget = 1 - min(1.0, LOSS_MEMORY / max(stops[0], 1))
    for t in range(stops[-1]):
        back = (t - stops[0]) % np.array([len(w) for w in waves]) if waves else ()
        drifted = grid.damping * trend
        moved = level + drifted
        expected = moved
        for wave, phase in zip(waves, back, strict=True):
            expected = expected + wave[phase]
        error = values[:, t : t + 1] - expected
        unknown = np.isnan(error)
        error[unknown] = 0.0
        size, limit = np.abs(error), CLIP * spread
        clipped = np.clip(error, -limit, limit)
        far = np.abs(error + (moved - past[t % ahead]))
        far[unknown] = 0.0
        loss = forget * loss + far
        past[t % ahead] = level
        jump = alpha * clipped
        out = np.nonzero(size > limit)  # few: the rest is on no run
        goes_on = pushed[out] * error[out] >= 0
        length = np.where(goes_on, run[out] + 1, 1.0)
        pushing = np.where(goes_on, pushed[out], 0.0) + error[out]
        shifted = length >= SHIFT
        run, pushed = np.where(unknown, run, 0.0), np.where(unknown, pushed, 0.0)
        run[out], pushed[out] = np.where(shifted, 0.0, length), np.where(shifted, 0.0, pushing)
        jump[out] = np.where(shifted, pushing / length, jump[out])
        level = moved + jump
        trend = drifted + beta * clipped
        for wave, phase in zip(waves, back, strict=True):
            wave[phase] += gamma * clipped
        grown = spread + SPREAD_MEMORY * (1.25 * np.minimum(size, 3 * limit) - spread)
        spread = np.where(unknown, spread, grown)
        if t + 1 in stops:
            states.append(_state(level, trend, waves, loss, grid.damping, t + 1 - stops[0]))
    return states


def _state(
    level: Floats, trend: Floats, waves: list[Floats], loss: Floats, damping: float, ahead: int
) -> State:
    """The best setting of each series; profiles rolled by the steps since they were made."""
    best = loss.argmin(axis=1)
    row = np.arange(len(best))
    profiles = tuple(np.roll(w[:, row, best], -(ahead % len(w)), axis=0).T for w in waves)
    return State(level[row, best], trend[row, best], profiles, damping)


def _first_profiles(values: Floats, seasons: tuple[int, ...]) -> list[Floats]:
    rest, out = values, list[Floats]()
    for season in seasons:
        profile = seasonal_profile(rest, season)
        out.append(profile)
        rest = rest - profile[:, (np.arange(values.shape[1]) - values.shape[1]) % season]
    return out


def _first_level(values: Floats, season: int) -> Floats:
    order = np.cumsum(np.isfinite(values), axis=1)
    early = np.where(order <= max(2 * season, 6), values, np.nan)
    return np.nan_to_num(median(early))


def _first_spread(values: Floats) -> Floats:
    steps = np.abs(np.diff(values, axis=1))
    floor = 1e-6 * np.nan_to_num(mean(np.abs(values), axis=1)) + 1e-300
    return np.maximum(np.nan_to_num(mean(steps, axis=1)), floor)
