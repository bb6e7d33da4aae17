"""The commands on commitments, on a small demo home; plans from files."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from command_line import answer, call
from pages import opened

from app.commitment_words import beyond
from app.errors import BadInput
from app.plan_file import EXAMPLE, read_plan
from pipelines.settings import load_settings
from warehouse.lake import Lake

SAVINGS_PLAN = """commitments:
  - cloud: aws
    billing_account: '210987654300'
    currency: USD
    price_type: sp_1y
    hourly: 0.40
    starts_on: 2026-10-01
"""


def test_commitments_are_owned_and_suggested_with_reasons(demo_home: Path) -> None:
    found = answer("commitments", home=demo_home)
    assert {one["kind"] for one in found["owned"]} >= {"savings_plan", "committed_use"}
    bought = [one for one in found["plan"] if one["is_recommended"]]
    assert bought, "the demo has steady usage that nothing covers"
    for one in bought:
        ends = [Decimal(one[f"saving_month_{end}"]) for end in ("low", "mean", "high")]
        assert ends == sorted(ends)
        assert 0 < one["ratio"] < 1
        assert one["break_even_months"] <= 9
        hourly = Decimal(one["commitment_hour"])
        assert hourly <= Decimal(one["demand_hour"]) * Decimal("1.5")
        assert "pays while" in one["reason"]
        parts = [part for part in found["tranches"] if part["plan_id"] == one["id"]]
        split = sum(Decimal(part["commitment_hour"]) for part in parts)
        assert abs(split - hourly) <= Decimal("0.000002")
        assert all(part["buy_on"] >= part["free_on"] >= one["starts_on"] for part in parts)
    for one in found["outlook"]:
        assert 0 <= one["gap"] <= 0.001
        assert Decimal(one["saving_month_mean"]) <= Decimal(one["demand_month"])
    assert isinstance(found["snapshot"], int)


def test_what_has_no_rate_is_said(demo_home: Path) -> None:
    found = answer("commitments", home=demo_home)
    said = {one["cloud"]: one["reason"] for one in found["plan"] if one["term"] is None}
    assert "no price of a commitment is known for 100%" in said["digitalocean"]


def test_for_people_the_commitments_are_sentences_and_a_table(demo_home: Path) -> None:
    text = call("commitments", "--all", home=demo_home).stdout
    assert "savings plan" in text
    assert "pays off after" in text
    assert "Nothing is bought by this product" in text
    flat = " ".join(text.split())
    assert "DigitalOcean (do:team:acme) in USD: no price of a commitment is known for 100%" in flat


@pytest.mark.parametrize(
    ("curve", "told"),
    [
        ([(0, 0), (2, 90), (3, 50)], "loses: the whole still saves $50.00 a month at the end."),
        (
            [(2, 90), (3, -5)],
            "loses: the whole costs $5.00 a month more than on demand at the end.",
        ),
        ([(2, 90), (3, 95), (4, 20)], "has ended saves more, and is planned then."),
        ([(0, 0), (2, 90)], "No more than that is ever used."),
    ],
)
def test_what_more_than_the_suggestion_would_do_is_said_as_its_curve_shows_it(
    curve: list[tuple[float, float]], told: str
) -> None:
    suggested = {"commitment_hour": 2.0, "saving_month_mean": 90.0, "currency": "USD"}
    assert beyond(suggested, curve).endswith(told)


def test_the_computed_plan_is_replayed_and_adds_up(demo_home: Path) -> None:
    found = answer("replay", "commitments", home=demo_home)
    assert found["is_computed"]
    for row in found["months"]:
        money = {name: Decimal(row[name]) for name in (
            "on_demand_before", "committed", "used", "unused", "covered", "on_demand_after",
            "total_after", "saved",
        )}  # fmt: skip
        assert money["used"] + money["unused"] == money["committed"]
        assert money["covered"] + money["on_demand_after"] == money["on_demand_before"]
        assert money["on_demand_before"] - money["total_after"] == money["saved"]
    for total in found["totals"]:
        months = [row for row in found["months"] if row["currency"] == total["currency"]]
        assert Decimal(total["saved"]) == sum(Decimal(row["saved"]) for row in months)


def test_a_plan_from_a_file_is_replayed_from_its_first_day(demo_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(SAVINGS_PLAN)
    found = answer("replay", "commitments", "--plan", file, "--days", "60", home=demo_home)
    assert not found["is_computed"]
    assert {row["month"]: row["committed"] for row in found["months"]}["2026-09-01"] == "0"
    assert {row["month"]: row["committed"] for row in found["months"]}["2026-10-01"] == "297.6"


def test_a_plan_with_an_unknown_rate_is_bad_input(demo_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(SAVINGS_PLAN.replace("sp_1y", "cud_1y"))
    outcome = call("replay", "commitments", "--plan", file, "--json", home=demo_home)
    assert outcome.code == 2
    assert "no rate is known" in outcome.json["error"]["message"]
    assert "sp_1y" in outcome.json["error"]["message"]


def test_the_example_of_a_plan_is_one(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(EXAMPLE)
    (one,) = read_plan(file)
    assert (one.covers, one.hourly) == ("m5", 1.2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hourly: 1.20", "", "neither hourly nor quantity"),
        ("hourly: 1.20", "quantity: 2", "only reservations have"),
        ("price_type: sp_instance_1y", "price_type: spot", "price_type"),
        ("hourly: 1.20", "hourly: -1", "hourly"),
        ("    cloud: aws", "    clod: aws", "cloud"),
        ("commitments:", "purchases:", "commitments"),
        (EXAMPLE, "[", "YAML"),
        ("hourly: 1.20", "starts_on: 2026-02-30", "day is out of range for month"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_what_was_expected(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(EXAMPLE.replace("- cloud", "-\n    cloud").replace(old, new) if old != EXAMPLE
                    else new)  # fmt: skip
    with pytest.raises(BadInput, match=said):
        read_plan(file)


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        read_plan(tmp_path / "nothing.yaml")


def test_the_page_calls_unknown_what_no_bill_and_no_price_tells(
    own_demo_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(load_settings(own_demo_home))
    with lake.write("nothing is told") as write:
        write.connection.execute("update marts.commitment_owned set unused_cost = null")
        write.connection.execute(
            "insert into marts.commitment_owned (cloud, commitment_id, kind, ends_at, days_left)"
            " values ('gcp', 'compute/cud-9', 'committed_use', '2026-11-20', 4)"
        )
        write.connection.execute(
            "update marts.commitment_plan_now"
            " set term = null, is_recommended = false, reason = 'no price is known'"
        )
    lake.publish(write.snapshot, datetime(2026, 11, 16), "test", datetime(2099, 1, 1))
    app = opened(own_demo_home, "commitments", monkeypatch)
    assert not app.exception
    shown = {one.label: one.value for one in app.metric}
    assert shown["Paid for nothing"] == "unknown"
    assert shown["Likely saving a month"] == "unknown"
    assert any("Nothing can be suggested in USD" in one.value for one in app.markdown)
    assert any("cud-9 ends on" in one.value for one in app.warning), "whatever its currency"
