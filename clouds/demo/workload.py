"""How busy each workload is, hour by hour: a pure function of seed and day."""

from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from clouds.demo.company import HOURS_FROM_UTC, PATTERNS

Array = npt.NDArray[np.float64]
WEEK_HOURS = 168
RAMP_DAYS = 30  # a new workload reaches its full load in a month


def profile(pattern: str) -> Array:
    """Relative load of the 168 local hours of a week from Monday 00:00; the peak is 1."""
    hour = np.arange(WEEK_HOURS) % 24
    weekend = np.arange(WEEK_HOURS) // 24 >= 5
    day = np.exp(-(((hour - 13.5) / 4.2) ** 4))
    match pattern:
        case "business" | "month_end":
            shape = 0.22 + 0.78 * day * np.where(weekend, 0.25, 1.0)
        case "always":
            shape = 0.72 + 0.28 * np.sin((hour - 7) / 24 * 2 * np.pi)
        case "consumer":
            evening = np.exp(-(((hour - 19.5) / 3.5) ** 2))
            shape = 0.25 + (0.45 * day + 0.55 * evening) * np.where(weekend, 1.15, 1.0)
        case "nightly":
            shape = 0.12 + 0.88 * ((hour >= 1) & (hour < 6))
        case "office":  # nothing at all outside working hours
            shape = ((hour >= 8) & (hour < 19) & ~weekend) * (0.75 + 0.25 * day)
        case "weekly":  # one batch on Sunday, otherwise quiet
            shape = 1.0 * ((np.arange(WEEK_HOURS) // 24 == 6) & (hour >= 4) & (hour < 16))
        case _:
            raise ValueError(f"No load pattern named {pattern!r}.")
    return (shape / shape.max()).astype(np.float64)


PROFILES = {pattern: profile(pattern) for pattern in PATTERNS}
MEANS = {pattern: float(shape.mean()) for pattern, shape in PROFILES.items()}


class Load:
    """The load of every workload; 1 is the weekly peak on the day the estate was made."""

    def __init__(self, workloads: pl.DataFrame, seed: int, reference: datetime) -> None:
        self._seed = seed
        self._reference = reference.date()
        self._patterns = workloads["pattern"].to_list()
        shapes = np.stack([PROFILES[name] for name in self._patterns])
        shift = [HOURS_FROM_UTC[region] for region in workloads["region"]]
        rolled = [np.roll(shape, -hours) for shape, hours in zip(shapes, shift, strict=True)]
        self._profile = np.stack(rolled).T  # hour of the UTC week, workload
        self._mean = np.array([MEANS[name] for name in self._patterns])
        self._growth = workloads["yearly_growth"].to_numpy()
        self._swing = workloads["swing"].to_numpy()
        self._launched = workloads["launched_on"].dt.date().to_list()
        self._month_end = np.array([name == "month_end" for name in self._patterns])

    def hours(self, day: date) -> Array:
        """Load of the 24 UTC hours of one day: hour x workload."""
        rng = np.random.Generator(np.random.Philox(key=[self._seed, day.toordinal()]))
        years = (day - self._reference).days / 365.25
        ramp = np.clip([(day - launched).days / RAMP_DAYS for launched in self._launched], 0, 1)
        level = np.exp(np.log1p(self._growth) * years) * ramp
        level = level * np.exp(self._swing * rng.standard_normal(len(level)))
        closing = (day + timedelta(days=3)).month != day.month or day.day <= 2
        level = (
            level
            * (1 + np.where(self._month_end, 0.9, 0.06) * closing)
            / (1 + np.where(self._month_end, 0.9, 0.06))
        )
        first = day.weekday() * 24
        noise = np.exp(0.03 * rng.standard_normal((24, len(level))))
        return self._profile[first : first + 24] * level * noise

    def day(self, day: date) -> Array:
        """Mean load of one day per workload; 1 is the mean of a week at reference level."""
        return self.hours(day).mean(axis=0) / self._mean
