"""What a token must be allowed."""

import json
from collections.abc import Mapping, Sequence

READS: Mapping[str, Sequence[str]] = {
    "bills": ("bills.read",),
    "inventory": ("machines.read", "disks.read"),
    "metrics": ("usage.read",),
}


def policy(write: bool) -> str:
    """The role to make, as JSON."""
    names = [] if write else [name for names in READS.values() for name in names]
    return json.dumps({"role": "instance-select", "allow": names}, indent=2)
