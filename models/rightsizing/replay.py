"""What sizing rules would have saved on measured use, and how often they would have broken it."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import UnusableSeries
from models.known import Floats
from models.rightsizing.rules import OURS, rules
from models.rightsizing.trade import Trade
from models.rightsizing.usable import unusable

LEAST_DAYS = 3  # of a last period that is judged
CURVE = {f"saves_{percent}": Trade(float(percent)) for percent in range(10, 71, 10)}
OFTEN = 0.01  # share of a period's steps above the size from which on a machine was too small


def replay(
    cpu_max: Floats,
    cpu_avg: Floats,
    *,
    steps_a_day: int = 288,
    history_days: int = 14,
    judged_days: int = 7,
) -> pl.DataFrame:
    """One row per rule: savings, and violations in the days after each decision.

    Arrays of (steps, machines), percent of the present size. Decisions are made after
    `history_days` and every `judged_days` from then on. In percent: `savings` (1 - mean size),
    `violations` (machine-steps above the size), `bad_machines` (machine-periods with over 1 % of
    such steps). Machines that are `unusable` are left out. Raises `UnusableSeries` if there are no
    others, or if it is shorter than the history and three days.
    """
    good = np.array([reason is None for reason in unusable(cpu_max, cpu_avg)], dtype=bool)
    if not good.any():
        raise UnusableSeries(
            f"found {len(good)} machines and none with a percentage in each step, expected at least"
            " one"
        )
    cpu_max, cpu_avg = cpu_max[:, good], cpu_avg[:, good]
    starts = range(
        history_days * steps_a_day,
        len(cpu_max) - LEAST_DAYS * steps_a_day + 1,
        judged_days * steps_a_day,
    )
    if not starts:
        raise UnusableSeries(
            f"found {len(cpu_max) / steps_a_day:.1f} days of measurements, expected at least"
            f" {history_days + LEAST_DAYS}: {history_days} to learn from and {LEAST_DAYS} to judge"
        )
    rows = list[dict[str, str | float]]()
    for name, rule in rules(steps_a_day, {**OURS, **CURVE}).items():
        sizes, over = list[Floats](), list[NDArray[np.bool_]]()
        for start in starts:
            known = slice(max(0, start - history_days * steps_a_day), start)
            size = np.clip(rule(cpu_max[known], cpu_avg[known]), 1.0, 100.0)
            sizes.append(size)
            over.append(cpu_max[start : start + judged_days * steps_a_day] > size + 1e-9)
        rows.append({
            "rule": name,
            "savings": 100 - float(np.mean(sizes)),
            "violations": 100 * float(np.concatenate(over).mean()),
            "bad_machines": 100 * float(np.mean([o.mean(axis=0) > OFTEN for o in over])),
        })  # fmt: skip
    return pl.DataFrame(rows)
