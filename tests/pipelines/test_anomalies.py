"""What the bill, the inventory and the ledger say about an incident, on small warehouses."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from billed import (
    AT_ONSET,
    BEGAN,
    DAYS,
    FIRST,
    LIFE,
    ONSET,
    because,
    explained,
    first,
    grown,
    noise,
    sold,
)
from estate import line, rows, warehouse
from home import home_at

from pipelines.assets.anomalies import GRAINS, anomalies
from pipelines.assets.costs import query


def test_a_higher_price_is_all_price() -> None:
    made = explained(lambda n, after: [sold("b-1", 100 * noise(n), 3 if after else 2)])
    cause = first(made)
    assert made.anomaly["cause"].to_list() == ["price"]
    assert float(cause["price_effect"]) == pytest.approx(10 * 100, rel=0.03)
    assert abs(cause["quantity_effect"]) < 30
    assert cause["mix_effect"] == 0


@pytest.mark.parametrize("other", [[], [sold("b-2", 50, 1)]], ids=["alone", "beside another"])
def test_what_was_free_until_then_is_not_new_but_has_another_price(other: list[Any]) -> None:
    made = explained(lambda n, after: [
        sold("b-1", 100 * noise(n), 2 if after else 0), *(dict(one) for one in other),
    ])  # fmt: skip
    cause = first(made)
    assert (cause["value"], made.anomaly["cause"][0]) == ("b-1", "price")
    assert float(cause["price_effect"]) == pytest.approx(10 * 200, rel=0.03)


@pytest.mark.parametrize(
    "told", [{}, {"SkuId": "sku-1"}, {"PricingQuantity": 5, "PricingUnit": "GB"}],
    ids=["neither", "no quantity", "no SKU"],
)  # fmt: skip
def test_without_sku_or_quantity_nobody_can_tell_price_from_quantity(told: dict[str, Any]) -> None:
    made = explained(lambda n, after: [
        {"ResourceId": "b-1", "cost": (300 if after else 200) * noise(n), **told},
        sold("b-2", 50 * noise(n), 1),
    ])  # fmt: skip
    (one,) = made.cause.filter(pl.col("value") == "b-1").to_dicts()
    assert made.anomaly["cause"].to_list() == ["unknown"]
    assert "the bill does not tell" in made.anomaly["reason"][0]
    assert one["unknown_effect"] == one["impact"] > 0
    assert one["price_effect"] == one["quantity_effect"] == one["mix_effect"] == 0


def test_what_is_new_is_quantity_though_the_bill_names_no_sku() -> None:
    made = explained(lambda n, after: [
        {"ResourceId": "b-1", "cost": 200 * noise(n)},
        *([{"ResourceId": "b-2", "cost": 100}] if after else []),
    ])  # fmt: skip
    assert (first(made)["value"], made.anomaly["cause"][0]) == ("b-2", "new")
    assert first(made)["unknown_effect"] == 0


def test_unrelated_incidents_of_bills_that_name_no_sku_are_two() -> None:
    made = explained(lambda n, after: [
        {"ServiceName": "EC2", "cost": (192 if after else 120) * noise(n)},
        {"ServiceName": "RDS", "SubAccountId": "data",
         "cost": (230 if n > ONSET else 120) * noise(n + 1)},
    ])  # fmt: skip
    assert made.anomaly["members"].to_list() == [1, 1]


def test_what_is_free_since_then_is_not_gone() -> None:
    made = explained(lambda n, after: [
        sold("b-1", 100 * noise(n), 0 if after else 2), sold("b-2", 50 * noise(n), 1),
    ])  # fmt: skip
    assert (first(made)["is_gone"], made.anomaly["cause"][0]) == (False, "price")


def test_a_credit_that_ends_is_gone_and_was_not_new() -> None:
    made = explained(lambda n, after: [
        sold("b-1", 100 * noise(n), 2), *([] if after else [sold("b-1", 0, 0, cost=-120.0)]),
    ])  # fmt: skip
    (credit,) = made.cause.filter(pl.col("value") == "credit").to_dicts()
    assert (credit["is_new"], credit["is_gone"]) == (False, True)


def test_more_of_it_is_all_quantity() -> None:
    made = explained(lambda n, after: [sold("b-1", (150 if after else 100) * noise(n), 2)])
    cause = first(made)
    assert (cause["dimension"], cause["value"]) == ("resource", "b-1")
    assert cause["price_effect"] == pytest.approx(0, abs=1e-6)
    assert float(cause["quantity_effect"]) == pytest.approx(10 * 100, rel=0.05)


def test_a_dearer_sku_in_the_place_of_a_cheaper_is_mix() -> None:
    made = explained(lambda n, after: [
        sold("b-1", (10 if after else 90) * noise(n), 2, "cheap"),
        sold("b-1", (90 if after else 10) * noise(n), 4, "dear"),
    ])  # fmt: skip
    cause = first(made)
    assert made.anomaly["cause"].to_list() == ["mix"]
    assert float(cause["mix_effect"]) == pytest.approx(10 * 80 * 2, rel=0.05)
    assert made.anomaly["is_expected"].to_list() == [False], "only the bill says so"


EARLIER = {
    "another incident": lambda n: [sold("x", 2500, 2)] if ONSET - 13 <= n < ONSET - 8 else [],
    "a fee": lambda n: [sold("fee", 1, 6000, "sku-fee", PricingUnit="Mo")] * (n == ONSET - 5),
    "a refund": lambda n: [sold("r-1", 0, 0, cost=-1500.0)] * (n == ONSET - 10),
    "a refund of more than all": lambda n: [sold("r-1", 0, 0, cost=-40_000.0)] * (n == ONSET - 10),
}  # fmt: skip


@pytest.mark.parametrize("what", EARLIER)
def test_what_is_unchanged_explains_nothing_whatever_was_in_the_weeks_before(what: str) -> None:
    made = explained(lambda n, after: [
        sold("r-2", 500 * noise(n), 2), sold("r-1", (200 if after else 100) * noise(n + 2), 2),
        *EARLIER[what](n),
    ])  # fmt: skip
    (identity,) = made.anomaly.filter(pl.col("starts_on") == BEGAN)["id"]
    causes = made.cause.filter(pl.col("id") == identity)
    (one,) = causes.filter(pl.col("dimension") == "resource").to_dicts()
    assert one["value"] == "r-1"
    assert float(one["impact"]) == pytest.approx(2000, rel=0.02)
    assert float(one["price_effect"]) == pytest.approx(0, abs=5)
    assert causes["share"].max() < 1.01


def test_a_new_resource_is_named() -> None:
    made = explained(lambda n, after: [
        sold("b-1", 100 * noise(n), 2), *([sold("b-2", 80, 2)] if after else []),
    ])  # fmt: skip
    cause = first(made)
    assert (cause["value"], cause["is_new"]) == ("b-2", True)
    assert not made.anomaly["is_expected"][0], "no inventory says that somebody launched it"
    assert "resource b-2 is new" in made.anomaly["reason"][0]


def test_accounts_among_the_causes_have_their_names() -> None:
    made = explained(lambda n, after: [
        sold(f"b-{account}", 100 * noise(n), 3 if after else 2, SubAccountId=account,
             SubAccountName=name)
        for account, name in (("1", "Shop"), ("2", None))
    ])  # fmt: skip
    named = made.cause.filter(dimension="account").select("value", "name")
    assert dict(named.iter_rows()) == {"1": "Shop", "2": None}


def test_values_of_one_dimension_add_up_to_the_incident() -> None:
    made = explained(lambda n, after: [
        sold("b-1", (130 if after else 100) * noise(n), 2), sold("b-2", 50, 3 if after else 2),
        sold("b-3", 10, 1, "other"),
    ])  # fmt: skip
    impact = made.anomaly["impact"][0]
    summed = made.cause.filter(pl.col("dimension").is_in(["resource", "sku"]))
    for dimension, part in summed.group_by("dimension"):
        assert float(part["impact"].sum()) == pytest.approx(impact, rel=0.03), dimension
    assert float(made.cause.filter(pl.col("dimension") == "service")["impact"][0]) == (
        pytest.approx(impact, abs=1e-6)
    )


def test_a_tag_that_did_not_carry_it_before_is_the_cause() -> None:
    tags = '{"team": "web", "env": "prod"}'
    made = explained(lambda n, after: [
        *(sold(f"b-{k}", 30 * noise(n), 2, Tags='{"env": "prod"}') for k in range(4)),
        *(sold(f"w-{k}", (60 if after else 10) * noise(n), 2, Tags=tags) for k in range(4)),
    ])  # fmt: skip
    cause = first(made)
    assert (cause["dimension"], cause["value"]) == ("tag", "team=web")
    assert "env=prod" not in made.cause["value"].to_list()


def test_a_tag_that_everything_was_given_meanwhile_explains_and_ties_nothing() -> None:
    def machines(number: int, name: str, grows: bool, **also: Any) -> list[dict[str, Any]]:
        tags = '{"team": "web"}' if number >= ONSET - 10 else "{}"
        quantity = (15 if grows else 10) * noise(number)
        return [sold(f"{name}-{k}", quantity, 2, name, Tags=tags, **also) for k in range(10)]

    made = explained(lambda n, after: [
        *machines(n, "a", after),
        *machines(n, "b", n > ONSET, ServiceName="RDS", SubAccountId="data"),
    ])  # fmt: skip
    assert made.anomaly["members"].to_list() == [1, 1]
    assert "tag" not in made.cause["dimension"].to_list()


@pytest.mark.parametrize("ends_with_it", [True, False])
def test_a_commitment_that_ends_is_an_expected_step(ends_with_it: bool) -> None:
    at = datetime.combine(BEGAN, datetime.min.time()) - timedelta(days=0 if ends_with_it else 9)
    made = explained(
        lambda n, after: [
            sold("i-1", 24 * noise(n), 10 if after else 6, PricingCategory="Standard")
            if after else
            sold("i-1", 24 * noise(n), 6, PricingCategory="Committed", CommitmentDiscountId="sp-1")
        ],
        raw_commitment=[{"cloud": "aws", "account": "shop", "commitment_id": "sp-1",
                         "starts_at": datetime(2025, 3, 6), "ends_at": at}],
    )  # fmt: skip
    (incident,) = made.anomaly.to_dicts()
    assert incident["cause"] == "price"
    assert incident["is_expected"] is ends_with_it
    if ends_with_it:
        assert f"commitment sp-1 ended on {BEGAN}" in incident["reason"]


PLANNED = {"cloud": "aws", "resource_id": "i-1", "plan_id": "p-7", "verb": "resize",
           "after": "m5.xlarge", "applied_at": AT_ONSET, "outcome": "applied"}  # fmt: skip
STOP = {**PLANNED, "verb": "stop", "after": "stopped"}


def test_changes_of_the_time_are_told() -> None:
    made = explained(
        grown(2),
        raw_resource=[
            {**LIFE, "sku": "m5.large", "valid_from": datetime(2026, 1, 1), "valid_to": AT_ONSET},
            {**LIFE, "sku": "m5.xlarge", "valid_from": AT_ONSET},
        ],
        actions_change=[PLANNED],
    )
    changes = first(made)["changes"]
    assert f"{BEGAN}: instance resized from m5.large to m5.xlarge" in changes
    assert f"{BEGAN}: plan p-7: resize m5.xlarge" in changes
    assert because(made) == "1 resource resized", "the plan promised no saving, nor its way back"


def test_changes_are_those_of_the_resource_however_the_bill_writes_its_id() -> None:
    arn = "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1234abcd"
    disk = {**LIFE, "resource_id": "vol-1234abcd", "kind": "disk"}
    made = explained(
        lambda n, after: [sold(arn, (48 if after else 24) * noise(n), 5)],
        raw_resource=[
            {**disk, "sku": "gp3", "valid_from": datetime(2026, 1, 1), "valid_to": AT_ONSET},
            {**disk, "sku": "io2", "valid_from": AT_ONSET},
        ],
    )
    assert first(made)["value"] == arn
    assert f"{BEGAN}: disk resized from gp3 to io2" in first(made)["changes"]


def test_a_plan_that_stops_a_runaway_days_later_does_not_make_it_expected() -> None:
    made = explained(
        lambda n, after: [sold("i-1", (72 if after and n < ONSET + 9 else 24) * noise(n), 5)],
        actions_change=[{**STOP, "applied_at": AT_ONSET + timedelta(days=9)}],
    )
    assert made.anomaly["direction"].to_list() == ["up"]
    assert because(made) is None


@pytest.mark.parametrize("days", [0, 5])
def test_a_later_plan_is_told_though_it_explains_nothing(days: int) -> None:
    at = AT_ONSET + timedelta(days=days)
    made = explained(grown(0.1), actions_change=[{**STOP, "applied_at": at}])
    assert "plan p-7: stop" in first(made)["changes"]
    assert because(made) == ("1 resource changed by us" if days == 0 else None)


@pytest.mark.parametrize(
    ("plan", "factor", "is_expected"),
    [
        (STOP, 0.1, True),
        (STOP, 2, False),
        ({**STOP, "outcome": "failed"}, 0.1, False),
        ({**STOP, "outcome": None}, 0.1, False),
        ({**STOP, "verb": "delete"}, 0.1, True),
        ({**STOP, "verb": "snapshot"}, 0.1, False),
        ({**STOP, "verb": "start"}, 2, True),
        ({**STOP, "verb": "start"}, 0.1, False),
        (PLANNED, 0.1, False),
        ({**PLANNED, "saving_month_low": 1, "saving_month_high": 9}, 0.1, True),
        ({**PLANNED, "saving_month_low": 1, "saving_month_high": 9}, 2, False),
        ({**PLANNED, "saving_month_low": -9, "saving_month_high": -1}, 2, True),
        ({**PLANNED, "saving_month_low": -9, "saving_month_high": -1}, 0.1, False),
    ],
)
def test_a_plan_explains_what_it_was_to_do(
    plan: dict[str, Any], factor: float, is_expected: bool
) -> None:
    made = explained(grown(factor), actions_change=[plan])
    assert because(made) == ("1 resource changed by us" if is_expected else None)


@pytest.mark.parametrize(
    ("state", "factor", "is_expected"),
    [("stopped", 0.1, True), ("running", 2, True), ("stopped", 2, False), ("running", 0.1, False),
     ("in_use", 2, False)],
)  # fmt: skip
def test_a_state_explains_what_it_costs(state: str, factor: float, is_expected: bool) -> None:
    life = {**LIFE, "state": state, "state_since": AT_ONSET, "valid_from": datetime(2026, 1, 1)}
    made = explained(grown(factor), raw_resource=[life])
    assert because(made) == ("1 resource started or stopped" if is_expected else None)


def test_a_commitment_that_began_does_not_explain_a_higher_price() -> None:
    made = explained(
        lambda n, after: [
            sold("i-1", 24 * noise(n), 10 if after else 6, CommitmentDiscountId="sp-1")
        ],
        raw_commitment=[{"cloud": "aws", "account": "shop", "commitment_id": "sp-1",
                         "starts_at": AT_ONSET, "ends_at": datetime(2029, 1, 1)}],
    )  # fmt: skip
    assert made.anomaly["cause"].to_list() == ["price"]
    assert because(made) is None


@pytest.mark.parametrize(("factor", "is_expected"), [(1, True), (2, False)])
def test_a_service_that_gets_another_name_at_the_same_cost_is_expected(
    factor: int, is_expected: bool
) -> None:
    made = explained(lambda n, after: [
        sold("r-1", (factor if after else 1) * 500 * noise(n), 1,
             ServiceName="New name" if after else "Old name"),
    ])  # fmt: skip
    ways = dict(made.anomaly.select("direction", "is_expected").iter_rows())
    assert ways == {"up": is_expected, "down": True}
    if is_expected:
        (up,) = made.anomaly.filter(pl.col("direction") == "up").to_dicts()
        assert up["expected_because"] == "1 resource billed by a service of another name"
        told = made.cause.filter(id=up["id"], dimension="resource")["changes"][0]
        assert told == f"{BEGAN}: billed as New name instead of Old name"


def test_a_credit_in_usage_lines_says_so() -> None:
    made = explained(lambda n, after: [
        sold("b-1", 100 * noise(n), 2), *([sold("b-1", 1, -150, "credit")] if after else []),
    ])  # fmt: skip
    assert made.anomaly["direction"].to_list() == ["down"]
    assert (
        "credit" in made.cause.filter(pl.col("dimension") == "charge_category")["value"].to_list()
    )


@pytest.mark.parametrize("since_onset", [False, True])
def test_a_correction_of_usage_opens_nothing_and_explains_nothing(since_onset: bool) -> None:
    refund = sold("r-1", 40, -2, ChargeClass="Correction")

    def daily(number: int, after: bool) -> list[dict[str, Any]]:
        grown_too = after and since_onset
        charges = [sold("r-1", (200 if grown_too else 100) * noise(number), 2)]
        return [*charges, dict(refund)] if after or ONSET - 20 <= number < ONSET - 10 else charges

    made = explained(daily)
    if not since_onset:
        assert made.anomaly.is_empty()
        return
    cause = first(made)
    assert cause["impact"] == pytest.approx(2000, rel=0.05)
    assert cause["quantity_effect"] == pytest.approx(2000, rel=0.05)


def test_the_evidence_runs_and_has_the_cost() -> None:
    lines: list[dict[str, Any]] = []

    def daily(number: int, after: bool) -> list[dict[str, Any]]:
        charge = sold("o'brien", (150 if after else 100) * noise(number), 2, Tags='{"a b": "c"}')
        lines.append(dict(charge))
        return [charge]

    made = explained(daily)
    again = warehouse(raw_focus=[
        line((FIRST + timedelta(days=number)).isoformat(), f"{charge.pop('cost'):.6f}", **charge)
        for number, charge in enumerate(lines)
    ])  # fmt: skip
    for evidence in [*made.cause["evidence"], *made.anomaly["evidence"]]:
        shown = rows(again, evidence)
        after = sum(row["effective_cost"] for row in shown if row["day"] >= BEGAN)
        assert float(after) == pytest.approx(made.anomaly["actual"][0])


@pytest.mark.parametrize("key", ["a b", "*", "a=b", "a\\b", "x.y", 'we"b', "o'neil", "$"])
def test_the_evidence_of_a_tag_has_its_lines_whatever_its_key(key: str) -> None:
    tags = json.dumps({key: "v='1"})

    def daily(number: int, after: bool) -> list[dict[str, Any]]:
        new = [sold(f"new-{k}", 20, 2, Tags=tags) for k in range(5)]
        old = [sold("old", 100 * noise(number), 2, Tags=no_tags) for no_tags in ("[]", "{}")]
        return [*old, *(new if after else [])]

    cause = first(explained(daily))
    assert (cause["dimension"], cause["value"]) == ("tag", f"{key}=v='1")
    again = warehouse(raw_focus=[
        line((FIRST + timedelta(days=number)).isoformat(), f"{charge.pop('cost'):.6f}", **charge)
        for number in range(DAYS) for charge in daily(number, number >= ONSET)
    ])  # fmt: skip
    shown = rows(again, cause["evidence"])
    assert sum(row["effective_cost"] for row in shown) == cause["actual"] > 0


def test_a_late_account_is_named_with_its_last_day() -> None:
    connection = warehouse(
        raw_focus=[line("2026-03-18", "1"), line("2026-03-19", "1", BillingAccountId="other",
                                                 SubAccountId="other")],
    )  # fmt: skip
    connection.execute(
        "create table marts.freshness as select x_source as source, x_cloud as cloud,"
        " BillingAccountId as billing_account, 'bills' as what, max(ChargePeriodEnd) as until"
        " from raw.focus group by all"
    )
    connection.execute("set variable until = date '2026-03-20'")
    late = connection.execute(query("late_accounts.sql")).fetchall()
    assert late == [("aws", "shop", date(2026, 3, 19))]


def test_the_asset_replaces_all_its_tables(tmp_path: Path) -> None:
    home = home_at(tmp_path, "one")
    assert home.run("+models/anomaly").ok
    old = {table: f"insert into models.{table} (id) values ('old')" for table in GRAINS}
    for statement in old.values():
        home.write(statement)
    assert home.run("models/anomaly").ok
    for table in GRAINS:
        assert home.ask_newest(f"select count(*) from models.{table}") == [(0,)]
    assert {key.path[-1] for key in anomalies.keys} == set(GRAINS)
