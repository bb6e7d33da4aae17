"""The lines behind a row are all of its lines, however the bill writes ids and tags."""

from datetime import date, datetime
from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from estate import AS_OF, line, rows, warehouse

from warehouse.build import build

ARN = "arn:aws:ec2:eu-west-1:123456789012:natgateway/nat-1234abcd"
NAT = {
    "source": "s", "cloud": "aws", "account": "shop", "resource_id": "nat-1234abcd",
    "kind": "nat_gateway", "valid_from": datetime(2026, 1, 1),
}  # fmt: skip
LISTS = ("clouds", "accounts", "services", "regions", "categories")


@pytest.mark.parametrize("query", ["focus_lines", "focus_files"])
@pytest.mark.parametrize(("resource_id", "lines"), [("nat-1234abcd", 2), (ARN, 1), ("i-9", 0)])
def test_lines_of_a_resource(query: str, resource_id: str, lines: int) -> None:
    connection = warehouse(
        raw_resource=[NAT],
        raw_focus=[
            line("2026-03-18", "1", ResourceId=ARN, x_file="a"),
            line("2026-03-19", "2", ResourceId="nat-1234abcd", x_file="b"),
            line("2026-03-19", "4", ResourceId="nat-0000abcd", x_file="c"),
        ],
    )
    build(connection, AS_OF, ["marts.billed_resource"])
    assert len(lines_of(connection, query, resource_id=resource_id)) == lines


@pytest.mark.parametrize("query", ["focus_lines", "focus_files"])
def test_lines_of_a_tag_cost_what_its_row_says(query: str) -> None:
    tags = (
        '{"team": "a"}',
        '{"team": ""}',
        '{"team": null}',
        '{"te\\"am": 3}',
        "none",
        None,
        '{"team": "a", "team": "b"}',
    )
    connection = warehouse(raw_focus=[
        line("2026-03-18", str(10**number), Tags=tag, ResourceId=resource, x_file=f"{number}")
        for number, (tag, resource) in enumerate(product(tags, ("i-1", None)))
    ])  # fmt: skip
    build(connection, AS_OF)
    told = rows(connection, "from marts.tag_cost")
    assert {(row["tag_key"], row["tag_value"]) for row in told} == {
        ("team", "a"), ("team", "(untagged)"), ('te"am', "3"), ('te"am', "(untagged)"),
    }  # fmt: skip
    for row in told:
        found = lines_of(connection, query, tag_key=row["tag_key"], tag_value=row["tag_value"])
        cost = "EffectiveCost" if query == "focus_lines" else "effective_cost"
        assert sum(one[cost] for one in found) == row["effective_cost"]


def lines_of(connection: DuckDBPyConnection, query: str, **asked: str) -> list[dict[str, Any]]:
    for name in LISTS:
        connection.execute(f"set variable {name} = null::varchar[]")
    for name, value in {
        "currency": "USD", "first": date(2026, 3, 1), "until": date(2026, 4, 1), "most": 99,
        "resource_id": None, "tag_key": None, "tag_value": None, **asked,
    }.items():  # fmt: skip
        connection.execute(f"set variable {name} = ?", [value])
    return rows(connection, (files("app.dashboard") / "queries" / f"{query}.sql").read_text())
