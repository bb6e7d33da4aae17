"""Hourly measurements from Prometheus, matched to the machines and hosts that we know."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from clouds.cloud import METRIC_SCHEMA, Failure, Reading
from clouds.errors import CloudError
from clouds.onprem.access import Host
from clouds.onprem.hypervisors import servers
from clouds.onprem.permissions import PROMETHEUS_QUERY
from clouds.onprem.queries import Queries, Query
from clouds.prometheus import Prometheus
from clouds.sweep import Part, frame, sweep_in_chunks

CLOUD = "onprem"
HOUR = timedelta(hours=1)
BATCH = 50  # resources in one query
SPAN = timedelta(days=7)  # of one query; what Prometheus holds in memory for it is bounded
STATISTICS = {
    "avg": "avg_over_time", "max": "max_over_time", "p95": "quantile_over_time(0.95,",
    "p99": "quantile_over_time(0.99,",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A machine on a host, as both libvirt and Prometheus name it."""

    resource_id: str
    name: str
    host: str


@dataclass(frozen=True)
class Names:
    """Which machine a series is about, and of which hosts that could not be found out."""

    places: Sequence[Place]
    unread: Sequence[Failure] = ()
    _by_name: dict[str, list[Place]] = field(default_factory=dict[str, list[Place]], repr=False)

    def __post_init__(self) -> None:
        for place in self.places:
            self._by_name.setdefault(place.name, []).append(place)

    def name(self, resource_id: str) -> str | None:
        """The name of a machine; null if no host knows it any more."""
        return next((p.name for p in self.places if p.resource_id == resource_id), None)

    def machine(self, name: str, uuid: str, host: str) -> str | None:
        """The id of the machine that the labels name; null if that is not certain."""
        if uuid:
            return uuid
        places = self._by_name.get(name, [])
        here = [place for place in places if is_host(host, place.host)] or places
        ids = {place.resource_id for place in here}
        return ids.pop() if len(ids) == 1 else None


def fetch_names(hosts: Sequence[Host], account: str) -> Names:
    """The names of all machines; a host that can't be asked is a failure of its region."""
    places: list[Place] = []
    failed: list[Failure] = []
    with servers(hosts) as opened:
        for server in opened:
            host = server.host
            try:
                places += [Place(d.resource_id, d.name, host.name) for d in server.domains()]
            except CloudError as error:
                failed.append(Failure(account, host.region, "instance", str(error)))
    return Names(places, failed)


def read(
    prometheus: Prometheus, queries: Queries, names: Names, wanted: pl.DataFrame, until: datetime
) -> Iterator[Reading]:
    """Chunks of `METRIC_SCHEMA`, and at last what could not be read."""
    if names.unread:
        yield Reading(frame(METRIC_SCHEMA), failed=names.unread)
    parts = [
        Part(CLOUD, account, region, kind, ask)
        for (account, region, kind, since), group in wanted.group_by(
            ["account", "region", "kind", "since"], maintain_order=True
        )
        for metric, query in queries.of(str(kind)).items()
        for ask in _asks(
            prometheus, queries, names, str(kind), metric, query,
            _Asked(str(account), str(region), group["resource_id"].to_list()), since, until,
        )
    ]  # fmt: skip
    for reading in sweep_in_chunks(parts, METRIC_SCHEMA):
        if reading.rows.height or reading.failed:
            yield Reading(reading.rows, failed=_distinct(reading.failed))


@dataclass(frozen=True)
class _Asked:
    """Resources of one kind in one region."""

    account: str
    region: str
    ids: Sequence[str]


