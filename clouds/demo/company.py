"""The simulated company: its accounts, teams and workloads, before any resource exists."""

from datetime import datetime
from importlib.resources import as_file, files

import numpy as np
import polars as pl

TEAMS = ("checkout", "search", "payments", "data-platform", "machine-learning", "mobile",
         "erp", "business-intelligence", "web", "platform", "security", "marketing")  # fmt: skip
APPS = ("api", "worker", "frontend", "ingest", "catalog", "billing", "reports", "gateway",
        "cache", "etl", "scheduler", "portal", "pricing", "orders", "events")  # fmt: skip
PATTERNS = ("business", "always", "consumer", "nightly", "office", "weekly", "month_end")
WORKLOAD_SIZE = 14  # resources


HOURS_FROM_UTC = {
    "eu-west-1": 0, "us-east-1": -5, "us-west-2": -8, "westeurope": 1, "germanywestcentral": 1,
    "europe-west1": 1, "us-central1": -6, "nyc3": -5, "sfo3": -8, "frankfurt-dc1": 1,
    "berlin-dc2": 1,
}  # fmt: skip


def accounts() -> pl.DataFrame:
    """One row per account, subscription, project or site, and how its bill is delivered."""
    with as_file(files("clouds.demo") / "accounts.csv") as path:
        frame = pl.read_csv(path, infer_schema=False)
    return frame.with_columns(pl.col("weight").cast(pl.Float64)).with_row_index("account_index")


def workloads(
    rng: np.random.Generator, resources: int, first_day: datetime, as_of: datetime
) -> pl.DataFrame:
    """One row per application of a team in one account: what drives load, and how it grows."""
    known = accounts()
    least = 2 * len(known)  # so that no account is empty
    count = max(least, resources // WORKLOAD_SIZE)
    weights = known["weight"].to_numpy()
    spread = rng.choice(len(known), count - least, p=weights / weights.sum())
    index = np.concatenate([np.repeat(np.arange(len(known)), 2), spread])
    envs = known["env"].to_numpy()[index]
    prod = envs == "prod"
    mixed = rng.random(count)
    envs = np.where(prod & (mixed < 0.08), "staging", envs)
    draw = rng.random(count)
    pattern = np.where(
        prod,
        np.searchsorted([0.42, 0.68, 0.86, 0.95], draw),  # business, always, consumer, nightly, ...
        np.where(draw < 0.55, 0, np.where(draw < 0.75, 1, 4)),  # ..., office
    )
    pattern = np.where(prod & (draw >= 0.95), np.where(draw >= 0.975, 5, 6), pattern)
    days = (as_of - first_day).days
    launched = np.where(
        rng.random(count) < 0.15,
        rng.integers(0, max(1, days - 60), count),
        -rng.integers(60, 900, count),
    )
    launched[:least] = -rng.integers(200, 900, least)
    team = rng.integers(0, len(TEAMS), count)
    app = rng.integers(0, len(APPS), count)
    frame = pl.DataFrame(
        {
            "workload": np.arange(count),
            "account_index": index.astype(np.uint32),
            "team": np.array(TEAMS)[team],
            "env": envs,
            "app": [f"{TEAMS[t].split('-')[0]}-{APPS[a]}" for t, a in zip(team, app, strict=True)],
            "pattern": np.array(PATTERNS)[pattern],
            "yearly_growth": np.round(rng.normal(0.18, 0.12, count), 3),  # per year
            "swing": np.round(rng.uniform(0.01, 0.05, count), 4),  # day-to-day noise
            "launched_on": launched,
        }
    )
    first = pl.lit(first_day)
    return frame.with_columns(
        (first + pl.duration(days=pl.col("launched_on")))
        .cast(pl.Datetime("us"))
        .alias("launched_on")
    ).join(known, on="account_index", maintain_order="left", suffix="_account")
