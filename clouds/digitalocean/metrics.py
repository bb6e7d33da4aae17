"""Measurements of droplets, hour by hour, from the samples of DigitalOcean's monitoring."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from math import isfinite
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA, Reading
from clouds.digitalocean.access import NotThere, Session
from clouds.hourly import by_hour
from clouds.sweep import Part, frame, sweep_in_chunks

WINDOW = timedelta(days=7)  # of one call; a longer one may come in coarser steps
LEAD = timedelta(minutes=15)  # before the first hour: a counter needs the sample before
LONGEST_STEP = 3600  # seconds between two samples of a counter; more is a gap
BYTES_S_PER_MBIT_S = 125_000  # the API gives megabits per second
IDLE = ("idle", "iowait")  # modes in which no work is done

Answer = Mapping[str, Any]
Points = dict[int, float]  # Unix seconds -> value


@dataclass(frozen=True)
class Metric:
    """One metric of ours: the calls it takes, and how their answers become samples."""

    name: str
    calls: tuple[tuple[str, Mapping[str, str]], ...]  # operation, further parameters
    parse: Callable[[list[Answer]], Points]


def read(session: Session, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
    """A chunk per droplet; only droplets are measured."""
    droplets = wanted.filter((pl.col("kind") == "instance") & (pl.col("cloud") == "digitalocean"))
    parts = [
        Part("digitalocean", row["account"], row["region"], "instance",
             partial(fetch_hours, session, row, until))
        for row in droplets.iter_rows(named=True)
    ]  # fmt: skip
    return sweep_in_chunks(parts, METRIC_SCHEMA)


def fetch_hours(session: Session, resource: Mapping[str, Any], until: datetime) -> pl.DataFrame:
    """All metrics of one droplet from its `since` to `until`, in windows of a week at most."""
    hours = [frame(METRIC_SCHEMA)]
    for metric in METRICS:
        points: Points = {}
        since = resource["since"]
        while since < until:
            end = min(since + WINDOW, until)
            answers = [
                _fetch(session, operation, resource["resource_id"], since - LEAD, end, extra)
                for operation, extra in metric.calls
            ]
            points |= metric.parse(answers)
            since = end
        hours.append(parse_hours(metric.name, points, resource, until))
    return pl.concat(hours)


def parse_hours(
    metric: str, points: Points, resource: Mapping[str, Any], until: datetime
) -> pl.DataFrame:
    """One row per hour that has samples; an hour without one has no row."""
    return by_hour(metric, resource, list(points.items()), resource["since"], until)


def parse_cpu(answers: list[Answer]) -> Points:
    """Percent of the time between two samples that was spent on work, of all CPUs together.

    The API gives seconds since boot in each mode; where they fall, the droplet was restarted.
    """
    spent: dict[int, dict[str, float]] = {}
    for series in _series(answers[0]):
        for at, value in _points(series).items():
            spent.setdefault(at, {})[str(series["metric"].get("mode"))] = value
    percent: Points = {}
    times = sorted(spent)
    for before, at in pairwise(times):
        past, now = spent[before], spent[at]
        steps = {mode: now[mode] - past[mode] for mode in now.keys() & past.keys()}
        passed = sum(steps.values())
        is_gap = at - before > LONGEST_STEP or now.keys() != past.keys()
        if is_gap or passed <= 0 or min(steps.values()) < 0 or "idle" not in steps:
            continue
        idle = sum(steps.get(mode, 0.0) for mode in IDLE)
        percent[at] = 100 * (1 - idle / passed)
    return percent


def parse_memory(answers: list[Answer]) -> Points:
    """Percent of the memory that programs could not get."""
    total, available = (_sum(_series(answer)) for answer in answers)
    return _share_used(total, available)


def parse_disk(answers: list[Answer]) -> Points:
    """Percent of all file systems together that is full."""
    size, free = (_sum(_series(answer)) for answer in answers)
    return _share_used(size, free)


def parse_network(answers: list[Answer]) -> Points:
    """Bytes per second in and out, of both interfaces; one that is not there counts as none."""
    flows = [flow for answer in answers if (flow := _sum(_series(answer)))]
    if not flows:
        return {}
    common = set(flows[0]).intersection(*flows)
    return {at: sum(flow[at] for flow in flows) * BYTES_S_PER_MBIT_S for at in sorted(common)}


_FLOWS = tuple(
    ("monitoring.get_droplet_bandwidth_metrics", {"interface": interface, "direction": direction})
    for interface in ("public", "private")
    for direction in ("inbound", "outbound")
)
METRICS = (
    Metric("cpu_percent", (("monitoring.get_droplet_cpu_metrics", {}),), parse_cpu),
    Metric(
        "memory_percent",
        (
            ("monitoring.get_droplet_memory_total_metrics", {}),
            ("monitoring.get_droplet_memory_available_metrics", {}),
        ),
        parse_memory,
    ),
    Metric("network_bytes_s", _FLOWS, parse_network),
    Metric(
        "disk_percent",
        (
            ("monitoring.get_droplet_filesystem_size_metrics", {}),
            ("monitoring.get_droplet_filesystem_free_metrics", {}),
        ),
        parse_disk,
    ),
)


def _fetch(
    session: Session,
    operation: str,
    droplet: str,
    since: datetime,
    until: datetime,
    extra: Mapping[str, str],
) -> Answer:
    """One call; a droplet that monitoring does not know any more has no samples."""
    start, end = (str(int(at.replace(tzinfo=UTC).timestamp())) for at in (since, until))
    try:
        return session.call(operation, host_id=droplet, start=start, end=end, **extra)
    except NotThere:
        return {}


def _series(answer: Answer) -> list[Mapping[str, Any]]:
    return (answer.get("data") or {}).get("result") or []


def _points(series: Mapping[str, Any]) -> Points:
    """The samples of one series; what is no number was not measured."""
    found = {int(at): float(value) for at, value in series["values"]}
    return {at: value for at, value in found.items() if isfinite(value)}


def _sum(all_series: Iterable[Mapping[str, Any]]) -> Points:
    """The series added up where all of them were sampled."""
    points = [_points(series) for series in all_series]
    if not points:
        return {}
    common = set(points[0]).intersection(*points)
    return {at: sum(each[at] for each in points) for at in sorted(common)}


def _share_used(total: Points, free: Points) -> Points:
    common = sorted(total.keys() & free.keys())
    return {at: 100 * (1 - free[at] / total[at]) for at in common if total[at] > 0}
