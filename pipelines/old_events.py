"""What runs told long ago is forgotten, so that Dagster's log stops growing.

Dagster keeps 2 MB of each of our runs, and forgets none of it by itself. To delete its runs would
do, but with them the months and days that they brought would look as if they were never read.
"""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from sqlalchemy import Connection, exists, func, select

LOG, TAGS, CHECKS = SqlEventLogStorageTable.c, AssetEventTagsTable.c, AssetCheckExecutionsTable.c


def forget_old_events(instance: dg.DagsterInstance, before: datetime) -> int:
    """Drop what runs told before a moment (UTC, without zone); how many events.

    The runs stay listed, and of each table, part and check its newest events stay: what there is,
    since when, and how the check went.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    if isinstance(storage, SqliteEventLogStorage):
        _remove_files(storage, before)
    with storage.index_connection() as connection:
        return forget_in(connection, before)


def forget_in(connection: Connection, before: datetime) -> int:
    """The same in the tables alone, whatever database they are in."""
    newest = select(func.max(CHECKS.id)).group_by(
        CHECKS.asset_key, CHECKS.check_name, CHECKS.partition
    )
    connection.execute(
        AssetCheckExecutionsTable.delete().where(
            CHECKS.create_timestamp < before, CHECKS.id.not_in(newest)
        )
    )
    newest = (
        select(func.max(LOG.id))
        .where(LOG.asset_key.is_not(None))
        .group_by(LOG.asset_key, LOG.partition, LOG.dagster_event_type)
    )
    of_a_check = exists().where(CHECKS.evaluation_event_storage_id == LOG.id)
    forgotten = connection.execute(
        SqlEventLogStorageTable.delete().where(
            LOG.timestamp < before, LOG.id.not_in(newest), ~of_a_check
        )
    )
    connection.execute(
        AssetEventTagsTable.delete().where(
            TAGS.event_timestamp < before, ~exists().where(LOG.id == TAGS.event_id)
        )
    )
    return forgotten.rowcount


def _remove_files(storage: SqliteEventLogStorage, before: datetime) -> None:
    """In SQLite each run has a file; what concerns tables and checks is in the index as well."""
    for run_id in storage.get_all_run_ids():
        file = Path(storage.path_for_shard(run_id))
        if datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None) < before:
            for end in ("", "-wal", "-shm"):
                file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
