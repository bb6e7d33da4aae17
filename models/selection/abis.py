"""Requirements as the InstanceRequirements of Amazon EC2: its attribute-based selection."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor
from typing import Any

from models.errors import BadRequirement
from models.selection.requirements import Range, Requirements

MIB = 1024  # per GiB
MOST_TYPES = 400  # that EC2 takes in AllowedInstanceTypes
VENDORS = {"intel": "intel", "amd": "amd", "aws": "amazon-web-services", "apple": "apple"}
FLAGS = {"burstable": "BurstablePerformance", "bare_metal": "BareMetal"}
REQUIRED = {
    "encryption_in_transit": "RequireEncryptionInTransit",
    "hibernation": "RequireHibernateSupport",
}
PLACE = {  # of the call, not of the machine
    "cloud", "region", "country", "continent", "price_type", "carbon_g_kwh", "latency_ms",
}  # fmt: skip


def _whole(factor: float = 1) -> Callable[[Range], dict[str, int]]:
    def written(wanted: Range) -> dict[str, int]:
        low = {} if wanted.low is None else {"Min": ceil(wanted.low * factor)}
        return low | ({} if wanted.high is None else {"Max": floor(wanted.high * factor)})

    return written


def _exact(wanted: Range) -> dict[str, float]:
    low = {} if wanted.low is None else {"Min": wanted.low}
    return low | ({} if wanted.high is None else {"Max": wanted.high})


RANGES: Mapping[str, tuple[str, Callable[[Range], dict[str, Any]]]] = {
    "vcpus": ("VCpuCount", _whole()),
    "memory_gib": ("MemoryMiB", _whole(MIB)),
    "gib_per_vcpu": ("MemoryGiBPerVCpu", _exact),
    "network_gbps": ("NetworkBandwidthGbps", _exact),
    "network_interfaces": ("NetworkInterfaceCount", _whole()),
    "ebs_mbps": ("BaselineEbsBandwidthMbps", _whole()),
}


def instance_requirements(
    asked: Requirements, accepted: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """The requirements in EC2's names, and the names of those that it has no word for.

    For their sake the instance types that fit (`accepted`, of AWS) are listed one by one; such a
    list does not follow when new types come. Raises `BadRequirement` if there are too many.
    """
    found: dict[str, Any] = {"VCpuCount": {"Min": 0}, "MemoryMiB": {"Min": 0}}
    left = (set(asked.ranges) | set(asked.sets)) - PLACE
    for name, (word, written) in RANGES.items():
        if name in asked.ranges:
            found[word] = {**found.get(word, {}), **written(asked.ranges[name])}
            left.discard(name)
    for name, word in FLAGS.items():
        wanted = asked.flags.get(name)
        found[word] = "included" if wanted is None else "required" if wanted else "excluded"
    if "current_generation" in asked.flags:
        found["InstanceGenerations"] = [
            "current" if asked.flags["current_generation"] else "previous"
        ]
    for part in (_storage(asked), _gpus(asked), _names(asked)):
        for name, words in part.items():
            found |= words
            left.discard(name)
    if left:
        found.pop("ExcludedInstanceTypes", None)
        found["AllowedInstanceTypes"] = _listed(accepted, left)
    return found, sorted(left)


def _storage(asked: Requirements) -> dict[str, dict[str, Any]]:
    wanted = asked.ranges.get("local_storage_gb")
    if wanted is None:
        return {}
    if wanted.high == 0:
        return {"local_storage_gb": {"LocalStorage": "excluded"}}
    if wanted.low:
        size = {"LocalStorage": "required", "TotalLocalStorageGB": _exact(wanted)}
        return {"local_storage_gb": size}
    return {}


def _gpus(asked: Requirements) -> dict[str, dict[str, Any]]:
    """EC2 counts all accelerators as one; only at least one GPU, or none of any kind, is clear."""
    gpus, others = asked.ranges.get("gpus"), asked.ranges.get("accelerators")
    if gpus is not None and gpus.low:
        words: dict[str, dict[str, Any]] = {
            "gpus": {"AcceleratorTypes": ["gpu"], "AcceleratorCount": _whole()(gpus)}
        }
        if memory := asked.ranges.get("gpu_memory_gib"):
            words["gpu_memory_gib"] = {"AcceleratorTotalMemoryMiB": _whole(MIB)(memory)}
        return words
    if gpus == others == Range(0, 0) or (gpus == others and gpus == Range(None, 0)):
        none = {"AcceleratorCount": {"Max": 0}}
        return {"gpus": none, "accelerators": none}
    return {}


def _names(asked: Requirements) -> dict[str, dict[str, Any]]:
    words: dict[str, dict[str, Any]] = {}
    vendors = asked.sets.get("cpu_vendor", ())
    if vendors and set(vendors) <= set(VENDORS):
        words["cpu_vendor"] = {"CpuManufacturers": [VENDORS[one] for one in vendors]}
    features = asked.sets.get("features", ())
    if features and set(features) <= set(REQUIRED):
        words["features"] = {REQUIRED[one]: True for one in features}
    allowed, denied = asked.sets.get("instance_type", ()), asked.sets.get("not_instance_type", ())
    families = tuple(f"{family}.*" for family in asked.sets.get("family", ()))
    if allowed and not families and not denied and _are_globs(allowed):
        words["instance_type"] = {"AllowedInstanceTypes": list(allowed)}
    if families and not allowed and not denied and _are_globs(families):
        words["family"] = {"AllowedInstanceTypes": list(families)}
    if denied and not families and not allowed and _are_globs(denied):
        words["not_instance_type"] = {"ExcludedInstanceTypes": list(denied)}
    return words


def _are_globs(patterns: Sequence[str]) -> bool:
    """EC2 knows `*` only."""
    return not any(set("?[") & set(one) or one.startswith("re:") for one in patterns)


def _listed(accepted: Sequence[str], left: set[str]) -> list[str]:
    types = list(dict.fromkeys(accepted))
    if not types or len(types) > MOST_TYPES:
        raise BadRequirement(
            f"EC2 has no word for {', '.join(sorted(left))}, so the types that fit would be listed "
            f"by name: found {len(types)}, it takes 1 to {MOST_TYPES}. Ask for less, or more."
        )
    return types
