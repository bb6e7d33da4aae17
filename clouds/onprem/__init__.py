"""Your own machines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clouds.bills_only import exports as bills_folder
from clouds.cloud import Cloud
from clouds.errors import UnknownOption
from clouds.onprem.access import Host
from clouds.onprem.connection import OnPrem, Options
from clouds.onprem.queries import read_queries
from clouds.prometheus import Prometheus


def connect(
    *,
    hosts: Sequence[Mapping[str, str]] = (),
    prometheus: str | None = None,
    queries: Mapping[str, Any] | None = None,
    rate_card: str | None = None,
    bills: str | None = None,
    account: str = "onprem",
) -> Cloud:
    """Your own machines; each part is optional, and what is left out can't be read.

    `hosts` are hypervisors: `{name, uri, region?}` with a libvirt URI, opened read-only. Their
    names are those of the rate card. `queries` names the series of other exporters.
    """
    known = [_host(given, account) for given in hosts]
    names = [host.name for host in known]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnknownOption("onprem", f"two hosts are named {', '.join(twice)}", ["hosts"])
    return OnPrem(
        Options(
            account=account,
            hosts=known,
            prometheus=Prometheus(prometheus, "onprem", account) if prometheus else None,
            queries=read_queries(queries),
            rate_card=Path(rate_card).expanduser() if rate_card else None,
            bills=bills_folder(bills),
        )
    )


def _host(given: Mapping[str, str], account: str) -> Host:
    known = ("name", "uri", "region")
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UnknownOption("onprem", "a host is not a mapping", [f"hosts.{key}" for key in known])
    unknown = sorted(set(given) - set(known))
    lacking = [key for key in ("name", "uri") if not given.get(key)]
    if unknown or lacking:
        problem = f"a host has {', '.join(unknown) or 'no ' + ' and no '.join(lacking)}"
        raise UnknownOption("onprem", problem, [f"hosts.{key}" for key in known])
    return Host(given["name"], given["uri"], given.get("region") or account)
