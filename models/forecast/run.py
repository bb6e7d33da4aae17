"""Forecast the daily cost of every service of every account, and the sums people ask for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.budget import COLUMNS as BUDGET_COLUMNS
from models.forecast.budget import SCHEMA as BUDGETS
from models.forecast.budget import judged
from models.forecast.engine import Outlook, outlooks
from models.forecast.history import Days, Floats, History
from models.forecast.parts import Parts
from models.forecast.paths import COLUMNS as SCOPE_COLUMNS
from models.forecast.paths import paths
from models.forecast.public_holidays import calendar
from models.forecast.steps import COLUMNS as STEP_COLUMNS
from models.forecast.steps import KNOWN, known_steps
from models.forecast.totals import COLUMNS as TOTAL_COLUMNS
from models.forecast.totals import period, totals

KEYS = ("cloud", "account", "service", "currency")
WEEK = 7  # days; the season cost shows
MEMORY = 800  # days looked back
GONE = 62  # days without a bill, which comes two months late at most, after which none will come
MADE_UP = 1.0  # of what the sum missed: of costs it is the sums that are read
ENDED = 14  # days without cost after which a service counts as ended

RUNNING = {**dict.fromkeys(KEYS, pl.String), "day": pl.Date, "owed": pl.Float64}
FORECAST_COLUMNS = (*KEYS, "day", "model", "mean", "lo80", "hi80", "lo95", "hi95", "made_on")
BACKTEST_COLUMNS = (
    *KEYS, "model", "folds", "horizon_days", "mase", "wape", "bias", "cover80", "cover95",
    "is_chosen", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class ForecastResult:
    """Rows of the tables of models that are named so; `step` is models.forecast_step."""

    forecast: pl.DataFrame
    scope: pl.DataFrame
    total: pl.DataFrame
    step: pl.DataFrame
    backtest: pl.DataFrame
    budget: pl.DataFrame


def forecast(
    costs: pl.DataFrame,
    *,
    made_on: date,
    days: int = 90,
    delivered: pl.DataFrame | None = None,
    late: pl.DataFrame | None = None,
    running: pl.DataFrame | None = None,
    steps: pl.DataFrame | None = None,
    budgets: pl.DataFrame | None = None,
    holidays: Sequence[str] = (),
    made_up: float = MADE_UP,
) -> ForecastResult:
    """Forecast from `made_on`, the first day that is not known, for `days` days.

    `costs` has cloud, account, service, currency, day, cost; rows of one series and day add up.
    `delivered` (cloud, day) lists the days for which a cloud's bill is complete: a series without
    a line on such a day cost nothing. On other days its cost is unknown. Without it, a day counts
    as delivered if the cloud has any line for it. `late` (cloud, account, until) names accounts
    whose bill ends before `made_on`: what they cost since is unknown, and estimated in sums; where
    no bill came for more than GONE days they have ended, and cost nothing since.
    `running` (columns of RUNNING) is what is still to come of charges for the running month.
    `steps` are what is known to change, with the columns of `models.forecast.steps.KNOWN`.
    `budgets` has the columns of `models.forecast.budget.SCHEMA`. `holidays` are the
    countries whose public holidays count, as `models.forecast.public_holidays.calendar` has them.
    `made_up` is the share that is made up for of what the sum of all missed in the backtest.
    """
    empty = _empty_result()
    asked = pl.DataFrame(schema=BUDGETS) if budgets is None else budgets
    keys, history, first = daily_history(costs, made_on=made_on, delivered=delivered)
    days_known = np.datetime64(first, "D") + np.arange(history.steps)
    reach = (period(made_on, 12).ends_on - made_on).days
    late, gone = _late_and_gone(late, made_on)
    billed = history.values
    owed = _owed(keys, running, days_known)
    values = without_late(billed + owed, keys, days_known, late)
    history = replace(
        history,
        values=np.where(days_known[None, :] >= _known_until(keys, gone)[:, None], 0.0, values),
        holidays=calendar(holidays, first, made_on + timedelta(days=max(days, reach))),
    )
    if not keys.height:
        return replace(empty, budget=judged(asked, keys, None, costs, made_on=made_on))
    parts = list(outlooks(history, days, ENDED, reach, made_up))
    known = pl.DataFrame(schema=KNOWN) if steps is None else steps
    ahead = known_steps(keys, known, made_on=made_on, days=max(days, reach))
    owed = np.where(np.isfinite(values), owed, 0.0)
    whole = Parts.of(parts, unknown_days(keys, late, made_on), billed, owed).plus(ahead.added)
    starts = np.cumsum([0, *[len(part.mean) for part in parts]])
    parts = [ahead.outlook(part, int(at)) for part, at in zip(parts, starts, strict=False)]
    frames = [
        (_forecast_rows(keys[int(at) : int(at) + len(p.mean)], p, made_on, days),
         _backtest_rows(keys[int(at) : int(at) + len(p.mean)], p, days))
        for at, p in zip(starts, parts, strict=False)
    ]  # fmt: skip
    return ForecastResult(
        pl.concat([empty.forecast, *[f for f, _ in frames]]),
        paths(keys, whole, made_on=made_on, days=days),
        totals(keys, whole, costs, made_on=made_on),
        ahead.rows,
        pl.concat([empty.backtest, *[b for _, b in frames]]),
        judged(asked, keys, whole, costs, made_on=made_on),
    )


def daily_history(
    costs: pl.DataFrame, *, made_on: date, delivered: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, History, date]:
    """Series by day: the keys in row order, the values, the day of the first column.

    A series begins on its first day with a cost other than zero.
    """
    rows = (
        costs.select(*[pl.col(k).cast(pl.String) for k in KEYS], pl.col("day").cast(pl.Date),
                     pl.col("cost").cast(pl.Float64))
        .filter(pl.col("day") < made_on)
        .with_columns(pl.when(pl.col("cost").is_finite()).then(pl.col("cost")).alias("cost"))
    )  # fmt: skip
    keys = rows.select(KEYS).unique().sort(KEYS)
    if rows.is_empty():
        return keys, History(np.zeros((0, 1)), WEEK), made_on
    oldest = made_on - timedelta(days=MEMORY)
    first = max(oldest, rows["day"].min())  # pyright: ignore[reportArgumentType, reportCallIssue]
    steps = (made_on - first).days
    complete = _complete_days(rows, delivered, first, steps)
    cloud = keys["cloud"].to_list()
    silent = np.full(steps, np.nan)
    values = np.stack([np.where(complete.get(c, False), 0.0, silent) for c in cloud])
    cells = (
        rows.filter(pl.col("day") >= first)
        .group_by(*KEYS, "day")
        .agg(pl.col("cost").sum(), pl.col("cost").is_null().any().alias("unknown"))
        .join(keys.with_row_index("row"), on=KEYS, nulls_equal=True)
    )
    at = (cells["row"].to_numpy(), (cells["day"] - first).dt.total_days().to_numpy())
    values[at] = np.where(cells["unknown"].to_numpy(), np.nan, cells["cost"].to_numpy())
    active = np.isfinite(values) & (values != 0)
    began = np.where(active.any(axis=1), active.argmax(axis=1), 0)
    values = np.where(np.arange(steps)[None, :] >= began[:, None], values, np.nan)
    last = np.full(len(values), np.datetime64(made_on, "D") - np.timedelta64(1, "D"))
    return keys, History(values, WEEK, last_day=last), first


def _owed(keys: pl.DataFrame, running: pl.DataFrame | None, days: Days) -> Floats:
    """Series x day: what is still to come of a charge that stands on that day."""
    owed = np.zeros((keys.height, len(days)))
    if running is None or running.is_empty():
        return owed
    cells = running.cast(RUNNING).join(keys.with_row_index("row"), on=KEYS, nulls_equal=True)  # pyright: ignore[reportArgumentType]
    column = cells["day"].to_numpy().astype("datetime64[D]") - days[0]
    np.add.at(owed, (cells["row"].to_numpy(), column.astype(np.intp)), cells["owed"].to_numpy())
    return owed


def _late_and_gone(
    late: pl.DataFrame | None, made_on: date
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Accounts whose bill is to come, and those that have none any more."""
    if late is None:
        return None, None
    is_gone = pl.col("until").cast(pl.Date) < made_on - timedelta(days=GONE)
    return late.filter(~is_gone), late.filter(is_gone)


