"""Requirements out of the InstanceRequirements of Amazon EC2: its attribute-based selection."""

from collections.abc import Callable, Mapping
from typing import Any

from models.errors import BadRequirement
from models.selection.requirements import Range, Requirements

MIB = 1024  # per GiB
VENDORS = {"intel": "intel", "amd": "amd", "amazon-web-services": "aws", "apple": "apple"}
RANGES: Mapping[str, tuple[str, float]] = {  # EC2's name: ours, and its units in one of ours
    "VCpuCount": ("vcpus", 1),
    "MemoryMiB": ("memory_gib", MIB),
    "MemoryGiBPerVCpu": ("gib_per_vcpu", 1),
    "NetworkInterfaceCount": ("network_interfaces", 1),
    "NetworkBandwidthGbps": ("network_gbps", 1),
    "TotalLocalStorageGB": ("local_storage_gb", 1),
    "BaselineEbsBandwidthMbps": ("ebs_mbps", 1),
    "AcceleratorTotalMemoryMiB": ("gpu_memory_gib", MIB),
}
FEATURES = {
    "RequireHibernateSupport": "hibernation",
    "RequireEncryptionInTransit": "encryption_in_transit",
}
TYPES = {"AllowedInstanceTypes": "instance_type", "ExcludedInstanceTypes": "not_instance_type"}
DEFAULTS = {"BareMetal": "excluded", "BurstablePerformance": "excluded"}  # what EC2 does if silent
FLAGS = {"BareMetal": "bare_metal", "BurstablePerformance": "burstable"}
NOT_APPLIED = (  # shares of what EC2 finds cheapest, and speeds that nothing here states
    "SpotMaxPricePercentageOverLowestPrice",
    "OnDemandMaxPricePercentageOverLowestPrice",
    "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
    "BaselinePerformanceFactors",
)
SILENT_WITHOUT = ("AcceleratorTypes", "AcceleratorCount", "AcceleratorManufacturers")


def from_instance_requirements(given: Any) -> tuple[Requirements, list[str]]:
    """The requirements, and the names of those that can't be applied here.

    As EC2 does, machines that burst and bare metal are left out unless they are asked for. Raises
    `BadRequirement` for what EC2 does not know.
    """
    stated = given.get("InstanceRequirements", given) if isinstance(given, Mapping) else given
    if not isinstance(stated, Mapping):
        raise BadRequirement(
            f"Found {type(given).__name__}, expected an object with VCpuCount, MemoryMiB, ..."
        )
    words: dict[str, Any] = {**DEFAULTS, **{str(name): one for name, one in stated.items()}}
    ranges: dict[str, Range] = {}
    sets: dict[str, tuple[str, ...]] = {}
    flags: dict[str, bool] = {}
    features: list[str] = []
    not_applied: list[str] = []
    for name, value in words.items():
        if name in RANGES:
            ours, unit = RANGES[name]
            ranges[ours] = _range(name, value, unit)
        elif name in FLAGS:
            if (is_wanted := _flag(name, value)) is not None:
                flags[FLAGS[name]] = is_wanted
        elif name in FEATURES:
            features += [FEATURES[name]] * bool(value)
        elif name in TYPES:
            sets[TYPES[name]] = _names(name, value)
        elif name in NOT_APPLIED:
            not_applied.append(name)
        elif name == "CpuManufacturers":
            sets["cpu_vendor"] = tuple(_known(name, one, VENDORS) for one in _names(name, value))
        elif name == "InstanceGenerations":
            if len(set(_names(name, value))) == 1:
                flags["current_generation"] = value[0] == "current"
        elif name == "LocalStorage":
            if (is_wanted := _flag(name, value)) is not None:
                least = Range(1, None) if is_wanted else Range(0, 0)
                ranges.setdefault("local_storage_gb", least)
        elif name == "LocalStorageTypes":
            kinds = set(_names(name, value))
            features += [f"disk:{one}" for one in kinds] if len(kinds) == 1 else []
        elif name == "AcceleratorNames":
            sets["gpu_model"] = tuple(
                pattern for one in _names(name, value) for pattern in (one, f"* {one}")
            )
        elif name not in SILENT_WITHOUT:
            raise BadRequirement(f"EC2 has no attribute {name!r}. Known: {', '.join(_all())}.")
    not_applied += _accelerators(words, ranges, sets)
    if features:
        sets["features"] = tuple(features)
    return Requirements(ranges, sets, flags), not_applied


def _accelerators(
    words: Mapping[str, Any], ranges: dict[str, Range], sets: dict[str, tuple[str, ...]]
) -> list[str]:
    """EC2 counts all kinds as one; here GPUs are counted apart from the rest."""
    kinds = set(_names("AcceleratorTypes", words.get("AcceleratorTypes", [])))
    makers = set(_names("AcceleratorManufacturers", words.get("AcceleratorManufacturers", [])))
    left: list[str] = []
    if makers and "gpu_model" not in sets:
        if makers == {"nvidia"}:
            sets["gpu_model"] = ("nvidia *",)
        else:
            left.append("AcceleratorManufacturers")
    if "AcceleratorCount" in words:
        count = _range("AcceleratorCount", words["AcceleratorCount"], 1)
        if count.high == 0:
            ranges["gpus"] = ranges["accelerators"] = Range(0, 0)
        elif kinds == {"gpu"} or (not kinds and "gpu_model" in sets):
            ranges["gpus"] = count
        elif kinds and "gpu" not in kinds:
            ranges["accelerators"] = count
        else:
            left.append("AcceleratorCount")
    elif kinds == {"gpu"}:
        ranges["gpus"] = Range(1, None)
    elif kinds and "gpu" not in kinds:
        ranges["accelerators"] = Range(1, None)
    return left


def _range(name: str, value: Any, unit: float) -> Range:
    if not isinstance(value, Mapping) or set(value) - {"Min", "Max"}:
        raise BadRequirement(f"{name} is {value!r}; expected {{'Min': number, 'Max': number}}.")
    low, high = (None if one is None else float(one) / unit for one in map(value.get, _ENDS))
    return Range(low, high)


_ENDS = ("Min", "Max")


def _flag(name: str, value: Any) -> bool | None:
    words: Mapping[Any, bool | None] = {"included": None, "required": True, "excluded": False}
    if value not in words:
        raise BadRequirement(f"{name} is {value!r}; expected one of {', '.join(words)}.")
    return words[value]


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequirement(f"{name} is {value!r}; expected a list of names.")
    return tuple(map(str, value))


def _known(name: str, value: str, known: Mapping[str, str]) -> str:
    if value not in known:
        raise BadRequirement(f"{name} has {value!r}; known: {', '.join(known)}.")
    return known[value]


def _all() -> list[str]:
    others = ("CpuManufacturers", "InstanceGenerations", "LocalStorage", "LocalStorageTypes")
    maps: tuple[Mapping[str, Any], ...] = (RANGES, FLAGS, FEATURES, TYPES)
    names: Callable[[Mapping[str, Any]], list[str]] = list
    listed = [name for one in maps for name in names(one)]
    return [*listed, *others, "AcceleratorNames", *SILENT_WITHOUT, *NOT_APPLIED]
