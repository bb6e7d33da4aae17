"""Rules that hold for all checks: what is advice, and what counts once."""

import json
from datetime import date, datetime, timedelta

import duckdb
import polars as pl
import pytest
from estate import built_warehouse

from actions.check import Check, parse
from actions.recommend import PREVIOUS, recommend

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
    connection = built_warehouse()
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


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ("open_port", "suppressed"), ("open_port,,for the audit", "suppressed"),
        (f"open_port,{AS_OF.date() + timedelta(1)}", "suppressed"),
        (f"all, {AS_OF.date() + timedelta(1)} ,x", "suppressed"),
        (f"open_port,{AS_OF.date()}", "advice"),
        ("open_port,01.03.2099", "advice"), ("open_port,2099-02-30", "advice"),
        ("false", "advice"),
    ],
)  # fmt: skip
def test_a_tag_silences_until_its_day_and_not_for_ever_if_nobody_can_read_it(
    tag: str, status: str, facts: duckdb.DuckDBPyConnection
) -> None:
    tags = json.dumps({"instance-select/ignore": tag})
    facts.execute("update marts.resource_now set tags = ? where resource_id = 'open'", [tags])
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[CHECK])
    assert found.filter(pl.col("resource_id") == "open")["status"].to_list() == [status]


def test_advice_neither_supersedes_nor_is_superseded(facts: duckdb.DuckDBPyConnection) -> None:
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[CHECK, DELETE])
    said = {
        row["check"]: row for row in found.iter_rows(named=True) if row["resource_id"] == "open"
    }
    assert (said["open_port"]["status"], said["delete"]["status"]) == ("advice", "open")
    assert said["delete"]["about"] == "saving"


def test_what_belongs_to_no_account_has_evidence_too(facts: duckdb.DuckDBPyConnection) -> None:
    facts.execute("update marts.resource_now set account = null")
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[CHECK, DELETE])
    assert found.height
    assert found["evidence"].null_count() == 0


GROUP = parse(
    "group.sql",
    """-- title: Shrink
-- kind: scaling_group
-- verb: configure
-- risk: R5
-- blind: B.
-- evidence: select {resource_id}
select source, cloud, account, region, resource_id, state as before, 'none' as after,
    'USD' as currency, 20 as saving_month_low, 20 as saving_month_high, name as reason
from marts.resource_now where kind = 'scaling_group'
""",
)


@pytest.mark.parametrize(("member_of", "status"), [("asg", "superseded"), (None, "open")])
def test_what_is_saved_on_machines_of_a_group_is_counted_once(
    facts: duckdb.DuckDBPyConnection, member_of: str | None, status: str
) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, resource_id, kind, name, state)"
        " values ('s', 'aws', 'a', 'asg', 'scaling_group', 'web', 'active')"
    )
    facts.execute(
        "update marts.resource_now set member_of = ? where kind = 'instance'", [member_of]
    )
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=[DELETE, GROUP])
    said = {row["check"]: row for row in found.iter_rows(named=True)}
    assert said["group"]["status"] == "open"
    assert said["delete"]["status"] == status
    assert said["delete"]["superseded_by"] == (said["group"]["id"] if member_of else None)


def setting(name: str, saving: float, money: str, kind: str = "database") -> Check:
    return parse(
        f"{name}.sql",
        f"""-- title: T
-- kind: {kind}
-- verb: configure
-- risk: R5
-- money: {money}
-- blind: B
-- evidence: select {{resource_id}}
select source, cloud, account, region, resource_id, 'b' as before, 'a' as after,
    'USD' as currency, {saving} / 2 as saving_month_low, {saving} as saving_month_high,
    'r' as reason
from marts.resource_now where kind = '{kind}'
""",
    )


def saved(facts: duckdb.DuckDBPyConnection, *only: Check) -> dict[str, tuple[float, float]]:
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=only)
    assert set(found["status"]) == {"open"}
    return {
        row["check"]: (float(row["saving_month_low"]), float(row["saving_month_high"]))
        for row in found.iter_rows(named=True)
    }


