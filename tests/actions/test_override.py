"""Other parameters of checks for parts of the estate."""

from datetime import datetime, timedelta

import pytest
from duckdb import DuckDBPyConnection
from estate import built_warehouse

from actions.check import Check, checks, parse
from actions.errors import BadCheck, BadOverride
from actions.override import Override
from actions.recommend import recommend

AS_OF = datetime(2026, 11, 1)
DISKS = [  # name, cloud, account, region, team, env, days unattached
    ("web-dev", "aws", "a1", "r1", "web", "dev", 40),
    ("web-prod", "aws", "a1", "r1", "web", "prod", 40),
    ("data-dev", "aws", "a2", "r2", "data", "dev", 20),
    ("nobody", "gcp", "p1", "r3", None, None, 40),
]


@pytest.fixture
def facts() -> DuckDBPyConnection:
    """Unattached disks of several owners."""
    connection = built_warehouse()
    for name, cloud, account, region, team, env, days in DISKS:
        connection.execute(
            "insert into marts.resource_now (source, cloud, account, region, resource_id, kind,"
            " state, size_gib, age_days, state_days, team, env)"
            " values ('s', ?, ?, ?, ?, 'disk', 'available', 10, 90, ?, ?, ?)",
            [cloud, account, region, name, days, team, env],
        )
        connection.execute(
            "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month)"
            " values (?, ?, 'USD', 10)",
            [cloud, name],
        )
    return connection


def check(name: str) -> Check:
    return next(check for check in checks() if check.name == name)


def found(facts: DuckDBPyConnection, *overrides: Override) -> set[str]:
    only = [check("unattached_disk")]
    rows = recommend(facts, as_of=AS_OF, snapshot=7, only=only, overrides=overrides)
    return set(rows["resource_id"])


def disks(params: dict[str, int] | None = None, enabled: bool | None = None, **scope: str):
    return Override("unattached_disk", scope, params or {}, enabled)


def test_without_overrides_the_shipped_parameters_hold(facts: DuckDBPyConnection) -> None:
    assert found(facts) == {"web-dev", "web-prod", "nobody"}
    assert found(facts, Override("old_snapshot", {}, {"days": 1})) == found(facts)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([disks({"days": 60})], set[str]()),
        ([disks({"days": 14}, env="dev")], {"web-dev", "web-prod", "nobody", "data-dev"}),
        ([disks({"days": 60}, env="prod", team="web")], {"web-dev", "nobody"}),
        ([disks({"days": 60}, env="prod", team="data")], {"web-dev", "web-prod", "nobody"}),
        ([disks({"days": 60}), disks({"days": 14}, team="data")], {"data-dev"}),
        ([disks({"days": 14}, team="data"), disks({"days": 60})], set[str]()),
        ([disks(enabled=False, cloud="gcp")], {"web-dev", "web-prod"}),
        ([disks(enabled=False), disks(enabled=True, account="a1")], {"web-dev", "web-prod"}),
        ([disks({"days": 14}, region="r2"), disks({"snapshot_gib_month": 0})],
         {"web-dev", "web-prod", "nobody", "data-dev"}),
    ],
    ids=["everywhere", "looser", "both of two", "only one of two", "later wins", "order matters",
         "off somewhere", "on again", "of two parameters"],
)  # fmt: skip
def test_each_resource_is_judged_by_what_holds_for_it(
    facts: DuckDBPyConnection, overrides: list[Override], expected: set[str]
) -> None:
    assert found(facts, *overrides) == expected


def test_there_may_be_an_override_for_each_of_many_accounts(facts: DuckDBPyConnection) -> None:
    many = [disks({"days": 60}, account=f"other-{number}") for number in range(130)]
    mine = [disks({"days": 14}, account="a2"), disks(enabled=False, account="p1")]
    assert found(facts, *many, *mine) == {"web-dev", "web-prod", "data-dev"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, {"shop", "data"}),
        ({"account": "shop"}, {"shop"}),
        ({"cloud": "aws", "region": "global"}, {"shop", "data"}),
        ({"account": "other"}, set[str]()),
        ({"team": "web"}, set[str]()),
    ],
)
def test_accounts_of_which_only_the_bill_is_known_have_places_too(
    scope: dict[str, str], expected: set[str]
) -> None:
    connection = built_warehouse()
    for account in ("shop", "data"):
        place = {"account": account, "day": AS_OF.date() - timedelta(days=3)}
        for statement in (
            "marts.daily_cost by name select 'aws' as cloud, $account as account, $day as day",
            "marts.sub_account_billed_until by name"
            " select 'aws' as cloud, $account as account, $day + 1 as until",
            "marts.allocation_daily by name select 'aws' as cloud, $account as account,"
            " $day as day, 'USD' as currency, 30 as cost",
        ):
            used = {name: place[name] for name in place if f"${name}" in statement}
            connection.execute(f"insert into {statement}", used)
    only = [check("unallocated_spend")]
    lower = [Override("unallocated_spend", scope, {"least_month": 10})]
    assert recommend(connection, as_of=AS_OF, snapshot=7, only=only).is_empty()
    rows = recommend(connection, as_of=AS_OF, snapshot=7, only=only, overrides=lower)
    assert set(rows["account"]) == expected


