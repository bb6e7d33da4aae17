"""Open, lock, write, publish and maintain the lake: DuckLake tables that many processes share."""

import fcntl
import os
import shutil
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.disk import obstacle
from warehouse.errors import LakeBusy, LakeUnreachable, NewerTables, NothingPublished, WrongDuckDB
from warehouse.settings import LakeSettings
from warehouse.sql_text import literal
from warehouse.tables import create_tables, keep_marts_in_files, schema_files
from warehouse.transaction import roll_back, telling
from warehouse.upgrade import unknown, upgrade

DUCKDB = "1.5.5"  # the extension packages are built for exactly this version
EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "httpfs")
NOT_MADE = "creating a new DuckLake is explicitly disabled"  # a catalogue that was begun, no more
READERS_TIME = timedelta(days=1)  # no query takes longer


@dataclass(frozen=True)
class Published:
    """The snapshot that readers see."""

    snapshot: int
    as_of: datetime  # what counts as now in that snapshot, UTC


@dataclass
class Write:
    """One locked transaction; `snapshot` is known once it has been committed."""

    connection: DuckDBPyConnection
    snapshot: int = -1
    data: Path | None = None  # the folder of data files, if others may put files there
    adopted: list[Path] = field(default_factory=list[Path])

    def adopt(self, schema: str, table: str, file: Path) -> bool:
        """Make a Parquet file a data file of the table, where it lies on; no row is copied.

        Its columns must have names and types of the table's; those that it lacks are null. False
        if the lake can't: its data files are encrypted or in an object store.
        """
        if self.data is None or self._is_encrypted():
            return False
        folder = self.data / schema / table
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"adopted-{uuid4()}.parquet"
        self.adopted.append(target)
        shutil.move(file, target)
        self.connection.execute(
            "call ducklake_add_data_files('lake', ?, ?, schema => ?, allow_missing => true)",
            [table, str(target), schema],
        )
        return True

    def _is_encrypted(self) -> bool:
        rows = self.connection.execute(
            "select value from ducklake_options('lake') where option_name = 'encrypted'"
        ).fetchall()
        return rows != [("false",)]


