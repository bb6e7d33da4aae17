from datetime import datetime, timedelta
from typing import Any

import pytest
from estate import AS_OF, d, day, line, mart

NOW = AS_OF.replace(minute=0)


def resource(resource_id: str, **columns: Any) -> dict[str, Any]:
    return {
        "source": "demo", "cloud": "aws", "account": "shop", "region": "eu-west-1",
        "resource_id": resource_id, "kind": "instance", "state": "running", "sku": "m5.large",
        "created_at": datetime(2026, 1, 1), "valid_from": datetime(2026, 1, 2), **columns,
    }  # fmt: skip


def hours(resource_id: str, count: int, value: float = 50, **columns: Any) -> list[dict[str, Any]]:
    return [
        {
            "source": "demo", "cloud": "aws", "account": "shop", "resource_id": resource_id,
            "metric": "cpu_percent",
            "hour": NOW - timedelta(hours=number + 1), "avg": value / 2, "max": value, **columns,
        }
        for number in range(count)
    ]  # fmt: skip


def test_resource_now_is_how_each_resource_looks_now() -> None:
    found = mart("resource_now", raw_resource=[
        resource("i-1", state="stopped", valid_to=datetime(2026, 2, 1)),
        resource("i-1", state_since=datetime(2026, 3, 19, 12),
                 tags='{"team": "web", "environment": "prod"}'),
        resource("i-gone", valid_to=datetime(2026, 2, 1)),
    ], raw_offer=[
        {"cloud": "aws", "instance_type": "m5.large", "vcpus": 2, "memory_gib": 8, "arch": "x86_64",
         "source": source} for source in ("catalogue", "api")
    ])  # fmt: skip
    assert len(found) == 1
    assert (found[0]["state"], found[0]["team"], found[0]["env"]) == ("running", "web", "prod")
    assert (found[0]["vcpus"], found[0]["memory_gib"]) == (2, 8)
    assert (found[0]["age_days"], found[0]["state_days"]) == (78.5, 1.0)


@pytest.mark.parametrize(
    ("tags", "team", "env"),
    [
        ('{"team": "", "environment": " "}', None, None),
        ('{"team": " web ", "environment": "", "env": "prod"}', "web", "prod"),
    ],
)
def test_a_tag_without_a_value_says_nothing(tags: str, team: str | None, env: str | None) -> None:
    (found,) = mart("resource_now", raw_resource=[resource("i-1", tags=tags, name="")])
    assert (found["team"], found["env"], found["name"]) == (team, env, None)


def test_unknown_dates_and_sizes_stay_unknown() -> None:
    found = mart("resource_now", raw_resource=[resource("i-1", created_at=None, sku="odd.size")])
    assert [(row["created_at"], row["state_days"], row["vcpus"]) for row in found] == [
        (None, None, None)
    ]


def test_a_resource_is_at_least_as_old_as_it_has_been_seen() -> None:
    (found,) = mart("resource_now", raw_resource=[
        resource("i-1", created_at=None, state="stopped", valid_to=datetime(2026, 3, 1)),
        resource("i-1", created_at=None, valid_from=datetime(2026, 3, 1)),
    ])  # fmt: skip
    assert found["first_seen_at"] == datetime(2026, 1, 2)
    assert found["age_days"] == 77.5


def test_quantiles_are_of_the_hourly_maximum_per_window() -> None:
    quiet = hours("i-1", 14 * 24, 10)
    busy = [
        {**hour, "hour": hour["hour"] - timedelta(days=14), "max": 90.0}
        for hour in hours("i-1", 14 * 24)
    ]
    found = mart("metric_quantiles", "window_days", raw_metric=quiet + busy)
    assert [(row["window_days"], row["p99_max"], row["avg"]) for row in found] == [
        (14, 10.0, 5.0),
        (32, 90.0, 15.0),
    ]
    assert [row["hours_measured"] for row in found] == [336, 672]


