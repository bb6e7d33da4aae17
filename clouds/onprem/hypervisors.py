"""Ask the configured hosts what they have; each is asked once for its domains and its pools."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from clouds.errors import CloudError
from clouds.onprem.access import Gone, Host, Hypervisor
from clouds.onprem.domains import Domain, parse_domain
from clouds.onprem.storage import Pool, parse_pool, parse_volume

Found = TypeVar("Found")


@dataclass
class Server:
    """One host during one reading."""

    host: Host
    hypervisor: Hypervisor
    _lock: Lock = field(default_factory=Lock, repr=False)
    _answers: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def domains(self) -> list[Domain]:
        """Everything defined or running here. Raises the same `CloudError` each time."""
        return self._ask("domains", fetch_domains)

    def pools(self) -> list[Pool]:
        """All storage pools with their volumes. Raises the same `CloudError` each time."""
        return self._ask("pools", fetch_pools)

    def _ask(self, what: str, fetch: Callable[[Hypervisor], Found]) -> Found:
        with self._lock:
            if what not in self._answers:
                try:
                    self._answers[what] = fetch(self.hypervisor)
                except CloudError as error:
                    self._answers[what] = error
            answer = self._answers[what]
        if isinstance(answer, CloudError):
            raise answer
        return answer


@contextmanager
def servers(hosts: Sequence[Host]) -> Generator[list[Server]]:
    """The hosts, of which none is connected to before it is asked something."""
    opened = [Server(host, Hypervisor(host)) for host in hosts]
    try:
        yield opened
    finally:
        for server in opened:
            server.hypervisor.close()


def fetch_domains(hypervisor: Hypervisor) -> list[Domain]:
    """All domains of one host, running or not."""
    listed = hypervisor.call("connect.search-domains", lambda host: host.listAllDomains(0))
    return list(each(listed, lambda domain: _fetch_domain(hypervisor, domain)))


def fetch_pools(hypervisor: Hypervisor) -> list[Pool]:
    """All pools of one host with their volumes."""
    listed = hypervisor.call(
        "connect.search-storage-pools", lambda host: host.listAllStoragePools(0)
    )
    return list(each(listed, lambda pool: _fetch_pool(hypervisor, pool)))


def each(listed: Sequence[Any] | None, fetch: Callable[[Any], Found]) -> Iterator[Found]:
    """What became of each that was listed, without those that are gone meanwhile."""
    for item in listed or ():
        try:
            yield fetch(item)
        except Gone:
            continue


def _fetch_domain(hypervisor: Hypervisor, domain: Any) -> Domain:
    xml = hypervisor.of("domain.read", lambda: domain.XMLDesc(0))
    state = hypervisor.of("domain.read", lambda: domain.state(0))
    return parse_domain(xml, state[0])


def _fetch_pool(hypervisor: Hypervisor, pool: Any) -> Pool:
    is_active = bool(hypervisor.of("storage-pool.getattr", pool.isActive))
    xml = hypervisor.of("storage-pool.read", lambda: pool.XMLDesc(0))
    listed = (
        hypervisor.of("storage-pool.search-storage-vols", lambda: pool.listAllVolumes(0))
        if is_active
        else ()
    )
    volumes = each(
        listed,
        lambda volume: parse_volume(hypervisor.of("storage-vol.read", lambda: volume.XMLDesc(0))),
    )
    return parse_pool(xml, is_active, list(volumes))
