"""The lines behind a resource are all of its lines, however the bill writes its id."""

from datetime import date, datetime
from importlib.resources import files

import pytest
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
    for name in LISTS:
        connection.execute(f"set variable {name} = null::varchar[]")
    for name, value in {
        "currency": "USD", "first": date(2026, 3, 1), "until": date(2026, 4, 1),
        "resource_id": resource_id, "tag_key": None, "tag_value": None, "most": 9,
    }.items():  # fmt: skip
        connection.execute(f"set variable {name} = ?", [value])
    found = rows(connection, (files("app.dashboard") / "queries" / f"{query}.sql").read_text())
    assert len(found) == lines
