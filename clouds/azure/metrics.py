"""Hourly measurements from Azure Monitor: one call for each resource, all its metrics at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from clouds.azure.access import Access, sdk, understood
from clouds.azure.facts import time
from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.errors import Unreadable
from clouds.offers import offers
from clouds.sweep import Part, frame, sweep_in_chunks

PERMISSION = "Microsoft.Insights/metrics/read"
AGGREGATIONS = "Average,Maximum,Minimum,Total,Count"
LONGEST = timedelta(days=30)  # one call; hourly values are kept for 93 days
KEPT = timedelta(days=92)
TOGETHER = 20  # resources that one thread reads before it hands over a chunk
GIB = 2**30  # bytes
HOUR = 3600  # seconds
MINUTE = 60  # seconds
BAD_REQUEST = 400


class NotMeasured(Unreadable):
    """Azure Monitor knows the resource, but not these metrics of it."""


@dataclass(frozen=True)
class Measure:
    """One of our metrics and the Azure metrics whose sum it is.

    `by` says what of an hour is taken: `average` of a level, `per_second` of a total or, where
    Azure only counts, of how often (`counted`) or of a number per minute (`per_minute`), `used` of
    what is still available (in percent of the machine's memory), `gib` of bytes.
    """

    metric: str
    names: Sequence[str]
    by: str = "average"


CPU = Measure("cpu_percent", ["cpu_percent"])
TRAFFIC = Measure("network_bytes_s", ["ByteCount"], "per_second")
MEASURES: Mapping[str, Sequence[Measure]] = {
    "microsoft.compute/virtualmachines": (
        Measure("cpu_percent", ["Percentage CPU"]),
        Measure("memory_percent", ["Available Memory Bytes"], "used"),
        Measure("network_bytes_s", ["Network In Total", "Network Out Total"], "per_second"),
        Measure("disk_ops_s", ["Disk Read Operations/Sec", "Disk Write Operations/Sec"]),
    ),
    "microsoft.compute/virtualmachinescalesets": (
        Measure("cpu_percent", ["Percentage CPU"]),
        Measure("network_bytes_s", ["Network In Total", "Network Out Total"], "per_second"),
    ),
    "microsoft.compute/disks": (
        Measure("disk_ops_s", ["Composite Disk Read Operations/sec",
                               "Composite Disk Write Operations/sec"]),
    ),
    "microsoft.sql/servers/databases": (CPU, Measure("connections", ["sessions_count"])),
    "microsoft.dbforpostgresql/flexibleservers": (
        CPU, Measure("memory_percent", ["memory_percent"]),
        Measure("connections", ["active_connections"]),
    ),
    "microsoft.dbformysql/flexibleservers": (
        CPU, Measure("memory_percent", ["memory_percent"]),
        Measure("connections", ["active_connections"]),
    ),
    "microsoft.storage/storageaccounts": (
        Measure("network_bytes_s", ["Ingress", "Egress"], "per_second"),
        Measure("requests_s", ["Transactions"], "per_second"),
        Measure("stored_gib", ["UsedCapacity"], "gib"),
    ),
    "microsoft.web/serverfarms": (
        Measure("cpu_percent", ["CpuPercentage"]),
        Measure("memory_percent", ["MemoryPercentage"]),
    ),
    "microsoft.documentdb/databaseaccounts": (
        Measure("requests_s", ["TotalRequests"], "counted"),
        Measure("request_units_s", ["ProvisionedThroughput"]),
    ),
    "microsoft.machinelearningservices/workspaces/onlineendpoints": (
        Measure("requests_s", ["RequestsPerMinute"], "per_minute"),
    ),
    "microsoft.network/loadbalancers": (TRAFFIC,),
    "microsoft.network/natgateways": (TRAFFIC,),
}  # fmt: skip
"""By resource type; a type that is missing is not measured."""
DTU = Measure("dtu_percent", ["dtu_consumption_percent"])
SOLD_IN_DTU = re.compile(r"^(basic|[sp]\d+)$", re.IGNORECASE)


def metrics(access: Access, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
    """The hours of the wanted resources from each one's `since` until `until`, in chunks.

    Azure offers no percentiles: `p95` and `p99` are null, and so is `max` of a sum of two metrics.
    A resource of which Azure Monitor lacks the metrics has no rows; if that is so of all of a
    kind in a region, it is a failure. A reason that many share is said once.
    """
    memory = dict(offers().filter(pl.col("cloud") == "azure")
                  .select("instance_type", "memory_gib").iter_rows())  # fmt: skip
    parts: list[Part] = []
    mine = wanted.filter(pl.col("cloud") == "azure")
    for scope, resources in mine.group_by("account", "region", "kind", maintain_order=True):
        account, region, kind = map(str, scope)
        for some in resources.iter_slices(TOGETHER):
            read = partial(_read, access, some, until, memory)
            parts.append(Part("azure", account, region, kind, read))
    for chunk in sweep_in_chunks(parts, METRIC_SCHEMA):
        yield replace(chunk, failed=list(dict.fromkeys(chunk.failed)))


def fetch_hours(
    access: Access, resource: str, names: Sequence[str], since: datetime, until: datetime
) -> Any:
    """Azure Monitor's answer about one resource; null if the resource is gone.

    Raises `NotMeasured` if it knows the resource, but not these metrics of it.
    """
    errors = sdk("azure.core.exceptions")
    with understood(PERMISSION):
        try:
            return access.monitor(resource.split("/")[2]).metrics.list(
                resource.lstrip("/"),
                timespan=f"{since:%Y-%m-%dT%H:%M:%SZ}/{until:%Y-%m-%dT%H:%M:%SZ}",
                interval="PT1H",
                metricnames=",".join(names),
                aggregation=AGGREGATIONS,
            )
        except errors.ResourceNotFoundError:
            return None
        except errors.HttpResponseError as error:
            if error.status_code != BAD_REQUEST:
                raise
            raise NotMeasured(
                f"Azure Monitor does not give {', '.join(names)} of {resource}: {error.reason}."
            ) from error


def parse_hours(
    answer: Any, measures: Sequence[Measure], memory_gib: float | None
) -> list[dict[str, Any]]:
    """Our metrics of one resource from Azure Monitor's answer; hours without samples are left out.

    Of a metric that is a sum, only hours are kept in which all its parts were measured.
    """
    by_name = {
        metric.name.value.lower(): {
            hour: point
            for series in metric.timeseries
            for point in series.data or []
            if (hour := time(point.time_stamp)) is not None
            and (point.average, point.total, point.count) != (None, None, None)
        }
        for metric in answer.value
    }
    rows: list[dict[str, Any]] = []
    for measure in measures:
        series = [by_name.get(name.lower(), {}) for name in measure.names]
        for hour in sorted(set(series[0]).intersection(*series[1:])):
            values = _values(measure, [each[hour] for each in series], memory_gib)
            if values is not None:
                rows.append({"metric": measure.metric, "hour": hour, **values})
    return rows


def _values(
    measure: Measure, points: Sequence[Any], memory_gib: float | None
) -> dict[str, float | int | None] | None:
    counts = [point.count for point in points]
    samples = None if None in counts else int(min(counts))
    if measure.by == "counted":  # an hour in which nothing was counted was measured all the same
        return None if samples is None else {"avg": samples / HOUR, "max": None, "samples": samples}
    if samples == 0:
        return None
    if measure.by == "per_second":
        totals = [point.total for point in points]
        if None in totals:
            return None
        return {"avg": sum(totals) / HOUR, "max": None, "samples": samples}
    averages = [point.average for point in points]
    if None in averages:
        return None
    if measure.by == "used":
        if not memory_gib:
            return None
        least = points[0].minimum
        used = [None if free is None else 100 * (1 - free / GIB / memory_gib)
                for free in (averages[0], least)]  # fmt: skip
        return {"avg": used[0], "max": used[1], "samples": samples}
    unit = {"per_minute": MINUTE, "gib": GIB}.get(measure.by, 1)
    most = points[0].maximum if len(points) == 1 else None
    return {
        "avg": sum(averages) / unit,
        "max": None if most is None else most / unit,
        "samples": samples,
    }


def _read(
    access: Access, resources: pl.DataFrame, until: datetime, memory: Mapping[str, float | None]
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    refused: list[NotMeasured] = []
    measured = resources.filter(
        pl.col("resource_id").map_elements(type_of, pl.String).is_in(list(MEASURES))
    )
    for resource in measured.iter_rows(named=True):
        try:
            rows += _hours(access, resource, until, memory.get(resource["sku"] or ""))
        except NotMeasured as error:
            refused.append(error)
    if refused and len(refused) == measured.height:
        raise refused[0]
    return frame(METRIC_SCHEMA, rows)


def _hours(
    access: Access, resource: Mapping[str, Any], until: datetime, memory_gib: float | None
) -> list[dict[str, Any]]:
    measures = measures_of(resource)
    names = [name for measure in measures for name in measure.names]
    place = {key: resource[key] for key in ("cloud", "account", "region", "resource_id")}
    rows: list[dict[str, Any]] = []
    for since, end in _spans(max(resource["since"], until - KEPT), until):
        answer = fetch_hours(access, resource["resource_id"], names, since, end)
        if answer is not None:
            found = parse_hours(answer, measures, memory_gib)
            rows += [{**place, **row} for row in found if since <= row["hour"] < end]
    return rows


def measures_of(resource: Mapping[str, Any]) -> Sequence[Measure]:
    """What is measured of a resource: a database that is not sold in DTUs has none to use."""
    known = MEASURES[type_of(resource["resource_id"])]
    is_database = resource["kind"] == "database"
    return [*known, DTU] if is_database and SOLD_IN_DTU.match(resource["sku"] or "") else known


def type_of(resource_id: str) -> str:
    """The type in a resource id, in lower case.

    >>> type_of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a/databases/b")
    'microsoft.sql/servers/databases'
    """
    _, _, path = resource_id.lower().rpartition("/providers/")
    names = path.split("/")
    return "/".join([names[0], *names[1::2]])


def _spans(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    while since < until:
        end = min(since + LONGEST, until)
        yield since, end
        since = end
