from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from duckdb import DuckDBPyConnection
from estate import built_warehouse
from staff import NOW, Office

from actions import recommend as recommending
from actions.check import Check, checks
from actions.override import Override, find
from actions.recommend import recommend
from actions.suppress import Scope, suppress, suppressions

AS_OF = datetime(2026, 11, 1)


@pytest.fixture
def facts() -> Iterator[DuckDBPyConnection]:
    """An idle machine that is also far too large, and an unattached disk."""
    with built_warehouse() as connection:
        machine(connection, "i-1")
        connection.execute(
            "insert into marts.resource_now (source, cloud, account, region, resource_id, kind,"
            " name, state, size_gib, age_days, state_days, team, env) values"
            " ('demo', 'aws', 'a1', 'r1', 'vol', 'disk', 'data', 'available', 10, 90, 60, 'web',"
            " 'dev')"
        )
        cost(connection, "vol", 10)
        for sku, vcpus, price in (("m5.large", 2, 0.1), ("m5.2xlarge", 8, 0.4)):
            connection.execute(
                "insert into marts.offer (cloud, instance_type, family, vcpus, memory_gib, arch,"
                " burstable) values ('aws', ?, 'm5', ?, ?, 'x86_64', false)",
                [sku, vcpus, vcpus * 4],
            )
            connection.execute(
                "insert into marts.price (cloud, region, instance_type, os, price_type, currency,"
                " price_hour) values ('aws', 'r1', ?, 'linux', 'on_demand', 'USD', ?)",
                [sku, price],
            )
        yield connection


def machine(connection: DuckDBPyConnection, name: str) -> None:
    connection.execute(
        "insert into marts.resource_now (source, cloud, account, region, resource_id, kind, sku,"
        " state, age_days, vcpus, memory_gib) values"
        " ('demo', 'aws', 'a1', 'r1', ?, 'instance', 'm5.2xlarge', 'running', 90, 8, 32)",
        [name],
    )
    for metric in ("cpu_percent", "memory_percent", "network_bytes_s"):
        connection.execute(
            "insert into marts.metric_quantiles (cloud, account, resource_id, metric, window_days,"
            " hours_measured, coverage, p95_max, p97_max, p99_max, max) values"
            " ('aws', 'a1', ?, ?, 14, 336, 1, 1, 1, 1, 1)",
            [name, metric],
        )
    cost(connection, name, 292)


def cost(connection: DuckDBPyConnection, name: str, month: float) -> None:
    for rate in ("resource_run_rate", "machine_run_rate"):
        connection.execute(
            f"insert into marts.{rate} (cloud, resource_id, currency, cost_month) values"
            " ('aws', ?, 'USD', ?)",
            [name, month],
        )


def found(facts: DuckDBPyConnection, **more: Any) -> dict[str, dict[str, Any]]:
    frame = recommend(facts, as_of=AS_OF, snapshot=7, **more)
    return {row["check"]: row for row in frame.iter_rows(named=True)}


def test_result_has_exactly_the_columns_of_its_table(facts: DuckDBPyConnection) -> None:
    frame = recommend(facts, as_of=AS_OF, snapshot=7)
    table = facts.execute("select * from actions.recommendation").pl()
    assert frame.schema == table.schema


def test_one_recommendation_wins_on_each_resource(facts: DuckDBPyConnection) -> None:
    rows = found(facts)
    idle, large = rows["idle_instance"], rows["oversized_instance"]
    assert (idle["status"], idle["superseded_by"]) == ("open", None)
    assert (large["status"], large["superseded_by"]) == ("superseded", idle["id"])
    assert rows["unattached_disk"]["status"] == "open"


def test_loser_wins_when_the_winner_is_suppressed(
    facts: DuckDBPyConnection, office: Office
) -> None:
    suppress(
        office.ledger, Scope(check="idle_instance"), reason="batch", actor="ann", now=NOW,
        until=date(2026, 12, 1),
    )  # fmt: skip
    rows = found(facts, suppressions=suppressions(office.ledger, AS_OF))
    assert rows["idle_instance"]["status"] == "suppressed"
    assert rows["idle_instance"]["reason"].endswith("; suppressed: s1 by ann: batch")
    assert rows["oversized_instance"]["status"] == "open"


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (Scope(team="web", env="dev"), "suppressed"),
        (Scope(team="web", env="prod"), "open"),
        (Scope(resource_id="vol"), "suppressed"),
        (Scope(cloud="gcp"), "open"),
        (Scope(kind="disk", account="a1"), "suppressed"),
        (Scope(), "suppressed"),
    ],
)
def test_suppression_covers_what_agrees_with_all_of_its_scope(
    facts: DuckDBPyConnection, office: Office, scope: Scope, status: str
) -> None:
    suppress(office.ledger, scope, reason="r", actor="ann", now=NOW)
    rows = found(facts, suppressions=suppressions(office.ledger, AS_OF))
    assert rows["unattached_disk"]["status"] == status


def test_id_stays_the_same_and_the_first_day_is_carried_over(facts: DuckDBPyConnection) -> None:
    first = recommend(facts, as_of=AS_OF, snapshot=7)
    facts.register("first", first.to_arrow())
    facts.execute("insert into actions.recommendation select * from first")
    later = recommend(facts, as_of=datetime(2026, 11, 9), snapshot=8)
    assert later["id"].to_list() == first["id"].to_list()
    assert set(later["first_seen_on"]) == {AS_OF.date()}
    assert set(later["snapshot"]) == {8}
    anew = recommend(facts, as_of=AS_OF, snapshot=7, previous=first.clear())
    assert set(anew["first_seen_on"]) == {AS_OF.date()}


