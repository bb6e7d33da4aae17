"""Arrays give what plain SQL over every price gives, whatever is asked for."""

from collections import Counter
from math import isinf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from selection_in_sql import near_misses_in_sql, part_of_the_market

from models.selection.as_sql import counting, judging, ranking
from models.selection.constraint import constraints
from models.selection.find import find
from models.selection.judge import judge
from models.selection.near_misses import near_misses
from models.selection.requirements import FLAGS, NUMBERS, Range, Requirements
from models.selection.search import cheapest

NAMES = {
    "cloud": ("aws", "azure", "gcp", "digitalocean"), "country": ("EU", "US", "DE"),
    "region": ("eu-*", "us-east-1", "*west*", "re:^europe"), "continent": ("europe", "asia"),
    "price_type": ("on_demand", "spot", "cud_1y", "spot_est"), "arch": ("x86_64", "arm64"),
    "family": ("m5", "c*", "e2"), "instance_type": ("m5.large", "*large", "re:^[cr]"),
    "not_instance_type": ("t*", "m5.large"), "cpu_vendor": ("amd", "intel", "aws"),
    "gpu_model": ("none", "*t4*"), "features": ("ena", "nvme", "efa"), "not_features": ("efa",),
}  # fmt: skip
ENDS = {
    "price_hour": (0.05, 0.1, 0.192, 1), "interruption_percent": (0, 5, 10, 20),
    "network_gbps": (1, 10, 25), "ebs_iops": (1000, 4000), "ebs_mbps": (500, 1000),
    "local_storage_gb": (0, 75, 900), "clock_ghz": (2.5, 3.1), "carbon_g_kwh": (50, 300, 400),
    "latency_ms": (0, 20, 90),
}  # fmt: skip
SMALL = (0, 1, 2, 4, 8, 16, 32)


def ranges(name: str) -> st.SearchStrategy[Range]:
    ends = st.one_of(st.none(), st.sampled_from([float(end) for end in ENDS.get(name, SMALL)]))
    return st.tuples(ends, ends).map(
        lambda two: Range(*sorted(two)) if None not in two else Range(*two)  # type: ignore[type-var]
    )


def some(options: Any, most: int) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the entries, each with a value of its strategy."""
    return st.lists(st.sampled_from(sorted(options)), max_size=most, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: options[name] for name in names})
    )


def members(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)


questions = st.builds(
    Requirements,
    some({name: ranges(name) for name in NUMBERS}, 3),
    some({name: members(names) for name, names in NAMES.items()}, 3),
    some({name: st.booleans() for name in FLAGS}, 2),
    os=st.sampled_from(["linux", "linux", "windows"]),
    disk_gib=st.sampled_from([None, 100, 33.3]),
    egress_gib_month=st.sampled_from([None, None, 50]),
    restart_hours=st.sampled_from([None, 0.5, 24]),
    near=st.sampled_from(["eu-west-1", "westeurope", "us-central1", "fra1"]),
)


def named(asked: Requirements, outcome: str) -> list[list[str]]:
    """Of each price the claims of which that is the outcome."""
    judged = judge(part_of_the_market(), asked)
    bits = getattr(judged, outcome)
    return [
        [claim.name for number, claim in enumerate(judged.claims) if one >> number & 1]
        for one in bits.tolist()
    ]


@settings(max_examples=40, deadline=None)
@given(questions)
def test_every_price_is_judged_as_in_sql(asked: Requirements) -> None:
    market = part_of_the_market()
    judged = judge(market, asked)
    query = f"{judging(asked)} order by offer_id, place_id, kind_id"
    rows = market.connection.execute(query).fetchall()
    assert [row[0] for row in rows] == judged.prices.price_id.tolist()
    assert [row[4] for row in rows] == named(asked, "failed")
    assert [row[5] for row in rows] == named(asked, "unknown")
    assert [row[6] is not None for row in rows] == judged.has_total.tolist()
    assert [int(row[7].scaleb(9)) for row in rows] == judged.least_hour.tolist()


@settings(max_examples=40, deadline=None)
@given(questions)
def test_the_cheapest_and_the_counts_are_those_in_sql(asked: Requirements) -> None:
    market = part_of_the_market()
    found, _ = find(market, asked, 20)
    judged = judge(market, asked)
    ids = judged.prices.price_id[cheapest(judged, 20)].tolist()
    ranked = market.connection.execute(ranking(asked, 20)).fetchall()
    assert list(zip(ids, (one["total_hour"] for one in found.offers), strict=True)) == ranked
    rejected: Counter[str] = Counter()
    counted = market.connection.execute(counting(asked)).fetchall()
    for failed, unknown, prices in counted:
        rejected.update(dict.fromkeys([*failed, *(f"unknown {one}" for one in unknown)], prices))
    assert found.rejected == rejected
    assert found.accepted == sum(n for failed, unknown, n in counted if not failed + unknown)
    assert found.considered == sum(n for _, _, n in counted)


@settings(max_examples=40, deadline=None)
@given(questions)
def test_near_misses_are_those_in_sql(asked: Requirements) -> None:
    market = part_of_the_market()
    found, missed = find(market, asked, 1)
    best = found.offers[0]["total_hour"] if found.offers else None
    if not constraints(asked) or (found.offers and best is None):
        assert missed == []
        return
    judged = judge(market, asked)
    first = cheapest(judged, 1).tolist()
    near = near_misses(market.connection, judged, first[0] if first else None)
    query = near_misses_in_sql(asked, best)
    expected = market.connection.execute(query).fetchall()
    told = [
        (judged.prices.price_id[one.price], one.claim.name, one.value,
         None if isinf(one.distance) else one.distance)
        for one in near
    ]  # fmt: skip
    assert told == expected
    assert [one["value"] for one in missed] == [value for _, _, value, _ in expected]
    if best is not None:
        assert all(one["saving_hour"] == best - one["total_hour"] > 0 for one in missed)


def test_questions_reach_prices_that_are_covered_and_totals_that_are_unknown() -> None:
    """Otherwise the tests above would prove little."""
    judged = judge(part_of_the_market(), Requirements(disk_gib=100, restart_hours=1))
    assert 0 < judged.has_total.sum() < len(judged.prices)
    covered = judged.prices.price_hour != judged.prices.marginal_hour
    assert covered.any()
    assert (judged.prices.marginal_hour >= 0).all()
