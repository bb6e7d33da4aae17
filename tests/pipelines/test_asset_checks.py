"""Every check passes on a sound warehouse and finds what it is there for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from estate import AS_OF, d, day, line, rows, warehouse

from pipelines.assets.checks import blocking, find_checks, of_sources
from pipelines.settings import SourceSettings
from warehouse.build import build, find
from warehouse.tables import schema_files

BILL = [line("2026-03-18", "1", ResourceId="i-1"), line("2026-03-19", "2")]
MANIFEST = {
    "source": "aws/focus/acme", "cloud": "aws", "billing_account": "payer",
    "period": day("2026-03-01"), "currency": "USD", "rows": 2, "status": "loaded",
    **dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), d("3")),
}  # fmt: skip
RECOMMENDATION = {
    "id": "r", "status": "open", "currency": "USD", "saving_month_low": d("1"),
    "saving_month_high": d("2"),
}  # fmt: skip
FORECAST = {
    "currency": "USD", "day": day("2026-03-21"), "mean": 3.0, "lo80": 2.0, "hi80": 4.0, "lo95": 1.0,
    "hi95": 5.0,
}  # fmt: skip
INCIDENT = {"id": "a", "currency": "USD", "impact": 3.0}
CAUSE = {"id": "a", "rank": 1, "dimension": "service", "value": "EC2", "actual": d("5"),
         "expected": d("2"), "impact": d("3"), "quantity_effect": d("2"), "price_effect": d("1"),
         "mix_effect": d("0"), "unknown_effect": d("0")}  # fmt: skip
READ = {"source": "aws", "what": "inventory", "until": AS_OF}
RESOURCE = {
    "source": "aws",
    "cloud": "aws",
    "account": "shop",
    "resource_id": "i-1",
    "kind": "disk",
}

Tables = dict[str, list[dict[str, Any]]]


def sound() -> Tables:
    return {
        "raw_focus": list(BILL), "raw_billing_manifest": [MANIFEST], "raw_read": [READ],
        "raw_resource": [RESOURCE], "actions_recommendation": [RECOMMENDATION],
        "models_forecast": [FORECAST], "models_forecast_scope": [{**FORECAST, "level": "total"}],
        "models_anomaly": [INCIDENT],
        "models_anomaly_member": [{"id": "a", "impact": 1.0}, {"id": "a", "impact": 2.0}],
        "models_anomaly_cause": [CAUSE],
    }  # fmt: skip


def put(table: str, **columns: Any) -> Callable[[Tables], None]:
    """Change the last row of a table."""

    def change(tables: Tables) -> None:
        tables[table][-1] = {**tables[table][-1], **columns}

    return change


def add(table: str, row: dict[str, Any]) -> Callable[[Tables], None]:
    """Add a row to a table."""

    def change(tables: Tables) -> None:
        tables.setdefault(table, []).append(row)

    return change


INVOICE = {"cloud": "aws", "billing_account": "payer", "period": day("2026-03-01"),
           "currency": "USD", "amount": d("9"), "invoice_id": "INV"}  # fmt: skip

PRICE = {"cloud": "aws", "region": "eu-west-1", "instance_type": "m5.large", "os": "linux",
         "price_type": "on_demand", "currency": "USD", "price_hour": d("0.1")}  # fmt: skip

# What each check is there for: before the marts are built, or in the marts afterwards.
WRONG: dict[str, Callable[[Tables], None] | str] = {
    "lines_have_currency_and_period": put("raw_focus", BillingCurrency=None),
    "lines_match_manifest": put("raw_billing_manifest", billed_cost=d("3.000000000000000001")),
    "one_feed_per_account_and_period": put("raw_focus", x_source="aws/cur/other"),
    "usage_is_not_negative": put("raw_focus", ConsumedQuantity=d("-1")),
    "clouds_are_known": put("raw_focus", x_cloud="hetzner"),
    "inventory_has_one_current_row": add("raw_resource", RESOURCE),
    "savings_are_ranges": put("actions_recommendation", saving_month_low=d("3")),
    "intervals_contain_the_forecast": put("models_forecast", lo80=3.5),
    "forecasts_add_up": put("models_forecast", mean=3.1),
    "everything_was_read": put("raw_read", failed="access denied"),
    "bills_tie_to_invoices": add("raw_invoice", INVOICE),
    "bills_are_fresh": lambda tables: tables.update(raw_focus=[line("2026-01-01", "1")]),
    "price_sources_agree": lambda tables: tables.update(
        raw_price=[
            {**PRICE, "read_by": "ours"},
            {**PRICE, "price_hour": d("0.103")},
        ]
    ),
    "daily_cost_ties_to_lines": "update marts.daily_cost"
    " set billed_cost = billed_cost + 0.000000000000000001",
    "monthly_cost_ties_to_daily": "delete from marts.tagset_cost where has_resource",
    "resource_cost_ties_to_lines": "update marts.resource_cost set effective_cost = 0",
    "price_and_quantity_effects_add_up": "insert into marts.price_quantity_change by name"
    " select 1 as cost_before, 3 as cost_after, 1 as price_effect, 0 as quantity_effect,"
    " 0 as new_or_gone_effect",
    "causes_add_up_to_the_impact": put("models_anomaly_cause", price_effect=d("1.000000001")),
    "members_add_up_to_the_impact": put("models_anomaly_member", impact=2.1),
    "overview_has_every_currency": "delete from marts.overview",
    "allocation_ties_to_daily_cost": "update marts.allocation_daily"
    " set cost = cost + 0.000000000000000001",
    "kubernetes_cost_ties_to_nodes": "insert into marts.kubernetes_node_cost by name"
    " select true as is_split, 1 as cost",
}


def bad_rows(name: str, tables: Tables, afterwards: str = "") -> list[dict[str, Any]]:
    connection = warehouse(**tables)
    build(connection, AS_OF)
    if afterwards:
        connection.execute(afterwards)
    (check,) = [check for check in find_checks() if check.name == name]
    return rows(connection, check.sql)


@pytest.mark.parametrize("name", [check.name for check in find_checks()])
def test_a_check_passes_when_all_is_well_and_when_there_is_nothing(name: str) -> None:
    assert bad_rows(name, sound()) == []
    assert bad_rows(name, {}) == []


@pytest.mark.parametrize("name", [check.name for check in find_checks()])
def test_a_check_finds_what_it_is_there_for(name: str) -> None:
    wrong = WRONG[name]
    tables = sound()
    if isinstance(wrong, str):
        assert bad_rows(name, tables, wrong)
        return
    wrong(tables)
    assert bad_rows(name, tables)


@pytest.mark.parametrize(
    "cause",
    [
        put("models_anomaly_cause", actual=d("4.99"), impact=d("2.99"), quantity_effect=d("1.99")),
        put("models_anomaly_cause", dimension="resource"),
        add("models_anomaly_cause", {**CAUSE, "rank": 2, "value": "S3"}),
    ],
)
def test_services_that_do_not_add_up_to_the_incident_are_found(
    cause: Callable[[Tables], None],
) -> None:
    tables = sound()
    cause(tables)
    (bad,) = bad_rows("causes_add_up_to_the_impact", tables)
    assert (bad["dimension"], bad["value"], bad["incident"]) == ("service", "all of them", 3.0)


def test_several_services_add_up_but_for_what_a_double_loses() -> None:
    tables = sound()
    third = {"actual": d("1.000000001"), "expected": d("0"), "impact": d("1.000000001"),
             "quantity_effect": d("1.000000001"), "price_effect": d("0")}  # fmt: skip
    tables["models_anomaly_cause"] = [
        {**CAUSE, **third, "rank": rank, "value": name} for rank, name in enumerate("abc", start=1)
    ]
    assert bad_rows("causes_add_up_to_the_impact", tables) == []


def test_feeds_of_different_parts_of_an_account_are_no_rivals() -> None:
    def found(one: str, other: str) -> int:
        feeds = {"azure/focus-1.2/a": one, "azure/focus-1.2/b": other}
        tables = sound()
        tables["raw_focus"] = [{**BILL[0], "x_source": feed} for feed in feeds]
        tables["raw_billing_manifest"] = [
            {**MANIFEST, "source": feed, "sub_account": scope} for feed, scope in feeds.items()
        ]
        return len(bad_rows("one_feed_per_account_and_period", tables))

    assert found("sub-1", "sub-2") == 0
    assert found("sub-1/web", "sub-1/data") == 0
    assert [found("sub-1", ""), found("sub-1", "sub-1/web"), found("", "")] == [1, 1, 1]


def test_an_account_that_two_feeds_of_azure_write_otherwise_is_one() -> None:
    path = "/providers/Microsoft.Billing/billingAccounts/a:b/billingProfiles/AB-CD"
    tables = sound()
    tables["raw_focus"] = [
        {**BILL[0], "x_source": feed, "BillingAccountId": account}
        for feed, account in {"azure/focus-1.2": path, "azure/azure-actual": "ab-cd"}.items()
    ]
    assert len(bad_rows("one_feed_per_account_and_period", tables)) == 1


def test_what_would_make_money_wrong_blocks() -> None:
    assert {check.name for check in blocking()} == {
        "allocation_ties_to_daily_cost", "daily_cost_ties_to_lines",
        "inventory_has_one_current_row", "kubernetes_cost_ties_to_nodes",
        "lines_have_currency_and_period", "lines_match_manifest", "monthly_cost_ties_to_daily",
        "one_feed_per_account_and_period", "overview_has_every_currency",
        "price_and_quantity_effects_add_up", "resource_cost_ties_to_lines", "savings_are_ranges",
    }  # fmt: skip


def test_every_check_is_of_a_table_that_exists() -> None:
    tables = {name.replace(".", "/") for name in schema_files().keys() | find().keys()}
    assert {check.asset for check in find_checks()} <= tables
    assert all(check.claim.endswith(".") for check in find_checks())


def test_each_source_has_a_check_of_its_own_against_its_own_limits() -> None:
    names = ["prod", "eu-west", "eu.west", "it's"]
    sources = [SourceSettings(name=name, cloud="aws") for name in names]
    checks = {check.name: check for check in of_sources(sources)}
    assert list(checks) == [
        "prod_is_fresh",
        "eu_west_2_is_fresh",
        "eu_west_3_is_fresh",
        "it_s_is_fresh",
    ]
    read = {"what": "inventory", "cloud": "aws", "account": "1", "late_after_hours": 30.0}
    connection = warehouse(raw_read=[
        {**read, "source": "prod", "until": AS_OF},
        {**read, "source": "it's", "until": datetime(2026, 3, 1)},
    ])  # fmt: skip
    build(connection, AS_OF)
    late = {name: len(rows(connection, check.sql)) for name, check in checks.items()}
    assert late == dict.fromkeys(checks, 0) | {"it_s_is_fresh": 1}
