"""What checks say that are not about a saving."""

from datetime import datetime

import duckdb
import pytest

from actions.check import parse
from actions.recommend import recommend
from warehouse.build import build
from warehouse.lake import SCHEMAS, schema_files

AS_OF = datetime(2026, 11, 1)
CHECK = parse(
    "open_port.sql",
    """-- title: Close ports
-- kind: instance
-- verb: review
-- risk: R0
-- about: security
-- blind: B
-- evidence: select {resource_id}
select source, cloud, account, region, resource_id, state as before, 'closed' as after,
    name as reason, if(size_gib is null, 'its ports', null) as missing
from marts.resource_now where kind = 'instance'
""",
)
DELETE = parse(
    "delete.sql",
    """-- title: Delete
-- kind: instance
-- verb: delete
-- risk: R3
-- blind: B
-- evidence: select {resource_id}
select source, cloud, account, region, resource_id, state as before, 'absent' as after,
    'USD' as currency, 9 as saving_month_low, 9 as saving_month_high, name as reason
from marts.resource_now where resource_id = 'open'
""",
)


@pytest.fixture
def facts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for ddl in schema_files().values():
        connection.execute(ddl)
    build(connection, AS_OF)
    connection.execute(
        "insert into marts.resource_now (source, cloud, account, region, resource_id, kind, name,"
        " state, size_gib, tags) values"
        " ('s', 'aws', 'a', 'r', 'open', 'instance', 'ssh is open', 'running', 1, '{}'),"
        " ('s', 'aws', 'a', 'r', 'unknown', 'instance', 'who knows', 'running', null, '{}'),"
        " ('s', 'aws', 'a', 'r', 'left', 'instance', 'on purpose', 'running', 1,"
        """ '{"instance-select/ignore": "open_port"}')"""
    )
    return connection


def test_advice_needs_no_money_and_obeys_tags_and_gaps(facts: duckdb.DuckDBPyConnection) -> None:
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[CHECK])
    said = {row["resource_id"]: row for row in found.iter_rows(named=True)}
    assert {name: row["status"] for name, row in said.items()} == {
        "open": "advice",
        "unknown": "insufficient_data",
        "left": "suppressed",
    }
    assert said["open"]["about"] == "security"
    assert said["open"]["saving_month_high"] is None
    assert said["unknown"]["missing"] == "its ports"


def test_advice_neither_supersedes_nor_is_superseded(facts: duckdb.DuckDBPyConnection) -> None:
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[CHECK, DELETE])
    said = {
        row["check"]: row for row in found.iter_rows(named=True) if row["resource_id"] == "open"
    }
    assert (said["open_port"]["status"], said["delete"]["status"]) == ("advice", "open")
    assert said["delete"]["about"] == "saving"