def without_late(
    values: Floats, keys: pl.DataFrame, days: Days, late: pl.DataFrame | None
) -> Floats:
    """Series x day, NaN where an account's bill has not arrived."""
    if late is None or late.is_empty():
        return values
    missing = days[None, :] >= _known_until(keys, late)[:, None]
    return np.where(missing, np.nan, values)


def unknown_days(keys: pl.DataFrame, late: pl.DataFrame | None, made_on: date) -> NDArray[np.intp]:
    """Days before `made_on` that the bill of each series' account does not cover."""
    if late is None or late.is_empty():
        return np.zeros(keys.height, dtype=np.intp)
    gap = (np.datetime64(made_on, "D") - _known_until(keys, late)).astype(np.intp)
    return np.maximum(gap, 0)


def _known_until(keys: pl.DataFrame, late: pl.DataFrame | None) -> Days:
    """The first day that is not billed, per series; far in the future where nothing is late."""
    if late is None:
        return np.full(keys.height, np.datetime64(date.max, "D"))
    ends = late.select("cloud", "account", pl.col("until").cast(pl.Date)).unique(
        ["cloud", "account"]
    )
    joined = keys.select("cloud", "account").join(
        ends, on=["cloud", "account"], how="left", maintain_order="left"
    )
    return joined["until"].fill_null(date.max).to_numpy().astype("datetime64[D]")


