"""Which Prometheus series measure what: the names of the common exporters, and one's own."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clouds.errors import UnknownOption


class Query(BaseModel):
    """How one metric is computed: PromQL with the placeholders of `Queries`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str  # has at least one sample in each hour that was measured
    samples: str  # the series whose samples are counted; an hour without any was not measured


def _rate(*series: str, filters: str = "") -> str:
    """The sum over all devices of these counters per second; a reset counts as a start from 0."""
    return " + ".join(f"sum by ($by) (rate({name}{{$match{filters}}}[$window]))" for name in series)


_CPU, _VCPUS = "libvirt_domain_info_cpu_time_seconds_total", "libvirt_domain_info_virtual_cpus"
_NETWORK = "libvirt_domain_interface_stats_{}_bytes_total"
_BLOCK = "libvirt_domain_block_stats_{}_requests_total"
_IDLE = 'node_cpu_seconds_total{$match,mode="idle"}'
_REAL_NICS = ',device!~"lo|vnet.*|virbr.*|br.*|tap.*|veth.*|docker.*|bond.*"'
_REAL_DISKS = ',device!~"dm-.*|md.*|loop.*|sr.*|ram.*"'

INSTANCE = {
    "cpu_percent": Query(
        # A guest's time has that of its emulator in it, which may go beyond its own vCPUs.
        value=f"clamp_max(100 * {_rate(_CPU)} / max by ($by) ({_VCPUS}{{$match}}), 100)",
        samples=f"{_CPU}{{$match}}",
    ),
    "memory_percent": Query(  # of the exporters that ask the balloon; others have no such series
        value="max by ($by) (libvirt_domain_memory_stats_used_percent{$match})",
        samples="libvirt_domain_memory_stats_used_percent{$match}",
    ),
    "network_bytes_s": Query(
        value=_rate(_NETWORK.format("receive"), _NETWORK.format("transmit")),
        samples=f"{_NETWORK.format('receive')}{{$match}}",
    ),
    "disk_ops_s": Query(
        value=_rate(_BLOCK.format("read"), _BLOCK.format("write")),
        samples=f"{_BLOCK.format('read')}{{$match}}",
    ),
}
HOST = {
    "cpu_percent": Query(
        value=f"100 * (1 - avg by ($by) (rate({_IDLE}[$window])))",
        samples=_IDLE,
    ),
    "memory_percent": Query(
        value="100 * (1 - max by ($by) (node_memory_MemAvailable_bytes{$match})"
        " / max by ($by) (node_memory_MemTotal_bytes{$match}))",
        samples="node_memory_MemAvailable_bytes{$match}",
    ),
    "network_bytes_s": Query(
        value=_rate(
            "node_network_receive_bytes_total", "node_network_transmit_bytes_total",
            filters=_REAL_NICS,
        ),
        samples=f"node_network_receive_bytes_total{{$match{_REAL_NICS}}}",
    ),
    "disk_ops_s": Query(
        value=_rate(
            "node_disk_reads_completed_total", "node_disk_writes_completed_total",
            filters=_REAL_DISKS,
        ),
        samples=f"node_disk_reads_completed_total{{$match{_REAL_DISKS}}}",
    ),
}  # fmt: skip


class Queries(BaseModel):
    """The option `queries`: what is given replaces the defaults, metric by metric.

    `$match` stands for the labels of the resources asked for, `$by` for the labels that name one,
    `$window` for the span over which a rate is taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    instance: dict[str, Query] = INSTANCE
    host: dict[str, Query] = HOST
    domain_label: str = "domain"  # its value is the name of the machine
    uuid_label: str = "uuid"  # its value is the UUID; settles which one of two of the same name
    host_label: str = "instance"  # its value is the host's name, with or without domain and port
    window: str = Field(default="5m", pattern=r"^\d+[smh]$")  # at least two scrapes
    resolution: str = Field(default="1m", pattern=r"^\d+[smh]$")  # at which peaks are seen

    def of(self, kind: str) -> Mapping[str, Query]:
        """Metric -> how it is computed, for one kind of resource."""
        return {
            "instance": INSTANCE | self.instance,
            "host": HOST | self.host,
        }.get(kind, {})

    def by(self, kind: str) -> tuple[str, ...]:
        """The labels that name one resource."""
        if kind == "host":
            return (self.host_label,)
        return (self.domain_label, self.uuid_label, self.host_label)


def read_queries(given: Mapping[str, Any] | None) -> Queries:
    """The validated option. Raises `UnknownOption`."""
    try:
        return Queries.model_validate(given or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("queries", *first["loc"])))
        raise UnknownOption(
            "onprem",
            f"{where}: {first['msg']}",
            [f"queries.{name}" for name in Queries.model_fields],
        ) from error
