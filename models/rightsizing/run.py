"""How much of its size each machine of an estate needs, by the rules that are asked for."""

from collections.abc import Collection

import polars as pl

from models.rightsizing.rules import rules
from models.rightsizing.usable import laid_out, unusable

DAYS = 14  # looked back, the longest of all rules
HOURS = 24 * DAYS
SIZES = {"rule": pl.String(), "size_percent": pl.Float64(), "missing": pl.String()}


def sizes(machines: pl.DataFrame, hours: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """One row per machine and rule: the columns of `machines`, and those of `SIZES`.

    `hours`: `machine` (its row in `machines`), `hour` (0 is the first of its last `HOURS`),
    `cpu_max`, `cpu_avg` (percent of the present size). `size_percent` is of the present size, 1 to
    100; null where CPU is not known in each hour, which `missing` says.
    """
    empty = machines.clear().with_columns(pl.Series(name, dtype=of) for name, of in SIZES.items())
    if machines.is_empty():
        return empty
    shape = HOURS, machines.height
    high, mean = (
        laid_out(hours["hour"], hours["machine"], hours[name], shape)
        for name in ("cpu_max", "cpu_avg")
    )
    missing = pl.Series("missing", unusable(high, mean), pl.String)
    found = [
        machines.with_columns(
            pl.lit(name).alias("rule"), pl.Series("size_percent", rule(high, mean)), missing
        )
        for name, rule in rules(24).items()
        if name in names
    ]
    known = pl.when(pl.col("missing").is_null()).then("size_percent").alias("size_percent")
    return pl.concat([empty, *found]).with_columns(known)
