"""What an instance must be: ranges of its numbers, sets of its names, yes or no."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from models.errors import BadRequirement


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; None = no limit."""

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low == self.high and self.low is not None:
            return f"{self.low:g}"
        low = "" if self.low is None else f"{self.low:g}"
        high = "" if self.high is None else f"{self.high:g}"
        return f"{low}..{high}"


@dataclass(frozen=True)
class Measure:
    """A number that can be asked for: how the tables have it, and how people call it."""

    sql: str
    unit: str
    one: str | None = None  # where a single one is called otherwise


NEAR = "$near"  # stands in SQL for the region to which the round trip is asked for
INTERRUPTED = "if(is_spot, if(interruption_low is null, null, coalesce(interruption_high, 100)), 0)"
NUMBERS: Mapping[str, Measure] = {
    "vcpus": Measure("vcpus", "vCPUs", "vCPU"),
    "memory_gib": Measure("memory_gib", "GiB of memory"),
    "gib_per_vcpu": Measure("memory_gib / vcpus", "GiB per vCPU"),
    "clock_ghz": Measure("clock_ghz", "GHz"),
    "gpus": Measure("gpu_count", "GPUs", "GPU"),
    "gpu_memory_gib": Measure("gpu_memory_gib", "GiB of GPU memory"),
    "accelerators": Measure("accelerator_count", "accelerators", "accelerator"),
    "network_gbps": Measure("network_gbps", "Gbit/s of network"),
    "network_peak_gbps": Measure("network_peak_gbps", "Gbit/s of network at its peak"),
    "network_interfaces": Measure("network_interfaces", "network interfaces", "network interface"),
    "local_storage_gb": Measure("local_storage_gb", "GB of local storage"),
    "ebs_mbps": Measure("ebs_mbps", "Mbit/s to network disks"),
    "ebs_iops": Measure("ebs_iops", "IOPS to network disks"),
    "price_hour": Measure("price_hour", "an hour"),
    "interruption_percent": Measure(INTERRUPTED, "% of months interrupted"),
    "carbon_g_kwh": Measure("carbon_g_kwh", "g of CO2e per kWh"),
    "latency_ms": Measure(f"round_trips[{NEAR}]", "ms of round trip"),
}
"""Every number that a requirement can limit."""

GLOBS = ("region", "family", "instance_type", "gpu_model")  # sets whose members may have * and ?
REGEX = "re:"  # such a member that begins so is a regular expression
SETS: Mapping[str, str] = {  # name of the requirement: column of the candidates
    "cloud": "cloud",
    "region": "region",
    "country": "country",
    "continent": "continent",
    "price_type": "price_type",
    "arch": "arch",
    "family": "family",
    "instance_type": "instance_type",
    "not_instance_type": "instance_type",
    "cpu_vendor": "cpu_vendor",
    "gpu_model": "gpu_model",
    "features": "features",
    "not_features": "features",
}
"""Every name that a requirement can limit; of `features` all are needed, of the others one."""

FLAGS = ("burstable", "bare_metal", "current_generation", "doubtful")
"""Every claim that can be asked for or ruled out; `doubtful` is the price, not the machine."""

MOST_COUNTED = 1_000_000_000  # GiB or hours that go into a price, which is DECIMAL(18, 9)
EU = "EU"  # as a country: every member of the European Union


@dataclass(frozen=True)
class Requirements:
    """What is asked for; what is not named here is not asked for.

    Money is in `currency`, as prices in another one can't be compared. `disk_gib` and
    `egress_gib_month` go into the price, as does `restart_hours`: work lost by one interruption.
    `near` is the region to which `latency_ms` counts, of whichever cloud.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict[str, Range])
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    flags: Mapping[str, bool] = field(default_factory=dict[str, bool])
    os: str = "linux"
    currency: str = "USD"
    disk_gib: float | None = None
    egress_gib_month: float | None = None
    restart_hours: float | None = None
    near: str | None = None

    def __post_init__(self) -> None:
        for given, known in ((self.ranges, NUMBERS), (self.sets, SETS), (self.flags, FLAGS)):
            for name in given:
                if name not in known:
                    raise BadRequirement(f"There is no {name!r}. Known: {', '.join(known)}.")
        if self.near is None and self.ranges.get("latency_ms", Range()) != Range():
            raise BadRequirement("latency_ms counts to the region that near names; none is named.")

    def with_defaults(self, other: "Requirements") -> "Requirements":
        """These, and what only `other` asks for."""
        return replace(
            self,
            ranges={**other.ranges, **self.ranges},
            sets={**other.sets, **self.sets},
            flags={**other.flags, **self.flags},
        )


def parse_range(text: str) -> Range:
    """A range as people type it.

    >>> parse_range("4..8"), parse_range("16.."), parse_range("..0.5"), parse_range("2")
    (Range(low=4.0, high=8.0), Range(low=16.0, high=None), Range(low=None, high=0.5), Range(low=2.0, high=2.0))
    """  # noqa: E501
    number = r"(\d+(?:\.\d+)?)"
    if found := re.fullmatch(number, text.strip()):
        return Range(float(found[1]), float(found[1]))
    found = re.fullmatch(rf"{number}?\.\.{number}?", text.strip())
    if found is None or found[1] is found[2] is None:
        raise BadRequirement(
            f"{text!r} is no range. Write 4 for exactly 4, 4..8, 4.. for at least, ..8 for at most."
        )
    low, high = (None if part is None else float(part) for part in found.groups())
    if low is not None and high is not None and low > high:
        raise BadRequirement(f"{text!r} is empty: {low:g} is more than {high:g}.")
    return Range(low, high)
