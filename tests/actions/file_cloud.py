"""A tiny cloud in one SQLite file, for tests that need to refuse, to be slow or to be killed.

Unlike a real kind it is not safe to call twice: each call leaves a row, so that a test sees a
change that was made twice. Only a snapshot is looked for by the id of its change before it is
taken, as the protocol asks: nothing else tells whether an attempt that was cut short took it.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import (
    ABSENT,
    RESOURCE_SCHEMA,
    Change,
    Exports,
    Finding,
    Observation,
    Reading,
    Resource,
    ResourceKind,
    Verb,
)

VERBS: Mapping[str, tuple[Verb, ...]] = {
    "instance": ("stop", "start", "resize", "schedule", "snapshot", "delete", "restore"),
    "disk": ("snapshot", "delete", "restore"),
    "address": ("release",),
    "snapshot": ("delete",),
}
FLEET = ("cloud", "account", "region", "resource_id", "kind", "state")
STATES = {"stop": "stopped", "start": "running"}


class FileCloud:
    """Resources in a file; `before` runs ahead of every call and may raise or sleep."""

    name = "file"
    cannot: Mapping[str, str] = {"database": "this test cloud has none"}

    def __init__(self, path: Path, before: Callable[[str, str], None] | None = None) -> None:
        self.path = path
        self.before = before or (lambda call, resource_id: None)
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {
            ("aws", kind): FileKind(self, verbs) for kind, verbs in VERBS.items()
        }
        with self.open() as database:
            database.execute(
                "create table if not exists resource (id text primary key, kind text, state text,"
                " sku text, attached_to text, schedule text, backup text)"
            )
            database.execute(
                "create table if not exists effect (change_id text, verb text, id text)"
            )

    def open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)

    def add(self, resource_id: str, kind: str = "instance", **look: str | None) -> Resource:
        state = {"instance": "running", "snapshot": "completed"}.get(kind, "available")
        facts = {"state": state, "sku": "m5.xlarge", "attached_to": None, **look}
        with self.open() as database:
            database.execute(
                "insert into resource (id, kind, state, sku, attached_to) values (?, ?, ?, ?, ?)",
                [resource_id, kind, facts["state"], facts["sku"], facts["attached_to"]],
            )
        return Resource("aws", "a1", "r1", resource_id, kind)

    def change(self, resource_id: str, **look: str) -> None:
        with self.open() as database:
            for name, value in look.items():
                database.execute(
                    f"update resource set {name} = ? where id = ?", [value, resource_id]
                )

    def look(self, resource_id: str) -> Observation:
        with self.open() as database:
            row = database.execute(
                "select state, sku, attached_to, schedule, backup from resource where id = ?",
                [resource_id],
            ).fetchone()
        if row is None:
            return Observation(ABSENT)
        return Observation(row[0], row[1], row[2], None, row[3], row[4])

    def effects(self) -> list[tuple[str, str, str]]:
        with self.open() as database:
            return database.execute("select * from effect order by rowid").fetchall()

    def now(self) -> datetime:
        return datetime(2026, 11, 1)

    def examine(self) -> Iterator[Finding]:
        return iter(())

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        return Exports([])

    def inventory(self) -> Reading:
        with self.open() as database:
            rows = database.execute("select id, kind, state from resource").fetchall()
        frame = pl.DataFrame(
            [
                {"cloud": "aws", "account": "a1", "region": "r1", "resource_id": row[0],
                 "kind": row[1], "state": row[2]}
                for row in rows
            ],
            schema={name: RESOURCE_SCHEMA[name] for name in FLEET},
        )  # fmt: skip
        return Reading(frame, [("aws", "a1", "r1")])

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        return iter(())

    def offers(self) -> pl.DataFrame:
        return pl.DataFrame()

    def prices(self) -> pl.DataFrame:
        return pl.DataFrame()

    def commitments(self) -> Reading:
        return Reading(pl.DataFrame())

    def invoices(self) -> Reading:
        return Reading(pl.DataFrame())


class FileKind:
    """One kind of resource in the file."""

    def __init__(self, cloud: FileCloud, verbs: tuple[Verb, ...]) -> None:
        self.cloud = cloud
        self.verbs = verbs

    def observe(self, resource: Resource) -> Observation:
        self.cloud.before("observe", resource.resource_id)
        return self.cloud.look(resource.resource_id)

    def apply(self, change: Change) -> str | None:
        name = change.resource.resource_id
        self.cloud.before(change.verb, name)
        made: str | None = None
        with self.cloud.open() as database:  # one transaction: killed before or after, never within
            database.execute("begin immediate")
            match change.verb:
                case "stop" | "start":
                    self._set(database, name, "state", STATES[change.verb])
                case "resize":
                    self._set(database, name, "sku", change.after)
                case "schedule":
                    after = None if change.after == "none" else change.after
                    self._set(database, name, "schedule", after)
                case "snapshot":
                    made = f"snap-{name}-{change.change_id}"
                    if self._has_made(database, change.change_id):
                        return made
                    self._set(database, name, "backup", made)
                case "delete" | "release":
                    database.execute("delete from resource where id = ?", [name])
                case "restore":
                    database.execute(
                        "insert into resource (id, kind, state, sku, backup)"
                        " values (?, ?, ?, ?, ?)",
                        [name, change.resource.kind, change.after, "m5.xlarge", change.backup],
                    )
            database.execute(
                "insert into effect values (?, ?, ?)", [change.change_id, change.verb, name]
            )
        self.cloud.before("after " + change.verb, name)
        return made

    def permissions(self, verb: Verb) -> tuple[str, ...]:
        return (f"ec2:{verb.capitalize()}",)

    @staticmethod
    def _has_made(database: sqlite3.Connection, change_id: str) -> bool:
        query = "select 1 from effect where change_id = ?"
        return database.execute(query, [change_id]).fetchone() is not None

    @staticmethod
    def _set(database: sqlite3.Connection, name: str, column: str, value: str | None) -> None:
        database.execute(f"update resource set {column} = ? where id = ?", [value, name])


def slow(seconds: float) -> Callable[[str, str], None]:
    """Takes its time with every call."""
    return lambda call, resource_id: time.sleep(seconds)
