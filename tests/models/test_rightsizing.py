"""How small a machine may be, and which offer that is."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rightsizing import (
    BALANCED,
    SAFE,
    choose_sizes,
    needed,
    overload_probability,
    right_size,
)

WEEK = 7 * 288


def cpu(level: float, peak: float, share: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    values = level * random.normal(1, 0.05, (WEEK, 1))
    return np.where(random.random((WEEK, 1)) < share, peak, values)


def test_a_steady_load_is_cut_close_and_frequent_peaks_are_kept():
    steady, peaky = cpu(10, 10, 0.0), cpu(10, 90, 0.05)
    assert right_size(steady, steady)[0] < 20
    assert right_size(peaky, peaky)[0] >= 90


def test_a_single_peak_in_a_week_does_not_hold_a_machine_up():
    rare = cpu(10, 10, 0.0)
    rare[500] = 95
    assert right_size(rare, rare)[0] < 20


@settings(max_examples=20, deadline=None)
@given(
    level=st.floats(1, 90), peak=st.floats(1, 100), share=st.floats(0, 0.3), seed=st.integers(0, 99)
)
def test_sizes_are_percent_and_the_safe_trade_is_never_smaller(
    level: float, peak: float, share: float, seed: int
):
    values = np.clip(cpu(level, peak, share, seed), 0, 100)
    balanced, safe = needed(values, BALANCED)[0], needed(values, SAFE)[0]
    assert 1 <= balanced <= 100
    assert safe >= balanced


MACHINE = {
    "cloud": "aws", "region": "r1", "currency": "USD", "arch": "x86_64", "resource_id": "i-1",
    "instance_type": "big", "vcpus": 8.0, "memory_gib": 32.0, "gpu_count": 0.0,
    "local_storage_gb": 0.0, "price_hour": 0.8, "p50_max": 5.0, "p95_max": 10.0, "p97_max": 12.0,
    "p99_max": 15.0, "max": 30.0, "memory_max": 20.0,
}  # fmt: skip
OFFER = {
    "cloud": "aws", "region": "r1", "currency": "USD", "arch": "x86_64",
    "instance_type": "small", "vcpus": 2.0, "memory_gib": 8.0, "gpu_count": 0.0,
    "local_storage_gb": 0.0, "price_hour": 0.2,
}  # fmt: skip
MIDDLE = {**OFFER, "instance_type": "middle", "vcpus": 4.0, "memory_gib": 16.0, "price_hour": 0.4}


def chosen(machine: dict[str, object], *offers: dict[str, object]) -> str | None:
    out = choose_sizes(
        pl.DataFrame([{**MACHINE, **machine}], schema_overrides={"memory_max": pl.Float64}),
        pl.DataFrame(list(offers)),
    )
    return out["after"].item() if out.height else None


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ({}, "small"),
        ({"p99_max": 25.0}, "middle"),  # 25 % of 8 vCPU fill 2 to the brim
        ({"p99_max": 90.0}, None),
        ({"memory_max": 40.0}, "middle"),  # 12.8 GiB
        ({"memory_max": None}, None),  # nobody knows: memory is not reduced
        ({"gpu_count": 1.0}, None),
        ({"local_storage_gb": 100.0}, None),
        ({"arch": "arm64"}, None),
        ({"region": "r2"}, None),
        ({"currency": "EUR"}, None),
        ({"price_hour": 0.15}, None),  # nothing is cheaper
    ],
)
def test_the_cheapest_offer_that_carries_the_load_is_chosen(
    machine: dict[str, object], expected: str | None
):
    assert chosen(machine, MIDDLE, OFFER) == expected


def test_without_memory_numbers_the_same_memory_with_less_cpu_is_fine():
    assert chosen({"memory_max": None}, {**OFFER, "memory_gib": 32.0}) == "small"


def test_overload_is_read_from_the_measured_hours():
    machines = pl.DataFrame([MACHINE] * 4)
    got = overload_probability(machines, np.array([5.0, 10.0, 20.0, 40.0]))
    assert got == pytest.approx([0.5, 0.05, 0.01 * 2 / 3, 1 / 730])


def test_many_machines_are_sized_at_once_each_on_its_own():
    machines = pl.DataFrame([{**MACHINE, "resource_id": f"i-{k}"} for k in range(500)])
    out = choose_sizes(machines, pl.DataFrame([OFFER, MIDDLE]))
    assert out.height == 500
    assert out["resource_id"].n_unique() == 500
