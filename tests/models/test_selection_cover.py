"""What lies idle of commitments makes an offer cheaper."""

from decimal import Decimal
from typing import Any

from small_market import market, offer, price

from models.selection.requirements import Requirements
from models.selection.search import search


def idle(kind: str, **columns: Any) -> dict[str, Any]:
    return {
        "cloud": "aws", "currency": "USD", "kind": kind, "commitment_id": "ours",
        "idle_share": 0.5, **columns,
    }  # fmt: skip


def marginal(*owned: dict[str, Any], rates: tuple[Any, ...] = ()) -> dict[str, Any]:
    made = market([offer("m.x", 4, 16)], [price("m.x", "0.2"), *rates], idle=owned)
    asked = Requirements(sets={"price_type": ("on_demand",)})
    return dict(search(made, asked).offers[0])


def test_an_idle_reservation_makes_the_same_type_free_there() -> None:
    mine = {"region": "eu-west-1", "covers": "m.x"}
    found = marginal(idle("reservation", **mine, idle_quantity=1.99))
    assert (found["price_hour"], found["marginal_hour"]) == (Decimal("0.2"), Decimal(0))
    assert found["total_hour"] == 0
    half = marginal(idle("reservation", **mine, idle_quantity=0.5))
    assert half["marginal_hour"] == Decimal("0.1")
    for other in ({"region": "us-east-1", "covers": "m.x"}, {"region": "eu-west-1", "covers": "m"}):
        assert marginal(idle("reservation", **other, idle_quantity=2.0))["commitment_id"] is None


def test_an_idle_savings_plan_pays_at_its_own_rate() -> None:
    rate = price("m.x", "0.12", price_type="sp_1y")
    plan = idle("savings_plan", idle_hour=Decimal("0.06"), rate_type="sp_1y")
    assert marginal(plan, rates=(rate,))["marginal_hour"] == Decimal("0.1")


def test_without_its_rates_a_savings_plan_is_counted_only_where_it_surely_pays_all() -> None:
    plan = idle("savings_plan", rate_type="sp_1y")
    assert marginal(plan | {"idle_hour": Decimal("0.2")})["marginal_hour"] == 0
    unsure = marginal(plan | {"idle_hour": Decimal("0.19")})
    assert unsure["marginal_hour"] is None
    assert unsure["total_hour"] == Decimal("0.2")
    assert "no source states its rates" in unsure["cover_reason"]


def test_a_commitment_of_another_family_currency_or_cloud_covers_nothing() -> None:
    for other in ({"covers": "c"}, {"currency": "EUR"}, {"cloud": "gcp"}):
        plan = idle("savings_plan", idle_hour=Decimal(9), rate_type="sp_1y") | other
        assert marginal(plan)["commitment_id"] is None
    rounding = idle("savings_plan", idle_hour=Decimal(9), idle_share=0.001)
    assert marginal(rounding)["commitment_id"] is None


def test_a_commitment_whose_use_no_bill_tells_leaves_the_price_at_most_the_list_price() -> None:
    unused = "no bill says how much of it was used"
    found = marginal(idle("committed_use", missing=unused))
    assert marginal(idle("committed_use", missing=unused, currency=None)) == found, (
        "Google Cloud tells no currency of what is owned"
    )
    assert found["marginal_hour"] is None
    assert found["total_hour"] == Decimal("0.2")
    assert found["cover_reason"] == "ours may cover it: no bill says how much of it was used"
