"""Hourly measurements from Cloud Monitoring, many resources in one call."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.gcp.access import Access
from clouds.sweep import Part, frame, sweep_in_chunks

PERMISSION = "monitoring.timeSeries.list"
HOUR = timedelta(hours=1)
POINTS = 100_000  # in one page, the most that Monitoring gives
TOGETHER = 100  # resources in one filter
SAMPLE = 60.0  # seconds; Compute Engine counts operations and bytes by the minute

Aligner = str
Measured = dict[tuple[str, datetime], float]  # resource label and hour -> value


@dataclass(frozen=True)
class Source:
    """One metric of Cloud Monitoring that a measurement of ours is the sum of."""

    type: str
    filter: str = ""
    is_counter: bool = False


@dataclass(frozen=True)
class Metric:
    """A measurement of ours: the sum of its sources times `factor`."""

    name: str
    sources: tuple[Source, ...]
    factor: float = 1.0


COMPUTE = "compute.googleapis.com/instance"
SQL = "cloudsql.googleapis.com/database"
SPANNER = "spanner.googleapis.com/instance"
PREDICTION = "aiplatform.googleapis.com/prediction/online"
LABELS = {  # what tells resources apart
    "instance": "instance_id", "database": "database_id", "spanner": "instance_id",
    "ml_endpoint": "endpoint_id",
}  # fmt: skip
METRICS: Mapping[str, tuple[Metric, ...]] = {
    "instance": (
        Metric("cpu_percent", (Source(f"{COMPUTE}/cpu/utilization"),), 100),
        Metric("memory_percent", (
            Source("agent.googleapis.com/memory/percent_used", 'metric.labels.state = "used"'),
        )),
        Metric("network_bytes_s", (
            Source(f"{COMPUTE}/network/received_bytes_count", is_counter=True),
            Source(f"{COMPUTE}/network/sent_bytes_count", is_counter=True),
        )),
        Metric("disk_ops_s", (
            Source(f"{COMPUTE}/disk/read_ops_count", is_counter=True),
            Source(f"{COMPUTE}/disk/write_ops_count", is_counter=True),
        )),
    ),
    "database": (
        Metric("cpu_percent", (Source(f"{SQL}/cpu/utilization"),), 100),
        Metric("memory_percent", (Source(f"{SQL}/memory/utilization"),), 100),
        Metric("connections", (Source(f"{SQL}/network/connections"),)),
    ),
    "spanner": (
        Metric("cpu_percent", (Source(f"{SPANNER}/cpu/utilization"),), 100),
        Metric("storage_percent", (Source(f"{SPANNER}/storage/utilization"),), 100),
    ),
    "ml_endpoint": (
        Metric("requests_s", (Source(f"{PREDICTION}/prediction_count", is_counter=True),)),
    ),
}  # fmt: skip


def read_metrics(access: Access, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
    """Measurements in the columns of `METRIC_SCHEMA`, in chunks of one metric of one project.

    p95 and p99 are null: Monitoring aligns to percentiles only what is a distribution, which these
    metrics are not. Where a measurement is the sum of two counters, `max` is the sum of their
    busiest minutes, so never below the real one.
    """
    groups = wanted.filter(pl.col("kind").is_in(list(METRICS))).partition_by(
        "account", "kind", "since", include_key=True
    )
    parts = [
        Part(
            "gcp", batch["account"][0], "", batch["kind"][0], _reader(access, batch, metric, until)
        )
        for group in groups
        for batch in group.iter_slices(TOGETHER)
        for metric in METRICS[batch["kind"][0]]
    ]
    yield from sweep_in_chunks(parts, METRIC_SCHEMA)


def fetch_series(
    access: Access,
    account: str,
    source: Source,
    label: str,
    values: Sequence[str],
    aligner: Aligner,
    since: datetime,
    until: datetime,
) -> Iterator[Any]:
    """Hourly time series of these resources, as the messages of the API."""
    among = ", ".join(f'"{value}"' for value in values)
    words = [f'metric.type = "{source.type}"', f"resource.labels.{label} = one_of({among})"]
    request = {
        "name": f"projects/{account}",
        "filter": " AND ".join([*words, *[source.filter] * bool(source.filter)]),
        "interval": {
            "start_time": since.replace(tzinfo=UTC),
            "end_time": until.replace(tzinfo=UTC),
        },
        "aggregation": {
            "alignment_period": {"seconds": 3600},
            "per_series_aligner": aligner,
        },
        "view": "FULL",
        "page_size": POINTS,
    }
    method = access.client("monitoring").list_time_series
    for page in access.pages(account, "monitoring", PERMISSION, method, request):
        yield from page.time_series


def parse_series(series: Iterable[Any], label: str) -> Measured:
    """Value by resource and hour; what a resource has several of, such as disks, is added up."""
    found: Measured = defaultdict(float)
    for each in series:
        resource = each.resource.labels[label]
        for point in each.points:
            hour = datetime.fromtimestamp(point.interval.end_time.seconds, UTC) - HOUR
            kind = point.value.WhichOneof("value")
            value = float(getattr(point.value, kind)) if kind else 0.0
            found[resource, hour.replace(tzinfo=None)] += value
    return dict(found)


def _reader(access: Access, batch: pl.DataFrame, metric: Metric, until: datetime) -> Any:
    kind, account, since = (batch[name][0] for name in ("kind", "account", "since"))
    label = LABELS[kind]
    resources = {_label(kind, row["resource_id"]): row for row in batch.iter_rows(named=True)}

    def values(source: Source, aligner: Aligner) -> Measured:
        series = fetch_series(
            access, account, source, label, list(resources), aligner, since, until
        )
        return parse_series(series, label)

    def read() -> pl.DataFrame:
        means = [values(s, "ALIGN_RATE" if s.is_counter else "ALIGN_MEAN") for s in metric.sources]
        peaks = [values(source, "ALIGN_MAX") for source in metric.sources]
        counts = values(metric.sources[0], "ALIGN_COUNT")
        per_second = SAMPLE if metric.sources[0].is_counter else 1.0
        rows = [
            {
                **{
                    name: resources[key][name]
                    for name in ("cloud", "account", "region", "resource_id")
                },
                "metric": metric.name,
                "hour": hour,
                "avg": metric.factor * sum(mean.get((key, hour), 0.0) for mean in means),
                "max": metric.factor
                * sum(peak.get((key, hour), 0.0) for peak in peaks)
                / per_second,
                "samples": int(counts[key, hour]) if (key, hour) in counts else None,
            }
            for key, hour in sorted(set().union(*means))
            if key in resources and since <= hour < until
        ]
        return frame(METRIC_SCHEMA, rows)

    return read


def _label(kind: str, resource_id: str) -> str:
    """What Monitoring calls the resource: a machine by its number, a database by project:name."""
    parts = resource_id.split("/")
    if kind == "database":
        return f"{parts[parts.index('projects') + 1]}:{parts[-1]}"
    return parts[-1]
