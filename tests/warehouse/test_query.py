"""Somebody's SQL can read the lake, and nothing else."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import QueryRefused
from warehouse.lake import Lake
from warehouse.query import ask, confine
from warehouse.settings import LakeSettings


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(LakeSettings(home=tmp_path_factory.mktemp("home"), memory_limit="200MB"))
    with lake.write("test") as write:
        write.connection.execute(
            "create table marts.t as"
            " select range as a, range::decimal(38, 18) as b from range(1000000)"
        )
    lake.publish(write.snapshot, datetime(2026, 1, 1), "run", datetime(2026, 1, 1))
    lake.close()
    return lake


def rows(lake: Lake, sql: str) -> list[tuple[object, ...]]:
    with ask(lake, sql, lake.published().snapshot) as result:
        return result.fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from marts.t",
        "from marts.t limit 1",
        "with x as (select 1 as a) select * from x join marts.t using (a)",
        "values (1)",
        "table marts.t",
        "describe marts.t",
        "summarize marts.t",
        "show all tables",
        "explain select * from marts.t",
        "explain analyze select count(*) from marts.t",
        "EXPLAIN (FORMAT JSON) select 1",
        "select * from range(3), unnest([1, 2])",
        "select * from ducklake_snapshots('lake')",
        "select * from marts.t at (version => 2) limit 1",
        "select 1;",
    ],
)
def test_queries_run(lake: Lake, sql: str) -> None:
    assert rows(lake, sql)


def test_a_query_larger_than_memory_spills(lake: Lake) -> None:
    sql = "select a, b, repeat(a::varchar, 20) as c from marts.t order by c desc limit 900000"
    assert len(rows(lake, sql)) == 900_000


@pytest.mark.parametrize(
    "sql",
    [
        "insert into marts.t values (1, 2)",
        "create table memory.main.x as select 1",
        "drop table marts.t",
        "copy (select 1) to 'x.csv'",
        "explain analyze copy (select 1) to 'x.csv'",
        "explain insert into marts.t values (1, 2)",
        "attach 'x.db'",
        "set memory_limit = '1GB'",
        "call ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "select * from ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "select * from ducklake_delete_orphaned_files('lake', cleanup_all => true)",
        "select * from read_csv('/etc/passwd')",
        "select (select content from read_text('/etc/hostname'))",
        "with x as (select * from glob('/etc/*')) from x",
        "describe select * from read_csv('/etc/passwd')",
        "select * from sqlite_scan('x.db', 't')",
        "select * from query('select 1')",
        "pragma enable_profiling",
        "load httpfs",
        "select 1; select 2",
        "",
    ],
)
def test_what_does_more_than_read_the_lake_is_refused(lake: Lake, sql: str) -> None:
    with pytest.raises(QueryRefused):
        rows(lake, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "from '/etc/passwd.csv'",
        "from 'https://example.org/x.csv'",
        "from 'data.parquet'",
        "from '{lake}/catalog.sqlite'",
        "from '{lake}/data/**/*.parquet'",
        'from "{home}/tmp/x.csv"',
        "select * from (select * from '{lake}/data/x.json')",
        "from __ducklake_metadata_lake.main.ducklake_snapshot",
        "from __ducklake_metadata_lake.ducklake_snapshot",
        "from duckdb_databases()",
    ],
)
def test_neither_files_nor_the_catalogue_can_be_named_as_tables(lake: Lake, sql: str) -> None:
    settings = lake.settings
    with pytest.raises(QueryRefused):
        rows(lake, sql.format(lake=settings.lake_folder.resolve(), home=settings.home.resolve()))


def test_python_variables_are_not_tables(lake: Lake) -> None:
    secret = [1]  # a replacement scan would find this name
    with pytest.raises(duckdb.CatalogException):
        rows(lake, "from secret")
    assert secret


def test_no_extension_can_be_loaded_from_elsewhere(lake: Lake, tmp_path: Path) -> None:
    """Ours are loaded without a look at their signature, so nobody else may load any."""
    file = tmp_path / "mine.duckdb_extension"
    file.write_bytes(b"machine code")
    with lake.latest() as connection:
        confine(connection, lake)
        for sql in (f"load '{file}'", f"install '{file}'", "install spatial"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(sql)


def test_nothing_was_written(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for sql in ("copy (select 1) to 'x.csv'", "explain analyze copy (select 1) to 'x.csv'"):
        with pytest.raises(QueryRefused):
            rows(lake, sql)
    assert not list(tmp_path.iterdir())
