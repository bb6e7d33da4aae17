"""Which ports a network security group of Azure leaves open to everybody."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clouds.ports import ALL, listed, parsed

EVERYBODY = frozenset({"*", "any", "internet", "0.0.0.0/0", "::/0"})
ANY = "*"


def open_ports(rules: Sequence[Mapping[str, Any]]) -> str | None:
    """The TCP ports that everybody may reach, by the group's own rules in their order.

    A range counts as closed where a rule that comes before forbids everybody all of it.
    """
    ours = sorted((rule["properties"] for rule in rules), key=lambda rule: rule["priority"])
    closed: list[tuple[int, int]] = []
    left: list[tuple[int, int]] = []
    for rule in ours:
        if not _is_for_everybody(rule):
            continue
        for first, last in _ports(rule):
            if str(rule.get("access")).lower() == "deny":
                closed.append((first, last))
            elif not any(low <= first and last <= high for low, high in closed):
                left.append((first, last))
    return listed(left)


def _is_for_everybody(rule: Mapping[str, Any]) -> bool:
    sources = {str(rule.get("sourceAddressPrefix") or "").lower()}
    sources |= {str(each).lower() for each in rule.get("sourceAddressPrefixes") or ()}
    is_tcp = str(rule.get("protocol")).lower() in ("tcp", ANY)
    is_inbound = str(rule.get("direction")).lower() == "inbound"
    return is_tcp and is_inbound and bool(sources & EVERYBODY)


def _ports(rule: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    told = [rule.get("destinationPortRange"), *(rule.get("destinationPortRanges") or ())]
    for each in told:
        if each:
            yield ALL if each == ANY else parsed(str(each))