def test_resource_that_two_sources_read_is_found_once(facts: DuckDBPyConnection) -> None:
    facts.execute(
        "insert into marts.resource_now select * replace ('other' as source)"
        " from marts.resource_now where kind = 'disk'"
    )
    frame = recommend(facts, as_of=AS_OF, snapshot=7)
    assert frame.filter(pl.col("check") == "unattached_disk").height == 1


def test_bill_in_two_currencies_is_never_added_up(facts: DuckDBPyConnection) -> None:
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month) values"
        " ('aws', 'vol', 'EUR', 4)"
    )
    row = found(facts)["unattached_disk"]
    assert (row["currency"], row["saving_month_high"]) == ("USD", Decimal(10))


@pytest.mark.parametrize(("most", "is_raised"), [("0.99", False), ("5", True)])
def test_only_what_can_not_be_worth_it_is_not_raised(
    most: str, is_raised: bool, facts: DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A low end of nearly nothing hides no saving."""
    (check,) = [one for one in checks() if one.name == "unattached_disk"]

    def with_range(
        check: Check, overrides: Sequence[Override], connection: DuckDBPyConnection
    ) -> pl.DataFrame:
        return find(check, overrides, connection).with_columns(
            pl.lit(Decimal(end)).cast(pl.Decimal(38, 18)).alias(f"saving_month_{name}")
            for name, end in (("low", "0.01"), ("high", most))
        )

    monkeypatch.setattr(recommending, "find", with_range)
    found = recommend(facts, as_of=AS_OF, snapshot=7, only=[check])
    assert found["resource_id"].to_list() == (["vol"] if is_raised else [])


def test_currency_of_as_many_findings_is_the_one_of_larger_numbers(
    facts: DuckDBPyConnection,
) -> None:
    facts.execute("delete from marts.resource_now where kind <> 'disk'")
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month) values"
        " ('aws', 'vol', 'GBP', 0.3)"
    )
    row = found(facts)["unattached_disk"]
    assert (row["currency"], row["saving_month_high"]) == ("USD", Decimal(10))


def test_amounts_in_two_currencies_are_never_compared(facts: DuckDBPyConnection) -> None:
    facts.execute(
        "insert into marts.resource_run_rate (cloud, resource_id, currency, cost_month) values"
        " ('aws', 'vol', 'JPY', 4000)"
    )
    row = found(facts)["unattached_disk"]
    assert (row["currency"], row["saving_month_high"]) == ("USD", Decimal(10))


def test_advice_on_bills_in_two_currencies_tells_of_both(facts: DuckDBPyConnection) -> None:
    for currency, cost in (("USD", 500), ("EUR", 400)):
        facts.execute(
            "insert into marts.allocation_daily (cloud, account, currency, service, day, cost)"
            " values ('aws', 'a1', ?, 'EC2', date '2026-10-31', ?)",
            [currency, cost],
        )
    facts.execute(
        "insert into marts.sub_account_billed_until (cloud, account, until)"
        " values ('aws', 'a1', date '2026-11-01')"
    )
    row = found(facts)["unallocated_spend"]
    one = "in 30 days belong to no team, most of it EC2"
    assert row["reason"] == f"400.00 of 400.00 EUR {one}; 500.00 of 500.00 USD {one}"
    assert row["before"] == "100 % belongs to no team"


def test_nothing_is_left_behind_on_the_connection(facts: DuckDBPyConnection) -> None:
    names = (
        "select table_name as name from duckdb_tables()"
        " union all select view_name from duckdb_views() where not internal order by all"
    )
    before = facts.execute(names).fetchall()
    recommend(facts, as_of=AS_OF, snapshot=7)
    assert facts.execute(names).fetchall() == before


def test_empty_estate_has_no_recommendations(facts: DuckDBPyConnection) -> None:
    facts.execute("delete from marts.resource_now")
    assert recommend(facts, as_of=AS_OF, snapshot=7).is_empty()


def test_work_for_an_engineer_does_not_hide_a_size_that_can_be_had_now(
    facts: DuckDBPyConnection,
) -> None:
    """The older generation saves more, but nobody can apply it."""
    facts.execute("update marts.resource_now set sku = 'm4.2xlarge' where resource_id = 'i-1'")
    facts.execute(
        "update marts.metric_quantiles set p95_max = 1e6 where metric = 'network_bytes_s'"
    )
    for sku, vcpus, price in (("m4.large", 2, 0.38), ("m4.2xlarge", 8, 0.44)):
        facts.execute(
            "insert into marts.offer (cloud, instance_type, family, vcpus, memory_gib, arch,"
            " burstable) values ('aws', ?, 'm4', ?, ?, 'x86_64', false)",
            [sku, vcpus, vcpus * 4],
        )
        facts.execute(
            "insert into marts.price (cloud, region, instance_type, os, price_type, currency,"
            " price_hour) values ('aws', 'r1', ?, 'linux', 'on_demand', 'USD', ?)",
            [sku, price],
        )
    facts.execute("update marts.price set price_hour = 0.3 where instance_type = 'm5.2xlarge'")
    rows = found(facts)
    smaller, newer = rows["oversized_instance"], rows["previous_generation"]
    assert newer["saving_month_high"] > smaller["saving_month_high"]
    assert (smaller["status"], newer["superseded_by"]) == ("open", smaller["id"])