def _complete_days(
    rows: pl.DataFrame, delivered: pl.DataFrame | None, first: date, steps: int
) -> dict[str | None, Floats]:
    """Cloud -> which columns are complete."""
    source = rows if delivered is None else delivered
    known = source.select(pl.col("cloud").cast(pl.String), pl.col("day").cast(pl.Date)).unique()
    out: dict[str | None, Floats] = {}
    for (cloud,), part in known.group_by("cloud"):
        index = (part["day"] - first).dt.total_days().to_numpy()
        flags = np.zeros(steps, dtype=bool)
        flags[index[(index >= 0) & (index < steps)]] = True
        out[cloud] = flags  # pyright: ignore[reportArgumentType]
    return out


def _forecast_rows(keys: pl.DataFrame, part: Outlook, made_on: date, days: int) -> pl.DataFrame:
    """One row per series and day; a series of which nothing is known has none."""
    count = len(part.mean)
    which = np.repeat(np.arange(count), days)
    ahead = np.datetime64(made_on, "D") + np.tile(np.arange(days), count)
    (lo80, hi80), (lo95, hi95) = part.limits
    frame = keys[which].with_columns(
        pl.Series("day", ahead).cast(pl.Date),
        pl.Series("model", np.array(part.models, dtype=object)[which], dtype=pl.String),
        pl.Series("mean", part.mean.ravel()),
        pl.Series("lo80", lo80.ravel()),
        pl.Series("hi80", hi80.ravel()),
        pl.Series("lo95", lo95.ravel()),
        pl.Series("hi95", hi95.ravel()),
        pl.lit(made_on).alias("made_on"),
    )
    return frame.filter(pl.col("mean").is_finite()).select(FORECAST_COLUMNS)


def _backtest_rows(keys: pl.DataFrame, part: Outlook, days: int) -> pl.DataFrame:
    """One row per series and candidate; one row, with the reason, for a series that has no test."""
    frames: list[pl.DataFrame] = []
    for index, measured in enumerate(part.measured):
        chosen = part.chosen == index
        frame = keys.with_columns(
            pl.lit(measured.name).alias("model"),
            pl.Series("folds", part.folds, dtype=pl.Int32),
            pl.lit(days, dtype=pl.Int32).alias("horizon_days"),
            *[pl.Series(n, getattr(measured, n)).fill_nan(None)
              for n in ("mase", "wape", "bias", "cover80", "cover95")],
            pl.Series("is_chosen", chosen),
            pl.Series("reason", _why(measured.relative, chosen, part), dtype=pl.String),
        )  # fmt: skip
        frames.append(frame.filter(pl.Series(part.chosen >= 0)))
    untested = keys.with_columns(
        pl.Series("model", part.models, dtype=pl.String),
        pl.lit(0, dtype=pl.Int32).alias("folds"),
        pl.lit(days, dtype=pl.Int32).alias("horizon_days"),
        *[pl.lit(None, dtype=pl.Float64).alias(n)
          for n in ("mase", "wape", "bias", "cover80", "cover95")],
        pl.lit(True).alias("is_chosen"),
        pl.Series("reason", part.reasons, dtype=pl.String).fill_null(
            "too few known days before the test period to compare models"
        ),
    ).filter(pl.Series(part.chosen < 0))  # fmt: skip
    return pl.concat([*frames, untested]).select(BACKTEST_COLUMNS).sort(*KEYS, "model")


def _why(relative: Floats, chosen: NDArray[np.bool_], part: Outlook) -> list[str]:
    out: list[str] = []
    for share, picked, fold, reason in zip(relative, chosen, part.folds, part.reasons, strict=True):
        if not np.isfinite(share):
            text = "not usable on this series, or nothing to compare with"
        else:
            text = f"{share:.2f} times the error of the seasonal naive over {fold} folds"
        if picked:
            text = f"chosen: {text}" + (f"; {reason}" if reason else "")
        out.append(text)
    return out


def _empty_result() -> ForecastResult:
    texts = dict.fromkeys((*KEYS, "model", "reason", "horizon", "level"), pl.String)
    days = dict.fromkeys(("day", "made_on"), pl.Date)
    numbers = dict.fromkeys(("folds", "horizon_days"), pl.Int32)
    types = {**texts, **days, **numbers, "is_chosen": pl.Boolean}

    def frame(columns: tuple[str, ...]) -> pl.DataFrame:
        return pl.DataFrame(schema={c: types.get(c, pl.Float64) for c in columns})

    return ForecastResult(
        frame(FORECAST_COLUMNS),
        pl.DataFrame(schema=SCOPE_COLUMNS),
        pl.DataFrame(schema=TOTAL_COLUMNS),
        pl.DataFrame(schema=STEP_COLUMNS),
        frame(BACKTEST_COLUMNS),
        pl.DataFrame(schema=BUDGET_COLUMNS),
    )