def test_coverage_expects_the_hours_since_a_resource_was_created() -> None:
    young = resource("i-new", created_at=NOW - timedelta(hours=48, minutes=20))
    old = resource("i-old")
    found = mart(
        "metric_quantiles", "resource_id, window_days",
        raw_resource=[young, old], raw_metric=hours("i-new", 48) + hours("i-old", 84),
    )  # fmt: skip
    assert [
        (row["hours_expected"], row["coverage"]) for row in found if row["window_days"] == 14
    ] == [
        (49, 48 / 49),
        (336, 0.25),
    ]


def test_an_hour_that_two_sources_measure_counts_once() -> None:
    again = [{**hour, "source": "again"} for hour in hours("i-1", 84)]
    found = mart(
        "metric_quantiles", "window_days",
        raw_resource=[resource("i-1"), resource("i-1", source="again")],
        raw_metric=hours("i-1", 84) + again,
    )  # fmt: skip
    assert [(row["hours_measured"], row["coverage"]) for row in found] == [
        (84, 84 / 336),
        (84, 84 / 768),
    ]


def test_hours_that_were_not_read_yet_are_not_expected() -> None:
    read = {"source": "demo", "what": "metrics", "until": NOW - timedelta(hours=6)}
    measured = [hour for hour in hours("i-1", 336) if hour["hour"] < read["until"]]
    found = mart("metric_quantiles", "window_days", raw_read=[read], raw_metric=measured,
                 raw_resource=[resource("i-1")])  # fmt: skip
    assert (found[0]["hours_expected"], found[0]["coverage"]) == (330, 1.0)


def test_a_metric_nobody_measured_has_no_row() -> None:
    found = mart("metric_quantiles", raw_resource=[resource("i-1"), resource("i-2")],
                 raw_metric=hours("i-1", 3))  # fmt: skip
    assert {(row["resource_id"], row["metric"]) for row in found} == {("i-1", "cpu_percent")}


def test_a_billed_resource_without_inventory_still_has_its_cost() -> None:
    bill = line("2026-03-19", "1", ResourceId="i-ghost")
    assert mart("resource_run_rate", raw_focus=[bill])[0]["resource_id"] == "i-ghost"
    assert mart("resource_now", raw_focus=[bill]) == []


MANIFEST = {
    "source": "aws/focus/acme", "cloud": "aws", "billing_account": "payer",
    "period": day("2026-03-01"), "currency": "USD", "rows": 2, "billed_cost": d("3"),
    "status": "loaded", "loaded_at": datetime(2026, 3, 20, 6),
}  # fmt: skip
INVOICE = {
    "source": "demo", "cloud": "aws", "billing_account": "payer", "invoice_id": "INV-1",
    "period": day("2026-03-01"), "currency": "USD", "amount": d("3"),
}  # fmt: skip
BILL = [line("2026-03-01", "1"), line("2026-03-02", "2")]


def reconciled(**tables: list[dict[str, Any]]) -> dict[str, Any]:
    found = mart("reconciliation", raw_focus=BILL, **tables)
    assert len(found) == 1
    return found[0]


def test_a_month_without_an_invoice_is_open() -> None:
    found = reconciled(raw_billing_manifest=[MANIFEST])
    assert (found["status"], found["gap"], found["invoice_amount"]) == ("open", None, None)


def test_an_invoice_of_the_same_amount_ties_to_the_cent() -> None:
    rounded = {**INVOICE, "amount": d("3.004")}
    assert reconciled(raw_billing_manifest=[MANIFEST], raw_invoice=[INVOICE])["status"] == "ties"
    found = reconciled(raw_billing_manifest=[MANIFEST], raw_invoice=[rounded])
    assert (found["status"], found["gap"]) == ("ties", d("-0.004"))


def test_an_invoice_that_two_sources_read_is_to_be_paid_once() -> None:
    twice = [{**INVOICE, "source": source} for source in ("a", "b")]
    found = reconciled(raw_billing_manifest=[MANIFEST], raw_invoice=twice)
    assert (found["status"], found["invoice_amount"]) == ("ties", INVOICE["amount"])


