from pathlib import Path

import pytest

from warehouse import near
from warehouse.lake import Lake
from warehouse.settings import LakeSettings


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """With one table of three rows and one of a thousand."""
    lake = Lake(LakeSettings(home=tmp_path))
    with lake.write("fill") as write:
        write.connection.execute("create table marts.little as from range(3) as t(n)")
        write.connection.execute("create table marts.large as from range(1000) as t(n)")
    lake.close()
    return lake


def test_small_tables_are_copied_and_all_others_are_still_found(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "SMALL", 10)
    with lake.latest() as connection:
        connection.execute("begin")
        with near.near(connection, {"marts.little", "marts.large"}):
            counts = connection.execute(
                "select (select count(*) from marts.little), (select count(*) from marts.large),"
                " (select count(*) from raw.focus)"
            ).fetchone()
            copied = connection.execute(
                "select table_name from duckdb_tables() where database_name = 'memory'"
            ).fetchall()
    assert counts == (3, 1000, 0)
    assert copied == [("little",)]


def test_afterwards_names_mean_the_lake_again_and_the_copies_are_gone(lake: Lake) -> None:
    with lake.latest() as connection:
        connection.execute("begin")
        with near.near(connection, {"marts.little"}):
            pass
        database = connection.execute("select current_database()").fetchone()
        connection.execute("rollback")
        left = connection.execute(
            "select count(*) from duckdb_tables() where database_name = 'memory'"
        ).fetchone()
    assert database == ("lake",)
    assert left == (0,)


def test_tables_are_those_of_the_snapshot_that_is_read(lake: Lake) -> None:
    before = lake.snapshot()
    with lake.write("replace") as write:
        write.connection.execute("create or replace table marts.little as select 1 as n")
        write.connection.execute("create table marts.newer as select 1 as n")
    lake.close()
    with lake.reader(before) as connection:
        then = dict(near.in_lake(connection, {"marts.little"}))
    with lake.latest() as connection:
        now = dict(near.in_lake(connection, {"marts.little"}))
    assert then["marts.little"]
    assert now.keys() - then.keys() == {"marts.newer"}
    assert not then["marts.large"]
