"""Quantity and price apart: how much will be used, and what one unit of it will cost.

Quantity is forecast as costs are. A price stays what it was in the last week, but for the steps
that are known; its range is how far prices of a week moved over as many days in the past.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.forecast.condition import ENDED
from models.forecast.engine import outlooks
from models.forecast.history import Days, Floats
from models.forecast.public_holidays import calendar
from models.forecast.run import KEYS, daily_history, without_late
from models.forecast.steps import known_steps

WEEK = 7  # days whose cost over quantity is a price
BEFORE = 28  # days before the forecast that are shown with it
LEAST_MOVES = 28  # of the past, or the range is learned from all series
NUMBERS = (
    "quantity", "quantity_lo80", "quantity_hi80", "price", "price_lo80", "price_hi80", "cost",
)  # fmt: skip
COLUMNS = {
    **dict.fromkeys(KEYS, pl.String), "unit": pl.String, "day": pl.Date,
    **dict.fromkeys(NUMBERS, pl.Float64), "made_on": pl.Date,
}  # fmt: skip


GRID = (1, 7, 14, 28, 56, 91, 182)  # days ahead at which moves of the past are looked up
TAILS = (0.1, 0.9)


def prices(
    daily: pl.DataFrame,
    *,
    made_on: date,
    days: int,
    steps: pl.DataFrame,
    late: pl.DataFrame | None = None,
    holidays: Sequence[str] = (),
) -> pl.DataFrame:
    """Rows of models.forecast_price: the last BEFORE days as billed, then `days` days ahead.

    `daily` has cloud, account, service, currency, unit, day, quantity, cost; `late` and `steps` are
    those of `forecast`, as are `holidays`. A series without any usage in the last weeks has no
    rows. A day on which nothing was used has no price, but what was paid for nothing on it is a
    cost.
    """
    keys, used, first = daily_history(_measure(daily, "quantity"), made_on=made_on)
    _, spent, _ = daily_history(_measure(daily, "cost"), made_on=made_on)
    columns = np.datetime64(first, "D") + np.arange(used.steps)
    quantity = without_late(used.values, keys, columns, late)
    cost = without_late(spent.values, keys, columns, late)
    weekly = _of_weeks(cost, quantity)
    now = weekly[:, -BEFORE:]
    sold = np.asarray(np.isfinite(now).any(axis=1))
    if not sold.any():
        return pl.DataFrame(schema=COLUMNS)
    keys, quantity, cost, weekly = keys.filter(sold), quantity[sold], cost[sold], weekly[sold]
    known = calendar(holidays, first, made_on + timedelta(days=days))
    history = replace(used.rows(sold), values=quantity, holidays=known)
    parts = list(outlooks(history, days, ENDED))
    mean = np.concatenate([part.mean for part in parts])
    low, high = (np.concatenate([part.limits[0][side] for part in parts]) for side in (0, 1))
    step = known_steps(keys, steps, made_on=made_on, days=days).added
    price, least, most = _ahead(weekly, days)
    more = np.divide(step, mean, out=np.zeros_like(step), where=mean > 0)
    shown = slice(max(0, used.steps - BEFORE), None)
    past = np.divide(cost, quantity, out=np.full_like(cost, np.nan), where=quantity > 0)
    unknown = np.full_like(cost[:, shown], np.nan)
    frames = [
        _rows(keys, columns[shown], quantity[:, shown], unknown, unknown, past[:, shown], unknown,
              unknown, cost[:, shown]),
        _rows(keys, np.datetime64(made_on, "D") + np.arange(days), mean, low, high,
              price + more, least + more, most + more, mean * price + step),
    ]  # fmt: skip
    units = daily.select(*KEYS, "unit").unique()
    return (
        pl.concat(frames)
        .join(units, on=KEYS, how="left", nulls_equal=True)
        .with_columns(pl.lit(made_on).alias("made_on"))
        .filter(pl.col("quantity").is_not_null())
        .select([pl.col(name).cast(kind) for name, kind in COLUMNS.items()])
        .sort(*KEYS, "day")
    )


def _measure(daily: pl.DataFrame, name: str) -> pl.DataFrame:
    """One of the measures as `daily_history` takes it."""
    return daily.select(*KEYS, "day", pl.col(name).alias("cost"))


def _of_weeks(cost: Floats, quantity: Floats) -> Floats:
    """Series x day: the price of the seven days that end there; NaN where nothing was used."""
    window = np.ones(WEEK)

    def summed(values: Floats) -> Floats:
        padded = np.concatenate([np.zeros((len(values), WEEK - 1)), np.nan_to_num(values)], axis=1)
        return np.lib.stride_tricks.sliding_window_view(padded, WEEK, axis=1) @ window

    sold = summed(quantity)
    return np.divide(summed(cost), sold, out=np.full_like(cost, np.nan), where=sold > 0)


def _ahead(weekly: Floats, days: int) -> tuple[Floats, Floats, Floats]:
    """Series x day ahead: the price of now, and the limits of 80 %."""
    recent = weekly[:, -BEFORE:]
    valid = np.isfinite(recent)
    at = recent.shape[1] - 1 - valid[:, ::-1].argmax(axis=1)
    now = recent[np.arange(len(recent)), at][:, None]
    grid = [ahead for ahead in GRID if ahead < weekly.shape[1]]
    moves = (
        np.stack([_moves(weekly, ahead) for ahead in grid])
        if grid
        else np.zeros((0, 2, len(weekly)))
    )
    low, high = (
        np.stack([
            np.interp(np.arange(1, days + 1), [0, *grid], [0.0, *moves[:, side, row]])
            for row in range(len(weekly))
        ])
        for side in (0, 1)
    )  # fmt: skip
    return np.repeat(now, days, axis=1), now * np.exp(low), now * np.exp(high)


def _moves(weekly: Floats, ahead: int) -> Floats:
    """Side x series: by which log ratio prices moved within so many days, the 10 % at each end."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(weekly[:, ahead:] / weekly[:, :-ahead])
    ratio = np.where(np.isfinite(ratio), ratio, np.nan)
    known = np.isfinite(ratio).sum(axis=1)
    pooled = ratio[np.isfinite(ratio)]
    whole = np.quantile(pooled, TAILS) if len(pooled) else np.zeros(2)
    enough = known >= LEAST_MOVES
    out = np.repeat(whole[:, None], len(weekly), axis=1)
    if enough.any():
        out[:, enough] = np.nanquantile(ratio[enough], TAILS, axis=1)
    return np.stack([np.minimum(out[0], 0.0), np.maximum(out[1], 0.0)])


def _rows(keys: pl.DataFrame, days: Days, *numbers: Floats) -> pl.DataFrame:
    """A row per series and day, with the NUMBERS in their order; NaN becomes null."""
    count = len(days)
    which = np.repeat(np.arange(keys.height), count)
    return keys[which].with_columns(
        pl.Series("day", np.tile(days, keys.height)).cast(pl.Date),
        *[
            pl.Series(name, values.ravel(), dtype=pl.Float64).fill_nan(None)
            for name, values in zip(NUMBERS, numbers, strict=True)
        ],
    )
