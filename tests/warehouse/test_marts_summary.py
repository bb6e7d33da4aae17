from datetime import date, datetime
from typing import Any

import pytest
from estate import d, day, line, mart, warehouse

from warehouse.build import build


def total(**columns: Any) -> dict[str, Any]:
    return {"horizon": "month_end", "level": "total", "currency": "USD", "mean": 100.0,
            "lo80": 90.0, "hi80": 110.0, "starts_on": day("2026-03-01"), **columns}  # fmt: skip


def test_overview_compares_the_running_month_with_the_same_days_of_the_last() -> None:
    found = mart("overview", raw_focus=[
        *(line(f"2026-02-{number:02}", "1") for number in range(1, 29)),
        *(line(f"2026-03-{number:02}", "2") for number in range(1, 20)),
    ])  # fmt: skip
    assert len(found) == 1
    assert (found[0]["today"], found[0]["month"]) == (day("2026-03-20"), day("2026-03-01"))
    assert found[0]["month_to_date"] == d("38")
    assert (found[0]["last_month_same_days"], found[0]["last_month"]) == (d("19"), d("28"))


def test_overview_compares_each_bill_as_far_as_it_is_known() -> None:
    late = {"BillingAccountId": "late", "SubAccountId": "other"}
    found = mart("overview", raw_focus=[
        *(line(f"2026-02-{number:02}", "1") for number in range(1, 29)),
        *(line(f"2026-03-{number:02}", "1") for number in range(1, 20)),
        *(line(f"2026-02-{number:02}", "100", **late) for number in range(1, 29)),
        *(line(f"2026-03-{number:02}", "100", **late) for number in range(1, 12)),
        # Another currency of a bill is known as far as its usage.
        line("2026-02-15", "7", BillingCurrency="EUR"),
        line("2026-03-03", "7", BillingCurrency="EUR", ServiceName="Marketplace"),
    ], order="currency")  # fmt: skip
    assert [(row["month_to_date"], row["last_month_same_days"]) for row in found] == [
        (d("7"), d("7")),
        (d("1119"), d("1119")),
    ]


def test_overview_has_a_row_per_currency() -> None:
    found = mart("overview", "currency", raw_focus=[
        line("2026-03-01", "1", BillingCurrency="EUR"), line("2026-03-01", "2"),
    ], models_forecast_total=[total()])  # fmt: skip
    assert [(row["currency"], row["month_to_date"], row["month_end_mean"]) for row in found] == [
        ("EUR", d("1"), None),
        ("USD", d("2"), 100.0),
    ]


def test_overview_takes_no_forecast_of_last_month_for_this_months() -> None:
    found = mart("overview", raw_focus=[line("2026-02-26", "2")],
                 models_forecast_total=[total(starts_on=day("2026-02-01"))])  # fmt: skip
    assert found[0]["month_end_mean"] is None


def whole(as_of: datetime, *lines: dict[str, Any]) -> dict[date, bool]:
    connection = warehouse(raw_focus=list(lines))
    build(connection, as_of)
    return dict(connection.execute("select month, is_whole from marts.billed_month").fetchall())


@pytest.mark.parametrize(
    ("as_of", "last", "is_whole"),
    [
        (datetime(2026, 2, 28, 23), "2026-02-28", False),
        (datetime(2026, 3, 1, 6), "2026-02-27", False),
        (datetime(2026, 3, 1, 6), "2026-02-28", True),
        (datetime(2026, 3, 3, 6), "2026-02-27", False),
        (datetime(2026, 3, 3, 6), "2026-03-01", True),
        (datetime(2026, 3, 10, 23), "2026-02-27", False),
        (datetime(2026, 3, 11), "2026-02-27", True),
    ],
)
def test_a_month_is_whole_when_billed_to_its_end_or_over_for_ten_days(
    as_of: datetime, last: str, is_whole: bool
) -> None:
    found = whole(as_of, line("2026-01-31", "1"), line("2026-02-10", "1"), line(last, "1"))
    assert found[date(2026, 2, 1)] is is_whole
    assert found[date(2026, 1, 1)] is True


def test_a_month_is_whole_only_when_each_account_in_it_is_billed_to_its_end() -> None:
    lines = [line("2026-02-28", "1"), line("2026-01-20", "1", BillingAccountId="closed"),
             line("2026-02-27", "1", BillingAccountId="late")]  # fmt: skip
    assert whole(datetime(2026, 3, 2), *lines) == {date(2026, 1, 1): True, date(2026, 2, 1): False}


def test_a_bill_of_another_month_is_not_this_months_of_which_nothing_is_known() -> None:
    found = mart("overview", raw_focus=[line("2025-12-01", "7")])
    assert (found[0]["month_to_date"], found[0]["last_month"]) == (None, None)
    assert found[0]["last_month_same_days"] is None
    assert mart("overview", raw_focus=[line("2026-03-01", "0")])[0]["month_to_date"] == 0
    assert found[0]["unallocated_share"] is None


