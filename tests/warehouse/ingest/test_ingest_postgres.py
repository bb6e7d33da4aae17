"""The ingestion works on a PostgreSQL catalogue, also on an empty one."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bills import lines, load, query, statuses, total, write
from test_ingest_sub_accounts import LAB, SHOP, azure_lines, export, of, older

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


def test_a_lake_of_before_gets_its_new_columns(
    postgres_database: Callable[[], str], tmp_path: Path
) -> None:
    lake = Lake(LakeSettings(home=tmp_path / "home", catalog=postgres_database()))
    shop = export(tmp_path / "shop", of(SHOP), azure_lines(3, SHOP))
    load(lake, shop)
    older(lake)
    report = load(lake, export(tmp_path / "lab", of(LAB), azure_lines(2, LAB)))
    assert {entry.status for entry in report.loaded} == {"loaded"}
    assert total(lake) == (5, Decimal(9))
    rows = query(lake, "select distinct sub_account from raw.billing_manifest order by all")
    assert rows == [(SHOP,), (LAB,)]
    lake.close()
