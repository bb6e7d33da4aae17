"""Open the ledger: the database of decisions, migrated at open and shared by processes."""

import sqlite3
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    Select,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from actions.errors import ActionError, LedgerBusy, LedgerUnusable
from actions.tables import change, plan, run_change
from warehouse.disk import may_write, obstacle

BUSY_SECONDS = 60  # how long one writer waits for another
LOCK_KEY = 0x1E06E5  # PostgreSQL advisory lock of all ledger writes: one audit chain, one writer
APPLY_KEY = 0xA9917  # PostgreSQL advisory lock of the one plan that is being applied
CHANGES: Mapping[str, pl.DataType] = {
    "plan_id": pl.String(), "plan_status": pl.String(), "change_id": pl.String(),
    "run_id": pl.String(), "cloud": pl.String(), "account": pl.String(), "region": pl.String(),
    "resource_id": pl.String(), "kind": pl.String(), "verb": pl.String(), "before": pl.String(),
    "after": pl.String(), "risk": pl.String(), "outcome": pl.String(), "currency": pl.String(),
    "saving_month_low": pl.Decimal(38, 18), "saving_month_high": pl.Decimal(38, 18),
    "created_at": pl.Datetime("us"), "applied_at": pl.Datetime("us"),
}  # fmt: skip
"""The columns of `actions.change` in the lake."""

FILE_TROUBLE = ("disk I/O", "is full", "readonly", "unable to open")  # as SQLite says it
NEWEST = "0003"  # revision of the newest file in migrations/versions


Right = Callable[[], None]  # to apply a plan; raises `LedgerUnusable` if it was lost meanwhile


class Ledger:
    """One ledger. Reads see whole transactions; writes happen one at a time, in audit order."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A connection whose statements all see the same state. Raises `LedgerUnusable`."""
        with self._connection() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """One transaction, alone: committed at the end, rolled back on any error.

        Raises `LedgerBusy` or `LedgerUnusable`.
        """
        with self._connection(writes=True) as connection, connection.begin():
            if self.is_postgres:
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
            yield connection

    @contextmanager
    def applying(self, wait_seconds: float = 5) -> Generator[Right | None]:
        """Hold the right to apply a plan; yields None if another process keeps it that long.

        The right dies with the process that holds it, so a crash leaves nothing to clean up. On
        PostgreSQL it also dies with its connection: whoever holds it asks before each step.
        """
        lock = self._postgres_lock if self.is_postgres else self._file_lock
        with lock(wait_seconds) as right:
            yield right

    @property
    def is_postgres(self) -> bool:
        """Whether several machines may share this ledger."""
        return self.engine.dialect.name == "postgresql"

    def snapshots(self) -> set[int]:
        """Warehouse snapshots that plans were made on, which maintenance keeps."""
        query = select(plan.c.snapshot).where(plan.c.snapshot.is_not(None)).distinct()
        with self.read() as connection:
            return set(connection.scalars(query))

    def changes_frame(self) -> pl.DataFrame:
        """One row per change of every plan, in the columns of `actions.change`."""
        with self.read() as connection:
            rows = [dict(row) for row in connection.execute(_changes()).mappings()]
        return pl.DataFrame(rows, schema=CHANGES)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _connection(self, **options: Any) -> Generator[Connection]:
        try:
            with self.engine.connect().execution_options(**options) as connection:
                yield connection
        except OperationalError as error:
            raise _trouble(self.engine.url, error) or error from error

    @contextmanager
    def _file_lock(self, wait_seconds: float) -> Generator[Right | None]:
        # An exclusive transaction on a database of its own: SQLite's file locks work on every
        # operating system and the system itself takes them away from a process that dies.
        # One file has one lock, by whatever links it is reached.
        file = Path(str(self.engine.url.database)).resolve()
        lock = create_engine(f"sqlite:///{file}.apply-lock", poolclass=NullPool)
        try:
            connection = lock.connect()
        except OperationalError as error:
            raise _trouble(self.engine.url, error) or error from error
        with connection:
            connection.exec_driver_sql(f"pragma busy_timeout = {int(wait_seconds * 1000)}")
            try:
                connection.exec_driver_sql("begin exclusive")
            except OperationalError as error:
                if "locked" not in str(error):
                    raise _trouble(self.engine.url, error) or error from error
                yield None
                return
            yield lambda: None  # nothing but the end of the process takes it away
            connection.exec_driver_sql("rollback")

    @contextmanager
    def _postgres_lock(self, wait_seconds: float) -> Generator[Right | None]:
        deadline = time.monotonic() + wait_seconds
        with self._connection(isolation_level="AUTOCOMMIT") as connection:
            key = {"key": APPLY_KEY}
            while not connection.scalar(text("select pg_try_advisory_lock(:key)"), key):
                if time.monotonic() > deadline:
                    yield None
                    return
                time.sleep(0.05)

            def assure() -> None:
                try:
                    connection.execute(text("select 1"))
                except OperationalError as error:
                    raise _lost_right(self.engine.url) from error

            try:
                yield assure
            finally:
                with suppress(SQLAlchemyError):  # it went with its connection
                    connection.execute(text("select pg_advisory_unlock(:key)"), key)


