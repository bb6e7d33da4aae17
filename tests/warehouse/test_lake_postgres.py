"""The same promises with the catalogue in PostgreSQL, as on many machines."""

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from pipelines.settings import Settings
from pipelines.work import Work
from warehouse.errors import CatalogLost, LakeUnreachable
from warehouse.lake import Lake
from warehouse.settings import LakeSettings

NOW = datetime(2026, 3, 20, 12)
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def lake(postgres_database: Callable[[], str], tmp_path: Path) -> Iterator[Lake]:
    data = str(tmp_path / "data") + "/"
    lake = Lake(LakeSettings(home=tmp_path, catalog=postgres_database(), data_path=data))
    yield lake
    lake.close()


def put(lake: Lake, number: int) -> int:
    with lake.write(f"put {number}") as write:
        write.connection.execute(f"create or replace table marts.number as select {number} as n")
    return write.snapshot


def fail(lake: Lake) -> None:
    with lake.write("fails") as write:
        write.connection.execute("create or replace table marts.number as select 2 as n")
        raise ZeroDivisionError


def read(lake: Lake, snapshot: int | None = None) -> int:
    with lake.reader(snapshot) as connection:
        row = connection.execute("select n from marts.number").fetchone()
        assert row is not None
        return row[0]


def add_rows(settings: LakeSettings, count: int) -> None:
    """Run in another process: add one, count times."""
    lake = Lake(settings)
    for number in range(count):
        with lake.write(f"add {number}") as write:
            write.connection.execute("insert into marts.many values (1)")


def test_publish_read_and_go_back(lake: Lake) -> None:
    first, second = put(lake, 1), put(lake, 2)
    lake.publish(second, NOW, "run", NOW)
    assert read(lake) == 2
    with lake.reader() as pinned:
        put(lake, 3)
        assert pinned.execute("select n from marts.number").fetchall() == [(2,)]
    assert read(lake, first) == 1


def test_an_error_leaves_no_trace(lake: Lake) -> None:
    before = put(lake, 1)
    with pytest.raises(ZeroDivisionError):
        fail(lake)
    assert (lake.snapshot(), read(lake, before)) == (before, 1)


def test_writers_in_several_processes_lose_no_row(lake: Lake) -> None:
    with lake.write("start") as write:
        write.connection.execute("create or replace table marts.many (n integer)")
    writers = [SPAWN.Process(target=add_rows, args=(lake.settings, 5)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with lake.latest() as connection:
        assert connection.execute("select count(*) from marts.many").fetchall() == [(15,)]


@pytest.mark.parametrize(
    "catalog",
    ["postgresql://u:not-a-secret@127.0.0.1:1/x", "host=127.0.0.1 port=1 password='not-a-secret'"],
)
def test_a_catalogue_that_is_down_tells_no_password(tmp_path: Path, catalog: str) -> None:
    lake = Lake(LakeSettings(home=tmp_path, catalog=catalog, data_path=f"{tmp_path}/data/"))
    with pytest.raises(LakeUnreachable, match="Connection refused") as error:
        lake.published()
    text = "".join(traceback.format_exception(error.value))
    assert "not-a-secret" not in text
    assert "127.0.0.1" in str(error.value)
    assert "***" in str(error.value)


def drop_connections(catalog: str) -> None:
    """As a server does that is stopped, or a network that breaks."""
    server, _, name = catalog.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )


def lose_the_server(settings: LakeSettings, how: str) -> None:
    if how == "while reading":
        with Work(Settings(**settings.model_dump())).reading() as (connection, _):
            drop_connections(settings.catalog)
            connection.execute("select * from marts.number").fetchall()
        return
    with Lake(settings).write("two") as write:
        write.connection.execute("create or replace table marts.number as select 2 as n")
        drop_connections(settings.catalog)
        if how == "while writing":
            write.connection.execute("select * from meta.published").fetchall()


def lose_the_server_and_go_on(settings: LakeSettings, how: str) -> None:
    """Run in another process, which DuckDB may end: leave with 0 if all is as it should be."""
    with pytest.raises(CatalogLost, match="nothing is counted twice"):
        lose_the_server(settings, how)
    put(Lake(settings), 3)


@pytest.mark.parametrize("how", ["while writing", "at the end", "while reading"])
def test_a_server_that_goes_away_is_told_and_leaves_no_trace(lake: Lake, how: str) -> None:
    before = put(lake, 1)
    lake.close()
    writer = SPAWN.Process(target=lose_the_server_and_go_on, args=(lake.settings, how))
    writer.start()
    writer.join()
    assert writer.exitcode == 0
    assert read(lake, before) == 1
    assert read(lake, lake.snapshot()) == 3
