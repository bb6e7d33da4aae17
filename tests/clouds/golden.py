"""One estate twice: as the demo cloud says it, and as a reader finds it in its cloud's emulator.

`tests/clouds/<cloud>/golden_estate.py` holds

    UNSAID: Sequence[Unsaid]  # what can't come out, and why

    @contextmanager
    def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]: ...

which makes the rows in the emulator and connects through `clouds/<cloud>`'s own `connect`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

Row = dict[str, Any]  # of `RESOURCE_SCHEMA`, with tags and config as objects
FIELDS = ("account", "region", "zone", "sku", "state", "state_since", "created_at", "attached_to",
          "size_gib")  # fmt: skip
"""`member_of` is not among them: the demo has no groups."""
OF_EACH = 3  # of a sample
NEAR = 1e-6  # of a GiB; some clouds count bytes
THROUGH = "network_interface"  # what some clouds put between an address and its machine


@dataclass(frozen=True)
class Unsaid:
    """What a cloud or its emulator can't say as the demo does.

    Without a field it is the whole kind; `config.x` is one key of the config, `tags.x` of the tags.
    """

    kind: str
    field: str
    why: str
    state: str = ""  # only of those in this state


@dataclass(frozen=True)
class Load:
    """How busy one machine is in one hour: percent of its processor, or of its memory."""

    name: str
    hour: datetime
    percents: Sequence[float]  # at even distances


@dataclass(frozen=True)
class Difference:
    """A field of a resource that came out otherwise."""

    kind: str
    name: str
    field: str
    said: Any
    found: Any


def rows_of(frame: pl.DataFrame) -> list[Row]:
    return [
        {
            **row,
            "tags": json.loads(row["tags"] or "{}"),
            "config": json.loads(row["config"] or "{}"),
        }
        for row in frame.iter_rows(named=True)
    ]


def sample(rows: Sequence[Row]) -> list[Row]:
    """Some of each kind in each state, and what these belong to, come from, and start from.

    Large accounts first, so that few are left to be read.
    """
    by_id = {row["resource_id"]: row for row in rows}
    boots = {row["attached_to"]: row for row in rows if row["config"].get("boot") == "true"}
    seen: Counter[tuple[str, str]] = Counter()
    chosen: dict[str, Row] = {}
    waiting: list[Row] = []
    large = Counter(row["account"] for row in rows)
    for row in sorted(rows, key=lambda row: (-large[row["account"]], row["resource_id"])):
        seen[row["kind"], row["state"]] += 1
        if seen[row["kind"], row["state"]] <= OF_EACH:
            waiting.append(row)
    while waiting:
        row = waiting.pop()
        if chosen.setdefault(row["resource_id"], row) is not row:
            continue
        led = [by_id.get(row["attached_to"]), by_id.get(row["config"].get("source")),
               boots.get(row["resource_id"])]  # fmt: skip
        waiting += [each for each in led if each and each["resource_id"] not in chosen]
    return [chosen[each] for each in sorted(chosen)]


def differences(said: Sequence[Row], found: Sequence[Row]) -> Iterator[Difference]:
    """Every field that differs, of what has the same kind and name; `name` if one is not there."""
    known = {(row["kind"], row["name"]) for row in said}
    names, others = _names(said), _names(found)
    by_name = {(row["kind"], row["name"]): row for row in found}
    doubled = Counter((row["kind"], row["name"]) for row in found)
    for row in said:
        key = row["kind"], row["name"]
        if key not in by_name or doubled[key] > 1:
            yield Difference(*key, "", 1, doubled[key])
            continue
        ours, theirs = _plain(row, names), _plain(by_name[key], others)
        wanted = [*FIELDS, *(name for name in ours if name.startswith("config."))]
        wanted += [name for name in {*ours, *theirs} if name.startswith("tags.")]
        for name in wanted:
            if not _same(ours.get(name), theirs.get(name)):
                yield Difference(*key, name, ours.get(name), theirs.get(name))
    assert len(known) == len(said), "two of one kind have the same name"


def excused(difference: Difference, state: str, unsaid: Sequence[Unsaid]) -> list[Unsaid]:
    """What says that this can't be otherwise."""
    return [
        each for each in unsaid
        if each.kind == difference.kind and each.state in ("", state)
        and (each.field in ("", difference.field)
             or (each.field == "tags" and difference.field.startswith("tags.")))
    ]  # fmt: skip


def _names(rows: Sequence[Row]) -> Mapping[str, str]:
    """The name of each id; what leads on to a machine has the name of the machine."""
    leads = {row["resource_id"]: row["attached_to"] for row in rows if row["kind"] == THROUGH}
    names = {row["resource_id"]: row["name"] for row in rows}
    return names | {one: names.get(other, "(gone)") for one, other in leads.items()}


def _plain(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Ids as names, since emulators make their own; config and tags key by key."""
    plain = {
        **row,
        **{f"config.{key}": value for key, value in row["config"].items()},
        **{f"tags.{key}": value for key, value in row["tags"].items()},
    }
    for field in ("attached_to", "config.source"):
        if plain.get(field):
            plain[field] = names.get(plain[field], "(gone)")
    return plain


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) < NEAR
    return ours == theirs
