"""Read and write the persisted state of the estate, in transactions."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

FILE = "state.sqlite"
TIMES = ("launched_on", "created_at", "deleted_at", "starts_at", "ends_at", "issued_at")
DATES = ("starts_on", "ends_on", "period")
FLAGS = ("agent", "ends_discount", "drops_tags")


class State:
    """The tables of one estate; reading gives frames, writing happens in one transaction."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / FILE

    def exists(self) -> bool:
        """Whether an estate has been made in the folder."""
        return self.file.exists()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A connection whose changes are all kept, or none if an error is raised."""
        connection = self._open()
        try:
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        finally:
            connection.close()

    def create(self, tables: dict[str, pl.DataFrame], meta: dict[str, str]) -> None:
        """A new state with these tables; an older one in the folder is replaced."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)
        connection = self._open()
        connection.executescript((files("clouds.demo") / "schema.sql").read_text())
        connection.close()
        with self.transaction() as writing:
            for name, frame in tables.items():
                insert(writing, name, frame)
            writing.executemany("insert into meta values (?, ?)", list(meta.items()))

    def meta(self) -> dict[str, str]:
        """Seed, clock and the other single values."""
        with self._reading() as connection:
            return dict(connection.execute("select key, value from meta").fetchall())

    def now(self) -> datetime:
        """The simulated clock."""
        return datetime.fromisoformat(self.meta()["now"])

    def table(self, name: str, where: str = "1 = 1") -> pl.DataFrame:
        """One table, typed."""
        with self._reading() as connection:
            cursor = connection.execute(f"select * from {name} where {where}")
            names = [column[0] for column in cursor.description]
            types = {
                row[1]: row[2].lower()
                for row in connection.execute(f"pragma table_info({name})").fetchall()
            }
            rows = cursor.fetchall()
        kinds = {"text": pl.String(), "integer": pl.Int64(), "real": pl.Float64()}
        schema = {column: kinds[types[column]] for column in names}
        return _typed(pl.DataFrame(rows, schema=schema, orient="row"))

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        return connection

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        if not self.exists():
            raise FileNotFoundError(
                f"There is no demo estate in {self.folder}. Make one with: instance-select demo"
            )
        is_fixed = not os.access(self.folder, os.W_OK) and not Path(f"{self.file}-wal").exists()
        how = "ro&immutable=1" if is_fixed else "rw"  # SQLite writes beside the file to read it
        name = f"{self.file.resolve().as_uri()}?mode={how}"
        connection = sqlite3.connect(name, timeout=60, isolation_level=None, uri=True)
        try:
            yield connection
        finally:
            connection.close()


def insert(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> None:
    """Append a frame to a table of the same columns."""
    if frame.is_empty():
        return
    text = frame.with_columns(
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S") for name in TIMES if name in frame.columns
    ).with_columns(
        [pl.col(name).dt.strftime("%Y-%m-%d") for name in DATES if name in frame.columns]
        + [
            pl.col(name).cast(pl.String)
            for name, kind in frame.schema.items()
            if kind == pl.Decimal
        ]
        + [pl.col(name).cast(pl.Int64) for name in FLAGS if name in frame.columns]
    )
    marks = ", ".join("?" * len(text.columns))
    columns = ", ".join(text.columns)
    connection.executemany(f"insert into {table} ({columns}) values ({marks})", text.rows())


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    columns: list[Any] = []
    for name in frame.columns:
        if name in TIMES:
            columns.append(pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us"))
        elif name in DATES:
            columns.append(pl.col(name).str.to_date("%Y-%m-%d"))
        elif name in FLAGS:
            columns.append(pl.col(name).cast(pl.Boolean))
    return frame.with_columns(columns)
