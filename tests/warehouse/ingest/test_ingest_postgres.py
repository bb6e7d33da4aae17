"""The ingestion works on a PostgreSQL catalogue, also on an empty one."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bills import lines, load, statuses, total, write

from warehouse.lake import Lake
from warehouse.settings import LakeSettings


def test_bills_go_into_an_empty_postgres_catalogue(
    postgres_database: Callable[[], str], tmp_path: Path
) -> None:
    lake = Lake(LakeSettings(home=tmp_path / "home", catalog=postgres_database()))
    file = write(tmp_path / "a.csv", lines(3))
    first = load(lake, file)
    assert statuses(first) == {"a.csv": {"loaded"}}
    assert load(lake, file).snapshot == first.snapshot
    load(lake, write(tmp_path / "b.csv", lines(4)))
    assert total(lake) == (4, Decimal(10))
    lake.close()
