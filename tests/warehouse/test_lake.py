import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from numbered import NOW, files, later, number_in, parquet, publish, put, put_many, read

from warehouse.errors import LakeBusy, NothingPublished
from warehouse.lake import Lake, load_extension
from warehouse.settings import LakeSettings

SPAWN = multiprocessing.get_context("spawn")  # never fork with an open catalogue


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    lake = Lake(LakeSettings(home=tmp_path))
    yield lake
    lake.close()


def fail(lake: Lake, last: str = "delete from raw.focus") -> None:
    """Write, and fail before the end."""
    with lake.write("fails") as write:
        write.connection.execute("create or replace table marts.number as select 2 as n")
        write.connection.execute(last)
        raise ZeroDivisionError


def test_a_new_home_has_nothing_to_read(lake: Lake) -> None:
    assert not lake.exists()
    for ask in (lake.reader, lake.latest, lake.published, lake.snapshot):
        with pytest.raises(NothingPublished, match="instance-select demo"):
            ask()
    assert not lake.exists(), "asking created nothing"


@pytest.mark.parametrize("came_as_far_as", ["a file", "a database", "a catalogue"])
def test_a_lake_whose_making_was_cut_short_has_nothing_to_read(
    lake: Lake, came_as_far_as: str
) -> None:
    file = lake.settings.lake_folder / "catalog.sqlite"
    file.parent.mkdir()
    file.touch()
    if came_as_far_as == "a database":
        sqlite3.connect(file).execute("pragma journal_mode = wal")
    elif came_as_far_as == "a catalogue":
        with duckdb.connect(config={"allow_unsigned_extensions": True}) as connection:
            for name in ("ducklake", "sqlite_scanner"):
                load_extension(connection, name)
            data = f"data_path '{file.parent}/data/', meta_journal_mode 'WAL'"
            connection.execute(f"attach 'ducklake:sqlite:{file}' as lake ({data})")
    for ask in (lake.reader, lake.published):
        with pytest.raises(NothingPublished, match="instance-select demo"):
            ask()
    publish(lake, put(lake, 1))
    assert read(lake) == 1


def test_written_but_not_published_is_not_seen(lake: Lake) -> None:
    put(lake, 1)
    with pytest.raises(NothingPublished):
        lake.reader()
    with lake.latest() as connection:
        assert number_in(connection) == 1


def test_before_the_first_publication_the_newest_snapshot_is_readable(lake: Lake) -> None:
    with pytest.raises(NothingPublished):
        lake.readable()
    first = put(lake, 1)
    assert lake.readable() == first
    publish(lake, first)
    put(lake, 2)
    assert lake.readable() == first, "from then on only what was published"


def test_readers_see_what_was_published_last_until_they_come_again(lake: Lake) -> None:
    publish(lake, put(lake, 1))
    with lake.reader() as pinned:
        publish(lake, put(lake, 2), minute=1)
        assert number_in(pinned) == 1
        assert read(lake) == 2
        assert lake.published().as_of == NOW


def test_going_back_is_publishing_an_older_snapshot(lake: Lake) -> None:
    first, second = put(lake, 1), put(lake, 2)
    publish(lake, second, minute=1)
    publish(lake, first, minute=2)
    assert read(lake) == 1
    assert lake.published().snapshot == first


def test_every_snapshot_can_be_read_again(lake: Lake) -> None:
    snapshots = {number: put(lake, number) for number in (1, 2, 3)}
    assert [read(lake, snapshots[number]) for number in (3, 1, 2)] == [3, 1, 2]
    assert lake.snapshot() == snapshots[3]


def test_an_error_leaves_no_trace(lake: Lake) -> None:
    before = put(lake, 1)
    with pytest.raises(ZeroDivisionError):
        fail(lake)
    assert lake.snapshot() == before
    assert read(lake, before) == 1
    assert put(lake, 3) == before + 1, "the lake can be written again"


def test_an_sql_error_leaves_no_trace_either(lake: Lake) -> None:
    before = put(lake, 1)
    with pytest.raises(duckdb.Error):
        fail(lake, "select * from marts.no_such_table")
    assert read(lake, lake.snapshot()) == 1
    assert lake.snapshot() == before


def test_a_reader_can_change_nothing(lake: Lake) -> None:
    publish(lake, put(lake, 1))
    for connection in (lake.reader(), lake.latest()):
        with connection, pytest.raises(duckdb.Error, match=r"(?i)read.only"):
            connection.execute("create table marts.mine as select 1 as n")


