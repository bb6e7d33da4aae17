"""Seeded daily cost with weekdays, months, growth and noise, and events planted into it."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

KINDS = ("spike", "step", "ramp", "new_service", "price_change", "stopped_discount")
FIRST = date(2025, 1, 1)


@dataclass(frozen=True)
class Event:
    service: str
    kind: str
    start: date
    end: date
    impact: float


def clean_costs(
    seed: int, series: int = 100, days: int = 400
) -> tuple[pl.DataFrame, list[date], np.ndarray]:
    """Cost without any event, and the matrix behind it."""
    random = np.random.default_rng(seed)
    calendar = [FIRST + timedelta(days=k) for k in range(days)]
    weekend = np.array([d.weekday() >= 5 for d in calendar])
    first = np.array([d.day == 1 for d in calendar])
    values = np.zeros((series, days))
    for row in range(series):
        level = np.exp(random.uniform(np.log(20), np.log(3000)))
        growth = np.exp(np.cumsum(random.normal(random.uniform(-0.0005, 0.002), 0.003, days)))
        weekdays = 1 - weekend * random.choice([0.0, 0.1, 0.4, 0.8])
        noise = random.choice([0.005, 0.02, 0.05, 0.12])
        wobble = np.exp(noise * random.standard_t(6, days))
        fee = level * random.choice([0.0, 0.0, 0.0, 2.0]) * first
        values[row] = level * growth * weekdays * wobble + fee
    return frame(values, calendar), calendar, values


def frame(values: np.ndarray, calendar: list[date]) -> pl.DataFrame:
    count, days = values.shape
    names = [f"service-{k:04d}" for k in range(count)]
    return pl.DataFrame(
        {
            "cloud": "aws",
            "account": "1",
            "service": np.repeat(names, days),
            "currency": "USD",
            "day": calendar * count,
            "cost": values.ravel(),
        }
    ).filter(pl.col("cost") != 0)


def planted_costs(
    seed: int, series: int = 120, days: int = 400
) -> tuple[pl.DataFrame, list[date], list[Event]]:
    """Every second series holds one event."""
    random = np.random.default_rng(seed + 10_000)
    _, calendar, values = clean_costs(seed, series, days)
    events: list[Event] = []
    for row in range(0, series, 2):
        kind = KINDS[(row // 2) % len(KINDS)]
        start = int(random.integers(90, days - 50))
        before = values[row].copy()
        length = 30
        if kind == "spike":
            length = int(random.integers(1, 4))
            values[row, start : start + length] *= random.uniform(2, 6)
        elif kind == "step":
            values[row, start:] *= random.uniform(1.6, 3)
        elif kind == "ramp":
            rise = np.linspace(0, random.uniform(0.8, 2.5), length)
            values[row, start : start + length] *= 1 + rise
            values[row, start + length :] *= 1 + rise[-1]
        elif kind == "new_service":
            values[row, :start] = 0
        elif kind == "price_change":
            values[row, start:] *= random.uniform(1.3, 1.6)
        else:
            values[row, start:] *= 1 / random.uniform(0.55, 0.75)
        if kind == "new_service":
            before[:] = 0
        stop = start + length
        impact = float((values[row, start:stop] - before[start:stop]).sum())
        events.append(
            Event(f"service-{row:04d}", kind, calendar[start], calendar[stop - 1], impact)
        )
    return frame(values, calendar), calendar, events