def test_credits_that_outweigh_the_costs_leave_no_share_unallocated() -> None:
    found = mart(
        "overview",
        raw_focus=[
            line("2026-03-01", "5"),
            line("2026-03-01", "-8", ChargeCategory="Credit", Tags="{}"),
        ],
    )
    assert found[0]["month_to_date"] == d("-3")
    assert found[0]["unallocated_share"] is None


def recommendation(number: str, **columns: Any) -> dict[str, Any]:
    return {"id": number, "check": "idle_instance", "source": "demo", "cloud": "aws",
            "account": "shop", "resource_id": "i-1", "kind": "instance", "currency": "USD",
            "saving_month_low": d("1"), "saving_month_high": d("2"), "status": "open",
            **columns}  # fmt: skip


def test_only_open_recommendations_count_as_savings() -> None:
    found = mart("overview", raw_focus=[line("2026-03-01", "1")], actions_recommendation=[
        recommendation("a"),
        recommendation("b", saving_month_high=d("5")),
        recommendation("c", status="superseded", saving_month_high=d("50")),
    ])  # fmt: skip
    assert (found[0]["savings_low"], found[0]["savings_high"]) == (d("2"), d("7"))
    assert found[0]["recommendations_open"] == 2


def test_recommendations_are_ranked_by_saving_with_cost_and_owner() -> None:
    found = mart("recommendation_now", "rank", raw_focus=[
        line("2026-03-19", "2", ResourceId="i-1"),
    ], raw_resource=[{
        "source": "demo", "cloud": "aws", "account": "shop", "resource_id": "i-1",
        "kind": "instance", "tags": '{"team": "web"}',
    }], actions_recommendation=[
        recommendation("small"),
        recommendation("unknown", saving_month_high=None, resource_id="i-2"),
        recommendation("large", saving_month_high=d("9")),
        recommendation("lost", saving_month_high=d("99"), status="superseded"),
    ])  # fmt: skip
    assert [row["id"] for row in found] == ["large", "small", "unknown", "lost"]
    assert (found[0]["team"], found[0]["cost_month"]) == ("web", d("60.875"))
    assert (found[2]["team"], found[2]["cost_month"]) == (None, None)


def anomaly(number: str, **columns: Any) -> dict[str, Any]:
    return {"id": number, "cloud": "aws", "account": "shop", "service": "EC2", "currency": "USD",
            "starts_on": day("2026-03-01"), "impact": 10.0, **columns}  # fmt: skip


def test_an_anomaly_is_open_until_a_week_after_its_end() -> None:
    found = mart("anomaly_now", "id", models_anomaly=[
        anomaly("going on"),
        anomaly("just over", ends_on=day("2026-03-14")),
        anomaly("over", ends_on=day("2026-03-13")),
    ])  # fmt: skip
    assert [row["id"] for row in found if row["is_open"]] == ["going on", "just over"]


def test_an_expected_anomaly_is_not_open_and_the_first_cause_is_beside_it() -> None:
    cause = {"id": "a", "dimension": "resource", "share": 0.9}
    found = mart("anomaly_now", "id", models_anomaly=[
        anomaly("a"), anomaly("b", is_expected=True), anomaly("c", is_expected=None),
    ], models_anomaly_cause=[
        {**cause, "rank": 2, "value": "i-2"}, {**cause, "rank": 1, "value": "i-1"},
    ])  # fmt: skip
    assert [(row["is_open"], row["is_expected"], row["cause_value"]) for row in found] == [
        (True, False, "i-1"), (False, True, None), (True, False, None),
    ]  # fmt: skip


def test_what_stayed_is_the_new_normal_once_it_is_over() -> None:
    over = {"ends_on": day("2026-03-10")}
    found = mart("anomaly_now", "id", models_anomaly=[
        anomaly("a", is_new_normal=True, ends_on=day("2026-03-14")),
        anomaly("b", is_new_normal=True, **over),
        anomaly("c", is_new_normal=False, **over),
        anomaly("d", is_new_normal=True, is_expected=True, **over),
        anomaly("e", **over),
        anomaly("f", is_new_normal=False, ends_on=day("2026-03-14")),
    ])  # fmt: skip
    assert [(row["state"], row["is_open"]) for row in found] == [
        ("open", True), ("new normal", False), ("ended", False), ("expected", False),
        ("ended", False), ("just ended", True),
    ]  # fmt: skip


def test_anomalies_are_ranked_by_the_size_of_their_impact() -> None:
    found = mart("anomaly_now", "currency, rank", models_anomaly=[
        anomaly("small"), anomaly("drop", impact=-50.0), anomaly("euro", currency="EUR"),
    ])  # fmt: skip
    assert [row["id"] for row in found] == ["euro", "drop", "small"]


