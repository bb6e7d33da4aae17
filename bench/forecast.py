"""Forecast generated daily cost, against the seasonal naive and what statsmodels offers.

Ours includes the backtest of all models, the choice and the intervals; the peers only fit and
predict. Errors are of the 28 days that were held back. Passes if at least 20 series a second of
processor time are forecast, twice the series take at most 2.6 times as long, and the error is below
that of every peer. Accuracy on real series is another measure: docs/models.md.
"""

import argparse
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from statsmodels.tsa.api import ARIMA, STLForecast
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

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
    parser.add_argument("--peer-series", type=int, default=40, help="series for the slow peers")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    costs = generated(2 * given.series, given.seed)
    some, few = costs[: given.series], costs[: given.peer_series]
    ours_on(few[:1])  # so that nothing is loaded while the time is taken
    ours, seconds = timed(ours_on, some)
    _, seconds_twice = timed(ours_on, costs)
    speed = given.series / seconds
    print(f"{'':26}{'series':>8}{'series/s':>10}{'MAE/mean':>10}{'ours':>10}")
    print(_line("ours, with backtest", some, seconds, error(ours, some), error(ours, some)))
    good = True
    for name, run in PEERS.items():
        of = some if run is naive_on else few
        said, took = timed(run, of)
        his, mine = error(said, of), error(ours[: len(of)], of)
        good = good and mine < his
        print(_line(name, of, took, his, mine), flush=True)
    growth = seconds_twice / seconds
    print(f"twice the series: {growth:.2f} times as long")
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


def each(predict: Callable[[pd.Series], object]) -> Callable[[Costs], Costs]:
    """A peer that takes one series at a time."""

    def run(costs: Costs) -> Costs:
        index = pd.date_range(FIRST, periods=DAYS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.stack([
                np.asarray(predict(pd.Series(row, index=index))) for row in costs[:, :DAYS]
            ])  # fmt: skip

    return run


def ets(series: pd.Series) -> object:
    model = ETSModel(series, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7)
    fitted: Any = model.fit(disp=False)
    return fitted.forecast(HELD_BACK)


def theta(series: pd.Series) -> object:
    return ThetaModel(series, period=7).fit().forecast(HELD_BACK)


def stl_arima(series: pd.Series) -> object:
    model = STLForecast(series, ARIMA, model_kwargs={"order": (1, 1, 1)}, period=7, robust=True)
    return model.fit().forecast(HELD_BACK)


PEERS = {
    "seasonal naive": naive_on, "statsmodels Theta": each(theta), "statsmodels ETS": each(ets),
    "statsmodels STL + ARIMA": each(stl_arima),
}  # fmt: skip


def _line(name: str, of: Costs, seconds: float, his: float, mine: float) -> str:
    """A row of the table: the error of the peer, and ours on the same series."""
    return f"{name:26}{len(of):8}{len(of) / seconds:10.1f}{his:10.4f}{mine:10.4f}"


def error(said: Costs, costs: Costs) -> float:
    """Mean over the series of the absolute error in units of the series' mean."""
    actual = costs[:, DAYS:]
    return float((np.abs(said - actual).mean(axis=1) / actual.mean(axis=1)).mean())


if __name__ == "__main__":
    main()
