"""Work out what one month costs: spans x prices x load, in DuckDB, from nothing but the state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import as_file, files

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from clouds.demo.rates import tariff
from clouds.demo.state import State
from clouds.demo.workload import Load

CORRECTED_FEED, CORRECTED_SERVICE, CORRECTED_FACTOR = "aws", "AmazonS3", 1.25
BLOCK_ROWS = 150_000  # resources x days that are worked out at a time
REFUND_EVERY = 3  # refunds and exchanges come every third month


@dataclass(frozen=True)
class Month:
    """One billing period, billed up to `until`."""

    starts_at: datetime
    until: datetime

    @property
    def ends_at(self) -> datetime:
        """First moment of the next month."""
        return next_month(self.starts_at)

    @property
    def is_closed(self) -> bool:
        """Whether all of its days are billed."""
        return self.until >= self.ends_at

    @property
    def label(self) -> str:
        """The month as 2026-11."""
        return f"{self.starts_at:%Y-%m}"


def next_month(first: datetime) -> datetime:
    """First day of the month after the one that starts at `first`."""
    return (first + timedelta(days=32)).replace(day=1)


def months_between(first: datetime, until: datetime) -> list[Month]:
    """The billing periods that have at least one day before `until`."""
    found: list[Month] = []
    while first < until:
        found.append(Month(first, min(until, next_month(first))))
        first = next_month(first)
    return found


class Ledger:
    """The estate's inputs in one DuckDB connection; `fill` makes the charges of a month."""

    def __init__(self, state: State) -> None:
        meta = state.meta()
        self.state = state
        self.seed = int(meta["seed"])
        self.reference = datetime.fromisoformat(meta["made_at"])
        self._workloads = state.table("workload").sort("workload")
        self._load = Load(self._workloads, self.seed, self.reference)
        self.connection = duckdb.connect(config={"memory_limit": "1200MB", "threads": 2})
        self.connection.execute("set preserve_insertion_order = true")
        self._register_inputs()
        resources = self.connection.execute("select count(*) from resource").fetchone()
        self._block = max(1, BLOCK_ROWS // (resources[0] if resources else 1))

    def fill(self, month: Month, *, original: bool = False) -> DuckDBPyConnection:
        """Make the table `charge` of one month; `original` as it was before its correction."""
        days = (month.until - month.starts_at).days
        calendar = [month.starts_at + timedelta(days=offset) for offset in range(days)]
        hours = (month.ends_at - month.starts_at).total_seconds() / 3600
        times = pl.Datetime("us")
        schema = {"day": times, "next_day": times, "month_hours": pl.Float64}
        after = [day + timedelta(days=1) for day in calendar]
        rows = {"day": calendar, "next_day": after, "month_hours": hours}
        self._put("calendar", pl.DataFrame(rows, schema=schema))
        self._put(
            "month", pl.DataFrame({"starts_at": [month.starts_at], "ends_at": [month.ends_at]})
        )
        self._put("load", pl.concat(self._factors(day) for day in calendar))
        self._put("correction", pl.DataFrame({
            "matches": [True, False], "factor": [CORRECTED_FACTOR, 1.0], "original": original,
            "feed": CORRECTED_FEED, "service": CORRECTED_SERVICE,
        }))  # fmt: skip
        self._put("rule", _rules(month))
        sql = {name: (files("clouds.demo") / "sql" / f"{name}.sql").read_text()
               for name in ("charge", "extra")}  # fmt: skip
        verb = "create or replace table charge as"
        for start in range(0, days, self._block):
            self.connection.execute(
                "create or replace temp table block as from calendar limit ? offset ?",
                [self._block, start],
            )
            self.connection.execute(f"{verb} {sql['charge']}")
            verb = "insert into charge"
        self.connection.execute(sql["extra"])
        return self.connection

    def _factors(self, day: datetime) -> pl.DataFrame:
        factor = self._load.day(day.date())
        frame = pl.DataFrame({"workload": self._workloads["workload"], "factor": factor})
        return frame.with_columns(pl.lit(day).cast(pl.Datetime("us")).alias("day"))

    def close(self) -> None:
        """Free the memory."""
        self.connection.close()

    def _register_inputs(self) -> None:
        homes = self._workloads.select(
            "workload", "cloud", "feed", "billing_account", "account", "account_name", "currency",
            "region",
        )  # fmt: skip
        resources = self.state.table("resource").join(homes, on="workload")
        columns = ["resource_id", "workload", "zone", "kind", "name", "tags", "units", "usage",
                   "growth", "commitment_id", *homes.columns[1:]]  # fmt: skip
        self._put("resource", resources.select(columns).sort("resource_id"))
        self._put("span", self.state.table("span").sort("resource_id", "starts_at"))
        self._put("effect", self.state.table("effect"))
        commitment = self.state.table("commitment").with_columns(
            pl.col("hourly_cost").cast(pl.Decimal(18, 9))
        )
        self._put("commitment", commitment)
        looks = self.state.table("span").join(
            resources.select("resource_id", "kind", "cloud", "region", "feed"), on="resource_id"
        )
        self._put("tariff", tariff(looks))
        self._put("reference", pl.DataFrame({"day": [self.reference]}))

    def _put(self, name: str, frame: pl.DataFrame) -> None:
        self.connection.register("incoming", frame.to_arrow())
        self.connection.execute(f"create or replace table {name} as from incoming")
        self.connection.unregister("incoming")


def _rules(month: Month) -> pl.DataFrame:
    with as_file(files("clouds.demo") / "rules.csv") as path:
        frame = pl.read_csv(path)
    rare = pl.col("meter") == "refund"
    if (month.starts_at.year * 12 + month.starts_at.month) % REFUND_EVERY:
        frame = frame.filter(~rare)
    return frame
