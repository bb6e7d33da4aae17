"""The plan of a whole estate, and its reasons."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from committable import LIST, PRICES, UNTIL, bought, lines, planned, price


def test_steady_usage_is_committed_to_with_the_reason_and_the_range() -> None:
    found = planned(lines())
    plan = bought(found)
    assert plan["price_type"].to_list() == ["sp_instance_1y"]
    row = plan.row(0, named=True)
    assert 0.62 * 8 < row["commitment_hour"] < 0.62 * 12
    assert row["saving_month_low"] <= row["saving_month_mean"] <= row["saving_month_high"]
    assert row["break_even_months"] == pytest.approx(12 * 0.62)
    assert "pays while" in row["reason"]
    outlook = found["commitment_outlook"].filter(term="1y").row(0, named=True)
    assert outlook["gap"] <= 1e-3
    assert outlook["regret_month"] >= 0
    assert outlook["scenarios"].startswith("forecast")
    parts = found["commitment_tranche"]
    assert parts["commitment_hour"].sum() == pytest.approx(row["commitment_hour"])
    curve = found["commitment_curve"].filter(plan_id=row["id"])
    assert curve["saving_month_mean"].max() == pytest.approx(row["saving_month_mean"], rel=0.05)


def test_a_term_that_pays_off_late_is_shown_and_not_recommended() -> None:
    found = planned(lines())["commitment_outlook"].filter(term="3y").row(0, named=True)
    assert not found["is_recommended"]
    assert found["break_even_months"] == pytest.approx(18)
    assert "more than 9" in found["reason"]


def test_a_purchase_that_pays_off_late_is_left_out_of_a_term_that_does_not() -> None:
    """0.81 of the price for a year pays off after 9.7 months."""
    late = [price("sp_1y", 0.81), price("sp_instance_1y", 0.62)]
    assert bought(planned(lines(), prices=late))["price_type"].to_list() == ["sp_instance_1y"]
    only = planned(lines(), prices=late[:1])
    assert bought(only).is_empty()
    (row,) = only["commitment_outlook"].to_dicts()
    assert row["saving_month_mean"] > 0
    assert "more than 9" in row["reason"]


def test_usage_without_a_rate_gets_a_reason_and_no_purchase() -> None:
    found = planned(lines(), prices=[])
    assert bought(found).is_empty()
    (reason,) = found["commitment_plan"]["reason"].to_list()
    assert "no price of a commitment is known for 100% of the usage" in reason


def test_usage_without_a_rate_is_told_apart_by_region_and_system() -> None:
    usage = [*lines(os=None), *lines(region="us-east-1", os=None), *lines(region=None)]
    (reason,) = planned(usage, prices=[])["commitment_plan"]["reason"].to_list()
    for named in ("m5.large in eu-west-1 of unknown operating system",
                  "m5.large in us-east-1 of unknown operating system",
                  "m5.large in an unknown region"):  # fmt: skip
        assert named.replace("m5.large", "m5") in reason


def test_a_rate_of_another_region_or_system_is_no_rate() -> None:
    elsewhere = [price("sp_1y", 0.72, region="us-east-1"), price("sp_1y", 0.6, os="windows")]
    assert bought(planned(lines(), prices=elsewhere)).is_empty()


def test_few_days_of_usage_are_not_enough() -> None:
    found = planned(lines(days=10))
    assert found["commitment_plan"]["reason"].to_list() == ["10 days of usage, need 28"]


def test_what_is_owned_is_not_bought_again() -> None:
    half = [*lines(5.0), *lines(5.0, commitment="sp-1")]
    assert bought(planned(half))["commitment_hour"].sum() < 0.62 * 6
    ended = [held(commitment_id="sp-1", ends_on=UNTIL)]
    assert bought(planned(half, held=ended))["commitment_hour"].sum() > 0.62 * 8


@pytest.mark.parametrize(("days_ago", "is_over"), [(20, True), (3, False)])
def test_of_a_commitment_that_only_bills_know_their_silence_of_a_week_is_the_end(
    days_ago: int, is_over: bool
) -> None:
    since = UNTIL - timedelta(days=days_ago)
    after = [row for row in lines(5.0) if row["starts_at"].date() >= since]
    usage = [*lines(5.0), *before(days_ago, lines(5.0, commitment="sp-1")), *after]
    amount = bought(planned(usage))["commitment_hour"].sum()
    assert (amount > 0.62 * 8) if is_over else (amount < 0.62 * 6)
    known = [held(commitment_id="sp-1", ends_on=UNTIL + timedelta(days=500))]
    assert bought(planned(usage, held=known))["commitment_hour"].sum() < 0.62 * 6


OTHER = {"instance_type": "c5.large", "family": "c5"}
BOTH = [*PRICES[:2], price("sp_instance_1y", 0.62, instance_type="c5.large"),
        price("sp_1y", 0.72, instance_type="c5.large")]  # fmt: skip


def before(days_ago: int, used: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in used if row["starts_at"].date() < UNTIL - timedelta(days=days_ago)]


def hourly(found: dict[str, pl.DataFrame]) -> dict[str | None, float]:
    return dict(bought(found).select("covers", "commitment_hour").rows())


@pytest.mark.parametrize("days_ago", [7, 20])
def test_nothing_is_bought_for_usage_that_ended(days_ago: int) -> None:
    found = planned([*lines(), *before(days_ago, lines(**OTHER))], BOTH)
    amounts = hourly(found)
    assert amounts.keys() == {"m5"}
    assert 0.62 * 8 < amounts["m5"] < 0.62 * 11, "as if the other had never been used"
    outlook = found["commitment_outlook"].row(0, named=True)
    assert outlook["coverage_before"] == 0


def test_usage_that_took_the_place_of_another_is_no_growth_of_all() -> None:
    new = [row for row in lines(**OTHER) if row["starts_at"].date() >= UNTIL - timedelta(days=20)]
    old = before(20, lines(instance_type="m4.large", family="m4"))
    found = planned([*lines(), *old, *new], BOTH)
    assert hourly(found)["m5"] < 0.62 * 11


def test_days_that_are_not_billed_yet_are_not_days_without_usage() -> None:
    late = UNTIL - timedelta(days=30)
    known = hourly(planned(before(30, lines(until=late))))["m5"]
    assert 0.62 * 8 < known < 0.62 * 12
    assert planned(before(30, lines()))["commitment_outlook"]["demand_month"].max() == 0


RESERVED = [price("reservation_1y", 0.72)]


def reserved(days: int, cut: float = 0.0) -> dict[str, pl.DataFrame]:
    """13 instances are used, 10 are reserved for so many days, 2 of those lie idle."""
    usage = [*lines(0.5), *lines(0.8, commitment="ri-1")]
    owned = held(commitment_id="ri-1", ends_on=UNTIL + timedelta(days=days), region="eu-west-1",
                 covers="m5.large", idle_hour=0.2, quantity=10.0)  # fmt: skip
    gone = {"id": "r1", "cloud": "aws", "billing_account": "payer", "currency": "USD",
            "region": "eu-west-1", "instance_type": "m5.large", "os": "linux",
            "list_hour": cut}  # fmt: skip
    return planned(usage, RESERVED, [owned], [gone] if cut else None)


def test_nothing_is_bought_for_use_that_is_still_owned() -> None:
    found = reserved(45, cut=0.35)
    end = UNTIL + timedelta(days=45)
    (row,) = bought(found).to_dicts()
    assert row["starts_on"] == end
    assert f"it is bought from {end} on" in row["reason"]
    parts = found["commitment_tranche"]
    assert parts["buy_on"].to_list() == [end + timedelta(days=30 * number) for number in range(3)]
    assert parts["quantity"].sum() == row["quantity"] >= 8
    assert row["utilisation"] > 0.9, "of a term that begins then"
    assert row["saving_month_mean"] == pytest.approx(
        (row["covered_hour"] - row["commitment_hour"]) * 730.5
    )
    outlook = found["commitment_outlook"].row(0, named=True)
    assert outlook["saving_month_mean"] == pytest.approx(row["saving_month_mean"])
    spared = outlook["demand_month"] - outlook["cost_month"]
    assert spared == pytest.approx(row["saving_month_mean"] * (365 - 45) / 365, rel=0.02)
    curve = found["commitment_curve"].sort("saving_month_mean").row(-1, named=True)
    assert curve["saving_month_mean"] == pytest.approx(row["saving_month_mean"], rel=0.02)


def test_what_is_free_now_is_bought_now_and_the_rest_when_it_is() -> None:
    found = reserved(45)
    (row,) = bought(found).to_dicts()
    assert row["starts_on"] == UNTIL
    assert "% of it is bought from" in row["reason"]
    parts = found["commitment_tranche"]
    now = parts.filter(pl.col("free_on") == UNTIL)
    assert 0 < now["quantity"].sum() <= 3, "13 are used, 10 reserved"
    assert parts["quantity"].sum() == row["quantity"]
    assert parts["commitment_hour"].sum() == pytest.approx(row["commitment_hour"])
    assert (parts["buy_on"] >= parts["free_on"]).all()
    assert parts["number"].to_list() == list(range(1, parts.height + 1))
    assert parts["buy_on"].is_sorted()


def test_what_is_owned_for_longer_than_the_forecast_is_planned_later_and_said() -> None:
    found = reserved(120)
    assert 0 < bought(found)["quantity"].sum() <= 3
    (outlook,) = found["commitment_outlook"].to_dicts()
    assert f"what is owned to {UNTIL + timedelta(days=120)} or longer" in outlook["reason"]


def held(**columns: Any) -> dict[str, Any]:
    return {
        "cloud": "aws", "billing_account": "payer", "currency": "USD", "ends_on": None,
        "region": None, "covers": None, "idle_hour": 0.0, "is_unbilled": False, "hourly_cost": None,
        "quantity": None, **columns,
    }  # fmt: skip


def test_what_was_bought_lately_and_no_bill_knows_is_not_bought_again() -> None:
    alone = bought(planned(lines()))["commitment_hour"].sum()
    later = UNTIL + timedelta(days=400)
    new = held(commitment_id="sp-9", ends_on=later, is_unbilled=True, hourly_cost=2.5)
    after = bought(planned(lines(), held=[new]))["commitment_hour"].sum()
    lowest = 0.5  # of all rates on offer, that of sp_3y
    assert after == pytest.approx(alone - 0.62 * 2.5 / lowest, rel=0.05)
    others = [held(**{**new, "billing_account": "other"}), held(**{**new, "region": "us-east-1"})]
    assert bought(planned(lines(), held=others))["commitment_hour"].sum() == alone


def test_a_reservation_of_unknown_price_counts_with_its_instances() -> None:
    prices = [price("reservation_1y", 0.6)]
    alone = bought(planned(lines(), prices=prices))["quantity"].sum()
    new = held(commitment_id="ri-9", is_unbilled=True, quantity=30.0, covers="m5.large")
    after = bought(planned(lines(), prices=prices, held=[new]))["quantity"].sum()
    assert alone - after == pytest.approx(30, abs=1)


def test_what_open_recommendations_take_away_is_not_committed_to_and_is_told() -> None:
    cut = {"id": "r1", "cloud": "aws", "billing_account": "payer", "currency": "USD",
           "region": "eu-west-1", "instance_type": "m5.large", "os": "linux",
           "list_hour": 4.0}  # fmt: skip
    found = planned(lines(), cuts=[cut])
    assert bought(found)["commitment_hour"].sum() < 0.62 * 7
    outlook = found["commitment_outlook"].filter(term="1y").row(0, named=True)
    assert outlook["cut_month"] == pytest.approx(4 * 730.5)
    assert outlook["cuts"] == 1


def test_a_negotiated_price_makes_a_listed_rate_save_less() -> None:
    """Half of the list price on demand: a rate of 62 % of the list is no saving."""
    cheap = [{**line, "on_demand_cost": line["on_demand_cost"] / 2} for line in lines()]
    assert bought(planned(cheap, prices=[price("sp_1y", 0.62)])).is_empty()


def test_reservations_are_whole_instances_of_a_type() -> None:
    found = bought(planned(lines(0.95), prices=[price("reservation_1y", 0.6)]))
    row = found.row(0, named=True)
    assert row["covers"] == "m5.large"
    assert row["quantity"] == round(row["quantity"])
    assert row["commitment_hour"] == pytest.approx(row["quantity"] * LIST * 0.6)