def test_forecast_daily_continues_what_was_billed() -> None:
    series = {"cloud": "aws", "account": "shop", "service": "EC2", "currency": "USD"}
    found = mart("forecast_daily", "day", raw_focus=[
        line("2025-11-01", "9"), line("2026-03-18", "1"), line("2026-03-18", "2"),
    ], models_forecast=[
        {**series, "day": day("2026-03-19"), "mean": 3.5, "lo80": 3.0, "hi80": 4.0},
    ])  # fmt: skip
    assert [(row["day"], row["actual"], row["mean"]) for row in found] == [
        (day("2026-03-18"), d("3"), None),
        (day("2026-03-19"), None, 3.5),
    ]


def test_a_saving_is_what_a_change_promised() -> None:
    found = mart("saving", actions_change=[
        {"plan_id": "p", "change_id": "c", "currency": "USD", "saving_month_low": d("1"),
         "saving_month_high": d("2"), "outcome": "applied"},
    ])  # fmt: skip
    assert (found[0]["promised_month_low"], found[0]["outcome"]) == (d("1"), "applied")


def test_what_is_done_on_days_without_a_charge_counts() -> None:
    """A monthly fee, and work on every day until the bills end."""
    done = [{"unit": "booking", "day": day(f"2026-03-{n:02}"), "quantity": d("100")}
            for n in range(1, 21)]  # fmt: skip
    lines = [line("2026-02-10", "7"), line("2026-03-01", "40"), line("2026-03-10", "10")]
    (found,) = mart("unit_cost", raw_focus=lines, models_unit_quantity=done)
    assert (found["days"], found["quantity"], found["cost"]) == (10, d("1000"), d("50"))
    assert found["unit_cost"] == d("0.05")


def test_a_unit_cost_has_twelve_digits_behind_the_point_and_none_that_are_made_up() -> None:
    done = [{"unit": "booking", "day": day("2026-03-01"), "quantity": d("20")}]
    lines = [line("2026-03-01", "14.809632222222222222"), line("2026-03-10", "1")]
    (found,) = mart("unit_cost", raw_focus=lines, models_unit_quantity=done)
    assert found["unit_cost"] == d("0.740481611111"), "not 0.740481611110999936"


def done_daily(until: int) -> list[dict[str, Any]]:
    return [{"unit": "booking", "day": day(f"2026-03-{number:02}"), "quantity": d("100")}
            for number in range(1, until)]  # fmt: skip


def test_one_charge_of_the_running_month_is_of_all_its_days() -> None:
    month = line("2026-03-01", "38", ChargePeriodEnd=datetime(2026, 3, 20))
    (found,) = mart("unit_cost", raw_focus=[month], models_unit_quantity=done_daily(25))
    assert (found["days"], found["unit_cost"]) == (19, d("0.02"))


def test_a_month_s_charge_counts_by_the_days_on_which_work_was_done() -> None:
    lines = [line(f"2026-02-{number:02}", "1") for number in range(1, 29)]
    fee = line("2026-02-01", "280", ChargePeriodEnd=datetime(2026, 3, 1))
    done = [{"unit": "build", "day": day(f"2026-02-{number:02}"), "quantity": d("100")}
            for number in (2, 3)]  # fmt: skip
    (found,) = mart("unit_cost", raw_focus=[*lines, fee], models_unit_quantity=done)
    assert (found["days"], found["quantity"]) == (2, d("200"))
    assert (found["cost"], found["unit_cost"]) == (d("22"), d("0.11"))


def test_a_charge_for_a_year_counts_in_the_month_in_which_it_stands() -> None:
    year = line("2026-02-15", "140", ChargePeriodEnd=datetime(2027, 2, 15))
    lines = [year, *(line(f"2026-02-{number:02}", "1") for number in range(1, 29))]
    done = [{"unit": "build", "day": day(f"2026-02-{number:02}"), "quantity": d("10")}
            for number in (14, 15, 28)]  # fmt: skip
    (found,) = mart("unit_cost", raw_focus=lines, models_unit_quantity=done)
    assert found["cost"] == d("23"), "2 of the 14 days that are left of the month"


def test_work_counts_as_far_as_the_account_that_is_behind_is_billed() -> None:
    lines = [
        *(line(f"2026-03-{number:02}", "1") for number in range(1, 20)),
        *(line(f"2026-03-{number:02}", "4", SubAccountId="late", BillingAccountId="late")
          for number in range(1, 12)),
        line("2026-02-10", "4", SubAccountId="ended", x_cloud="gcp"),
    ]  # fmt: skip
    (found,) = mart("unit_cost", raw_focus=lines, models_unit_quantity=done_daily(25))
    assert (found["days"], found["cost"], found["unit_cost"]) == (11, d("55"), d("0.05"))


def test_without_an_inventory_nobody_knows_what_can_be_saved() -> None:
    bill = line("2026-03-01", "1")
    [found] = mart("overview", raw_focus=[bill])
    assert (found["savings_low"], found["savings_high"]) == (None, None)
    seen = {"source": "demo", "cloud": "aws", "account": "shop", "resource_id": "i-1"}
    [found] = mart("overview", raw_focus=[bill], raw_resource=[seen])
    assert (found["savings_low"], found["savings_high"]) == (0, 0)
