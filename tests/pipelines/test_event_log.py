"""The event log keeps its connections, and is Dagster's own for everybody else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from sqlalchemy import event

from pipelines.event_log import EventLog, with_event_log
from pipelines.instance import open_instance

KEY = dg.AssetKey("noted")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(tmp_path) as instance:
        yield instance


def note(instance: dg.DagsterInstance, parts: list[str]) -> None:
    for part in parts:
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition=part))


def test_dagster_itself_reads_what_was_noted_and_notes_more(
    tmp_path: Path, opened: dg.DagsterInstance
):
    note(opened, ["1", "2"])
    with dg.DagsterInstance.from_config(str(tmp_path)) as theirs:
        assert not isinstance(theirs.event_log_storage, EventLog)
        assert theirs.get_materialized_partitions(KEY) == {"1", "2"}
        note(theirs, ["3"])
    assert opened.get_materialized_partitions(KEY) == {"1", "2", "3"}


def test_threads_take_turns(opened: dg.DagsterInstance):
    keys = [str(part) for part in range(30)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: note(opened, [key]), keys))
    assert opened.get_materialized_partitions(KEY) == set(keys)


def test_a_failed_statement_leaves_the_connection_usable(opened: dg.DagsterInstance):
    storage = opened.event_log_storage
    assert isinstance(storage, EventLog)
    with pytest.raises(RuntimeError, match="broken"), storage.index_connection():
        raise RuntimeError("broken")
    note(opened, ["1"])
    assert opened.get_materialized_partitions(KEY) == {"1"}


def test_a_file_that_could_not_be_prepared_is_tried_again(
    opened: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr(EventLog, "_initdb", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            note(opened, ["1"])
    note(opened, ["2"])
    assert opened.get_materialized_partitions(KEY) == {"2"}


def test_a_file_is_opened_once_and_closed_at_the_end(tmp_path: Path):
    with open_instance(tmp_path) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, EventLog)
        note(instance, ["1"])
        closed: list[object] = []
        for engine in storage._engines.values():
            event.listen(engine, "close", lambda connection, _: closed.append(connection))
        note(instance, ["2", "3"])
        assert not closed
        files = len(storage._engines)
    assert files == len(closed) == 2  # the index and the events without a run


def test_another_storage_stays_what_it_is(tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text(
        "storage: {postgres: {postgres_url: 'postgresql://nobody@127.0.0.1/nothing'}}"
    )
    ref = InstanceRef.from_dir(str(tmp_path))
    assert with_event_log(ref) is ref
