"""The tables: everything we know, open to SQL."""

from pathlib import Path

from duckdb import DuckDBPyConnection

from warehouse.lake import Lake
from warehouse.settings import LakeSettings


def connect(home: Path | str | None = None, snapshot: int | None = None) -> DuckDBPyConnection:
    """A read-only DuckDB connection on the published snapshot, or on the one given.

    Before the first publication, on what has been ingested so far. `home` defaults to
    INSTANCE_SELECT_HOME, then `./var`.
    """
    settings = LakeSettings() if home is None else LakeSettings(home=Path(home))
    lake = Lake(settings)
    return lake.reader(lake.readable() if snapshot is None else snapshot)