@dataclass(frozen=True)
class _Ask:
    """One metric of a batch of resources over some days: five queries, one table."""

    prometheus: Prometheus
    queries: Queries
    names: Names
    kind: str
    metric: str
    query: Query
    asked: _Asked
    match: str
    since: datetime
    until: datetime

    def __call__(self) -> pl.DataFrame:
        samples = self._ask(_counted(self._fill(self.query.samples), self._by()))
        if not samples:  # nothing was measured, so there is nothing to ask about it
            return frame(METRIC_SCHEMA)
        value = self._fill(self.query.value)
        found = {
            name: self._ask(_over_the_hour(function, value, self.queries.resolution))
            for name, function in STATISTICS.items()
        }
        return self._rows(samples, found)

    def _ask(self, expression: str) -> dict[tuple[str, datetime], float]:
        """Value by resource and start of the hour; of two series about one, the larger."""
        data = self.prometheus.get(
            "query_range",
            PROMETHEUS_QUERY,
            query=expression,
            start=str(_seconds(self.since + HOUR)),
            end=str(_seconds(self.until)),
            step="3600",
        )
        found: dict[tuple[str, datetime], float] = {}
        for labels, hour, value in parse_matrix(data):
            resource_id = self._resource(labels)
            if resource_id is not None:
                key = resource_id, hour
                found[key] = max(value, found.get(key, value))
        return found

    def _rows(
        self,
        samples: Mapping[tuple[str, datetime], float],
        found: Mapping[str, Mapping[tuple[str, datetime], float]],
    ) -> pl.DataFrame:
        rows = [
            {
                "cloud": CLOUD, "account": self.asked.account, "region": self.asked.region,
                "resource_id": resource_id, "metric": self.metric, "hour": hour,
                "samples": int(count),
                **{name: values.get((resource_id, hour)) for name, values in found.items()},
            }
            for (resource_id, hour), count in sorted(samples.items())
            if (resource_id, hour) in found["avg"]
        ]  # fmt: skip
        return frame(METRIC_SCHEMA, rows)

    def _resource(self, labels: Mapping[str, str]) -> str | None:
        """Which of the resources asked for the series is about."""
        host = labels.get(self.queries.host_label, "")
        if self.kind == "host":
            return next((name for name in self.asked.ids if is_host(host, name)), None)
        name = labels.get(self.queries.domain_label, "")
        uuid = labels.get(self.queries.uuid_label, "")
        found = self.names.machine(name, uuid, host)
        return found if found in self.asked.ids else None

    def _by(self) -> str:
        return ", ".join(self.queries.by(self.kind))

    def _fill(self, template: str) -> str:
        window = self.queries.window
        filled = template.replace("$by", self._by()).replace("$window", window)
        return filled.replace("$match", self.match)


def parse_matrix(data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, str], datetime, float]]:
    """Labels, hour and value of a range query whose steps are the ends of the hours.

    A value that is no number (nothing divided by nothing) is no measurement.
    """
    for series in data["result"]:
        for seconds, text in series["values"]:
            value = float(text)
            if math.isfinite(value):
                ended = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
                yield series["metric"], ended - HOUR, value


def is_host(label: str, name: str) -> bool:
    """Whether a label names the host, perhaps with its domain and a port.

    >>> is_host("kvm-1.example.net:9100", "kvm-1"), is_host("kvm-11:9100", "kvm-1")
    (True, False)
    """
    return re.fullmatch(_host_pattern(name), label) is not None


def _asks(
    prometheus: Prometheus,
    queries: Queries,
    names: Names,
    kind: str,
    metric: str,
    query: Query,
    asked: _Asked,
    since: datetime,
    until: datetime,
) -> Iterator[_Ask]:
    """Queries of bounded size: so many resources, so many days."""
    for match, ids in _matches(queries, names, kind, asked.ids):
        start = since
        while start < until:
            end = min(start + SPAN, until)
            part = _Asked(asked.account, asked.region, ids)
            yield _Ask(prometheus, queries, names, kind, metric, query, part, match, start, end)
            start = end


def _matches(
    queries: Queries, names: Names, kind: str, ids: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Label matchers with the resources they are for: machines that are gone go by their UUID."""
    if kind == "host":
        yield from _batches(queries.host_label, {each: _host_pattern(each) for each in ids})
        return
    known = {each: re.escape(name) for each in ids if (name := names.name(each)) is not None}
    gone = {each: re.escape(each) for each in ids if each not in known}
    yield from _batches(queries.domain_label, known)
    yield from _batches(queries.uuid_label, gone)


def _batches(label: str, patterns: Mapping[str, str]) -> Iterator[tuple[str, Sequence[str]]]:
    ids = list(patterns)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        alternatives = "|".join(dict.fromkeys(patterns[each] for each in batch))
        quoted = alternatives.replace("\\", "\\\\").replace('"', '\\"')
        yield f'{label}=~"{quoted}"', batch


def _counted(series: str, by: str) -> str:
    return f"max by ({by}) (count_over_time({series}[1h] offset 1ms))"


def _over_the_hour(function: str, value: str, resolution: str) -> str:
    """Over the hour before: with its first moment and, a millisecond early, without its last."""
    opening = function if function.endswith(",") else f"{function}("
    return f"{opening} ({value})[1h:{resolution}] offset 1ms)"


def _host_pattern(name: str) -> str:
    domain = r"(\..*)?" if "." not in name else ""
    return rf"{re.escape(name)}{domain}(:[0-9]+)?"


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


def _distinct(failed: Sequence[Failure]) -> list[Failure]:
    return list(dict.fromkeys(failed))
