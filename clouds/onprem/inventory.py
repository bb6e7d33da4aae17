"""Everything that the hosts have, and what Prometheus watches, as canonical resources."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from clouds.cloud import RESOURCE_SCHEMA, Failure, Reading
from clouds.errors import Unauthorized, Unreadable
from clouds.onprem.access import Host, sdk
from clouds.onprem.domains import Domain
from clouds.onprem.hypervisors import Server, each, servers
from clouds.onprem.permissions import PROMETHEUS_TARGETS
from clouds.onprem.storage import IMAGES, Pool, Use, Volume, use_of
from clouds.prometheus import Prometheus
from clouds.sweep import Part, frame, sweep

CLOUD = "onprem"
Row = Mapping[str, Any]


def read(hosts: Sequence[Host], prometheus: Prometheus | None, account: str) -> Reading:
    """All hosts at once. What one of them, or one kind on it, does not tell is in `failed`."""
    unread: list[Failure] = []
    if hosts:
        sdk()  # without it nothing can be read, which is worth saying once
    with servers(hosts) as opened:
        estate = _Estate(account, opened, unread)
        parts = [part for server in opened for part in estate.parts(server)]
        if prometheus is not None:
            parts.append(
                _part(account, account, "monitoring_target", _Targets(prometheus, account))
            )
        found = sweep(parts, RESOURCE_SCHEMA)
    return Reading(_once(found.rows), found.read, [*found.failed, *unread])


def domain_row(domain: Domain, host: Host, account: str) -> Row:
    """A virtual machine; libvirt does not say when it was made, nor since when it is as it is."""
    return _row(host, account, "instance", domain.resource_id, domain.name) | {
        "sku": domain.size,
        "state": domain.state,
        "member_of": host.name,
        "tags": _object(domain.tags),
        "config": _object(domain.config),
    }


def pool_row(pool: Pool, host: Host, account: str) -> Row:
    """A storage pool as one host sees it."""
    return _row(host, account, "storage_pool", f"{host.name}:{pool.uuid}", pool.name) | {
        "sku": pool.type,
        "state": "active" if pool.is_active else "inactive",
        "member_of": host.name,
        "size_gib": pool.size_gib,
        "config": _object({"path": pool.path} if pool.path else {}),
    }


def volume_row(volume: Volume, use: Use, pool: Pool, host: Host, account: str) -> Row:
    """A disk, or a medium to install from; one that several hosts share has no host in its id."""
    kind = "image" if volume.format in IMAGES else "disk"
    is_left = kind == "disk" and use.state == "available"  # nothing starts from it
    key = volume.key if pool.is_shared else f"{host.name}:{volume.key}"
    return _row(host, account, kind, key, volume.name) | {
        "sku": pool.type,
        "state": use.state,
        "attached_to": use.attached_to,
        "member_of": f"{host.name}:{pool.uuid}",
        "size_gib": volume.size_gib,
        "created_at": volume.created_at,
        "config": _object(
            {**({"boot": "false"} if is_left else {}), **use.config, "format": volume.format}
        ),
    }


def network_row(xml: str, is_active: bool, host: Host, account: str) -> Row:
    """From `virNetworkGetXMLDesc`."""
    root = ElementTree.fromstring(xml)
    uuid, name = (root.findtext("uuid") or "").strip(), root.findtext("name") or ""
    forward, bridge = root.find("forward"), root.find("bridge")
    config = {
        "forward": (forward.get("mode") or "nat") if forward is not None else "isolated",
        "bridge": (bridge.get("name") or "") if bridge is not None else "",
    }
    return _row(host, account, "network", f"{host.name}:{uuid}", name) | {
        "state": "active" if is_active else "inactive",
        "member_of": host.name,
        "config": _object({key: value for key, value in config.items() if value}),
    }


def host_row(info: Sequence[Any], driver: str, version: int, host: Host, account: str) -> Row:
    """From `virNodeGetInfo`: model, MiB, CPUs, MHz and the topology."""
    model, memory_mib, cpus = info[0], info[1], info[2]
    config = {
        "hypervisor": driver,
        "libvirt": f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}",
        "vcpus": str(cpus),
        "memory_gib": f"{memory_mib / 1024:g}",
    }
    return _row(host, account, "host", host.name, host.name) | {
        "sku": model,
        "state": "running",
        "config": _object(config),
    }


def target_row(target: Mapping[str, Any], account: str) -> Row:
    """One thing that Prometheus scrapes, from `/api/v1/targets`."""
    labels: Mapping[str, str] = target.get("labels", {})
    job, instance = labels.get("job", ""), labels.get("instance", "")
    return {
        "cloud": CLOUD,
        "account": account,
        "region": account,
        "resource_id": f"{job}/{instance}",
        "kind": "monitoring_target",
        "name": instance,
        "sku": job,
        "state": target.get("health", "unknown"),
        "tags": "{}",
        "config": "{}",
    }


@dataclass(frozen=True)
class _Estate:
    """The hosts during one reading, and what turned out unreadable inside a part."""

    account: str
    servers: Sequence[Server]
    unread: list[Failure]

    def parts(self, server: Server) -> list[Part]:
        """The kinds of one host. Pools and volumes come from one listing."""
        host = server.host
        readers = {
            "host": self._host, "instance": self._instances, "network": self._networks,
            "storage_pool": self._pools, "disk": self._disks, "image": self._images,
        }  # fmt: skip
        return [
            _part(self.account, host.region, kind, _Read(reader, server))
            for kind, reader in readers.items()
        ]

    def _host(self, server: Server) -> list[Row]:
        hypervisor = server.hypervisor
        info = hypervisor.call("connect.read", lambda host: host.getInfo())
        driver = hypervisor.call("connect.getattr", lambda host: host.getType())
        version = hypervisor.call("connect.getattr", lambda host: host.getLibVersion())
        return [host_row(info, driver, version, server.host, self.account)]

    def _instances(self, server: Server) -> list[Row]:
        return [domain_row(domain, server.host, self.account) for domain in server.domains()]

    def _networks(self, server: Server) -> list[Row]:
        hypervisor = server.hypervisor

        def fetch(network: Any) -> Row:
            is_active = hypervisor.of("network.getattr", network.isActive)
            xml = hypervisor.of("network.read", lambda: network.XMLDesc(0))
            return network_row(xml, bool(is_active), server.host, self.account)

        listed = hypervisor.call("connect.search-networks", lambda host: host.listAllNetworks(0))
        return list(each(listed, fetch))

    def _pools(self, server: Server) -> list[Row]:
        return [pool_row(pool, server.host, self.account) for pool in server.pools()]

    def _disks(self, server: Server) -> list[Row]:
        return [row for row in self._volumes(server) if row["kind"] == "disk"]

    def _images(self, server: Server) -> list[Row]:
        return [row for row in self._volumes(server) if row["kind"] == "image"]

    def _volumes(self, server: Server) -> list[Row]:
        rows: list[Row] = []
        for pool in server.pools():
            if not pool.is_active:
                self._note_inactive(pool, server.host)
                continue
            domains = self._users(pool, server)
            rows += [
                volume_row(volume, use_of(volume, pool, domains), pool, server.host, self.account)
                for volume in pool.volumes
            ]
        return rows

    def _users(self, pool: Pool, server: Server) -> list[Domain]:
        """The domains that may use the pool: of all hosts if they share it.

        Raises if one of these can't be asked: a disk that it may use must not look unused.
        """
        asked = self.servers if pool.is_shared else [server]
        return [domain for each_server in asked for domain in each_server.domains()]

    def _note_inactive(self, pool: Pool, host: Host) -> None:
        for kind in ("disk", "image"):
            failure = Failure(
                self.account, host.region, kind,
                f"the pool {pool.name} of {host.name} is not active, so its volumes are unknown; "
                f"start it with: virsh pool-start {pool.name}",
            )  # fmt: skip
            if failure not in self.unread:
                self.unread.append(failure)


@dataclass(frozen=True)
class _Read:
    """One kind on one host, as a frame."""

    rows: Any
    server: Server

    def __call__(self) -> pl.DataFrame:
        return frame(RESOURCE_SCHEMA, self.rows(self.server))


@dataclass(frozen=True)
class _Targets:
    """What Prometheus scrapes now."""

    prometheus: Prometheus
    account: str

    def __call__(self) -> pl.DataFrame:
        try:
            found = self.prometheus.get("targets", PROMETHEUS_TARGETS)
        except Unauthorized as error:  # the hosts have credentials of their own
            raise Unreadable(str(error)) from error
        rows = [target_row(target, self.account) for target in found.get("activeTargets", ())]
        return frame(RESOURCE_SCHEMA, rows)


def _part(account: str, region: str, kind: str, reader: Any) -> Part:
    return Part(CLOUD, account, region, kind, reader)


def _row(host: Host, account: str, kind: str, resource_id: str, name: str) -> dict[str, Any]:
    return {
        "cloud": CLOUD,
        "account": account,
        "region": host.region,
        "resource_id": resource_id,
        "kind": kind,
        "name": name,
        "tags": "{}",
        "config": "{}",
    }


def _object(values: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(values.items())), ensure_ascii=False)


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """A machine that moved may still be defined where it was, and a shared disk is seen by many.

    The one that runs counts, and the one that is in use; then the first by host.
    """
    busy = pl.col("state").is_in(["running", "blocked", "paused", "in_use"])
    return (
        rows.sort(~busy, "member_of", nulls_last=True, maintain_order=True)
        .unique(["account", "kind", "resource_id"], keep="first", maintain_order=True)
        .sort("region", "kind", "resource_id")
    )
