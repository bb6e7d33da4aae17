from pathlib import Path

import pytest
from estate import AS_OF, line, warehouse

import warehouse as package
from warehouse.build import build, find, in_order, tables_in
from warehouse.errors import UnknownTable
from warehouse.lake import schema_files

MARTS = Path(package.__file__).parent / "marts"


def test_every_sql_file_is_a_mart_with_its_grain_in_the_first_line() -> None:
    assert {f"marts.{file.stem}" for file in MARTS.glob("*.sql")} == find().keys()
    assert all(mart.grain.startswith("One row per ") for mart in find().values())
    assert all(mart.group != "marts" for mart in find().values())


def test_every_mart_is_built_after_those_it_reads() -> None:
    names = [mart.name for mart in in_order()]
    for mart in in_order():
        for read in mart.reads & find().keys():
            assert names.index(read) < names.index(mart.name)


@pytest.mark.parametrize("mart", find().values(), ids=find())
def test_a_mart_reads_only_tables_that_exist(mart: object) -> None:
    assert mart.reads <= schema_files().keys() | find().keys()  # type: ignore[attr-defined]


def test_ctes_are_no_tables_and_a_table_of_the_same_name_in_a_schema_is_one() -> None:
    query = "with focus as (select * from raw.focus) select * from focus join marts.focus using (x)"
    assert tables_in(query) == {"raw.focus", "marts.focus"}


def test_only_the_named_marts_are_built() -> None:
    connection = warehouse(raw_focus=[line("2026-03-01", "1")])
    built = build(connection, AS_OF, ["marts.monthly_cost", "marts.daily_cost"])
    assert [(name, rows) for name, rows, _ in built] == [
        ("marts.daily_cost", 1),
        ("marts.monthly_cost", 1),
    ]


def test_an_unknown_mart_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownTable, match=r"marts\.daly_cost.*marts\.daily_cost"):
        in_order(["marts.daly_cost"])


def test_building_twice_gives_the_same_tables() -> None:
    connection = warehouse(raw_focus=[line("2026-03-01", "1"), line("2026-03-02", "-1")])
    first = {name: rows for name, rows, _ in build(connection, AS_OF)}
    assert {name: rows for name, rows, _ in build(connection, AS_OF)} == first


def test_the_code_version_changes_with_the_text_only() -> None:
    versions = {mart.code_version for mart in find().values()}
    assert len(versions) == len(find())
