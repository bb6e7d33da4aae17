"""The answer key: what was planted and what it costs. Only `demo --answers` and tests read it."""

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

FILE = "answers.json"
RUN_RATE_DAYS = 14
DAYS_PER_MONTH = 30.4375
LEAST_SAVING = 1.0  # per month; what is worth less is nobody's finding,
LEAST_SHARE = 0.05  # nor what is worth less than this share of what the resource costs

_UNUSED = """
select cloud, commitment_id, currency,
  (sum(effective_cost) filter (where commitment_status = 'Unused') / count(distinct day))::double
    as unused_day
from charge where commitment_status is not null group by all
having unused_day > 0.05 * (sum(effective_cost) / count(distinct day))::double
order by commitment_id
"""


class Key:
    """Collects savings and impacts while the months are billed."""

    def __init__(self, plants: pl.DataFrame, anomalies: pl.DataFrame) -> None:
        self._plants = plants
        self._anomalies = anomalies
        self._daily: list[pl.DataFrame] = []
        self._impact: list[pl.DataFrame] = []
        self._unused = pl.DataFrame()

    def collect(self, connection: DuckDBPyConnection) -> None:
        """Keep what the key needs of one month's charges."""
        self._daily = [*self._daily[-1:]]  # a run rate needs two months at most
        connection.register("planted", self._plants.select("pays").unique().to_arrow())
        self._daily.append(connection.execute(
            "select cloud, currency, resource_id, meter, day, sum(effective_cost)::double as cost"
            " from charge where resource_id in (from planted) group by all"
        ).pl())  # fmt: skip
        connection.unregister("planted")
        sql = (files("clouds.demo") / "sql" / "impact.sql").read_text()
        self._unused = connection.execute(_UNUSED).pl()
        self._impact.append(connection.execute(sql).pl())

    def json(self) -> dict[str, Any]:
        """The key as the interface documents it."""
        daily = pl.concat(self._daily)
        last = pl.lit(daily["day"].max())
        before = last - pl.duration(days=RUN_RATE_DAYS)
        days = pl.min_horizontal((last - pl.col("day").min()).dt.total_days() + 1, RUN_RATE_DAYS)
        recent = pl.col("cost").filter(pl.col("day") > before).sum()
        monthly = daily.group_by("cloud", "currency", "resource_id", "meter").agg(
            (recent / days * DAYS_PER_MONTH).alias("month")
        )
        return {"waste": self._waste(monthly), "anomalies": self._anomaly_rows()}

    def _waste(self, monthly: pl.DataFrame) -> list[dict[str, Any]]:
        paid = monthly.rename({"resource_id": "pays"})
        joined = self._plants.join(paid, on="pays", how="left")
        wanted = pl.col("saving_meter").is_null() | (pl.col("saving_meter") == pl.col("meter"))
        least = pl.max_horizontal(LEAST_SAVING, LEAST_SHARE * pl.col("cost"))
        rows = (
            joined.group_by("cloud", "resource_id", "plant", "currency")
            .agg(
                (pl.col("month") * pl.col("saving_share")).filter(wanted).sum().alias("saving"),
                pl.col("month").sum().alias("cost"),
            )
            .drop_nulls("cloud")
            .filter(pl.col("saving") >= least)
            .sort("plant", "resource_id")
        )
        return [
            {"cloud": row["cloud"], "resource_id": row["resource_id"], "check": row["plant"],
             "saving_month": f"{row['saving']:.2f}", "currency": row["currency"]}
            for row in rows.iter_rows(named=True)
        ] + [
            {"cloud": row["cloud"], "resource_id": row["commitment_id"],
             "check": "underused_commitment", "currency": row["currency"],
             "saving_month": f"{row['unused_day'] * DAYS_PER_MONTH:.2f}"}
            for row in self._unused.iter_rows(named=True)
        ]  # fmt: skip

    def _anomaly_rows(self) -> list[dict[str, Any]]:
        impact = (
            pl.concat(self._impact).group_by("anomaly").agg(pl.col("impact").sum())
            if self._impact else pl.DataFrame(schema={"anomaly": pl.Int64, "impact": pl.Float64})
        )  # fmt: skip
        rows = self._anomalies.join(impact, on="anomaly", how="left").sort("anomaly")
        return [
            {"cloud": row["cloud"], "account": row["account"], "service": row["service"],
             "resource_id": row["resource_id"], "start": row["start"].isoformat(),
             "end": row["end"].isoformat() if row["end"] else None, "kind": row["kind"],
             "impact": f"{row['impact'] or 0:.2f}", "currency": row["currency"]}
            for row in rows.iter_rows(named=True)
        ]  # fmt: skip


def save(folder: Path, key: Key) -> None:
    """Write the answer key of a new estate."""
    _write(folder / FILE, key.json())


def write(folder: Path, file: Path) -> None:
    """Copy the answer key to the file that `--answers` names."""
    shutil.copyfile(folder / FILE, file)


def forget(folder: Path, resources: set[str]) -> None:
    """Drop the waste of resources that have been changed since."""
    content = json.loads((folder / FILE).read_text())
    content["waste"] = [row for row in content["waste"] if row["resource_id"] not in resources]
    _write(folder / FILE, content)


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1))
    partial.replace(path)
