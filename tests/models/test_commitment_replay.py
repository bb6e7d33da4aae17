"""What a plan of commitments would have saved on usage that is over."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from committable import DAYS, LIST, UNTIL, lines, planned, price
from hypothesis import given, settings
from hypothesis import strategies as st

from models.commitments.replay import Bought, replay, totals
from models.errors import SeveralRates, UnknownRate


def rates_of(found: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return found["commitment_rate"]


def one(hourly: float | None, price_type: str = "sp_instance_1y", **columns: Any) -> Bought:
    place = {"region": "eu-west-1", "covers": "m5", "hourly": hourly, **columns}
    return Bought("aws", "payer", "USD", price_type, **place)


def test_a_replay_adds_up_to_the_cent_in_every_month() -> None:
    usage = pl.DataFrame(lines())
    rows = replay(usage, rates_of(planned(lines())), [one(5.0)], until=UNTIL)
    assert len(rows) == 5
    for row in rows:
        assert row["on_demand_before"] == row["covered"] + row["on_demand_after"]
        assert row["committed"] == row["used"] + row["unused"]
        assert row["total_after"] == row["committed"] + row["on_demand_after"]
        assert row["saved"] == row["on_demand_before"] - row["total_after"]
        assert all(Decimal(str(row[name])) >= 0 for name in row if isinstance(row[name], Decimal)
                   and name != "saved")  # fmt: skip
    (total,) = totals(rows)
    assert total["committed"] == Decimal(5 * 24 * DAYS)
    assert total["saved"] == sum(Decimal(str(row["saved"])) for row in rows)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.1, 20), st.floats(0.1, 20))
def test_more_commitments_never_leave_more_on_demand(first: float, second: float) -> None:
    usage, scope = pl.DataFrame(lines()), {"billing_account": "payer", "family": "m5"}
    rates = pl.DataFrame(
        {**price(name, ratio), **scope, "ratio": ratio}
        for name, ratio in (("sp_instance_1y", 0.62), ("sp_1y", 0.72))
    )
    alone = totals(replay(usage, rates, [one(first)], until=UNTIL))[0]
    flexible = Bought("aws", "payer", "USD", "sp_1y", hourly=second)
    both = totals(replay(usage, rates, [one(first), flexible], until=UNTIL))[0]
    assert Decimal(str(both["on_demand_after"])) <= Decimal(str(alone["on_demand_after"]))
    assert both["usage"] == alone["usage"]


def test_a_purchase_holds_from_its_first_day_to_before_its_last() -> None:
    rates = rates_of(planned(lines()))
    held = one(5.0, starts_on=date(2026, 2, 1), ends_on=date(2026, 3, 1))
    rows = replay(pl.DataFrame(lines()), rates, [held], until=UNTIL)
    assert {row["month"]: row["committed"] for row in rows if row["committed"]} == {
        date(2026, 2, 1): Decimal(5 * 24 * 28)
    }


def test_whole_instances_cost_their_price() -> None:
    prices = [price("reservation_1y", 0.6)]
    rates = rates_of(planned(lines(), prices=prices))
    held = one(None, "reservation_1y", quantity=10.0, covers="m5.large")
    (total,) = totals(replay(pl.DataFrame(lines()), rates, [held], until=UNTIL))
    assert total["committed"] == Decimal(str(10 * LIST * 0.6 * 24 * DAYS)).quantize(Decimal("0.01"))


def test_instances_of_several_prices_are_not_reserved_at_the_first_of_them() -> None:
    windows = {"os": "windows"}
    prices = [price("reservation_1y", 0.6), price("reservation_1y", 1.2, **windows)]
    usage = [*lines(), *lines(**windows)]
    rates = rates_of(planned(usage, prices=prices))
    held = one(None, "reservation_1y", quantity=10.0, covers="m5.large")
    with pytest.raises(SeveralRates) as refused:
        replay(pl.DataFrame(usage), rates, [held], until=UNTIL)
    assert "0.0600 for m5.large (linux), 0.1200 for m5.large (windows)" in str(refused.value)
    named = [one(None, "reservation_1y", quantity=10.0, covers="m5.large", os=os)
             for os in ("linux", "windows")]  # fmt: skip
    (total,) = totals(replay(pl.DataFrame(usage), rates, named, until=UNTIL))
    assert total["committed"] == Decimal("1.80") * 24 * DAYS


def test_a_purchase_without_a_rate_is_told_what_can_be_named_there() -> None:
    larger = {"region": "us-east-1", "instance_type": "m5.xlarge"}
    usage = [*lines(), *lines(**larger)]
    sold = [
        price("reservation_1y", 0.6),
        price("sp_1y", 0.7),
        price("reservation_1y", 0.6, **larger),
    ]
    rates = rates_of(planned(usage, prices=sold))

    def told(wrong: Bought) -> str:
        with pytest.raises(UnknownRate) as refused:
            replay(pl.DataFrame(usage), rates, [wrong], until=UNTIL)
        return str(refused.value)

    unknown = told(one(None, "reservation_1y", covers="m5.huge", quantity=1.0))
    assert "rates of reservation_1y are known for m5.large in eu-west-1 (linux)." in unknown
    elsewhere = told(one(None, "reservation_1y", region="nowhere", covers="m5.large", quantity=1.0))
    assert "m5.large in eu-west-1 (linux), m5.xlarge in us-east-1 (linux)." in elsewhere
    assert "known price types are reservation_1y, sp_1y." in told(one(1.0, "cud_1y"))


@pytest.mark.parametrize(
    "wrong", [one(1.0, "cud_1y"), one(1.0, covers="c9"), Bought("gcp", "x", "USD", "cud_1y")]
)
def test_a_purchase_without_a_rate_is_refused_by_name(wrong: Bought) -> None:
    with pytest.raises(UnknownRate, match=wrong.price_type):
        replay(pl.DataFrame(lines()), rates_of(planned(lines())), [wrong], until=UNTIL)
