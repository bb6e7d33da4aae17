"""Read the published snapshot: one connection for each, one cursor per query, cached answers."""

import re
import sys
from collections import OrderedDict
from collections.abc import Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import cast

import duckdb
import polars as pl
import streamlit as st
from duckdb import DuckDBPyConnection

from pipelines.settings import Settings, load_settings
from warehouse.errors import NothingPublished, OlderTables
from warehouse.lake import Lake
from warehouse.query import check, confine

CHECK_SECONDS = 2  # how long a page may miss that something newer was published
OPEN_SNAPSHOTS = 2  # the published one, and the one before for pages that are still being drawn
EVIDENCE_ROWS = 500

Value = str | int | float | Decimal | bool | date | datetime | None
Parameter = Value | list[str]


@dataclass(frozen=True)
class Snapshot:
    """What was published last, and when."""

    id: int
    as_of: datetime  # the clock of the run
    published_at: datetime


class Reader:
    """Answers queries on published snapshots, from as many threads as there are visitors."""

    def __init__(self, settings: Settings) -> None:
        self._lake = Lake(settings)
        self._lock = Lock()
        self._follower: DuckDBPyConnection | None = None
        self._open: OrderedDict[int, DuckDBPyConnection] = OrderedDict()
        self._newest: Snapshot | None = None
        self._looked_at = 0.0
        self._file_id = self._lake.file_id()

    def published(self) -> Snapshot:
        """The snapshot to show now. Raises `NothingPublished`."""
        with self._lock:
            if self._newest is None or monotonic() - self._looked_at > CHECK_SECONDS:
                self._newest = self._look_again()
                self._looked_at = monotonic()
            return self._newest

    def rows(self, snapshot: Snapshot, sql: str) -> pl.DataFrame:
        """The answer to one query on that snapshot."""
        with self.cursor(snapshot) as cursor:
            return cursor.execute(sql).pl()

    def rows_of_somebody(self, snapshot: Snapshot, sql: str, most: int) -> pl.DataFrame:
        """The first rows of a query that we did not write. Raises `QueryRefused`."""
        with self.cursor(snapshot) as cursor:
            check(cursor, sql)
            return cursor.execute(sql).pl().head(most)

    @contextmanager
    def cursor(self, snapshot: Snapshot) -> Generator[DuckDBPyConnection]:
        """A cursor of one's own on that snapshot."""
        with closing(self._cursor(snapshot)) as cursor:
            yield cursor

    def _look_again(self) -> Snapshot:
        """The same of a home that was removed or replaced meanwhile."""
        if (now := self._lake.file_id()) != self._file_id:
            self._let_go()
            self._file_id = now
        try:
            return self._look()
        except duckdb.Error:
            self._let_go()
            return self._look()

    def _let_go(self) -> None:
        """Queries that are still running have cursors of their own."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _look(self) -> Snapshot:
        if self._follower is None:
            self._follower = self._lake.latest()
        with closing(self._follower.cursor()) as cursor:
            found = cursor.execute(
                "select snapshot, as_of, published_at from lake.meta.published"
                " order by rowid desc limit 1"
            ).fetchone()
        if found is None:
            raise NothingPublished(self._lake.settings.home)
        return Snapshot(*found)

    def _cursor(self, snapshot: Snapshot) -> DuckDBPyConnection:
        with self._lock:
            if snapshot.id not in self._open:
                connection = self._lake.reader(snapshot.id)
                confine(connection, self._lake)
                self._open[snapshot.id] = connection
                if len(self._open) > OPEN_SNAPSHOTS:
                    self._open.popitem(last=False)[1].close()
            cursor = self._open[snapshot.id].cursor()
        cursor.execute("use lake")  # a cursor does not inherit it
        cursor.execute(f"set variable as_of = timestamp '{snapshot.as_of}'")
        return cursor


def settings() -> Settings:
    """The settings of the home this dashboard was started for."""
    arguments = sys.argv[1:]
    home = Path(arguments[arguments.index("--home") + 1]) if "--home" in arguments else None
    return load_settings(home)


def snapshot() -> Snapshot:
    """The snapshot this page is drawn from. Raises `NothingPublished`."""
    return cast(Snapshot, st.session_state["snapshot"])


def begin() -> Snapshot:
    """Fix the newest published snapshot for the whole page. Raises `NothingPublished`."""
    st.session_state["snapshot"] = newest = _reader().published()
    return newest


def ask(query: str, **parameters: Parameter) -> pl.DataFrame:
    """The rows of queries/<query>.sql, with the parameters written into it."""
    return run(statement(query, **parameters))


def run(sql: str) -> pl.DataFrame:
    """The rows of a query on this page's snapshot, remembered until another one is published.

    Raises `OlderTables` if the snapshot is of an older version and lacks what is asked for.
    """
    return _remembered(str(settings().home.resolve()), snapshot(), sql)


def evidence(sql: str) -> pl.DataFrame:
    """The first rows of a query that came with a recommendation or an anomaly.

    Raises `QueryRefused` if it does anything but read the lake.
    """
    return _remembered_evidence(str(settings().home.resolve()), snapshot(), sql)


def cursor() -> AbstractContextManager[DuckDBPyConnection]:
    """A connection on this page's snapshot, for those who ask the marts themselves."""
    return _reader().cursor(snapshot())


def statement(query: str, **parameters: Parameter) -> str:
    """The query exactly as it is run, ready for `instance-select sql`.

    What a file asks for with `getvariable('currency')` is written in as a literal.
    """

    def literal(match: re.Match[str]) -> str:
        name = match[1]
        return _literal(snapshot().as_of if name == "as_of" else parameters[name])

    return re.sub(r"getvariable\('([a-z_]+)'\)", literal, _file(query))


@cache
def _file(query: str) -> str:
    text = (files("app.dashboard") / "queries" / f"{query}.sql").read_text()
    return text.strip()


def _literal(value: Parameter) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return f"timestamp '{value}'"
        case date():
            return f"date '{value}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case list():
            return f"[{', '.join(_literal(item) for item in value)}]::varchar[]"


@st.cache_resource(max_entries=4, show_spinner=False)
def _open_reader(home: str, _settings: Settings) -> Reader:
    return Reader(_settings)


def _reader() -> Reader:
    current = settings()
    return _open_reader(str(current.home.resolve()), current)


@st.cache_data(max_entries=100, ttl="1h", show_spinner=False)
def _remembered_evidence(home: str, snapshot: Snapshot, sql: str) -> pl.DataFrame:
    return _reader().rows_of_somebody(snapshot, sql, EVIDENCE_ROWS)


@st.cache_data(max_entries=400, ttl="1h", show_spinner=False)
def _remembered(home: str, snapshot: Snapshot, sql: str) -> pl.DataFrame:
    try:
        return _reader().rows(snapshot, sql)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise OlderTables(error) from error