def test_a_place_may_be_a_whole_account_of_the_inventory(facts: DuckDBPyConnection) -> None:
    facts.execute("update marts.resource_now set kind = 'instance', state = 'running'")
    only = [check("region_outside_policy")]
    given = [Override(only[0].name, {"region": "global"}, {"allowed": "r1"})]
    rows = recommend(facts, as_of=AS_OF, snapshot=7, only=only, overrides=given)
    assert set(rows["account"]) == {"a2", "p1"}


def test_titles_say_what_holds_for_the_resource(facts: DuckDBPyConnection) -> None:
    rows = recommend(facts, as_of=AS_OF, snapshot=7, only=[check("unattached_disk")],
                     overrides=[disks({"days": 14}, team="data")])  # fmt: skip
    titles = dict(rows.select("resource_id", "title").iter_rows())
    assert titles["data-dev"] == "Delete disks that no instance has used for 14 days"
    assert titles["web-dev"] == "Delete disks that no instance has used for 30 days"


def test_a_title_names_parameters_only() -> None:
    text = "-- title: Delete what is {old}\n-- kind: disk\n-- verb: delete\n-- risk: R3\n"
    with pytest.raises(BadCheck, match=r"names something else than a parameter.*'old'"):
        parse("old.sql", f"{text}-- param days: 1\n-- blind: x\n-- evidence: select 1\n")


def test_parameters_of_several_overrides_add_up(facts: DuckDBPyConnection) -> None:
    given = [disks({"days": 14}, region="r2"), disks({"snapshot_gib_month": 0})]
    rows = recommend(facts, as_of=AS_OF, snapshot=7, only=[check("unattached_disk")],
                     overrides=given)  # fmt: skip
    assert (rows["saving_month_low"] == rows["saving_month_high"]).all()


@pytest.mark.parametrize("name", ["idle_instance", "oversized_instance", "off_hours"])
def test_windows_are_known_from_the_query(name: str) -> None:
    assert "days" in check(name).windows
    with pytest.raises(BadOverride, match="14 or 32"):
        Override(name, {}, {"days": 15}).applied(check(name))


def test_a_choice_is_one_of_those_in_the_header() -> None:
    machines = check("oversized_instance")
    assert Override(machines.name, {}, {"rule": "safe"}).applied(machines).params["rule"] == "safe"
    with pytest.raises(BadOverride, match="one of: headroom, balanced, safe"):
        Override(machines.name, {}, {"rule": "brave"}).applied(machines)


def test_choices_go_on_on_a_line_with_one_of_them() -> None:
    header = (
        "-- title: T\n-- kind: disk\n-- verb: delete\n-- risk: R3\n-- blind: B\n"
        "-- evidence: select 1\n-- param rule: one | two\n-- param rule: three\n"
    )
    parsed = parse("x.sql", header)
    assert (parsed.params, parsed.choices) == ({"rule": "one"}, {"rule": ("one", "two", "three")})


def test_a_system_disk_goes_with_its_deleted_machine(facts: DuckDBPyConnection) -> None:
    facts.execute(
        "insert into marts.resource_now (source, cloud, account, region, resource_id, kind, state,"
        " sku, size_gib, age_days, state_days, attached_to, config) values"
        " ('s', 'aws', 'a1', 'r1', 'i-off', 'instance', 'stopped', 'm5.large', null, 90, 60, null,"
        " '{}'),"
        " ('s', 'aws', 'a1', 'r1', 'boot', 'disk', 'in_use', 'gp2', 100, 90, 90, 'i-off',"
        """ '{"boot": "true"}')"""
    )
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month)"
        " values ('aws', 'boot', 'USD', 10), ('aws', 'i-off', 'USD', 2)"
    )
    only = [check("gp2_volume"), check("stopped_too_long")]
    rows = {row["resource_id"]: row for row in recommend(
        facts, as_of=AS_OF, snapshot=7, only=only).iter_rows(named=True)}  # fmt: skip
    assert rows["i-off"]["status"] == "open"
    assert (rows["boot"]["status"], rows["boot"]["superseded_by"]) == (
        "superseded",
        rows["i-off"]["id"],
    )
    facts.execute("update marts.resource_now set state_days = 3 where resource_id = 'i-off'")
    rows = recommend(facts, as_of=AS_OF, snapshot=7, only=only)
    assert dict(zip(rows["resource_id"], rows["status"], strict=True)) == {"boot": "open"}
