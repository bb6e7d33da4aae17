"""What a machine that runs needs, by what it used at its peaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.selection.requirements import Range, Requirements

if TYPE_CHECKING:
    from models.rightsizing import Headroom

BITS = 8
GIGA = 1e9
LEAST_NETWORK = 0.01  # Gbit/s; every machine has more


@dataclass(frozen=True)
class Need:
    """What it must have, and what that rests on, in sentences."""

    asked: Requirements
    reasons: tuple[str, ...]


def need(machine: Mapping[str, Any], headroom: "Headroom") -> Need:
    """As much as it used, with the headroom of right-sizing, where it is and of its architecture.

    `machine` has cloud, region, os, arch, instance_type, vcpus, memory_gib, gpu_count, gpu_model,
    local_storage_gb, network_gbps, burstable, and what was measured in the last 14 to 32 days:
    cpu_p99 and memory_max in percent, network_p99 in bytes a second; null = not measured. What
    nobody measured is not cut: it needs what it has. GPUs and local disks are never lost.
    """
    ranges: dict[str, Range] = {}
    reasons: list[str] = []
    used = (
        ("vcpus", "vCPU", machine["cpu_p99"], headroom.cpu_percent),
        ("memory_gib", "GiB", machine["memory_max"], headroom.memory_percent),
    )
    for name, unit, percent, most in used:
        has = machine[name]
        if has is None:
            reasons.append(f"how many {unit} {machine['instance_type']} has is unknown")
            continue
        needed = has if percent is None else has * percent / most
        ranges[name] = Range(round(needed, 3), None)
        told = "no measurement, so as many as it has"
        if percent is not None:
            told = f"{percent:.0f} % of {has:g} at its peaks, at most {most:g} % of the new size"
        reasons.append(f"at least {needed:.4g} {unit}: {told}")
    for name, column in (("gpus", "gpu_count"), ("local_storage_gb", "local_storage_gb")):
        if machine[column]:
            ranges[name] = Range(machine[column], None)
            reasons.append(f"at least {machine[column]:g} {name}: it has them")
    if machine["network_p99"] is not None and machine["network_gbps"] is not None:
        gbps = machine["network_p99"] * BITS / GIGA / (headroom.cpu_percent / 100)
        if gbps >= LEAST_NETWORK:
            ranges["network_gbps"] = Range(round(gbps, 3), None)
            reasons.append(f"at least {gbps:.3g} Gbit/s of network, by its p99")
    named = {"cloud": "cloud", "region": "region", "arch": "arch", "gpu_model": "gpu_model"}
    sets = {name: (str(machine[column]),) for name, column in named.items() if machine[column]}
    flags = {} if machine["burstable"] else {"burstable": False}
    return Need(
        Requirements(ranges=ranges, sets=sets, flags=flags, os=machine["os"] or "linux"),
        tuple(reasons),
    )
