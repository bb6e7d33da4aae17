"""What commitments cover: nothing is lost, nothing below zero, in the order of the providers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.commitments.simulate import Commitment, simulate


def commitment(hourly: float, ratio: list[float], holds: list[float]) -> Commitment:
    return Commitment("c", hourly, np.array(ratio), np.array(holds))


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, list[Commitment]]:
    slots, groups = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    amounts = st.floats(0, 1e6, allow_subnormal=False)
    row = st.lists(amounts, min_size=groups, max_size=groups)
    demand = np.array(draw(st.lists(row, min_size=slots, max_size=slots)))
    ratio = st.one_of(st.just(float("nan")), st.floats(0.05, 1.5))
    made = [
        commitment(
            draw(amounts),
            draw(st.lists(ratio, min_size=groups, max_size=groups)),
            draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=slots, max_size=slots)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    return demand, made


@given(cases())
def test_covered_and_on_demand_are_the_demand(case: tuple[np.ndarray, list[Commitment]]) -> None:
    demand, made = case
    found = simulate(demand, made)
    whole = demand.sum(axis=1)
    assert found.covered.sum(axis=1) + found.on_demand == pytest.approx(whole, rel=1e-9, abs=1e-6)
    assert found.used + found.unused == pytest.approx(found.committed)
    for part in (found.committed, found.used, found.unused, found.covered, found.on_demand):
        assert (part >= 0).all()
    assert found.total == pytest.approx(found.committed.sum(axis=1) + found.on_demand)


def test_the_highest_saving_comes_first() -> None:
    found = simulate(np.array([[10.0, 10.0]]), [commitment(6.0, [0.8, 0.5], [1.0])])
    assert found.covered[0, 0] == pytest.approx(10 + 1 / 0.8)
    assert found.on_demand[0] == pytest.approx(10 - 1 / 0.8)


def test_what_the_first_covers_is_not_there_for_the_second() -> None:
    made = [commitment(5.0, [0.5, float("nan")], [1.0]), commitment(3.0, [0.6, 0.6], [1.0])]
    found = simulate(np.array([[10.0, 2.0]]), made)
    assert found.covered[0].tolist() == pytest.approx([10.0, 2.0])
    assert found.unused[0].tolist() == pytest.approx([0.0, 1.8])
    assert found.on_demand[0] == 0.0


def test_nothing_is_paid_while_it_does_not_hold() -> None:
    found = simulate(np.array([[4.0], [4.0]]), [commitment(2.0, [0.5], [0.0, 1.0])])
    assert found.committed[:, 0].tolist() == [0.0, 2.0]
    assert found.total.tolist() == [4.0, 2.0]