def test_settings_of_one_resource_do_not_save_the_same_money(
    facts: duckdb.DuckDBPyConnection,
) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, resource_id, kind, state)"
        " values ('s', 'aws', 'a', 'db', 'database', 'available')"
    )
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month)"
        " values ('aws', 'db', 'USD', 100)"
    )
    iops, log = setting("iops", 40, "lines"), setting("log", 20, "lines")
    half, tenth = setting("half", 50, "share"), setting("tenth", 10, "share")
    assert saved(facts, iops, log) == {"iops": (20, 40), "log": (10, 20)}
    assert saved(facts, half) == {"half": (25, 50)}
    assert saved(facts, half, iops) == {"iops": (20, 40), "half": (15, 30)}
    assert saved(facts, half, iops, tenth) == {
        "iops": (20, 40), "half": (15, 30), "tenth": (1.5, 3),
    }  # fmt: skip


def test_an_autoscaler_and_its_workload_do_not_save_the_same_money(
    facts: duckdb.DuckDBPyConnection,
) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, resource_id, kind, attached_to)"
        " values ('s', 'kubernetes', 'c', 'hpa', 'hpa', 'web'),"
        " ('s', 'kubernetes', 'c', 'web', 'workload', null)"
    )
    facts.execute(
        "insert into marts.kubernetes_workload (source, cluster, workload, currency,"
        " cores_cost_month, memory_cost_month) values ('s', 'c', 'web', 'USD', 60, 40)"
    )
    replicas = setting("replicas", 80, "share", "hpa")
    memory = setting("memory", 30, "lines", "workload")
    assert saved(facts, replicas, memory) == {"memory": (15, 30), "replicas": (28, 56)}


def test_what_other_settings_leave_is_told(facts: duckdb.DuckDBPyConnection) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, resource_id, kind)"
        " values ('s', 'aws', 'a', 'db', 'database')"
    )
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month)"
        " values ('aws', 'db', 'USD', 100)"
    )
    both = [setting("iops", 40, "lines"), setting("half", 50, "share")]
    found = recommend(facts, as_of=AS_OF, snapshot=1, only=both)
    assert dict(found.select("check", "reason").iter_rows()) == {
        "iops": "r", "half": "r; its other settings save part of that",
    }  # fmt: skip


RELEASE = parse(
    "release.sql",
    """-- title: Release
-- kind: address
-- verb: release
-- risk: R4
-- blind: B.
-- evidence: select {resource_id}
select source, cloud, account, region, resource_id, state as before, 'absent' as after,
    'USD' as currency, 3 as saving_month_low, 3 as saving_month_high, name as reason
from marts.resource_now where kind = 'address'
""",
)


@pytest.mark.parametrize(
    ("days_so", "said_on", "until"),
    [
        (None, None, date(2026, 11, 8)),
        (2.9, None, date(2026, 11, 6)),
        (2.9, date(2026, 10, 28), date(2026, 11, 4)),
        (7, None, None),
        (None, date(2026, 10, 25), None),
    ],
)
def test_an_owner_has_time_to_object_and_days_already_so_count(
    facts: duckdb.DuckDBPyConnection,
    days_so: float | None,
    said_on: date | None,
    until: date | None,
) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, resource_id, kind, name, state,"
        " state_days) values ('s', 'aws', 'a', 'ip', 'address', 'web', 'free', ?)",
        [days_so],
    )
    id_ = recommend(facts, as_of=AS_OF, snapshot=1, only=[RELEASE])["id"].item()
    said = pl.DataFrame({"id": [id_], "first_seen_on": [said_on]}, PREVIOUS)
    found = recommend(
        facts, as_of=AS_OF, snapshot=1, only=[RELEASE], previous=said.drop_nulls("first_seen_on")
    )
    assert found["grace_until"].item() == until
