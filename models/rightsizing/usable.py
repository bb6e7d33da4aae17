"""Which machines can be sized by what was measured of them, and why the others can't.

A machine with a step that nobody knows is not sized, as its highest peak may lie there.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from models.errors import UnusableSeries
from models.known import Floats

PRESENT = 100.0  # percent: the size it has, which a machine keeps that can't be sized


def laid_out(
    steps: pl.Series, machines: pl.Series, use: pl.Series, shape: tuple[int, int]
) -> Floats:
    """Use in percent as (steps, machines): NaN where there is none.

    Of two values for one machine and step the last counts; what is above the present size is all
    of it, but infinite use stays, as it makes a machine `unusable`.
    """
    array = np.full(shape, np.nan)
    values = use.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    array[steps.to_numpy(), machines.to_numpy()] = values
    return np.where(np.isinf(array), array, np.minimum(array, PRESENT))


def unusable(cpu_max: Floats, cpu_avg: Floats) -> list[str | None]:
    """Per machine the reason why it can't be sized; None where it can.

    Arrays of (steps, machines), in percent of the present size. Raises `UnusableSeries` if they
    are something else.
    """
    _check(cpu_max, cpu_avg)
    steps, machines = cpu_max.shape
    if not steps:
        return ["no step was measured"] * machines
    reasons: list[str | None] = [None] * machines
    for what, wrong in (
        ("below zero", (cpu_max < 0) | (cpu_avg < 0)),
        ("infinite", np.isinf(cpu_max) | np.isinf(cpu_avg)),
        ("unknown", np.isnan(cpu_max) | np.isnan(cpu_avg)),
    ):
        times = wrong.sum(axis=0)
        for machine in np.flatnonzero(times):
            reasons[machine] = f"CPU is {what} in {times[machine]} of {steps} steps"
    return reasons


def sized(rule: Callable[[Floats, Floats], Floats], cpu_max: Floats, cpu_avg: Floats) -> Floats:
    """The rule's sizes of a fleet of those machines that can be sized; the others keep theirs."""
    good = np.array([reason is None for reason in unusable(cpu_max, cpu_avg)], dtype=bool)
    if good.all() and len(good):
        return rule(cpu_max, cpu_avg)
    size = np.full(len(good), PRESENT)
    if good.any():
        size[good] = rule(cpu_max[:, good], cpu_avg[:, good])
    return size


def _check(cpu_max: Floats, cpu_avg: Floats) -> None:
    for name, array in (("cpu_max", cpu_max), ("cpu_avg", cpu_avg)):
        is_number = np.issubdtype(array.dtype, np.integer) or np.issubdtype(
            array.dtype, np.floating
        )
        if array.ndim != 2 or not is_number or array.shape != cpu_max.shape:
            raise UnusableSeries(
                f"{name} is an array of {array.dtype} with the shape {array.shape}, expected are"
                f" numbers as (steps, machines), as many in both; cpu_max has {cpu_max.shape}"
            )
