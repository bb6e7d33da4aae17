from pathlib import Path

import pytest

from warehouse.errors import NewerTables
from warehouse.lake import Lake
from warehouse.settings import LakeSettings


def test_a_renamed_column_keeps_its_rows(tmp_path: Path) -> None:
    settings = LakeSettings(home=tmp_path)
    lake = Lake(settings)
    with lake.write("as it was") as write:
        table = "raw.billing_manifest"
        write.connection.execute(f"alter table {table} rename column digest to sha256")
        write.connection.execute(f"insert into {table} (file, sha256) values ('a.csv', 'ab12')")
    lake.close()
    with Lake(settings).write("now") as write:
        columns = [row[0] for row in write.connection.execute(f"describe {table}").fetchall()]
        found = write.connection.execute(f"select file, digest from {table}").fetchall()
    assert found == [("a.csv", "ab12")]
    assert columns[10] == "digest", "rows are inserted by position"


@pytest.mark.parametrize(
    "newer",
    ["alter table raw.read add column mood varchar", "create table models.mood (a int)"],
)
def test_a_lake_of_a_newer_version_is_read_and_not_written(newer: str, tmp_path: Path) -> None:
    settings = LakeSettings(home=tmp_path)
    lake = Lake(settings)
    with lake.write("of a newer version") as write:
        write.connection.execute(newer)
    lake.close()
    before = lake.snapshot()
    older = Lake(settings)
    with pytest.raises(NewerTables, match=r"this one does not know .*mood.*Nothing was written"):
        older.prepare()
    assert older.snapshot() == before


def test_tables_of_somebody_else_do_not_make_a_lake_newer(tmp_path: Path) -> None:
    lake = Lake(LakeSettings(home=tmp_path))
    with lake.write("of an analyst") as write:
        write.connection.execute("create schema lab")
        write.connection.execute("create table lab.mood (a int)")
    lake.close()
    Lake(LakeSettings(home=tmp_path)).prepare()
