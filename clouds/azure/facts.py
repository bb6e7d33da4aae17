"""Read single facts of Azure's answers: regions, times, ids, sizes, and the record they make."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
Record = dict[str, Any]
GIB = 2**30  # bytes


def place(name: Any) -> str:
    """A region as Azure's bills write it.

    >>> place("West Europe")
    'westeurope'
    """
    return str(name or "global").lower().replace(" ", "")


def time(told: Any) -> datetime | None:
    """A time of Azure, which may have seven digits of a second; null if there is none.

    >>> time("2026-02-01T06:07:08.1234567Z")
    datetime.datetime(2026, 2, 1, 6, 7, 8, 123456)
    """
    if not told:
        return None
    head, dot, tail = str(told).replace("Z", "+00:00").partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    fraction = f".{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}" if dot else ""
    found = datetime.fromisoformat(head + fraction)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def record(row: Row, *, config: Mapping[str, Any] | None = None, **facts: Any) -> Record:
    """A row of `RESOURCE_SCHEMA`, but for its kind; what is null in `config` is left out."""
    known = {key: value for key, value in (config or {}).items() if value is not None}
    return {
        "cloud": "azure",
        "account": str(row["id"]).split("/")[2].lower(),
        "region": place(row.get("location")),
        "zone": (row.get("zones") or [None])[0],
        "resource_id": id_of(row["id"]),
        "name": row["name"],
        "tags": _json(row.get("tags") or {}),
        "config": _json(known),
        **facts,
    }


def owner_of(config_id: Any) -> str | None:
    """The resource that has an IP configuration: the first two names of the id's path.

    A configuration of a scale set's machine stays with the scale set.
    """
    return "/".join(str(config_id).lower().split("/")[:9]) if config_id else None


def at(value: Any, *path: str) -> Any:
    """What lies at the end of a path of names; null if it does not lead there."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def id_of(value: Any) -> str | None:
    """An id as Azure's bills write it, in lower case."""
    return str(value).lower() if value else None


def lower(value: Any) -> str | None:
    """A word in lower case."""
    return str(value).lower() if value is not None else None


def text(value: Any) -> str | None:
    """A number or word as text."""
    return str(value) if value is not None else None


def flag(value: bool | None) -> str | None:
    """`true` or `false`."""
    return None if value is None else str(bool(value)).lower()


def state_of(value: Any, words: Mapping[str, str]) -> str | None:
    """Azure's word for a state as ours; one that is not in `words` stays, in lower case."""
    told = lower(value)
    return words.get(told, told) if told else None


def gib_of(gib: Any, size_bytes: Any) -> float | None:
    """A size in GiB, whichever way it is told."""
    if gib is not None:
        return float(gib)
    return float(size_bytes) / GIB if size_bytes is not None else None


def _json(value: Mapping[str, Any]) -> str:
    texts: Iterable[tuple[str, str]] = ((key, _plain(each)) for key, each in value.items())
    return json.dumps(dict(sorted(texts)), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
