"""What runs told long ago is forgotten; what their tables, parts and checks are stays known."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.schema import (
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from home import home_at
from servers import postgres_server
from sqlalchemy import create_engine, insert, select

from pipelines.assets.maintain import maintain
from pipelines.instance import open_instance
from pipelines.old_events import forget_in, forget_old_events

TABLE = dg.AssetKey("table")
PARTS = dg.AssetKey("parts")
CHECK = dg.AssetCheckKey(TABLE, "holds")


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset=TABLE)])
def table() -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(passed=True)


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["may", "june"]))
def parts() -> None: ...


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def told(instance: dg.DagsterInstance) -> datetime:
    """Three runs of a table and two of parts; when they were over."""
    for _ in range(3):
        assert dg.materialize([table], instance=instance).success
    for part in ("may", "june", "june"):
        assert dg.materialize([parts], instance=instance, partition_key=part).success
    return utc_now()


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.db"))


def test_the_newest_of_each_table_part_and_check_stays(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        over = told(instance)
        newest = instance.get_latest_materialization_event(TABLE)
        assert forget_old_events(instance, over) > 0
        assert instance.get_materialized_partitions(PARTS) == {"may", "june"}
        assert instance.get_latest_materialization_event(TABLE) == newest
        kept = instance.fetch_materializations(TABLE, limit=9).records
        assert [record.event_log_entry for record in kept] == [newest]
        assert len(instance.fetch_materializations(PARTS, limit=9).records) == 2
        checked = instance.event_log_storage.get_asset_check_execution_history(CHECK, 9)
        assert [one.status.value for one in checked] == ["SUCCEEDED"]
        assert instance.get_latest_asset_check_evaluation_record(CHECK) is not None
        assert len(instance.get_runs()) == 6
        assert forget_old_events(instance, over) == 0


def test_what_is_not_old_stays(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        told(instance)
        (run, *_) = instance.get_runs()
        logs = instance.all_logs(run.run_id)
        assert forget_old_events(instance, utc_now() - timedelta(days=1)) == 0
        assert instance.all_logs(run.run_id) == logs
        assert len(instance.fetch_materializations(TABLE, limit=9).records) == 3


def test_what_was_forgotten_leaves_room(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        over = told(instance)
    before = size(tmp_path)
    long_ago = (over - timedelta(days=99)).timestamp()
    files = [file for file in tmp_path.rglob("*-*.db")]
    for file in files:
        os.utime(file, (long_ago, long_ago))
    with open_instance(tmp_path) as instance:
        forget_old_events(instance, over - timedelta(days=1))
        assert not any(file.exists() for file in files)
        assert size(tmp_path) < before / 2
        told(instance)
        assert instance.get_materialized_partitions(PARTS) == {"may", "june"}


def test_the_weekly_maintenance_forgets_after_the_days_that_are_set(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    home.lake.publish(home.lake.snapshot(), utc_now(), "run", utc_now())
    with open_instance(home.settings.dagster_home) as instance:
        told(instance)
        assert maintain.execute_in_process(instance=instance, resources={"work": home.work()})
        assert len(instance.fetch_materializations(TABLE, limit=9).records) == 3
        old = SqlEventLogStorageTable.update().values(timestamp=utc_now() - timedelta(days=31))
        with instance.event_log_storage.index_connection() as connection:  # pyright: ignore
            connection.execute(old)
        assert maintain.execute_in_process(instance=instance, resources={"work": home.work()})
        assert len(instance.fetch_materializations(TABLE, limit=9).records) == 1


def test_postgresql_forgets_the_same() -> None:
    now = datetime(2026, 11, 28)
    log = SqlEventLogStorageTable

    def event(days: int, kind: str, **more: str) -> dict[str, object]:
        facts = {"asset_key": None, "partition": None, "run_id": "r", "event": "{}"}
        return {**facts, "dagster_event_type": kind, "timestamp": now - timedelta(days), **more}

    with postgres_server() as url:
        engine = create_engine(f"{url}/postgres".replace("postgresql:", "postgresql+psycopg:"))
        SqlEventLogStorageMetadata.create_all(engine)
        with engine.begin() as connection:
            rows = [
                event(40, "STEP_START"),
                event(40, "ASSET_MATERIALIZATION", asset_key="a"),
                event(39, "ASSET_MATERIALIZATION", asset_key="a"),
                event(40, "ASSET_MATERIALIZATION", asset_key="p", partition="may"),
                event(40, "ASSET_MATERIALIZATION", asset_key="p", partition="june"),
                event(3, "STEP_START"),
            ]
            connection.execute(insert(log), rows)
            assert forget_in(connection, now - timedelta(30)) == 2
            assert connection.scalars(select(log.c.id).order_by(log.c.id)).all() == [3, 4, 5, 6]
        engine.dispose()
