"""What maintenance of the lake forgets and frees, and what it never touches."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from numbered import files, later, number_in, parquet, publish, put, put_many, read

from warehouse.errors import NothingPublished
from warehouse.lake import Lake
from warehouse.settings import LakeSettings


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    lake = Lake(LakeSettings(home=tmp_path))
    yield lake
    lake.close()


def sums(lake: Lake) -> tuple[int, int]:
    with lake.latest() as connection:
        [row] = connection.execute("select count(*), sum(n) from marts.number").fetchall()
    return row


def test_maintenance_removes_what_a_killed_adoption_left(lake: Lake, tmp_path: Path) -> None:
    publish(lake, put_many(lake, 1))
    parquet(files(lake)[0].with_name("adopted-1.parquet"), 2)
    assert lake.maintain(later(2))["deleted_files"] == 1
    assert sums(lake) == (1000, 1000)


def test_maintenance_leaves_the_files_of_a_lake_that_shares_the_folder(tmp_path: Path) -> None:
    data = f"{tmp_path}/data/"
    one, other = (
        Lake(LakeSettings(home=tmp_path / name, data_path=data)) for name in ("one", "other")
    )
    for lake, number in ((one, 1), (other, 2)):
        publish(lake, put_many(lake, number))
        lake.close()
    other.maintain(datetime.now() + timedelta(days=100))
    assert (read(one), read(other)) == (1, 2)


def test_a_clock_that_was_put_back_hides_no_publication(lake: Lake) -> None:
    publish(lake, put(lake, 1), minute=60)
    publish(lake, put(lake, 2))
    assert read(lake) == 2
    lake.maintain(later(31))
    assert read(lake) == 2, "after the rows of both were put into one file"
    publish(lake, put(lake, 3), minute=-60)
    assert read(lake) == 3


def test_maintenance_keeps_what_is_published_and_what_plans_refer_to(lake: Lake) -> None:
    forgotten, planned, published, newest = (put(lake, number) for number in (1, 2, 3, 4))
    publish(lake, published)
    done = lake.maintain(later(31), keep=[planned])
    assert done["expired_snapshots"] >= 1
    assert (read(lake, planned), read(lake)) == (2, 3)
    with pytest.raises(duckdb.Error):
        read(lake, forgotten)
    assert read(lake, lake.snapshot()) == 4
    assert newest <= lake.snapshot()


def test_maintenance_touches_nothing_young(lake: Lake) -> None:
    young = put(lake, 1)
    publish(lake, put(lake, 2))
    assert lake.maintain(later(29))["expired_snapshots"] == 0
    assert read(lake, young) == 1


def test_maintenance_frees_the_disk(lake: Lake) -> None:
    for number in range(5):
        snapshot = put_many(lake, number)
    publish(lake, snapshot)
    assert len(files(lake)) == 5
    assert lake.maintain(later(31))["deleted_files"] == 4
    assert len(files(lake)) == 1
    assert read(lake) == 4


def test_maintenance_leaves_files_that_a_query_may_still_read(lake: Lake) -> None:
    for number in range(5):
        snapshot = put_many(lake, number)
    publish(lake, snapshot)
    before = files(lake)
    assert lake.maintain(later(0))["deleted_files"] == 0
    assert set(before) <= set(files(lake))


def test_a_reader_at_work_survives_maintenance_of_other_snapshots(lake: Lake) -> None:
    put(lake, 1)
    publish(lake, put(lake, 2))
    with lake.reader() as pinned:
        lake.maintain(later(31))
        assert number_in(pinned) == 2


def test_a_home_that_only_ingests_is_maintained(lake: Lake) -> None:
    with pytest.raises(NothingPublished):
        lake.maintain(later(31))
    for number in range(5):
        put_many(lake, number)
    assert lake.maintain(later(31))["deleted_files"] == 4
    assert lake.readable() == lake.snapshot()
    assert read(lake, lake.readable()) == 4
