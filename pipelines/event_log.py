"""Dagster's event log in SQLite, with one connection to each file instead of one for each event.

Dagster opens a file anew for every statement and compiles the statement anew with it, 10 ms for the
event of one part. A first run notes thousands of parts: each day of each place.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, StaticPool, create_engine


class EventLog(SqliteEventLogStorage):
    """The same files and tables as Dagster's, which its other processes read and write as well."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None):
        self._engines: dict[str, Engine] = {}  # by file
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "EventLog":
        """What Dagster calls to make it."""
        return cls(inst_data=inst_data, **config_value)

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    @contextmanager
    def _connect(self, shard: str) -> Generator[Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = create_engine(
                    self.conn_string_for_shard(shard),
                    poolclass=StaticPool,
                    # The lock lets one thread at a time use it.
                    connect_args={
                        "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
                        "check_same_thread": False,
                    },
                )
                self._initdb(engine)
                self._engines[shard] = engine
            with engine.begin() as connection:
                yield connection


def with_event_log(ref: InstanceRef) -> InstanceRef:
    """The instance with this event log, if it is one of SQLite."""
    events = ref.event_storage_data
    if events is None or events.class_name != SqliteEventLogStorage.__name__:
        return ref
    ours = ConfigurableClassData(__name__, EventLog.__name__, events.config_yaml)
    # Without `storage_data` Dagster asks for the storages one by one.
    return ref._replace(storage_data=None, event_storage_data=ours)
