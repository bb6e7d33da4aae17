"""All measurements of everything in an inventory."""

from datetime import datetime

import polars as pl

from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA, Cloud
from clouds.sweep import frame


def hours(cloud: Cloud, since: datetime, until: datetime) -> pl.DataFrame:
    """Hourly measurements in [since, until), in the columns of `METRIC_SCHEMA`."""
    wanted = cloud.inventory().rows.with_columns(since=pl.lit(since, pl.Datetime("us")))
    chunks = cloud.metrics(wanted.select(list(WANTED_SCHEMA)), until)
    return pl.concat([frame(METRIC_SCHEMA), *(chunk.rows for chunk in chunks)])
