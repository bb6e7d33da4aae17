"""The detector for any stream: onsets once, nothing ahead of time, bad values ignored."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.anomaly.stream import detect_series, score
from models.errors import UnusableSeries


def stream(seed: int = 0, count: int = 2000) -> np.ndarray:
    random = np.random.default_rng(seed)
    return 50 + 10 * np.sin(np.arange(count) / 40) + random.normal(0, 1, count)


def test_a_quiet_stream_stays_quiet_and_a_spike_is_loud():
    values = stream()
    assert score(values).max() < 0.6
    values[1500] += 60
    assert score(values).argmax() == 1500
    assert score(values)[1500] > 0.7


def test_a_step_is_reported_once():
    values = stream()
    values[1500:] += 60
    loud = np.flatnonzero(score(values) > 0.6)
    assert loud.tolist() == [1500]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    cut=st.integers(10, 990),
    later=st.floats(-1e6, 1e6),
)
def test_a_score_uses_no_later_row(seed: int, cut: int, later: float):
    values = stream(seed, 1000)
    changed = values.copy()
    changed[cut:] = later
    np.testing.assert_allclose(score(values)[:cut], score(changed)[:cut], atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=True, allow_infinity=True, width=32),
            st.just(0.0),
        ),
        max_size=300,
    )
)
def test_scores_are_between_zero_and_one_for_anything(values: list[float]):
    scores = score(np.array(values, dtype=float))
    assert len(scores) == len(values)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("factor", [1e-9, 1e12])
def test_the_unit_does_not_matter(factor: float):
    values = stream(3)
    values[900] += 40
    np.testing.assert_allclose(score(values * factor), score(values), atol=1e-4)


def test_rows_keep_their_columns_and_a_bad_value_scores_nothing():
    values = [str(v) for v in stream(4, 300)]
    values[100] = "broken"
    frame = pl.DataFrame({"timestamp": list(range(300)), "value": values, "note": "x"})
    out = detect_series(frame)
    assert out.columns == ["timestamp", "value", "note", "anomaly_score"]
    assert out["anomaly_score"][100] == 0


def test_a_missing_column_is_named():
    with pytest.raises(UnusableSeries, match="expected timestamp and value"):
        detect_series(pl.DataFrame({"time": [1], "value": [1.0]}))