def test_two_homes_know_nothing_of_each_other(tmp_path: Path) -> None:
    lakes = [Lake(LakeSettings(home=tmp_path / name)) for name in ("a", "b")]
    for number, lake in enumerate(lakes):
        publish(lake, put(lake, number))
    assert [read(lake) for lake in lakes] == [0, 1]
    for lake in lakes:
        lake.close()


def test_money_and_time_come_back_to_the_last_digit_from_any_size_of_table(lake: Lake) -> None:
    values = "select 12345678901234567890.123456789012345678::decimal(38, 18) as cost,"
    values += " timestamp '2026-03-01 10:11:12.123456' as at, null::decimal(38, 18) as unknown"
    with lake.write("exact") as write:
        for table, rows in (("few", 3), ("many", 3000)):
            write.connection.execute(f"create table marts.{table} as {values} from range({rows})")
    with lake.reader(write.snapshot) as connection:
        for table in ("few", "many"):
            row = connection.execute(f"select distinct * from marts.{table}").fetchall()
            assert row == [
                (Decimal("12345678901234567890.123456789012345678"),
                 datetime(2026, 3, 1, 10, 11, 12, 123456), None)
            ]  # fmt: skip


DAY = """
import sys
from pathlib import Path
from warehouse.lake import Lake, load_extension
from warehouse.settings import LakeSettings
lake = Lake(LakeSettings(home=Path(sys.argv[1])))
with lake.reader(lake.published().snapshot) as connection:
    query = "select (timestamptz '2026-03-20 01:00:00+00')::date::varchar"
    print(connection.execute(query).fetchone()[0])
"""


