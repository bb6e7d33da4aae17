"""Near misses are exactly what fails one constraint, is known, costs less, and is not beaten."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from small_market import joined, judged, market, offer, price

from models.selection.find import find
from models.selection.near_misses import EACH
from models.selection.requirements import Range, Requirements


def missed(offers: Any, prices: Any, asked: Requirements) -> list[dict[str, Any]]:
    return find(market(offers, prices), asked)[1]


def test_half_a_gib_less_is_named_with_what_it_saves() -> None:
    (one,) = missed(
        [offer("m.x", 2, 8), offer("m.y", 2, 7.5)],
        [price("m.x", "0.10"), price("m.y", "0.07")],
        Requirements({"memory_gib": Range(8, None)}),
    )
    assert (one["constraint"], one["wanted"], one["value"]) == ("memory_gib", "8..", "7.5")
    assert (one["distance"], one["saving_hour"]) == (0.5, Decimal("0.03"))
    assert one["instance_type"] == "m.y"


def test_what_fails_two_constraints_or_has_an_unknown_datum_or_is_dearer_is_none() -> None:
    asked = Requirements({"memory_gib": Range(8, None), "vcpus": Range(2, None)})
    found = missed(
        [offer("m.x", 2, 8), offer("two", 1, 4), offer("unknown", None, 4), offer("dear", 2, 4)],
        [price("m.x", "0.1"), price("two", "0.01"), price("unknown", "0.01"), price("dear", "0.2")],
        asked,
    )
    assert found == []


def test_of_names_each_value_is_named_once_at_its_cheapest() -> None:
    offers = [
        offer("m.x", 2, 8),
        offer("m.y", 2, 8, arch="arm64"),
        offer("m.z", 2, 8, arch="arm64"),
    ]
    prices = [price("m.x", "0.10"), price("m.y", "0.07"), price("m.z", "0.06")]
    (one,) = missed(offers, prices, Requirements(sets={"arch": ("x86_64",)}))
    assert (one["value"], one["instance_type"], one["distance"]) == ("arm64", "m.z", None)


def test_where_nothing_fits_the_nearest_are_told_without_a_saving() -> None:
    offers = [offer("m.x", 2, 8), offer("m.y", 2, 4)]
    prices = [price("m.x", "0.10"), price("m.y", "0.07")]
    found = missed(offers, prices, Requirements({"memory_gib": Range(16, None)}))
    assert {one["instance_type"] for one in found} == {"m.x", "m.y"}
    assert all(one["saving_hour"] is None for one in found)


def test_a_spot_machine_that_is_taken_away_more_often_is_a_near_miss() -> None:
    spot = {"price_type": "spot"}
    made = market(
        [offer("m.x", 2, 8), offer("m.y", 2, 8)],
        [price("m.x", "0.10", **spot), price("m.y", "0.07", **spot)],
        interruptions=[
            {"cloud": "aws", "region": "eu-west-1", "instance_type": name, "os": "linux",
             "low_percent": high - 5, "high_percent": high}
            for name, high in (("m.x", 5.0), ("m.y", 15.0))
        ],
    )  # fmt: skip
    asked = Requirements({"interruption_percent": Range(None, 10)}, restart_hours=1)
    found, (near,) = find(made, asked)
    assert [one["instance_type"] for one in found.offers] == ["m.x"]
    assert (near["instance_type"], near["distance"], near["value"]) == ("m.y", 5.0, "15.0")


def test_without_requirements_nothing_is_missed() -> None:
    assert missed([offer("m.x", 2, 8)], [price("m.x", "0.1")], Requirements()) == []


def by_hand(offers: Any, prices: Any, asked: Requirements) -> set[tuple[str, str, Decimal]]:
    """The frontier, found by comparing each near miss with each other."""
    rows = [(one, judged(one, asked)) for one in joined(offers, prices)]
    best = min((one["price_hour"] for one, all_ in rows if all(all_.values())), default=None)
    near: list[tuple[str, float | None, str, Decimal]] = []
    for one, outcome in rows:
        failed = [name for name, holds in outcome.items() if holds is False]
        if len(failed) != 1 or None in outcome.values():
            continue
        if best is not None and one["price_hour"] >= best:
            continue
        name = failed[0]
        wanted = asked.ranges.get(name)
        value = one[name]
        distance = None
        if wanted is not None:
            ends = [wanted.low - value] if wanted.low is not None else []
            ends += [value - wanted.high] if wanted.high is not None else []
            distance = max(ends)
        near.append((name, distance, str(value), one["price_hour"]))
    kept: set[tuple[str, str, Decimal]] = set()
    for name in {one[0] for one in near}:
        same = [one for one in near if one[0] == name]
        if same[0][1] is None:
            cheapest = {v: min(p for _, _, w, p in same if w == v) for _, _, v, _ in same}
            ordered = sorted(cheapest.items(), key=lambda pair: pair[1])[:EACH]
            kept |= {(name, value, amount) for value, amount in ordered}
            continue
        frontier = {
            (d, v, p) for _, d, v, p in same
            if not any(d2 <= d and p2 <= p and (d2, p2) != (d, p) for _, d2, _, p2 in same)
        }  # fmt: skip
        points = sorted({(d, p) for d, _, p in frontier})[:EACH]
        kept |= {(name, str(d), p) for d, p in points}
    return kept


numbers = st.one_of(st.none(), st.sampled_from([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]))
kinds = st.lists(
    st.tuples(numbers, numbers, st.sampled_from(["x86_64", "arm64"])), min_size=2, max_size=9
)


@settings(max_examples=40, deadline=None)
@given(kinds, st.randoms(), st.sampled_from([4.0, 8.0, 16.0]), st.sampled_from([2.0, 4.0]))
def test_near_misses_are_those_found_by_hand(
    machines: Any, random: Any, memory: float, vcpus: float
) -> None:
    offers = [offer(f"m.{n}", v, g, arch=a) for n, (v, g, a) in enumerate(machines)]
    amounts = random.sample(range(1, 100), len(machines))  # all different: one order only
    prices = [price(f"m.{n}", str(amount)) for n, amount in enumerate(amounts)]
    asked = Requirements(
        {"vcpus": Range(vcpus, vcpus * 4), "memory_gib": Range(memory, None)},
        {"arch": ("x86_64",)},
    )
    found = {
        (
            one["constraint"],
            one["value"] if one["distance"] is None else str(one["distance"]),
            one["total_hour"],
        )
        for one in missed(offers, prices, asked)
    }
    assert found == by_hand(offers, prices, asked)
