"""How small a machine may be, and which offer that is."""

import numpy as np
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
)
from models.rightsizing.replay import replay
from models.rightsizing.trade import overload_share

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


def test_no_other_sizes_of_the_same_sum_have_less_of_the_expected_overload():
    """By moving one percent from any machine to any other."""
    used = fleet(days=14)
    trade = Trade(30.0)
    sizes = needed(used, used, trade)
    expected = overload_share(used, trade, 288)
    at = sizes.astype(int) - 1
    one = np.arange(len(at))
    gain = expected[at, one] - expected[np.minimum(at + 1, 99), one]
    loss = expected[np.maximum(at - 1, 0), one] - expected[at, one]
    movable = at > 0
    assert gain[at < 99].max() <= loss[movable].min() + 1e-3


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
