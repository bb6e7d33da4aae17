"""Steps of the future that are known: a commitment that ends is applied, not guessed.

Models learn from a past in which the commitment held. What a day costs more without it is added
from the moment it ends, as if it were not renewed and usage stayed as it is.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

import numpy as np
import polars as pl

from models.forecast.engine import Outlook
from models.forecast.history import Floats
from models.forecast.parts import floored

SERIES = ("cloud", "account", "service", "currency")
KNOWN = {
    **dict.fromkeys((*SERIES, "commitment_id"), pl.String), "ends_at": pl.Datetime("us"),
    "daily": pl.Float64,
}  # fmt: skip
"""One row per series and commitment that ends; `daily`: what a day costs more without it."""

COLUMNS = {
    **dict.fromkeys((*SERIES, "commitment_id"), pl.String), "starts_on": pl.Date,
    "daily": pl.Float64, "reason": pl.String, "made_on": pl.Date,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Steps:
    """What is added to the forecast of each series, and why."""

    added: Floats  # series x day
    rows: pl.DataFrame  # of models.forecast_step

    def outlook(self, before: Outlook, first: int) -> Outlook:
        """The outlook of the series from `first` on, with what is added to them."""
        count, days = before.mean.shape
        added = self.added[first : first + count]
        near, far = added[:, :days], added[:, days:]
        positive = before.is_positive
        return replace(
            before,
            mean=floored(before.mean + near, positive),
            beyond=floored(before.beyond + far, positive),
            limits=tuple(
                (floored(low + near, positive), floored(high + near, positive))
                for low, high in before.limits
            ),
        )


def known_steps(keys: pl.DataFrame, known: pl.DataFrame, *, made_on: date, days: int) -> Steps:
    """Those of the series `keys`, in their order, within so many days from `made_on`."""
    midnight = datetime.combine(made_on, time())
    ahead = (pl.col("ends_at") - midnight).dt.total_seconds() / 86_400
    rows = (
        known.with_columns(ahead.alias("offset"))
        .filter(pl.col("offset").is_between(0, days, closed="left"))
        .join(keys.with_row_index("row"), on=SERIES, nulls_equal=True)
        .sort(*SERIES, "ends_at", "commitment_id")
    )
    offset = rows["offset"].to_numpy()[:, None]
    share = np.clip(np.arange(days)[None, :] + 1 - offset, 0.0, 1.0)  # of a day, after the end
    added = np.zeros((keys.height, days))
    np.add.at(added, rows["row"].to_numpy(), rows["daily"].to_numpy()[:, None] * share)
    return Steps(added, _described(rows, made_on))


def _described(rows: pl.DataFrame, made_on: date) -> pl.DataFrame:
    reason = pl.format("commitment {} ends on {}, as if it were not renewed",
                       "commitment_id", pl.col("ends_at").dt.date())  # fmt: skip
    return rows.with_columns(
        pl.col("ends_at").dt.date().alias("starts_on"),
        reason.alias("reason"),
        pl.lit(made_on).alias("made_on"),
    ).select([pl.col(name).cast(kind) for name, kind in COLUMNS.items()])