def open_ledger(url: str) -> Ledger:
    """Open a ledger, creating or migrating its tables if needed; any number may do so at once.

    `url` is `sqlite:////path/ledger.sqlite` or `postgresql+psycopg://user@host/database`. Raises
    `LedgerUnusable` also if a newer version wrote it.
    """
    parsed = make_url(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
    ledger = Ledger(engine)
    revision = _revision(ledger)
    if revision is not None and revision > NEWEST:
        raise LedgerUnusable(
            f"The ledger {parsed.render_as_string(hide_password=True)} was written by a newer "
            f"version of instance.select: its tables are of revision {revision}, and this version "
            f"knows them up to {NEWEST}. Nothing was read or written. Use the newer version."
        )
    if revision != NEWEST:
        _migrate(ledger)
    return ledger


def _changes() -> Select[Any]:
    """Every change with its plan, and with the last attempt that came to an outcome."""
    newest = (
        select(
            run_change,
            func.row_number()
            .over(
                partition_by=run_change.c.change_id,
                order_by=(func.length(run_change.c.run_id).desc(), run_change.c.run_id.desc()),
            )
            .label("age"),
        )
        .where(run_change.c.outcome.is_not(None))
        .subquery()
    )
    columns = {
        **{name: change.c[name] for name in CHANGES if name in change.c},
        "change_id": change.c.id,
        "plan_status": plan.c.status,
        "created_at": plan.c.created_at,
        "run_id": newest.c.run_id,
        "outcome": newest.c.outcome,
        "applied_at": newest.c.intent_at,
    }
    return (
        select(*(columns[name].label(name) for name in CHANGES))
        .join(plan, change.c.plan_id == plan.c.id)
        .join(newest, (newest.c.change_id == change.c.id) & (newest.c.age == 1), isouter=True)
        .order_by(plan.c.number, change.c.position)
    )


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError(
            f"The ledger {url} would be lost at the end of this process. "
            "Give the path of a file: sqlite:////path/ledger.sqlite"
        )
    file = Path(url.database).resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool, creator=lambda: _open(file))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return engine


def _open(file: Path) -> sqlite3.Connection:
    """For reading alone where nothing can be written, which SQLite otherwise does to read."""
    is_fixed = file.exists() and (not may_write(file) or obstacle(file.parent) is not None)
    how = "rwc"
    if is_fixed:  # what others wrote and did not fold into the file yet is in the log beside it
        log = file.with_name(f"{file.name}-wal")
        how = "ro" if log.exists() and log.stat().st_size else "ro&immutable=1"
    connection = sqlite3.connect(
        f"{file.as_uri()}?mode={how}", BUSY_SECONDS, isolation_level=None,
        check_same_thread=False, uri=True,
    )  # fmt: skip
    if not is_fixed:
        _write_ahead(connection)
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = full")  # an intent survives the loss of power
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL once; SQLite does not wait for others when it does that, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("pragma journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("pragma journal_mode = wal")
        except connection.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgres(url: URL) -> Engine:
    if url.drivername in ("postgresql", "postgres"):  # libpq takes both names
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, poolclass=NullPool)  # nothing stays open between two uses


def _revision(ledger: Ledger) -> str | None:
    with ledger.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(text("select version_num from alembic_version"))


def _migrate(ledger: Ledger) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("actions") / "migrations"))
    with ledger.write() as connection:  # whoever comes second finds nothing left to do
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lost_right(url: URL) -> LedgerUnusable:
    return LedgerUnusable(
        f"The connection to the ledger {url.render_as_string(hide_password=True)} broke off, and "
        "with it the right to apply alone, so no further change was begun. What was made is "
        "written down or found again: apply the plan once more to go on."
    )


def _trouble(url: URL, error: OperationalError) -> ActionError | None:
    """The same in our words, if it is about the ledger as a whole and not about one statement."""
    where, told = url.render_as_string(hide_password=True), " ".join(str(error.orig).split())
    if "locked" in told:
        return LedgerBusy(
            f"The ledger {where} is kept by another process for more than {BUSY_SECONDS} seconds. "
            "This step was not written; try again when the other is done."
        )
    cure = "Look whether the server runs, and whether the setting 'ledger' is right"
    if url.database and url.get_backend_name() == "sqlite":
        cure = obstacle(Path(url.database).parent) or "Look whether its disk is full or damaged"
        if not any(words in told for words in FILE_TROUBLE):
            return None
    return LedgerUnusable(
        f"The ledger {where} can't be used ({told}). This step was not written. {cure}, "
        "and try again."
    )
