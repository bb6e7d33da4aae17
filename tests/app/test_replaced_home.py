"""A dashboard goes on when its home is removed, and shows the one that takes its place."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from app.dashboard import data
from pipelines.settings import Settings
from warehouse.errors import NothingPublished
from warehouse.lake import Lake


def made(home: Path, tables: int) -> None:
    lake = Lake(Settings(home=home))
    for number in range(tables):
        with lake.write("make") as write:
            write.connection.execute(f"create table marts.t{number} as select {tables} as n")
    lake.publish(write.snapshot, datetime(2026, 1, tables), "run", datetime(2026, 1, tables))
    lake.close()


def test_an_open_page_follows_a_home_that_was_removed_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "CHECK_SECONDS", -1)
    home, other = tmp_path / "home", tmp_path / "other"
    made(home, 3)
    made(other, 2)
    reader = data.Reader(Settings(home=home))
    assert reader.rows(reader.published(), "select n from marts.t0").rows() == [(3,)]
    shutil.rmtree(home)
    with pytest.raises(NothingPublished):
        reader.published()
    shutil.move(other, home)
    assert reader.rows(reader.published(), "select n from marts.t0").rows() == [(2,)]
