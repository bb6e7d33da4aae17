"""How full a new size may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Headroom:
    """Percent of the new size, at the peaks that were measured."""

    cpu_percent: float = 80.0  # at the p99 of hourly maxima
    memory_percent: float = 80.0  # at the highest memory use