def test_a_difference_to_the_invoice_is_stated() -> None:
    other = {**INVOICE, "amount": d("2.50")}
    found = reconciled(raw_billing_manifest=[MANIFEST], raw_invoice=[other])
    assert (found["status"], found["gap"]) == ("gap", d("0.5"))


def test_credits_beside_the_charges_count() -> None:
    credited = {**MANIFEST, "credits": d("-0.5")}
    invoice = {**INVOICE, "amount": d("2.5")}
    found = reconciled(raw_billing_manifest=[credited], raw_invoice=[invoice])
    assert (found["status"], found["credits"]) == ("ties", d("-0.5"))


def test_two_invoices_of_a_month_are_one_amount() -> None:
    parts = [{**INVOICE, "invoice_id": number, "amount": d("1.5")} for number in ("INV-2", "INV-1")]
    found = reconciled(raw_billing_manifest=[MANIFEST], raw_invoice=parts)
    assert (found["status"], found["invoice_id"]) == ("ties", "INV-1, INV-2")


def test_an_invoice_is_of_all_feeds_of_its_account() -> None:
    lab = {**MANIFEST, "source": "aws/focus/lab", "rows": 1, "billed_cost": d("0.5")}
    bill = [*BILL, line("2026-03-02", "0.5", x_source="aws/focus/lab")]
    found = mart("reconciliation", raw_focus=bill, raw_billing_manifest=[MANIFEST, lab],
                 raw_invoice=[{**INVOICE, "amount": d("3.5")}])  # fmt: skip
    assert [(row["status"], row["gap"]) for row in found] == [("ties", d("0"))] * 2


def test_lines_that_no_delivery_explains_differ() -> None:
    assert reconciled()["status"] == "lines differ"
    superseded = {**MANIFEST, "rows": 9, "status": "superseded"}
    assert reconciled(raw_billing_manifest=[MANIFEST, superseded])["status"] == "open"
    short = {**MANIFEST, "rows": 1}
    assert reconciled(raw_billing_manifest=[short])["status"] == "lines differ"


def test_freshness_of_bills_ignores_fees_that_end_in_the_future() -> None:
    fee = line("2026-03-01", "9", ChargePeriodEnd=datetime(2026, 4, 1))
    found = mart("freshness", raw_focus=[line("2026-03-18", "1"), fee],
                 raw_billing_manifest=[MANIFEST])  # fmt: skip
    assert len(found) == 1
    assert (found[0]["what"], found[0]["last_charge_day"]) == ("bills", day("2026-03-18"))
    assert (found[0]["until"], found[0]["age_hours"]) == (datetime(2026, 3, 19), 36.0)
    assert found[0]["last_loaded_at"] == datetime(2026, 3, 20, 6)


def test_a_feed_of_monthly_lines_is_known_up_to_now() -> None:
    whole = line("2026-03-01", "9", ChargePeriodEnd=datetime(2026, 4, 1))
    assert mart("freshness", raw_focus=[whole])[0]["until"] == AS_OF


def test_a_machine_of_some_hours_does_not_end_what_is_known_of_a_monthly_bill() -> None:
    months = [
        line("2026-02-01", "9", ChargePeriodEnd=datetime(2026, 3, 1)),
        line("2026-03-01", "5", ChargePeriodEnd=datetime(2026, 3, 19, 6)),  # as far as it is billed
        line("2026-03-01", "1", ChargePeriodEnd=datetime(2026, 4, 1)),
    ]
    [found] = mart("freshness", raw_focus=[*months, line("2026-03-02", "1")])
    assert found["until"] == datetime(2026, 3, 19, 6)


@pytest.mark.parametrize(
    ("usage_ends", "is_late"),
    [
        (datetime(2026, 3, 1), False),  # the bill of March comes in April
        (datetime(2026, 2, 1), True),  # that of February is missing for 19 days
        (datetime(2026, 2, 20), True),  # of the running month in February, and not since
    ],
)
def test_a_monthly_bill_is_late_when_the_next_one_is(usage_ends: datetime, is_late: bool) -> None:
    month = (usage_ends - timedelta(days=1)).replace(day=1)
    bill = line(f"{month:%Y-%m-%d}", "9", ChargePeriodEnd=usage_ends)
    before = line("2025-12-01", "9", ChargePeriodEnd=datetime(2026, 1, 1))
    read = {"source": "do", "what": "exports", "cloud": "aws", "account": "payer", "read_at": NOW,
            "until": NOW, "late_after_hours": 72.0}  # fmt: skip
    for mart_name in ("freshness", "source_freshness"):
        found = mart(mart_name, raw_focus=[before, bill], raw_read=[read])
        assert [one["is_late"] for one in found if one["what"] == "bills"] == [is_late], mart_name


