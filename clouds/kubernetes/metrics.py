"""How much CPU and memory a replica of each workload uses, from Prometheus."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.hourly import by_hour
from clouds.prometheus import Prometheus, Series
from clouds.sweep import Part, frame, sweep_in_chunks

STEP = 300  # seconds between samples; CPU is the mean of as long
WINDOW = timedelta(days=1)  # of one query
BYTES_PER_GIB = 2**30
CONTAINERS = '{container!="",container!="POD"}'  # not the sums that cAdvisor gives beside them
PODS = {  # how the pods of a workload are named by its controller
    "deployment": r"-[a-z0-9]{1,10}-[a-z0-9]{5}",
    "statefulset": r"-\d+",
    "daemonset": r"-[a-z0-9]{5}",
}


@dataclass(frozen=True)
class Metric:
    """One metric of ours and the query that gives it for each pod."""

    name: str
    query: str
    unit: float = 1.0


METRICS = (
    Metric(
        "cpu_cores",
        "sum by (namespace, pod) "
        f"(rate(container_cpu_usage_seconds_total{CONTAINERS}[{STEP}s]))",
    ),
    Metric(
        "memory_gib",
        f"sum by (namespace, pod) (container_memory_working_set_bytes{CONTAINERS})",
        BYTES_PER_GIB,
    ),
)  # fmt: skip


def read(prometheus: Prometheus, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
    """Hours of the wanted workloads, a chunk per metric and day; all of them or none of a day."""
    workloads = wanted.filter((pl.col("kind") == "workload") & (pl.col("cloud") == "kubernetes"))
    if workloads.is_empty():
        return iter(())
    rows = workloads.to_dicts()
    account, region = rows[0]["account"], rows[0]["region"]
    parts = [
        Part("kubernetes", account, region, "workload",
             partial(fetch_hours, prometheus, metric, rows, begins, ends))
        for begins, ends in _days(min(row["since"] for row in rows), until)
        for metric in METRICS
    ]  # fmt: skip
    return sweep_in_chunks(parts, METRIC_SCHEMA)


def fetch_hours(
    prometheus: Prometheus,
    metric: Metric,
    workloads: Iterable[Mapping[str, Any]],
    since: datetime,
    until: datetime,
) -> pl.DataFrame:
    """One row per workload and hour from `since` to `until` that has samples."""
    last = until - timedelta(seconds=STEP)
    return parse_hours(
        metric, workloads, prometheus.query_range(metric.query, since, last, STEP), since, until
    )


def parse_hours(
    metric: Metric,
    workloads: Iterable[Mapping[str, Any]],
    pods: Iterable[Series],
    since: datetime,
    until: datetime,
) -> pl.DataFrame:
    """Of one replica: each sample of each pod counts, so `max` is that of the busiest pod."""
    by_namespace: dict[str, list[Series]] = {}
    for series in pods:
        by_namespace.setdefault(series.labels.get("namespace", ""), []).append(series)
    hours = [frame(METRIC_SCHEMA)]
    for workload in workloads:
        namespace, object_kind, name = workload["resource_id"].split("/")
        pattern = re.compile(re.escape(name) + PODS[object_kind])
        samples = [
            (at, value / metric.unit)
            for series in by_namespace.get(namespace, [])
            if pattern.fullmatch(series.labels.get("pod", ""))
            for at, value in series.samples.items()
        ]
        first = max(since, workload["since"])
        hours.append(by_hour(metric.name, workload, samples, first, until))
    return pl.concat(hours)


def _days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while since < until:
        ends = min(since + WINDOW, until)
        yield since, ends
        since = ends
