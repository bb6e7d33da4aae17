"""What every step of one run is handed: settings, lake, sources and the clock."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

from duckdb import DuckDBPyConnection

from clouds.cloud import Cloud
from clouds.errors import CloudError
from pipelines.settings import Settings
from pipelines.sources import connect_what_answers
from warehouse.lake import Lake
from warehouse.transaction import roll_back, telling

Progress = Callable[[str], None]


def silent(message: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Again:
    """What a run reads again besides what is new: the months of a backfill, oldest first."""

    months: Sequence[date] = ()  # first days
    sources: frozenset[str] = frozenset()  # empty = all

    def months_of(self, source: str) -> Sequence[date]:
        """The billing months of one source that are read again."""
        return self.months if not self.sources or source in self.sources else ()


@dataclass
class Work:
    """One run's surroundings; sources are connected when the first step asks for them."""

    settings: Settings
    progress: Progress = silent
    given_sources: dict[str, Cloud] | None = field(default=None)
    again: Again = Again()

    @cached_property
    def lake(self) -> Lake:
        """The warehouse; it keeps one writing connection for the whole run."""
        return Lake(self.settings)

    @contextmanager
    def reading(self) -> Generator[tuple[DuckDBPyConnection, int]]:
        """A read-only connection whose queries all see the newest snapshot, and its id."""
        gone = telling(self.settings.catalog, "a query")
        with gone, self._reader.cursor() as connection:
            connection.execute("use lake")
            connection.execute("begin")
            try:
                newest = connection.execute(
                    "select max(snapshot_id) from ducklake_snapshots('lake')"
                ).fetchone()
                assert newest is not None
                connection.execute("set variable as_of = ?", [self.as_of])
                yield connection, newest[0]
            finally:
                roll_back(connection)

    def close(self) -> None:
        """Let go of the lake."""
        if "_reader" in self.__dict__:
            self._reader.close()
            del self._reader
        self.lake.close()

    @property
    def clouds(self) -> dict[str, Cloud]:
        """The connected sources by name, in the order of the settings."""
        return self._sources[0]

    @property
    def unconnected(self) -> dict[str, CloudError]:
        """The sources that could not be connected, and why."""
        return self._sources[1]

    @cached_property
    def as_of(self) -> datetime:
        """What counts as now, UTC without time zone: set, else the latest clock of the sources."""
        if self.settings.as_of is not None:
            return _utc(self.settings.as_of)
        clocks = [_utc(cloud.now()) for cloud in self.clouds.values()]
        return max(clocks, default=datetime.now(UTC).replace(tzinfo=None, microsecond=0))

    @cached_property
    def clock(self) -> datetime:
        """What counts as now for decisions, UTC: real time, except in a home that is all simulated.

        The setting as_of does not move it, since who calls could revive an expired approval. The
        clock of a source counts only if it is the only one: beside a simulated estate, real clouds
        keep real time.
        """
        if len(self.clouds) == 1 and not self.unconnected:
            return _utc(next(iter(self.clouds.values())).now())
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    @cached_property
    def _reader(self) -> DuckDBPyConnection:
        """Attaching takes longer than most queries, so that all steps share one connection.

        A step may be the first to read a lake of an older version.
        """
        self.lake.prepare()
        return self.lake.latest()

    @cached_property
    def _sources(self) -> tuple[dict[str, Cloud], dict[str, CloudError]]:
        if self.given_sources is not None:
            return self.given_sources, {}
        return connect_what_answers(self.settings)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
