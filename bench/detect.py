"""Score generated streams with planted anomalies, against a rolling z-score.

Streams have a daily season, a slow one, drift and heavy-tailed noise; half of them one spike,
shift, burst or wider noise. Found is an alarm within an hour (12 rows) of the onset; an alarm
before it, after the first two days, is false. The peer is the z-score against the last 2,000 rows,
one alarm a burst, at the threshold that gives it no more false alarms than ours. Passes if at least
100,000 points a second of processor time are scored, in short streams and in a long one, and more
is found than by the peer.
"""

import argparse
from collections.abc import Callable
from time import process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.anomaly.stream import ALARM, score
from models.forecast.history import Floats

Rows = NDArray[np.intp]

DAY = 288  # rows of five minutes
ROWS = 14 * DAY
LEAST_SPEED = 100_000.0  # points a second
DELAY = 12  # rows within which an alarm counts as found
WARM = 2 * DAY  # rows not judged
BURST = 60  # rows; the peer's alarms closer than this are one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random = np.random.default_rng(given.seed)
    made = [generated(random, planted=number % 2 == 0) for number in range(given.streams)]
    streams, onsets = [values for values, _ in made], [onset for _, onset in made]
    long = np.concatenate(streams)
    ours, seconds = timed(score, streams)
    _, seconds_long = timed(score, [long])
    peer, peer_seconds = timed(z_score, streams)
    found, false = judged([np.flatnonzero(one >= ALARM) for one in ours], onsets)
    peer_found, peer_false = at_equal_false_alarms(peer, onsets, false)
    print(f"{'':28}{'points/s':>12}{'found':>8}{'false per 10,000':>18}")
    for name, took, share, wrong in (
        ("ours, streams of 4,032 rows", seconds, found, false),
        ("ours, all as one stream", seconds_long, np.nan, np.nan),
        ("rolling z-score", peer_seconds, peer_found, peer_false),
    ):
        print(f"{name:28}{len(long) / took:12,.0f}{share:8.2f}{wrong:18.2f}")
    passed = found > peer_found and len(long) / max(seconds, seconds_long) >= LEAST_SPEED
    print("passed" if passed else "failed")
    raise SystemExit(0 if passed else 1)


def generated(random: np.random.Generator, *, planted: bool) -> tuple[Floats, int | None]:
    """Values, and the row at which what was planted begins."""
    row = np.arange(ROWS)
    values = 50 + random.uniform(0, 10) * np.sin(row * 2 * np.pi / DAY)
    values += random.uniform(0, 10) * np.sin(row * 2 * np.pi / random.uniform(5, 12) / DAY)
    values += random.uniform(-1, 1) * 0.002 * row + random.standard_t(5, ROWS)
    if not planted:
        return values, None
    onset = int(random.integers(4 * DAY, 13 * DAY))
    match random.choice(["spike", "shift", "burst", "wider"]):
        case "spike":
            values[onset] += 20
        case "shift":
            values[onset:] += 12
        case "burst":
            values[onset : onset + BURST] += 20
        case _:
            values[onset:] += 5 * random.standard_t(5, ROWS - onset)
    return values, onset


def timed(run: Callable[[Floats], Floats], streams: list[Floats]) -> tuple[list[Floats], float]:
    """The scores, and the processor seconds they took."""
    begin = process_time()
    said = [run(values) for values in streams]
    return said, process_time() - begin


def z_score(values: Floats) -> Floats:
    stream = pl.Series(values)
    mean = stream.rolling_mean(2000, min_samples=DAY).shift(1)
    spread = stream.rolling_std(2000, min_samples=DAY).shift(1)
    return ((stream - mean) / spread).abs().fill_null(0.0).to_numpy()


def judged(alarms: list[Rows], onsets: list[int | None]) -> tuple[float, float]:
    """Share of what was planted that was found, and false alarms per 10,000 rows."""
    hits = false = rows = 0
    for rows_alarmed, onset in zip(alarms, onsets, strict=True):
        late = rows_alarmed[rows_alarmed >= WARM]
        until = ROWS if onset is None else onset
        rows += until - WARM
        false += int((late < until).sum())
        hits += onset is not None and bool(((late >= onset) & (late <= onset + DELAY)).any())
    return hits / sum(onset is not None for onset in onsets), 1e4 * false / rows


def at_equal_false_alarms(
    scores: list[Floats], onsets: list[int | None], false: float
) -> tuple[float, float]:
    """The peer at its lowest threshold that gives no more false alarms than ours."""
    for threshold in np.arange(1.0, 12.0, 0.1):
        found = judged([_bursts(np.flatnonzero(one >= threshold)) for one in scores], onsets)
        if found[1] <= false:
            return found
    return 0.0, 0.0


def _bursts(rows: Rows) -> Rows:
    return rows[np.diff(rows, prepend=-BURST - 1) > BURST]


if __name__ == "__main__":
    main()
