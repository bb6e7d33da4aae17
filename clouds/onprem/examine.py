"""Try each ability with its cheapest call, and say what to do where it fails."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from clouds.cloud import Finding
from clouds.errors import CloudError, Forbidden, MissingExtra
from clouds.onprem.access import Host
from clouds.onprem.hypervisors import servers
from clouds.onprem.permissions import PROMETHEUS_STATUS
from clouds.onprem.rate_card import read_rate_card
from clouds.prometheus import Prometheus, shown


def examine(
    account: str,
    hosts: Sequence[Host],
    prometheus: Prometheus | None,
    rate_card: Path | None,
    bills: Path | None,
) -> Iterator[Finding]:
    """Findings of one account; what is not configured is no fault, but said."""
    for option, ability, is_set in (
        ("hosts", "inventory", bool(hosts)),
        ("prometheus", "metrics", prometheus is not None),
        ("rate_card", "prices", rate_card is not None),
    ):
        if not is_set:
            yield Finding(account, ability, True, f"not configured: the option {option!r}")
    yield from _hosts(account, hosts)
    if prometheus is not None:
        yield _prometheus(account, prometheus)
    if rate_card is not None:
        yield from _rate_card(account, hosts, rate_card)
    if bills is not None:
        there = bills.exists()
        fix = None if there else "Correct the option 'bills' of the source, or create the folder."
        yield Finding(account, "bills", there, f"from {bills}" if there else f"no {bills}", fix)


def _hosts(account: str, hosts: Sequence[Host]) -> Iterator[Finding]:
    with servers(hosts) as opened:
        for server in opened:
            where = f"{server.host.name} at {shown(server.host.uri)}"
            try:
                kind = server.hypervisor.call("connect.getattr", lambda host: host.getType())
                yield Finding(account, "credentials", True, f"{where}: {kind}, read-only")
                server.hypervisor.call(
                    "connect.search-domains", lambda host: host.listAllDomains(0)
                )
                yield Finding(account, "inventory", True, where)
            except CloudError as error:
                yield Finding(account, "inventory", False, str(error), _fix(error, server.host))


def _prometheus(account: str, prometheus: Prometheus) -> Finding:
    try:
        told = prometheus.get("status/buildinfo", PROMETHEUS_STATUS)
    except CloudError as error:
        return Finding(account, "metrics", False, str(error), _fix(error, None))
    version = told.get("version", "of an unknown version")
    return Finding(account, "metrics", True, f"Prometheus {version} at {shown(prometheus.url)}")


def _rate_card(account: str, hosts: Sequence[Host], path: Path) -> Iterator[Finding]:
    try:
        card = read_rate_card(path)
    except CloudError as error:
        for ability in ("bills", "prices"):
            yield Finding(account, ability, False, str(error), f"Correct {path}.")
        return
    unrated = sorted({host.name for host in hosts} - {host.name for host in card.hosts})
    detail = f"rate card {path} with {len(card.hosts)} hosts in {card.currency}"
    if unrated:
        names = ", ".join(unrated)
        fix = f"Add {names} to 'hosts' in {path}."
        yield Finding(account, "bills", False, f"{detail}, but not {names}", fix)
    else:
        yield Finding(account, "bills", True, detail)
    yield Finding(account, "prices", True, detail)


def _fix(error: CloudError, host: Host | None) -> str:
    if isinstance(error, MissingExtra):
        return "pip install 'instance-select[onprem]'"
    if isinstance(error, Forbidden):
        return f"Grant {error.permission}: instance-select permissions --cloud onprem"
    if host is None:
        return "Correct the option 'prometheus' of the source."
    return f"Try it as the same user: virsh --readonly --connect '{shown(host.uri)}' list"