class Lake:
    """The warehouse of one home.

    Readers are pinned to a snapshot and never block. Writers take one advisory lock per
    transaction with the embedded SQLite catalogue; a PostgreSQL catalogue needs none.
    """

    def __init__(self, settings: LakeSettings) -> None:
        self.settings = settings
        self._writer: DuckDBPyConnection | None = None

    def reader(self, snapshot: int | None = None) -> DuckDBPyConnection:
        """A read-only connection at the published snapshot, or at the one given.

        Raises `NothingPublished`.
        """
        if snapshot is not None:
            return self._attach("READ_ONLY", f"SNAPSHOT_VERSION {snapshot}")
        return self.published_reader()[0]

    def published_reader(self) -> tuple[DuckDBPyConnection, Published]:
        """A read-only connection at the published snapshot, and which that is.

        Faster than asking for one and then the other. Raises `NothingPublished`.
        """
        connection = self.latest()
        try:
            published = self._published_in(connection)
            connection.execute("USE memory")
            connection.execute("DETACH lake")
            version = f"SNAPSHOT_VERSION {published.snapshot}"
            return self._attach_to(connection, "READ_ONLY", version), published
        except BaseException:
            connection.close()
            raise

    def latest(self) -> DuckDBPyConnection:
        """A read-only connection that follows every commit, published or not."""
        if not self.exists():
            raise NothingPublished(self.settings.home)
        return self._attach("READ_ONLY")

    @contextmanager
    def write(self, message: str) -> Generator[Write]:
        """One transaction under the write lock: committed at the end, rolled back on any error.

        `message` is kept with the snapshot. Temporary tables are created as such:
        a transaction can write to the lake and to `temp`, but to no other database.
        """
        with self._locked(message), telling(self.settings.catalog, f"'{message}'"):
            connection = self._writable()
            connection.execute("BEGIN")
            write = Write(connection, data=self._data_folder)
            try:
                yield write
                connection.execute("CALL lake.set_commit_message('instance-select', ?)", [message])
            except BaseException:
                self._abandon()
                for file in write.adopted:
                    file.unlink(missing_ok=True)
                raise
            try:
                connection.execute("COMMIT")
            except BaseException:  # who knows whether it is committed: adopted files stay
                self._abandon()
                raise
            write.snapshot = _newest_snapshot(connection)

    def publish(self, snapshot: int, as_of: datetime, run_id: str, published_at: datetime) -> None:
        """Let readers see the snapshot; naming an older one goes back to it."""
        with self.write(f"publish {snapshot}") as write:
            write.connection.execute(
                "insert into meta.published values (?, ?, ?, ?)",
                [snapshot, as_of, run_id, published_at],
            )

    def published(self) -> Published:
        """What was published last. Raises `NothingPublished`."""
        if not self.exists():
            raise NothingPublished(self.settings.home)
        with self._attach("READ_ONLY") as connection:
            return self._published_in(connection)

    def readable(self) -> int:
        """The published snapshot; before the first publication the newest committed one.

        So bills can be looked at as soon as they are in. Raises `NothingPublished` if there is
        no lake.
        """
        try:
            return self.published().snapshot
        except NothingPublished:
            return self.snapshot()

    def snapshot(self) -> int:
        """Id of the newest committed snapshot, published or not."""
        if self._writer is not None:
            return _newest_snapshot(self._writer)
        with self.latest() as connection:
            return _newest_snapshot(connection)

    def prepare(self) -> None:
        """Create the lake or the tables it lacks, and add the columns that older tables lack."""
        with self._locked("prepare"):
            self._writable()

    def exists(self) -> bool:
        """Whether the lake has been created."""
        if self.settings.catalog:
            return True
        file = self._catalog_file
        return file.exists() and file.stat().st_size > 0  # an empty one is no more than begun

    def file_id(self) -> tuple[int, int] | None:
        """By which a catalogue is told from one in its place; null = there is no such file."""
        try:
            found = self._catalog_file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Let go of the writing connection; the next write opens a new one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def maintain(self, now: datetime, keep: Collection[int] = ()) -> dict[str, int]:
        """Merge small files, expire old snapshots and delete the files nobody needs any more.

        Never expires the published snapshot, those in `keep` (plans refer to them) and those
        younger than `keep_days`. A file that was merged or expired stays for `READERS_TIME`, since
        a query may still read it. Returns how many of each were handled.
        """
        needed = {*keep, self.readable()}
        with self._locked("maintain"):
            connection = self._writable()
            merged = connection.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall()
            old = connection.execute(
                "select snapshot_id from ducklake_snapshots('lake')"
                " where snapshot_time < ?::timestamptz - to_days(?::integer) order by all",
                [f"{now:%Y-%m-%d %H:%M:%S}+00", self.settings.keep_days],
            ).fetchall()
            newest = _newest_snapshot(connection)
            expired = [row[0] for row in old if row[0] not in needed and row[0] != newest]
            if expired:
                versions = ", ".join(str(version) for version in expired)
                connection.execute(
                    f"CALL ducklake_expire_snapshots('lake', versions => [{versions}])"
                )
            deleted = connection.execute(
                "CALL ducklake_cleanup_old_files('lake', older_than => ?::timestamptz)",
                [f"{now - READERS_TIME:%Y-%m-%d %H:%M:%S}+00"],
            ).fetchall()
            orphans: list[tuple[str]] = []
            # The lock proves that nobody is writing files right now, and a folder of our own that
            # none of another lake are among them.
            if not self.settings.catalog and not self.settings.data_path:
                orphans = connection.execute(
                    "CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)"
                ).fetchall()
            self.close()
        return {
            "merged_files": len(merged),
            "expired_snapshots": len(expired),
            "deleted_files": len(deleted) + len(orphans),
        }

    @property
    def _data_folder(self) -> Path | None:
        """Where data files are, if that is a folder and they are not encrypted."""
        location = self._data_path
        return None if "://" in location or self.settings.encrypted else Path(location).resolve()

    @property
    def _data_path(self) -> str:
        return self.settings.data_path or f"{self.settings.lake_folder.resolve()}/data/"

    @property
    def _catalog_file(self) -> Path:
        return self.settings.lake_folder / "catalog.sqlite"

    def _published_in(self, connection: DuckDBPyConnection) -> Published:
        # The last row, not the latest time: a clock that was ahead may have been put right.
        try:
            row = connection.execute(
                "select snapshot, as_of from meta.published order by rowid desc limit 1"
            ).fetchone()
        except duckdb.CatalogException:  # its making was cut short before it had tables
            row = None
        if row is None:
            raise NothingPublished(self.settings.home)
        return Published(*row)

    def _writable(self) -> DuckDBPyConnection:
        if self._writer is None:
            self.settings.lake_folder.mkdir(parents=True, exist_ok=True)
            writer = self._attach(*(["ENCRYPTED"] if self.settings.encrypted else []))
            if newer := unknown(writer, schema_files()):
                writer.close()
                raise NewerTables(self.settings.home, newer)
            create_tables(writer)
            keep_marts_in_files(writer)
            upgrade(writer, schema_files())
            self._writer = writer
        return self._writer

    def _abandon(self) -> None:
        """Drop the connection, and with it the open transaction, whatever state it is in."""
        if self._writer is not None:
            roll_back(self._writer)
        self.close()

    def _attach(self, *options: str) -> DuckDBPyConnection:
        return self._attach_to(_connect(self.settings), *options)

    def _attach_to(self, connection: DuckDBPyConnection, *options: str) -> DuckDBPyConnection:
        data = self._data_path
        options = (f"DATA_PATH {literal(data)}", *options)
        if self.settings.catalog:
            load_extension(connection, "postgres_scanner")
            location = f"postgres:{self.settings.catalog}"
            attached = [*options]
        else:
            load_extension(connection, "sqlite_scanner")
            location = f"sqlite:{self._catalog_file.resolve()}"
            attached = [*options, "META_JOURNAL_MODE 'WAL'", "META_BUSY_TIMEOUT 60000"]
        if data.startswith("s3://") or self.settings.encrypted:
            load_extension(connection, "httpfs")  # brings the cipher that may write, too
        attached.append("OVERRIDE_DATA_PATH")  # a home may have been moved or mounted elsewhere
        address = literal(f"ducklake:{location}")
        try:
            connection.execute(f"ATTACH {address} AS lake ({', '.join(attached)})")
        except duckdb.InvalidInputException as error:
            if NOT_MADE in str(error):
                raise NothingPublished(self.settings.home) from None
            raise  # there is no such snapshot
        except duckdb.Error as error:  # from None: the text of the error holds the password
            if self.settings.catalog:
                raise LakeUnreachable(self.settings.catalog, error) from None
            cure = obstacle(self.settings.lake_folder)
            raise LakeUnreachable(str(self._catalog_file), error, cure) from None
        connection.execute("USE lake")
        return connection

    @contextmanager
    def _locked(self, message: str) -> Generator[None]:
        if self.settings.catalog:
            yield
            return
        self.settings.lake_folder.mkdir(parents=True, exist_ok=True)
        deadline = monotonic() + self.settings.lock_seconds
        with open(self.settings.lake_folder / "write.lock", "a+") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > deadline:
                        lock.seek(0)
                        raise LakeBusy(lock.read(), self.settings.lock_seconds) from None
                    sleep(0.01)
            lock.truncate(0)
            lock.write(f"process {os.getpid()} ({message})")
            lock.flush()
            try:
                yield
            finally:
                lock.truncate(0)


