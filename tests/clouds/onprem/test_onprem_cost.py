"""Money is split without losing or making any, whatever the rates and whatever ran."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onprem_card import CARD, card
from pydantic import ValidationError

from clouds.onprem.cost import CENT, UNIT, month_costs, split, to_cents
from clouds.onprem.history import Day, Guest
from clouds.onprem.lines import month_lines
from clouds.onprem.rate_card import RateCard

MONTH = date(2026, 11, 1)

amounts = st.integers(0, 10**9).map(lambda cents: cents * CENT)
rates = st.fixed_dictionaries({
    "capex": amounts, "lifetime_months": st.integers(1, 120), "power_watts": st.integers(0, 3000),
    "price_kwh": st.decimals("0", "2", places=5), "pue": st.decimals("1", "3", places=2),
    "space_month": amounts, "staff_month": amounts, "vcpus": st.integers(1, 256),
    "memory_gib": st.integers(1, 4096),
})  # fmt: skip
guests = st.lists(
    st.tuples(st.integers(1, 128), st.integers(1, 2**20)), max_size=6
)  # more than the host has, at times


@st.composite
def cards(draw: st.DrawFn) -> RateCard:
    changed = draw(st.integers(2, 29))
    turn = MONTH.replace(day=changed)
    vcpu = draw(st.integers(0, 100))
    return RateCard.model_validate({
        "currency": "EUR",
        "allocation": {"vcpu": vcpu, "memory": 100 - vcpu},
        "shared": [{"name": "staff", "month": draw(amounts), "valid_from": date(2026, 1, 1)}],
        "classes": {
            "a": [draw(rates) | {"valid_from": date(2026, 1, 1), "valid_to": turn},
                  draw(rates) | {"valid_from": turn}],
        },
        "hosts": [
            {"name": "one", "class": "a", "weight": draw(st.integers(1, 9))},
            {"name": "two", "weight": draw(st.integers(0, 9)),
             "rates": [draw(rates) | {"valid_from": turn}]},
        ],
    })  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> Mapping[date, Day]:
    days = draw(st.lists(st.integers(1, 30), unique=True, max_size=8))
    return {
        MONTH.replace(day=day): {
            "one": [Guest(f"u{n}", f"vm{n}", *size) for n, size in enumerate(draw(guests))]
        }
        for day in days
    }


@given(
    st.integers(0, 10**15).map(lambda units: units * UNIT),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=20),
)
def test_a_split_adds_up_and_strays_less_than_one_unit(total: Decimal, weights: list[int]) -> None:
    if not sum(weights):
        weights = [*weights, 1]
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(total) * weight / sum(weights)
        assert abs(Fraction(part) - exact) < Fraction(UNIT)


@settings(max_examples=40, deadline=None)  # each works out two months
@given(cards(), histories())
def test_the_rows_of_a_host_add_up_to_its_month_in_cents(
    some_card: RateCard, seen: Mapping[date, Day]
) -> None:
    lines = month_lines(some_card, MONTH, date(2026, 12, 1), seen, "onprem", {})
    costs = month_costs(some_card, MONTH)
    by_host = {host.name: Decimal(0) for host in some_card.hosts}
    for row in lines.select("ChargeDescription", "ResourceId", "BilledCost").iter_rows():
        by_host["two" if row[1] == "two" else "one"] += row[2]
    for name, total in by_host.items():
        assert total == sum(cost for (host, _), cost in costs.items() if host == name)
        assert total == total.quantize(CENT)
        assert abs(total - _straight(some_card, name)) <= CENT / 2


@settings(max_examples=40, deadline=None)  # each works out two months
@given(cards(), histories(), st.integers(1, 30))
def test_days_that_are_over_never_change_while_the_month_grows(
    some_card: RateCard, seen: Mapping[date, Day], days: int
) -> None:
    until = MONTH + timedelta(days=days)
    so_far = month_lines(some_card, MONTH, until, seen, "onprem", {})
    whole = month_lines(some_card, MONTH, date(2026, 12, 1), seen, "onprem", {})
    assert so_far.equals(whole.filter(pl.col("ChargePeriodStart") < until))
    assert (so_far["BilledCost"] >= 0).all()


def _straight(some_card: RateCard, name: str) -> Decimal:
    """The month's cost, worked out in another order: component by component."""
    days = monthrange(MONTH.year, MONTH.month)[1]
    total = Fraction(0)
    for number in range(days):
        day = MONTH + timedelta(days=number)
        in_use = {h.name: (h, some_card.rates(h, day)) for h in some_card.hosts}
        host, known = in_use[name]
        if known is None:
            continue
        weights = sum(Fraction(h.weight) for h, valid in in_use.values() if valid)
        power = Fraction(known.power_watts) * Fraction(known.pue) * Fraction(known.price_kwh)
        total += power * 24 / 1000
        total += Fraction(known.capex) / known.lifetime_months / days
        total += Fraction(known.space_month + known.staff_month) / days
        for cost in some_card.shared:
            total += Fraction(cost.month) / days * Fraction(host.weight) / weights
    return Decimal(to_cents(total))


def test_power_capex_space_and_staff_make_the_known_sum() -> None:
    costs = month_costs(card(), date(2026, 10, 1))
    kvm_1 = sum(cost for (host, _), cost in costs.items() if host == "kvm-1")
    power = Decimal("0.420") * 24 * 31 * Decimal("1.4") * Decimal("0.31")  # 135.618
    capex = Decimal(18400) / 60  # 306.667
    staff = Decimal(2000) / 3  # two thirds of 1,000, by weight
    expected = power + capex + 90 + Decimal(1000) * 2 / 3
    assert staff == Decimal(1000) * 2 / 3
    assert kvm_1 == expected.quantize(CENT) == Decimal("1198.95")


def test_a_host_out_of_use_costs_nothing_and_the_others_bear_what_is_shared() -> None:
    text = CARD.replace("{name: kvm-2, class: large", "{name: kvm-2, in_use_until: 2026-10-11, "
                        "class: large")  # fmt: skip
    costs = month_costs(card(text), date(2026, 10, 1))
    assert costs["kvm-2", date(2026, 10, 11)] == 0
    assert costs["kvm-1", date(2026, 10, 11)] > costs["kvm-1", date(2026, 10, 10)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("vcpu: 70", "vcpu: 71"), "add up to 101, expected 100"),
        (("valid_to: 2026-11-10", "valid_to: 2026-11-11"), "overlap"),
        (("class: large, region", "class: huge, region"), "known: large"),
        (("name: kvm-2", "name: kvm-1"), "hosts named twice: kvm-1"),
        (("pue: 1.4", "pue: 0.4"), "greater than or equal to 1"),
        (("capex: 18400", "capex: -1"), "greater than or equal to 0"),
        (("currency: EUR", "currency: euro"), "currency"),
        (("price_kwh: 0.31", "price_kwh: 0.31\n      wats: 3"), "wats"),
    ],
)
def test_a_mistake_in_the_rate_card_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as error:
        card(CARD.replace(*change))
    assert told in str(error.value)


def test_prices_keep_their_decimals_as_written() -> None:
    [first, _] = card().classes["large"]
    assert first.price_kwh == Decimal("0.31")
