"""Read single facts of Google's messages: names, times, sizes, flags."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Payload = Mapping[str, Any]  # a message of the API as JSON

GIB = 2**30


def asset_name(link: str | None) -> str | None:
    """The full resource name behind a self link of Compute Engine.

    >>> asset_name("https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/d")
    '//compute.googleapis.com/projects/p/zones/z/disks/d'
    """
    path = re.search(r"projects/.+$", link or "")
    return f"//compute.googleapis.com/{path.group()}" if path else None


def last(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def moment(text: str | None) -> datetime | None:
    """A time as naive UTC."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def whole(value: Any) -> str | None:
    """A count as text; in an asset every JSON number is a double.

    >>> whole(3.0)
    '3'
    """
    return None if value is None else str(int(value))


def flag(value: Any) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


def number(value: Any) -> float | None:
    """A number, which some messages write as text."""
    return None if value is None else float(value)


def gib(size_bytes: Any) -> float | None:
    """A size in GiB."""
    return None if size_bytes is None else int(size_bytes) / GIB
