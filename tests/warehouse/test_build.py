from itertools import product
from pathlib import Path

import pytest
from estate import AS_OF, d, day, line, rows, warehouse

import warehouse as package
from warehouse.build import build, find, in_order, tables_in
from warehouse.errors import UnknownTable
from warehouse.tables import schema_files

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


def test_marts_have_room_for_the_largest_amounts_and_the_smallest_quantities() -> None:
    sizes = (d("1000000000000.01"), d("0.000000001"), d("-500000000000"))
    plan = {"CommitmentDiscountId": "plan", "CommitmentDiscountStatus": "Unused"}
    egress = {"ChargeDescription": "data transfer out"}
    disk = {"source": "a", "cloud": "aws", "account": "shop", "resource_id": "vol-1"}
    connection = warehouse(
        raw_focus=[
            line(on, str(cost), ResourceId=resource, PricingUnit=unit, PricingQuantity=quantity,
                 SkuId=f"{cost} {part}", **columns)
            for on, cost, part, resource, unit, columns in product(
                ("2026-02-10", "2026-03-10"), sizes, (0, 1), ("vol-1", None), ("GB", "GB-Mo"),
                ({}, plan, egress),
            )
            # Of one half of the parts there is much less than before, of the other much more.
            for quantity in [sizes[part if on < "2026-03" else 1 - part]]
        ],
        raw_resource=[disk | {"kind": "disk", "sku": "gp3", "valid_from": day("2026-01-01")}],
        raw_commitment=[
            {"source": "a", "cloud": "aws", "account": "payer", "commitment_id": "plan",
             "kind": "savings_plan", "currency": "USD", "starts_at": day("2026-01-01"),
             "ends_at": day("2027-01-01")},
        ],
        models_unit_quantity=[{"unit": "order", "day": day("2026-03-10"), "quantity": sizes[1]}],
    )  # fmt: skip
    build(connection, AS_OF)
    (changed,) = rows(
        connection,
        "select sum(price_effect + quantity_effect + new_or_gone_effect) as told,"
        " sum(cost_after - cost_before) as is from marts.price_quantity_change",
    )
    assert changed["told"] == changed["is"]


def test_a_line_without_a_unit_price_that_counts_is_not_priced() -> None:
    """The price of one licence has more digits than prices per hour have room for."""
    connection = warehouse(raw_focus=[
        line("2026-03-10", "1250000000", PricingQuantity=d("1"), PricingUnit="Units"),
        line("2026-03-10", "9", PricingQuantity=d("100"), PricingUnit="GB",
             ChargeDescription="data transfer out"),
    ])  # fmt: skip
    build(connection, AS_OF)
    assert [row["price"] for row in rows(connection, "from marts.unit_price")] == [d("0.09")]
