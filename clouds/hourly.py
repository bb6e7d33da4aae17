"""Samples of any spacing, summed up by the hour."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA


def by_hour(
    metric: str,
    resource: Mapping[str, Any],
    samples: Sequence[tuple[int, float]],
    since: datetime,
    until: datetime,
) -> pl.DataFrame:
    """One row of `METRIC_SCHEMA` per hour in [since, until) with samples of (Unix second, value).

    `resource` has its cloud, account, region and resource_id.
    """
    value = pl.col("value")
    taken = pl.DataFrame(
        list(samples), schema={"at": pl.Int64(), "value": pl.Float64()}, orient="row"
    )
    return (
        taken.with_columns(hour=pl.from_epoch("at").dt.truncate("1h").dt.cast_time_unit("us"))
        .filter((pl.col("hour") >= since) & (pl.col("hour") < until))
        .group_by("hour")
        .agg(
            avg=value.mean(), max=value.max(), p95=value.quantile(0.95, "linear"),
            p99=value.quantile(0.99, "linear"), samples=pl.len(),
        )
        .with_columns(
            *(pl.lit(resource[name]).alias(name)
              for name in ("cloud", "account", "region", "resource_id")),
            metric=pl.lit(metric),
        )
        .sort("hour")
        .select(pl.col(name).cast(kind) for name, kind in METRIC_SCHEMA.items())
    )  # fmt: skip