def test_a_day_is_one_of_utc_wherever_the_machine_is(lake: Lake) -> None:
    publish(lake, put(lake, 1))
    lake.close()
    done = subprocess.run(
        [sys.executable, "-c", DAY, str(lake.settings.home)],
        env={**os.environ, "TZ": "America/New_York"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "2026-03-20"


def test_the_schema_is_there_with_its_units(lake: Lake) -> None:
    put(lake, 1)
    with lake.latest() as connection:
        types = dict(
            connection.execute(
                "select column_name, data_type from duckdb_columns()"
                " where schema_name = 'raw' and table_name = 'focus'"
            ).fetchall()
        )
    assert types["BilledCost"] == "DECIMAL(38,18)"
    assert types["ChargePeriodStart"] == "TIMESTAMP"
    assert types["BillingAccountId"] == "VARCHAR"


def add_rows(home: Path, writer: int, count: int) -> None:
    """Run in another process: add one to the number, count times."""
    lake = Lake(LakeSettings(home=home))
    for _ in range(count):
        with lake.write(f"writer {writer}") as write:
            write.connection.execute("update marts.number set n = n + 1")


def hold_lock(home: Path, held: Path, seconds: float) -> None:
    """Run in another process: keep the write lock for a while."""
    with Lake(LakeSettings(home=home)).write("a long ingestion"):
        held.touch()
        time.sleep(seconds)


def die_while_writing(home: Path, held: Path) -> None:
    """Run in another process: be killed with half a transaction written."""
    with Lake(LakeSettings(home=home)).write("dies") as write:
        write.connection.execute("create or replace table marts.number as select 666 as n")
        held.touch()
        time.sleep(60)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_writers_in_several_processes_lose_no_update(lake: Lake) -> None:
    put(lake, 0)
    home = lake.settings.home
    writers = [SPAWN.Process(target=add_rows, args=(home, n, 5)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert read(lake, Lake(lake.settings).snapshot()) == 15


def test_whoever_waits_too_long_is_told_who_writes(lake: Lake, tmp_path: Path) -> None:
    put(lake, 1)
    held = tmp_path / "held"
    holder = SPAWN.Process(target=hold_lock, args=(lake.settings.home, held, 60))
    holder.start()
    wait_for(held)
    impatient = Lake(LakeSettings(home=lake.settings.home, lock_seconds=0.2))
    with pytest.raises(LakeBusy, match=rf"process {holder.pid} \(a long ingestion\).*0\.2 seconds"):
        put(impatient, 2)
    holder.kill()
    holder.join()
    put(impatient, 2)
    assert read(lake, impatient.snapshot()) == 2


def test_a_writer_that_is_killed_leaves_no_trace_and_no_lock(lake: Lake, tmp_path: Path) -> None:
    before = put(lake, 1)
    lake.close()
    held = tmp_path / "held"
    writer = SPAWN.Process(target=die_while_writing, args=(lake.settings.home, held))
    writer.start()
    wait_for(held)
    writer.kill()
    writer.join()
    assert lake.snapshot() == before
    assert read(lake, before) == 1
    assert put(lake, 2) > before


def test_encrypted_data_files_are_unreadable_without_the_catalogue(tmp_path: Path) -> None:
    lake = Lake(LakeSettings(home=tmp_path, encrypted=True))
    snapshot = put_many(lake, 42)
    (data,) = files(lake)
    with pytest.raises(duckdb.Error, match=r"(?i)encrypt"):
        duckdb.connect().execute(f"select * from '{data}'").fetchall()
    assert read(lake, snapshot) == 42
    lake.close()


def test_data_files_are_open_parquet_without_encryption(lake: Lake) -> None:
    put_many(lake, 42)
    (data,) = files(lake)
    assert duckdb.connect().execute(f"select count(n) from '{data}'").fetchall() == [(1000,)]


def adopt(lake: Lake, file: Path) -> bool:
    with lake.write(f"adopt {file.name}") as write:
        return write.adopt("marts", "number", file)


def fail_after_adopting(lake: Lake, file: Path) -> None:
    with lake.write("fails") as write:
        assert write.adopt("marts", "number", file)
        raise ZeroDivisionError


def sums(lake: Lake, snapshot: int | None = None) -> tuple[int, int]:
    with lake.latest() if snapshot is None else lake.reader(snapshot) as connection:
        [row] = connection.execute("select count(*), sum(n) from marts.number").fetchall()
    return row


def test_an_adopted_file_is_a_part_of_the_table(lake: Lake, tmp_path: Path) -> None:
    before = put_many(lake, 1)
    file = parquet(tmp_path / "given.parquet", 2)
    assert adopt(lake, file)
    assert not file.exists(), "it was moved, not copied"
    assert (sums(lake), sums(lake, before)) == ((2000, 3000), (1000, 1000))
    with lake.write("change") as write:
        write.connection.execute("delete from marts.number where n = 1")
        write.connection.execute("alter table marts.number add column m integer")
    assert sums(lake) == (1000, 2000)
    adopt(lake, parquet(tmp_path / "more.parquet", 3))
    publish(lake, lake.snapshot())
    lake.close()
    lake.settings.home.joinpath("lake").rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "moved").rename(tmp_path / "elsewhere" / "lake")
    moved = Lake(LakeSettings(home=tmp_path / "elsewhere"))
    assert sums(moved) == (2000, 5000), "also of a home that was moved"
    assert moved.maintain(later(31))["expired_snapshots"] >= 1
    moved.maintain(later(33))
    assert sums(moved) == (2000, 5000)
    moved.close()


def test_a_file_is_not_adopted_if_the_write_fails(lake: Lake, tmp_path: Path) -> None:
    put_many(lake, 1)
    before = files(lake)
    file = parquet(tmp_path / "given.parquet", 2)
    with pytest.raises(ZeroDivisionError):
        fail_after_adopting(lake, file)
    assert (sums(lake), files(lake)) == ((1000, 1000), before)


def test_an_encrypted_lake_adopts_no_open_file(tmp_path: Path) -> None:
    lake = Lake(LakeSettings(home=tmp_path, encrypted=True))
    put_many(lake, 1)
    lake.close()
    for again in (lake, Lake(LakeSettings(home=tmp_path))):  # it stays encrypted all the same
        file = parquet(tmp_path / "given.parquet", 2)
        assert not adopt(again, file)
        assert file.exists()
        assert sums(again) == (1000, 1000)
        again.close()


def tables_of_catalogue(lake: Lake) -> int:
    lake.close()
    with sqlite3.connect(lake.settings.lake_folder / "catalog.sqlite") as catalogue:
        (count,) = catalogue.execute("select count(*) from sqlite_master").fetchone()
    return count


def test_versions_of_a_mart_add_no_table_to_the_catalogue(lake: Lake) -> None:
    """Each would make every query slower for as long as its snapshot is kept."""
    put(lake, 0)
    before = tables_of_catalogue(lake)
    for number in range(3):
        put(lake, number)
    assert tables_of_catalogue(lake) == before


def test_an_older_lake_adds_none_from_its_next_write_on(lake: Lake) -> None:
    put(lake, 0)
    lake.close()
    with sqlite3.connect(lake.settings.lake_folder / "catalog.sqlite") as catalogue:
        catalogue.execute("delete from ducklake_metadata where scope = 'schema'")
    put(lake, 1)
    before = tables_of_catalogue(lake)
    put(lake, 2)
    assert tables_of_catalogue(lake) == before
