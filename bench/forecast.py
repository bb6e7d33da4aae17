"""Forecast generated daily cost, against the seasonal naive and the ETS of statsmodels.

Ours includes the backtest of all models, the choice and the intervals; the peers only fit and
predict. Errors are of the 28 days that were held back. Passes if at least 20 series a second of
processor time are forecast, twice the series take at most 2.6 times as long, and the error is below
that of both peers.
"""

import argparse
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from time import process_time

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from models.forecast.run import forecast

HELD_BACK = 28  # days
DAYS = 400  # known before
LEAST_SPEED = 20.0  # series a second
MOST_GROWTH = 2.6  # times as long for twice the series
FIRST = date(2025, 1, 1)

Costs = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--peer-series", type=int, default=40, help="series for the slow peer")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    costs = generated(2 * given.series, given.seed)
    few = costs[: given.peer_series]
    ours, seconds = timed(ours_on, costs[: given.series])
    _, seconds_twice = timed(ours_on, costs)
    naive, naive_seconds = timed(naive_on, costs[: given.series])
    ets, ets_seconds = timed(ets_on, few)
    speed = given.series / seconds
    print(f"{'':24}{'series/s':>10}{'MAE/mean':>10}")
    for name, said, took, of in (
        ("ours, with backtest", ours, seconds, costs[: given.series]),
        ("seasonal naive", naive, naive_seconds, costs[: given.series]),
        ("statsmodels ETS", ets, ets_seconds, few),
        ("ours on its series", ours[: len(few)], np.nan, few),
    ):
        print(f"{name:24}{len(of) / took:10.1f}{error(said, of):10.4f}")
    growth = seconds_twice / seconds
    print(f"twice the series: {growth:.2f} times as long")
    good = error(ours, costs[: given.series]) < error(naive, costs[: given.series])
    good = good and error(ours[: len(few)], few) < error(ets, few)
    passed = good and speed >= LEAST_SPEED and growth <= MOST_GROWTH
    print("passed" if passed else "failed")
    raise SystemExit(0 if passed else 1)


def generated(count: int, seed: int) -> Costs:
    """Levels, growth, weekdays, a monthly fee, level shifts and noise: series x day."""
    random = np.random.default_rng(seed)
    days = DAYS + HELD_BACK
    dates = [FIRST + timedelta(days=k) for k in range(days)]
    weekend = np.array([d.weekday() >= 5 for d in dates])
    first = np.array([d.day == 1 for d in dates])
    level = np.exp(random.normal(4, 1.5, (count, 1)))
    drift = np.cumsum(random.normal(0.0005, 0.01, (count, days)), axis=1)
    shift = np.arange(days) >= random.integers(50, days, (count, 1))
    step = np.where(random.random((count, 1)) < 0.3, random.uniform(0.5, 2, (count, 1)), 1.0)
    weekdays = 1 - weekend * random.choice([0.0, 0.2, 0.6], (count, 1))
    fee = level * random.choice([0.0, 0.0, 3.0], (count, 1)) * first
    noise = np.exp(random.normal(0, 0.05, (count, days)))
    return level * np.exp(drift) * np.where(shift, step, 1.0) * weekdays * noise + fee


def timed(run: Callable[[Costs], Costs], costs: Costs) -> tuple[Costs, float]:
    """The forecast of the held back days and the processor seconds it took."""
    begin = process_time()
    said = run(costs)
    return said, process_time() - begin


def ours_on(costs: Costs) -> Costs:
    dates = [FIRST + timedelta(days=k) for k in range(DAYS)]
    known = costs[:, :DAYS]
    names = [f"{k:06d}" for k in range(len(costs))]
    frame = pl.DataFrame({
        "cloud": "bench", "account": "1", "currency": "USD",
        "service": np.repeat(names, DAYS), "day": dates * len(costs), "cost": known.ravel(),
    })  # fmt: skip
    made_on = FIRST + timedelta(days=DAYS)
    said = forecast(frame, made_on=made_on, days=HELD_BACK).forecast
    return said.sort("service", "day")["mean"].to_numpy().reshape(len(costs), HELD_BACK)


def naive_on(costs: Costs) -> Costs:
    return np.tile(costs[:, DAYS - 7 : DAYS], (1, HELD_BACK // 7))


def ets_on(costs: Costs) -> Costs:
    out: list[Costs] = []
    for row in costs[:, :DAYS]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = ETSModel(
                pd.Series(row), trend="add", damped_trend=True, seasonal="add", seasonal_periods=7
            )
            out.append(np.asarray(model.fit(disp=False).forecast(HELD_BACK)))
    return np.stack(out)


def error(said: Costs, costs: Costs) -> float:
    """Mean over the series of the absolute error in units of the series' mean."""
    actual = costs[:, DAYS:]
    return float((np.abs(said - actual).mean(axis=1) / actual.mean(axis=1)).mean())


if __name__ == "__main__":
    main()