def load_extension(connection: DuckDBPyConnection, name: str) -> None:
    """Load a DuckDB extension from its installed package; works without network."""
    path = _packaged(name)
    if path is None:
        connection.execute(f"INSTALL {name}")
        connection.execute(f"LOAD {name}")
    else:
        connection.execute(f"LOAD {literal(str(path))}")


def _packaged(name: str) -> Path | None:
    """The file of a DuckDB extension that pip has installed."""
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    return folder / "extensions" / f"v{DUCKDB}" / f"{name}.duckdb_extension"


def _connect(settings: LakeSettings) -> DuckDBPyConnection:
    if duckdb.__version__ != DUCKDB:
        raise WrongDuckDB(duckdb.__version__, DUCKDB)
    temporary = settings.home.resolve() / "tmp"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(temporary),
    }
    if settings.threads:
        config["threads"] = settings.threads
    if all(_packaged(name) for name in EXTENSIONS):
        # DuckDB would read all 35 MB of each to check its signature, every time: 0.2 s. It lies
        # beside our own code and came the same way; nothing else is loaded, nor got from outside.
        config |= {"allow_unsigned_extensions": True, "autoinstall_known_extensions": False}
    connection = duckdb.connect(config=config)
    if connection.execute("select current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        connection.execute("set enable_progress_bar = false")  # on in spawned processes
    connection.execute("set TimeZone = 'UTC'")  # a day of a time with zone is none of this machine
    load_extension(connection, "ducklake")
    return connection


def _newest_snapshot(connection: DuckDBPyConnection) -> int:
    row = connection.execute("select id from ducklake_current_snapshot('lake')").fetchone()
    assert row is not None
    return row[0]
