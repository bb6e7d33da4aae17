"""What ran on which day: one small file per day, as last seen on it. Nothing is made up later."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from clouds.onprem.files import replace_file


@dataclass(frozen=True)
class Guest:
    """A domain that was active on a host."""

    resource_id: str
    name: str
    vcpus: int
    memory_mib: int
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


Day = Mapping[str, Sequence[Guest]]
"""The hosts that were seen on a day, each with its guests; a host that is missing was not seen."""


def observed(folder: Path, day: date) -> Day:
    """What was seen on that day; empty if nothing was."""
    path = _path(folder, day)
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {host: [Guest(**guest) for guest in guests] for host, guests in found.items()}


def remember(folder: Path, day: date, seen: Day) -> None:
    """Keep what was seen; of a host that was seen before on that day, only the newest counts."""
    merged = {**observed(folder, day), **seen}
    if not merged:
        return
    content = {
        host: [asdict(guest) for guest in sorted(guests, key=lambda guest: guest.resource_id)]
        for host, guests in sorted(merged.items())
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    replace_file(_path(folder, day), text.encode())


def _path(folder: Path, day: date) -> Path:
    return folder / f"{day}.json"