def test_freshness_names_what_could_not_be_read() -> None:
    read = {"source": "prod", "what": "inventory", "cloud": "aws", "read_at": NOW, "until": NOW}
    found = mart("freshness", raw_read=[
        {**read, "account": "1", "region": "eu"},
        {**read, "account": "2", "region": "us", "until": None, "failed": "access denied"},
    ])  # fmt: skip
    assert [(row["source"], row["failed"], row["age_hours"]) for row in found] == [
        ("prod", "2 us access denied", 0.0)
    ]


def told(what: str, until: datetime | None, **columns: Any) -> dict[str, Any]:
    return {"source": "prod", "what": what, "cloud": "aws", "account": "1", "read_at": NOW,
            "until": until, "late_after_hours": 30.0, **columns}  # fmt: skip


def late(*reads: dict[str, Any], **tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = mart("source_freshness", "account, what", raw_read=list(reads), **tables)
    return [(row["account"], row["what"], row["age_hours"], row["is_late"]) for row in found]


def test_a_source_is_as_late_as_the_region_that_is_furthest_behind() -> None:
    hours = timedelta(hours=1)
    assert late(
        told("inventory", NOW, region="eu"),
        told("metrics", NOW - 40 * hours, region="eu"),
        told("metrics", NOW - 2 * hours, region="us"),
        told("metrics", NOW - 30 * hours, region="us", account="2"),
    ) == [
        ("1", "inventory", 0.0, False),
        ("1", "metrics", 40.0, True),
        ("2", "metrics", 30.0, False),
    ]


def test_bills_of_a_source_are_as_late_as_the_usage_of_its_accounts() -> None:
    reads = [told("exports", None, account="payer"), told("exports", None, account=None)]
    manifest = {**MANIFEST, "source": "feed"}
    bills = {"raw_focus": [line("2026-03-18", "1")], "raw_billing_manifest": [manifest]}
    assert late(*reads, **bills) == [("payer", "bills", 36.0, True), (None, "bills", None, False)]
    assert late(told("exports", None, account="payer", late_after_hours=48.0), **bills) == [
        ("payer", "bills", 36.0, False)
    ]


def test_a_feed_is_late_by_the_limit_of_the_source_that_delivers_it() -> None:
    bills = {"raw_focus": [line("2026-03-18", "1")], "raw_billing_manifest": [MANIFEST]}
    by_hand = [row["is_late"] for row in mart("freshness", **bills)]
    assert by_hand == [False]
    reads = [told("exports", None, account="payer")]
    found = {row["what"]: row for row in mart("freshness", raw_read=reads, **bills)}
    assert (found["bills"]["late_after_hours"], found["bills"]["is_late"]) == (30.0, True)
    assert not found["exports"]["is_late"]


def test_what_has_never_been_read_is_late() -> None:
    assert late(told("metrics", None, failed="access denied")) == [("1", "metrics", None, True)]


def test_equal_ids_of_two_accounts_are_two_resources() -> None:
    young = resource("orders", account="test", created_at=NOW - timedelta(hours=10))
    found = mart(
        "metric_quantiles", "account, window_days",
        raw_resource=[resource("orders"), young],
        raw_metric=hours("orders", 84, 90) + hours("orders", 10, 2, account="test"),
    )  # fmt: skip
    assert [(row["account"], row["max"], row["hours_expected"]) for row in found] == [
        ("shop", 90, 14 * 24), ("shop", 90, 32 * 24), ("test", 2, 10), ("test", 2, 10),
    ]  # fmt: skip
