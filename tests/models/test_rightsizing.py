"""How small a machine may be, and which offer that is."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import UnusableSeries
from models.rightsizing import (
    PRESETS,
    Trade,
    allocation,
    needed,
    right_size,
    safe_size,
    unusable,
)
from models.rightsizing.overload import (
    SIZES,
    USUAL_NEW_LOAD,
    Outlook,
    days_at_levels,
    new_load,
    overload_share,
)
from models.rightsizing.replay import replay
from models.rightsizing.run import HOURS, sizes
from models.rightsizing.trade import bought, harm

WEEK = 7 * 288


def cpu(level: float, peak: float, share: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = level * random.normal(1, 0.05, (WEEK, 1))
    return np.where(random.random((WEEK, 1)) < share, peak, values)


def fleet(seed: int = 0, days: int = 21) -> np.ndarray:
    """Machines of every kind: steady, spiky, busy on workdays, with rare peaks."""
    random = np.random.default_rng(seed)
    steps = np.arange(days * 288)
    loads = []
    for k in range(40):
        level = random.uniform(3, 50)
        day = np.sin(2 * np.pi * steps / 288) * random.uniform(0, 0.5)
        noise = random.lognormal(0, random.uniform(0.05, 0.4), len(steps))
        peaks = np.where(random.random(len(steps)) < random.choice([0, 0.001, 0.02]), 40.0, 0.0)
        drift = np.exp(np.cumsum(random.normal(0, 0.1, days))[steps // 288])
        loads.append(np.clip(level * (1 + day) * noise * drift + peaks * (k % 3), 0, 100))
    return np.array(loads).T


def test_our_sizes_save_as_much_as_the_published_rule_with_less_overload():
    used = fleet()
    table = replay(used, used / 2).rows_by_key("rule", named=True, unique=True)
    for ours, theirs in {
        "balanced": "compute_optimizer_p95_30",
        "safe": "compute_optimizer",
    }.items():
        assert table[ours]["savings"] >= table[theirs]["savings"]
        assert table[ours]["violations"] < table[theirs]["violations"]


@pytest.mark.parametrize("seed", range(4))
def test_where_sizes_halve_they_save_as_much_too(seed: int):
    used = fleet(seed, days=14)
    for ours, theirs in (
        (right_size, "compute_optimizer_p95_30"),
        (safe_size, "compute_optimizer"),
    ):
        rule = allocation(used, used / 2, PRESETS[theirs], 288)
        found = ours(used, used / 2)
        assert found.mean() <= rule.mean()
        assert bought(found).mean() <= bought(rule).mean()


def test_what_is_bought_is_the_next_size_that_halves():
    sizes = np.array([1.0, 6.25, 6.3, 12.5, 26.0, 50.0, 50.1, 100.0])
    assert list(bought(sizes)) == [6.25, 6.25, 12.5, 12.5, 50.0, 50.0, 100.0, 100.0]


def test_no_other_sizes_of_the_same_sum_have_less_of_the_expected_harm():
    """By moving one percent from any machine to any other."""
    used = fleet(days=14)
    sizes = needed(used, used, Trade(30.0))
    expected = harm(overload_share(used, Outlook(), 288))
    at = sizes.astype(int) - 1
    one = np.arange(len(at))
    gain = expected[at, one] - expected[np.minimum(at + 1, 99), one]
    loss = expected[np.maximum(at - 1, 0), one] - expected[at, one]
    movable = at > 0
    assert gain[at < 99].max() <= loss[movable].min() * 1.05


def expected(used: np.ndarray, **outlook: float) -> np.ndarray:
    return overload_share(used, Outlook(**outlook), 288)


def test_expected_overload_falls_with_the_size():
    share = expected(fleet(days=8))
    assert (np.diff(share, axis=0) <= 1e-12).all()
    assert share.min() == 0
    assert share.max() <= 1


def test_a_machine_whose_days_differ_is_expected_to_peak_higher():
    """Of two that were alike on the last days, the one that was elsewhere before."""
    days = np.full(14, 40.0)
    restless = days.copy()
    restless[:6:2] = 10.0
    used = np.repeat(np.stack([days, restless], axis=1), 288, axis=0)
    steady, other = expected(used, new_load=0.0)[SIZES == 55].ravel()
    assert steady < 0.02 < other


def test_a_machine_may_be_loaded_as_any_of_its_fleet_is():
    used = np.full((7 * 288, 10), 5.0)
    used[:, 0] = 90.0
    at_20 = SIZES == 20
    assert expected(used, new_load=0.1)[at_20, 1:] == pytest.approx(0.1 * 0.1, rel=0.01)
    assert expected(used, new_load=0.0)[at_20, 1:] == pytest.approx(0, abs=1e-6)


def test_how_often_new_loads_come_is_learned_from_the_fleet():
    calm = fleet(days=14)
    jumping = calm.copy()
    for machine, day in zip(range(0, 40, 4), range(4, 14), strict=True):
        jumping[day * 288 :, machine] = calm[day * 288 :, (machine + 7) % 40] + 30
    chances = [new_load(days_at_levels(used, 288), Outlook()) for used in (calm, jumping)]
    assert chances[0] < 0.005 < 0.02 < chances[1] < 0.5
    assert new_load(days_at_levels(calm[: 4 * 288], 288), Outlook()) == USUAL_NEW_LOAD


@pytest.mark.parametrize("machines", [1, 3, 25])
def test_a_machine_that_is_always_full_is_not_cut(machines: int):
    used = np.full((7 * 288, machines), 100.0)
    for rule in (right_size, safe_size):
        assert (rule(used, used) == 100).all()


def test_recent_days_count_most():
    rising = np.repeat(np.array([10.0] * 10 + [60.0] * 4), 288)[:, None]
    fallen = rising[::-1].copy()
    at_30 = SIZES == 30
    assert expected(rising)[at_30] > 0.7
    assert expected(fallen)[at_30] < 0.3


def test_a_lone_machine_with_hours_of_history_gets_a_size():
    used = cpu(20.0, 50.0, 0.01)[:100]
    assert 20 < needed(used, used, Trade(40.0))[0] <= 60


@pytest.mark.parametrize("percent", [5.0, 25.0, 60.0])
def test_the_fleet_saves_what_was_asked_for(percent: float):
    used = fleet(1)
    saved = 100 - needed(used, used, Trade(percent)).mean()
    assert percent <= saved < percent + 3


@settings(max_examples=20, deadline=None)
@given(
    level=st.floats(1, 90), peak=st.floats(1, 100), share=st.floats(0, 0.3), seed=st.integers(0, 99)
)
def test_sizes_are_percent(level: float, peak: float, share: float, seed: int):
    values = np.clip(cpu(level, peak, share, seed), 0, 100)
    for size in (right_size(values, values), safe_size(values, values)):
        assert 1 <= size[0] <= 100


def test_presets_are_the_rules_that_others_publish():
    """What acceptance/rightsizing_replay.py computes for rules of these names."""
    used = fleet(2, days=14)
    mean = used / 2

    def of(name: str) -> np.ndarray:
        return allocation(used, mean, PRESETS[name], 288)

    def clipped(values: np.ndarray) -> np.ndarray:
        return np.clip(values, 1, 100)

    assert of("compute_optimizer") == pytest.approx(clipped(np.percentile(used, 99.5, 0) / 0.8))
    assert of("compute_optimizer_p90_0") == pytest.approx(clipped(np.percentile(used, 90, 0)))
    assert of("krr") == pytest.approx(clipped(np.percentile(mean, 95, 0)))
    halves = mean[-7 * 288 :].reshape(-1, 6, mean.shape[1]).max(1)
    assert of("azure_advisor") == pytest.approx(clipped(np.percentile(halves, 95, 0) / 0.8))


def test_the_decayed_quantile_forgets_what_was_long_ago():
    busy = np.where(np.arange(8 * 288) < 4 * 288, 80.0, 10.0)[:, None]
    assert allocation(busy, busy, PRESETS["vpa_target"], 288)[0] == pytest.approx(11.5)
    assert allocation(busy[::-1], busy[::-1], PRESETS["vpa_target"], 288)[0] == pytest.approx(92)


def test_hours_are_replayed_like_five_minutes():
    used = fleet(3).reshape(21 * 24, 12, -1).max(1)
    table = replay(used, used / 2, steps_a_day=24)
    assert {"balanced", "safe", "krr"} < set(table["rule"])
    assert table["savings"].is_between(0, 99).all()


def test_too_short_a_history_is_said():
    with pytest.raises(UnusableSeries, match=r"found 10\.0 days .* at least 17: 14 to learn"):
        replay(fleet(days=10), fleet(days=10))


RULES = {"balanced": right_size, "safe": safe_size} | {
    name: partial(allocation, preset=preset, steps_a_day=288) for name, preset in PRESETS.items()
}


@pytest.mark.parametrize("name", RULES)
def test_a_machine_that_nobody_can_size_keeps_its_size_and_changes_no_other(name: str):
    used = fleet(days=14)
    mean = used / 2
    bad = {3: np.nan, 7: np.inf, 11: -np.inf, 20: -5.0}
    for machine, value in bad.items():
        used[100, machine] = value
    mean[5, 30] = np.nan
    wrong = [*bad, 30]
    found = RULES[name](used, mean)
    assert (found[wrong] == 100).all()
    others = RULES[name](np.delete(used, wrong, axis=1), np.delete(mean, wrong, axis=1))
    np.testing.assert_array_equal(np.delete(found, wrong), others)


def test_it_is_said_of_each_machine_why_it_can_not_be_sized():
    used = np.full((288, 6), 20.0)
    used[:3, 1], used[7, 2], used[:2, 3], used[9, 4] = np.nan, np.inf, -1.0, -np.inf
    mean = np.full((288, 6), 10.0)
    mean[:, 5] = np.nan
    assert unusable(used, mean) == [
        None,
        "CPU is unknown in 3 of 288 steps",
        "CPU is infinite in 1 of 288 steps",
        "CPU is below zero in 2 of 288 steps",
        "CPU is infinite in 1 of 288 steps",
        "CPU is unknown in 288 of 288 steps",
    ]
    assert unusable(np.empty((0, 2)), np.empty((0, 2))) == ["no step was measured"] * 2


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (288, 0), (1, 2), (3, 1)])
def test_of_nothing_or_nearly_nothing_each_machine_has_an_answer(name: str, shape: tuple[int, int]):
    found = RULES[name](np.full(shape, 30.0), np.full(shape, 30.0))
    assert found.shape == shape[1:]
    assert ((found >= 1) & (found <= 100)).all()
    assert shape[0] or (found == 100).all()


@pytest.mark.parametrize(
    ("high", "mean"),
    [
        (np.ones((288, 2)), np.ones((288, 3))),
        (np.ones(288), np.ones(288)),
        (np.full((2, 2), "x"), np.ones((2, 2))),
    ],
    ids=["not alike", "no machines", "words"],
)
def test_what_is_no_use_of_machines_is_said(high: np.ndarray, mean: np.ndarray):
    with pytest.raises(UnusableSeries, match=r"expected are numbers as \(steps, machines\)"):
        right_size(high, mean)


def test_a_replay_leaves_out_who_can_not_be_sized_and_needs_one_who_can():
    used = fleet()
    good = replay(used[:, 1:], used[:, 1:] / 2)
    used[-1, 0] = np.nan
    assert replay(used, used / 2).equals(good)
    with pytest.raises(UnusableSeries, match="found 1 machines and none with a percentage"):
        replay(used[:, :1], used[:, :1])


def test_the_sizes_of_an_estate_say_who_has_none():
    machines = pl.DataFrame({"resource_id": ["full", "infinite", "below", "steady"]})
    hours = pl.DataFrame({
        "machine": np.repeat(np.arange(4), HOURS), "hour": np.tile(np.arange(HOURS), 4),
        "cpu_max": np.repeat([130.0, 40.0, 40.0, 40.0], HOURS),
    }).with_columns(cpu_avg="cpu_max")  # fmt: skip
    wrong = pl.when(pl.col("hour") == 5)
    hours = hours.with_columns(
        cpu_max=wrong.then(
            pl.col("machine").replace_strict({0: 130.0, 1: np.inf, 2: -1.0, 3: 40.0})
        ).otherwise("cpu_max")
    )
    found = sizes(machines, hours, {"krr", "compute_optimizer"})
    by_rule = {
        rule: dict(part.select("resource_id", "size_percent").iter_rows())
        for (rule,), part in found.group_by("rule")
    }
    assert by_rule == {
        "krr": {"full": 100.0, "infinite": None, "below": None, "steady": 40.0},
        "compute_optimizer": {"full": 100.0, "infinite": None, "below": None, "steady": 50.0},
    }
    assert set(found["missing"].drop_nulls()) == {
        f"CPU is infinite in 1 of {HOURS} steps", f"CPU is below zero in 1 of {HOURS} steps",
    }  # fmt: skip
