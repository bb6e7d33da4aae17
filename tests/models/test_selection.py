"""What fits, what each constraint rejects, and what it costs in all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_market import joined, judged, market, offer, price

from models.errors import BadRequirement
from models.selection.find import find
from models.selection.names import unmatched
from models.selection.requirements import FLAGS, NUMBERS, SETS, Range, Requirements, parse_range
from models.selection.search import search

WIDE = {
    "burstable": False, "bare_metal": False, "current_generation": True, "cpu_vendor": "intel",
    "clock_ghz": 3.0, "gpu_count": 1.0, "gpu_model": "nvidia t4", "gpu_memory_gib": 16.0,
    "accelerator_count": 0.0, "network_gbps": 5.0, "network_peak_gbps": 10.0,
    "network_interfaces": 4.0, "local_storage_gb": 100.0, "ebs_mbps": 1000.0, "ebs_iops": 4000.0,
    "features": ["ena", "nvme"],
}  # fmt: skip
REGIONS = [
    {"cloud": "aws", "region": "eu-west-1", "country": "IE", "continent": "europe", "is_eu": True},
    {"cloud": "aws", "region": "eu-west-2", "country": "GB", "continent": "europe", "is_eu": False},
]

CARBON = [{"cloud": "aws", "region": "eu-west-1", "carbon_g_kwh": 278.6, "source": "EEA"}]
TRIPS = [{"cloud": "aws", "region": "eu-west-1", "other": "eu-west-2", "ms": 11.3}]


def names(found: Any) -> list[str]:
    return [one["instance_type"] for one in found.offers]


def test_offers_come_cheapest_first_with_price_date_and_source() -> None:
    made = market(
        [offer("m.l", 2, 8), offer("c.l", 2, 4)], [price("m.l", "0.10"), price("c.l", "0.08")]
    )
    found = search(made, Requirements())
    assert names(found) == ["c.l", "m.l"]
    assert found.offers[0]["price_hour"] == found.offers[0]["total_hour"] == Decimal("0.08")
    assert (found.accepted, found.considered, found.rejected) == (2, 2, {})


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("vcpus", "4", "5.."), ("memory_gib", "16..", "..8"), ("gib_per_vcpu", "4", "..3.9"),
        ("clock_ghz", "3..", "3.1.."), ("gpus", "1", "2.."), ("gpu_memory_gib", "16", "17.."),
        ("accelerators", "..0", "1.."), ("network_gbps", "5", "6.."),
        ("network_peak_gbps", "10", "11.."), ("network_interfaces", "4", "..3"),
        ("local_storage_gb", "100..", "101.."), ("ebs_mbps", "1000", "2000.."),
        ("ebs_iops", "..4000", "..3999"), ("price_hour", "..0.2", "..0.1"),
        ("interruption_percent", "..0", "1.."), ("carbon_g_kwh", "..280", "..278"),
        ("latency_ms", "11.3", "..11"),
    ],
)  # fmt: skip
def test_each_range_keeps_what_is_inside_and_counts_what_is_not(
    name: str, inside: str, outside: str
) -> None:
    made = market([offer("m.x", 4, 16, **WIDE)], [price("m.x", "0.2")], carbon=CARBON, trips=TRIPS)
    asked = Requirements({name: parse_range(inside)}, near="eu-west-2")
    assert search(made, asked).accepted == 1
    found = search(made, Requirements({name: parse_range(outside)}, near="eu-west-2"))
    assert (found.accepted, found.rejected) == (0, {name: 1})


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("cloud", "aws", "gcp"), ("region", "eu-*", "us-*"), ("country", "IE", "DE"),
        ("country", "EU", "US"), ("continent", "europe", "asia"),
        ("price_type", "on_demand", "spot"), ("arch", "x86_64", "arm64"), ("family", "m", "c*"),
        ("instance_type", "m.?", "m"), ("instance_type", "re:^m", "re:^x"),
        ("not_instance_type", "c*", "m.x"), ("cpu_vendor", "intel", "amd"),
        ("gpu_model", "*t4", "*l4"), ("features", "ena", "efa"), ("not_features", "efa", "nvme"),
    ],
)  # fmt: skip
def test_each_set_keeps_its_members_and_counts_the_others(
    name: str, inside: str, outside: str
) -> None:
    made = market([offer("m.x", 4, 16, **WIDE)], [price("m.x", "0.2")], regions=REGIONS)
    assert search(made, Requirements(sets={name: (inside,)})).accepted == 1
    found = search(made, Requirements(sets={name: (outside,)}))
    assert (found.accepted, found.rejected) == (0, {name: 1})


@pytest.mark.parametrize("name", ["burstable", "bare_metal", "current_generation"])
def test_each_flag_is_held(name: str) -> None:
    made = market([offer("m.x", 4, 16, **WIDE)], [price("m.x", "0.2")])
    is_so = bool(WIDE[name])
    assert search(made, Requirements(flags={name: is_so})).accepted == 1
    assert search(made, Requirements(flags={name: not is_so})).rejected == {name: 1}


def test_a_price_below_half_of_the_usual_one_is_doubtful_and_spot_is_not() -> None:
    places = [f"eu-west-{n}" for n in range(1, 7)]
    prices = [
        price("m.x", "0.049" if n == 0 else "0.1", region, price_type=kind)
        for n, region in enumerate(places) for kind in ("on_demand", "spot")
    ]  # fmt: skip
    made = market([offer("m.x", 4, 16)], prices)
    found = search(made, Requirements(flags={"doubtful": False}))
    assert found.rejected == {"doubtful": 1}
    assert (found.offers[0]["price_type"], found.offers[0]["region"]) == ("spot", "eu-west-1")
    few = market([offer("m.x", 4, 16)], [one for one in prices[:8]])
    assert search(few, Requirements(flags={"doubtful": False})).accepted == 8  # four places only


def test_all_features_are_needed() -> None:
    made = market([offer("m.x", 4, 16, **WIDE)], [price("m.x", "0.2")])
    both = Requirements(sets={"features": ("ena", "efa")})
    assert search(made, both).rejected == {"features": 1}


def test_an_offer_of_which_a_needed_datum_is_unknown_is_counted_and_not_offered() -> None:
    made = market(
        [offer("m.x", None, 16), offer("m.y", 4, 16)],
        [price("m.x", "0.01"), price("m.y", "0.2"), price("never-described", "0.01")],
    )
    found = search(made, Requirements({"vcpus": Range(2, None)}))
    assert names(found) == ["m.y"]
    assert found.rejected == {"unknown vcpus": 2}
    assert search(made, Requirements()).accepted == 3


def test_a_grid_that_no_source_states_is_unknown_and_not_clean() -> None:
    made = market(
        [offer("m.x", 4, 16)], [price("m.x", "0.2"), price("m.x", "0.1", "eu-west-3")],
        carbon=CARBON,
    )  # fmt: skip
    found = search(made, Requirements({"carbon_g_kwh": Range(None, 300)}))
    assert [one["region"] for one in found.offers] == ["eu-west-1"]
    assert found.rejected == {"unknown carbon_g_kwh": 1}
    assert {one["region"]: one["carbon_g_kwh"] for one in search(made, Requirements()).offers} == {
        "eu-west-1": 278.6, "eu-west-3": None,
    }  # fmt: skip


def test_a_round_trip_is_the_same_both_ways_none_to_itself_and_unknown_to_another_cloud() -> None:
    regions = ("eu-west-1", "eu-west-2", "eu-west-3")
    prices = [
        *(price("m.x", "0.2", region) for region in regions),
        price("m.x", "0.1", "europe-west1", cloud="gcp"),
    ]
    made = market([offer("m.x", 4, 16)], prices, trips=TRIPS)
    for near, other in (regions[:2], regions[1::-1]):
        found = search(made, Requirements(near=near))
        assert {one["region"]: one["latency_ms"] for one in found.offers} == {
            near: 0, other: 11.3, "eu-west-3": None, "europe-west1": None,
        }  # fmt: skip
    found = search(made, Requirements({"latency_ms": Range(None, 5)}, near="eu-west-1"))
    assert [one["region"] for one in found.offers] == ["eu-west-1"]
    assert found.rejected == {"latency_ms": 1, "unknown latency_ms": 2}


def test_a_latency_needs_the_region_to_which() -> None:
    with pytest.raises(BadRequirement, match="near"):
        Requirements({"latency_ms": Range(None, 5)})
    assert Requirements({"latency_ms": Range()}).near is None


def test_all_claims_at_once_are_told_apart() -> None:
    made = market(
        [offer("m.x", 4, 16, **WIDE)], [price("m.x", "0.2")], regions=REGIONS, carbon=CARBON,
        trips=TRIPS,
    )  # fmt: skip
    asked = Requirements(
        {name: Range(10**9) for name in NUMBERS},
        {**dict.fromkeys(SETS, ("none",)), "not_instance_type": ("*",), "not_features": ("ena",)},
        {name: name == "doubtful" or not WIDE[name] for name in FLAGS},
        near="eu-west-2",
    )
    found = search(made, asked)
    assert found.rejected == dict.fromkeys((*SETS, *NUMBERS, *FLAGS), 1)


def test_a_machine_without_gpus_has_none_of_any_model_and_that_is_known() -> None:
    made = market([offer("m.x", 4, 16)], [price("m.x", "0.2")])
    found = search(made, Requirements(sets={"gpu_model": ("*t4",)}))
    assert found.rejected == {"gpu_model": 1}


def test_what_runs_32_bits_too_runs_64_bits() -> None:
    made = market([offer("t.x", 4, 16, arch="i386,x86_64")], [price("t.x", "0.2")])
    assert search(made, Requirements(sets={"arch": ("x86_64",)})).accepted == 1


def test_currencies_and_systems_are_never_mixed() -> None:
    made = market(
        [offer("m.x", 4, 16)],
        [price("m.x", "0.2"), price("m.x", "0.1", currency="EUR"),
         price("m.x", "0.3", os="windows")],
    )  # fmt: skip
    assert [o["price_hour"] for o in search(made, Requirements()).offers] == [Decimal("0.2")]
    euros = search(made, Requirements(currency="EUR"))
    assert [one["price_hour"] for one in euros.offers] == [Decimal("0.1")]
    windows = search(made, Requirements(os="windows")).offers[0]
    assert (windows["price_hour"], windows["licence_hour"]) == (Decimal("0.3"), Decimal("0.1"))


def test_where_no_price_is_stated_nothing_is_found_and_nothing_missed() -> None:
    made = market([offer("m.x", 4, 16)], [price("m.x", "0.2"), price("m.x", "0.1", os="windows")])
    for asked in (Requirements(currency="EUR"), Requirements({"vcpus": Range(1, 2)}, os="rhel")):
        found, missed = find(made, asked)
        assert (found.offers, found.accepted, found.rejected, found.considered) == ([], 0, {}, 0)
        assert missed == []


def test_lost_work_and_a_licence_are_told_together() -> None:
    spot = {"price_type": "spot"}
    made = market(
        [offer("m.x", 4, 16)],
        [price("m.x", "0.1", **spot), price("m.x", "0.3", os="windows", **spot)],
        interruptions=[
            {"cloud": "aws", "region": "eu-west-1", "instance_type": "m.x", "os": "windows",
             "low_percent": 5.0, "high_percent": 10.0}
        ],
    )  # fmt: skip
    one = search(made, Requirements(os="windows", restart_hours=73.05)).offers[0]
    assert (one["licence_hour"], one["restart_hour"]) == (Decimal("0.2"), Decimal("0.003"))


def test_a_licence_whose_price_without_it_is_unknown_is_unknown() -> None:
    made = market([offer("m.x", 4, 16)], [price("m.x", "0.3", os="windows")])
    assert search(made, Requirements(os="windows")).offers[0]["licence_hour"] is None


def test_disk_and_egress_go_into_the_total_and_unknown_ones_come_last() -> None:
    made = market(
        [offer("m.x", 4, 16), offer("m.y", 4, 16)],
        [price("m.x", "0.2"), price("m.y", "0.1", region="eu-west-2")],
        units=[
            {"cloud": "aws", "region": "eu-west-1", "currency": "USD", "what": "disk_gib_month",
             "price": Decimal("0.1")},
            {"cloud": "aws", "region": "eu-west-1", "currency": "USD", "what": "egress_gib",
             "price": Decimal("0.09")},
        ],
    )  # fmt: skip
    found = search(made, Requirements(disk_gib=73.05, egress_gib_month=7305))
    first, last = found.offers
    assert (first["disk_hour"], first["egress_hour"]) == (Decimal("0.01"), Decimal("0.9"))
    assert first["total_hour"] == Decimal("1.11")
    assert (last["instance_type"], last["total_hour"]) == ("m.y", None)
    assert last["disk_hour"] is last["egress_hour"] is None


def test_lost_work_makes_spot_dearer_by_the_upper_end_of_its_bucket() -> None:
    spot = {"price_type": "spot_est"}
    made = market(
        [offer("m.x", 4, 16), offer("m.y", 4, 16), offer("m.z", 4, 16)],
        [price("m.x", "0.1", **spot), price("m.y", "0.05", **spot), price("m.z", "0.04", **spot)],
        interruptions=[
            {"cloud": "aws", "region": "eu-west-1", "instance_type": name, "os": "linux",
             "low_percent": low, "high_percent": high}
            for name, low, high in (("m.x", 5.0, 10.0), ("m.y", 20.0, None))
        ],
    )  # fmt: skip
    asked = Requirements(sets={"price_type": ("spot",)}, restart_hours=73.05)
    found = search(made, asked)
    assert names(found) == ["m.x", "m.z", "m.y"]
    assert found.offers[0]["total_hour"] == Decimal("0.101")  # 0.1 x 73.05 h x 10 % / 730.5 h
    assert found.offers[1]["total_hour"] is found.offers[2]["total_hour"] is None
    limit = {"interruption_percent": Range(None, 20)}
    limited = search(made, Requirements(limit, {"price_type": ("spot",)}))
    assert names(limited) == ["m.x"]
    assert limited.rejected == {"interruption_percent": 1, "unknown interruption_percent": 1}


def test_names_that_nothing_has_are_told_with_those_that_there_are() -> None:
    made = market([offer("m.x", 4, 16)], [price("m.x", "0.2")], regions=REGIONS)
    asked = Requirements(sets={"region": ("eu-wst-1", "eu-*"), "not_instance_type": ("none",)})
    (found,) = unmatched(made.connection, asked)
    assert (found.kind, found.name, found.close) == ("region", "eu-wst-1", ("eu-west-1",))
    (found,) = unmatched(made.connection, Requirements(near="eu-wst-1"))
    assert (found.kind, found.name, found.known) == ("region", "eu-wst-1", ("eu-west-1",))
    assert [one.kind for one in unmatched(made.connection, Requirements(currency="XXX"))] == [
        "currency"
    ]


@pytest.mark.parametrize("text", ["", "..", "a", "4..2", "-1", "1...2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(BadRequirement):
        parse_range(text)


def test_a_filter_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadRequirement, match="memory_gib"):
        Requirements({"memory": Range(1, 2)})


numbers = st.one_of(st.none(), st.sampled_from([1.0, 2.0, 4.0, 8.0, 16.0]))
offers_of_any_kind = st.lists(
    st.tuples(numbers, numbers, st.sampled_from([True, False, None])), min_size=1, max_size=6
)
ranges = st.tuples(numbers, numbers).map(
    lambda ends: Range(*sorted(ends)) if None not in ends else Range(*ends)  # type: ignore[type-var]
)


@settings(max_examples=20, deadline=None)
@given(offers_of_any_kind, ranges, ranges, st.sampled_from([None, True, False]), st.randoms())
def test_accepted_and_rejected_are_what_judging_each_price_by_hand_gives(
    kinds: list[Any], vcpus: Range, memory: Range, burstable: bool | None, random: Any
) -> None:
    offers = [offer(f"m.{n}", v, g, burstable=b) for n, (v, g, b) in enumerate(kinds)]
    prices = [
        price(f"m.{n}", str(random.randint(1, 5)), region)
        for n in range(len(kinds)) for region in ("eu-west-1", "us-east-1")
    ]  # fmt: skip
    asked = Requirements(
        {"vcpus": vcpus, "memory_gib": memory},
        {"region": ("eu-*",)},
        {} if burstable is None else {"burstable": burstable},
    )
    found = search(market(offers, prices), asked, 100)
    rejected: dict[str, int] = {}
    fitting: list[Decimal] = []
    for one in joined(offers, prices):
        outcome = judged(one, asked)
        for name, holds in outcome.items():
            if holds is not True:
                told = f"unknown {name}" if holds is None else name
                rejected[told] = rejected.get(told, 0) + 1
        if all(outcome.values()):
            fitting.append(one["price_hour"])
    assert [one["price_hour"] for one in found.offers] == sorted(fitting)
    assert found.rejected == rejected
    assert found.accepted == len(fitting)


@settings(max_examples=20, deadline=None)
@given(offers_of_any_kind, ranges, ranges, st.randoms())
def test_relaxing_a_constraint_never_makes_the_best_dearer(
    kinds: list[Any], vcpus: Range, memory: Range, random: Any
) -> None:
    offers = [offer(f"m.{n}", v, g, burstable=b) for n, (v, g, b) in enumerate(kinds)]
    prices = [price(f"m.{n}", str(random.randint(1, 9))) for n in range(len(kinds))]
    made = market(offers, prices)
    tight = Requirements({"vcpus": vcpus, "memory_gib": memory}, flags={"burstable": False})
    low = None if memory.low is None else memory.low / 2
    relaxed = [
        Requirements({"vcpus": vcpus, "memory_gib": Range(low, memory.high)}, flags=tight.flags),
        Requirements({"vcpus": vcpus}, flags=tight.flags),
        Requirements(tight.ranges),
    ]
    best = search(made, tight).offers
    for wider in relaxed:
        found = search(made, wider).offers
        assert not best or found[0]["total_hour"] <= best[0]["total_hour"]
