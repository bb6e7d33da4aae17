"""What every inventory reader needs: the place it reads, and how records of resources are made."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from clouds.aws.access import Account

Payload = Mapping[str, Any]
Record = dict[str, Any]
GIB = 2**30


@dataclass(frozen=True)
class Place:
    """One region of one account, or `global`."""

    account: Account
    region: str

    def pages(self, service: str, operation: str, **given: Any) -> Iterator[Payload]:
        """Every page of a listing in this region, or at the home of global services."""
        return self.account.pages(service, operation, self._region(), **given)

    def call(self, service: str, operation: str, **given: Any) -> Any:
        """One call in this region, or at the home of global services."""
        return self.account.call(service, operation, self._region(), **given)

    def arn(self, service: str, name: str) -> str:
        """The ARN of something regional in this account."""
        return f"arn:{self.account.partition}:{service}:{self.region}:{self.account.id}:{name}"

    def has(self, service: str) -> bool:
        """Whether the SDK knows a service here; one that it knows nowhere may be here."""
        known = self.account.session.get_available_regions(service, self.account.partition)
        return not known or self.region in known

    def _region(self) -> str | None:
        return None if self.region == "global" else self.region


@dataclass(frozen=True)
class Reader:
    """How one kind is read: `fetch` yields payloads as they come, `parse` makes records of one."""

    kind: str
    where: Literal["region", "global"]
    fetch: Callable[[Place], Iterator[Payload]]
    parse: Callable[[Payload, Place], Iterator[Record]]


def record(place: Place, kind: str, resource_id: str, **facts: Any) -> Record:
    """One row of the inventory: `tags` and `config` as objects, of which nulls are left out."""
    tags, config = facts.pop("tags", None), facts.pop("config", None)
    return {
        "cloud": "aws",
        "account": place.account.id,
        "region": place.region,
        "kind": kind,
        "resource_id": resource_id,
        **facts,
        "tags": _object(tags) if tags is not None else None,
        "config": _object(config or {}),
    }


def tags_of(entries: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of keys and values as an object; `Key` or `key`, whichever the API writes."""
    found = entries or ()
    return {
        str(entry.get("Key", entry.get("key"))): str(entry.get("Value", entry.get("value")) or "")
        for entry in found
    }


def utc(moment: datetime | float | None) -> datetime | None:
    """A time of the SDK, or milliseconds since 1970, as naive UTC."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return datetime.fromtimestamp(moment / 1000, UTC).replace(tzinfo=None)


def tags_by_arn(place: Place, resource_type: str) -> dict[str, dict[str, str]]:
    """The tags of all tagged resources of one type: one listing instead of a call for each."""
    pages = place.pages(
        "resourcegroupstaggingapi", "get_resources", ResourceTypeFilters=[resource_type]
    )
    return {
        entry["ResourceARN"]: tags_of(entry.get("Tags"))
        for page in pages
        for entry in page.get("ResourceTagMappingList", ())
    }


def _object(values: Mapping[str, Any]) -> str:
    """A JSON object of strings."""
    strings = {key: _text(value) for key, value in values.items() if value is not None}
    return json.dumps(strings, ensure_ascii=False, separators=(",", ":"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
