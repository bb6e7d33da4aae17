"""Requirements out of the flags of github.com/aws/amazon-ec2-instance-selector."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from models.errors import BadRequirement
from models.selection.requirements import REGEX, Range, Requirements

RANGES: Mapping[str, tuple[str, float]] = {  # its name: ours, and its units in one of ours
    "vcpus": ("vcpus", 1),
    "memory": ("memory_gib", 1),
    "gpus": ("gpus", 1),
    "gpu-memory-total": ("gpu_memory_gib", 1),
    "inference-accelerators": ("accelerators", 1),
    "network-interfaces": ("network_interfaces", 1),
    "network-performance": ("network_peak_gbps", 1),
    "instance-storage": ("local_storage_gb", 1),
    "ebs-optimized-baseline-bandwidth": ("ebs_mbps", 1),
    "ebs-optimized-baseline-throughput": ("ebs_mbps", 0.125),  # MB/s
    "ebs-optimized-baseline-iops": ("ebs_iops", 1),
    "price-per-hour": ("price_hour", 1),
}
SIZES = {"mib": 1 / 1024, "mb": 1 / 1024, "gib": 1, "gb": 1, "tib": 1024, "tb": 1024, "": 1}
SWITCHES = {  # its name: our feature
    "hibernation-support": "hibernation",
    "ena-support": "ena",
    "efa-support": "efa",
    "network-encryption": "encryption_in_transit",
    "ipv6": "ipv6",
    "nvme": "nvme",
    "disk-encryption": "disk_encryption",
    "ebs-optimized": "ebs_optimized",
    "free-tier": "free_tier",
    "dedicated-hosts": "dedicated_hosts",
    "auto-recovery": "auto_recovery",
}
FLAGS = {
    "burst-support": "burstable",
    "baremetal": "bare_metal",
    "current-generation": "current_generation",
}
WORDS = {  # its name: the prefix of our feature
    "hypervisor": "hypervisor:",
    "virtualization-type": "virtualization:",
    "placement-group-strategy": "placement:",
    "disk-type": "disk:",
    "root-device-type": "root:",
}
SETS = {
    "cpu-architecture": "arch",
    "cpu-manufacturer": "cpu_vendor",
    "region": "region",
    "instance-types": "instance_type",
    "allow-list": "instance_type",
    "deny-list": "not_instance_type",
    "gpu-model": "gpu_model",
    "gpu-manufacturer": "gpu_model",
    "usage-class": "price_type",
}
SHORT = {
    "c": "vcpus", "m": "memory", "g": "gpus", "r": "region", "u": "usage-class",
    "b": "burst-support", "e": "ena-support", "a": "cpu-architecture", "z": "availability-zones",
}  # fmt: skip
SPELT = {
    "amd64": "x86_64", "x86_64_mac": "x86_64_mac", "on-demand": "on_demand", "pv": "paravirtual",
}  # fmt: skip
NOT_APPLIED = (
    "availability-zones", "generation", "generation-min", "generation-max", "service", "flexible",
    "base-instance-type", "inference-accelerator-manufacturer", "inference-accelerator-model",
    "fpga-support", "max-results", "output", "sort-by", "sort-direction", "profile", "verbose",
    "cache-dir", "cache-ttl",
)  # fmt: skip


@dataclass
class _Reading:
    ranges: dict[str, Range] = field(default_factory=dict[str, Range])
    sets: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    flags: dict[str, bool] = field(default_factory=dict[str, bool])
    not_applied: list[str] = field(default_factory=list[str])


def from_flags(text: str) -> tuple[Requirements, list[str]]:
    """The requirements of a command line of that tool, and the flags that can't be applied here.

    >>> from_flags("--vcpus-min 2 -m 4gb --cpu-architecture arm64")[0].ranges
    {'vcpus': Range(low=2.0, high=None), 'memory_gib': Range(low=4.0, high=4.0)}
    """
    found = _Reading()
    try:
        words = shlex.split(text)
    except ValueError as error:  # a quote or a backslash that nothing follows
        raise BadRequirement(f"Found {text!r} ({error}), expected quotes in pairs.") from None
    if words and not words[0].startswith("-"):
        words = words[1:]  # the tool's own name
    while words:
        name, value, words = _next(words)
        _read(found, name, value)
    sets = {name: tuple(members) for name, members in found.sets.items()}
    sets.setdefault("cloud", ("aws",))
    return Requirements(found.ranges, sets, found.flags), found.not_applied


def _next(words: list[str]) -> tuple[str, str, list[str]]:
    """The first flag, its value (true where there is none), and the words behind them."""
    given, is_joined, value = words[0].partition("=")
    name = given.lstrip("-")
    name = SHORT.get(name, name) if not given.startswith("--") else name
    if not given.startswith("-"):
        raise BadRequirement(f"Found {given!r} where a flag of ec2-instance-selector was expected.")
    if is_joined:
        return name, value, words[1:]
    is_switch = name in SWITCHES or name in FLAGS or name in ("flexible", "verbose", "fpga-support")
    if is_switch or len(words) == 1:
        return name, "true", words[1:]
    return name, words[1], words[2:]


def _read(found: _Reading, name: str, value: str) -> None:
    base, _, end = name.rpartition("-") if name.endswith(("-min", "-max")) else (name, "", "")
    members = [SPELT.get(one, one) for one in value.split(",")]
    if base in RANGES:
        _limit(found, base, end, value)
    elif name in SWITCHES:
        _add(found, "features" if _is_true(name, value) else "not_features", [SWITCHES[name]])
    elif name in FLAGS:
        found.flags[FLAGS[name]] = _is_true(name, value)
    elif name in WORDS:
        _add(found, "features", [f"{WORDS[name]}{one.lower()}" for one in members])
    elif name in ("allow-list", "deny-list"):
        _add(found, SETS[name], [f"{REGEX}{value}"])
    elif name == "gpu-manufacturer":
        _add(found, "gpu_model", [f"{value.lower()} *"])
    elif name == "gpu-model":
        _add(found, "gpu_model", [value.lower(), f"* {value.lower()}"])
    elif name in SETS:
        _add(found, SETS[name], [one.lower() for one in members])
    elif name == "vcpus-to-memory-ratio":
        found.ranges["gib_per_vcpu"] = _ratio(value)
    elif name in NOT_APPLIED or base in NOT_APPLIED:
        found.not_applied.append(f"--{name}")
    else:
        raise BadRequirement(f"ec2-instance-selector has no flag --{name} that is known here.")


def _limit(found: _Reading, base: str, end: str, value: str) -> None:
    ours, unit = RANGES[base]
    amount = _amount(base, value) / unit
    before = found.ranges.get(ours, Range())
    low = before.low if end == "max" else amount
    high = before.high if end == "min" else amount
    found.ranges[ours] = Range(low, high)


def _amount(name: str, value: str) -> float:
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", value)
    if parts is None or parts[2].lower() not in SIZES:
        raise BadRequirement(f"--{name} is {value!r}; expected a number, or one like 16gb.")
    return float(parts[1]) * SIZES[parts[2].lower()]


def _ratio(value: str) -> Range:
    parts = re.fullmatch(r"(\d+):(\d+)", value)
    if parts is None or parts[1] == "0":
        raise BadRequirement(f"--vcpus-to-memory-ratio is {value!r}; expected one like 1:2.")
    gib = int(parts[2]) / int(parts[1])
    return Range(gib * 0.9, gib * 1.1)  # that tool rounds to whole GiB per vCPU


def _is_true(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise BadRequirement(f"--{name} is {value!r}; expected true or false.")
    return value.lower() == "true"


def _add(found: _Reading, name: str, members: list[str]) -> None:
    found.sets.setdefault(name, []).extend(members)
