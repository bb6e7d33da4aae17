"""The sizing rules that others publish, as settings of one engine.

A rule takes a quantile of measured use and adds headroom. Sources and their defaults: AWS Compute
Optimizer's preferences (https://docs.aws.amazon.com/compute-optimizer/latest/ug/rightsizing-preferences.html),
Azure Advisor (https://learn.microsoft.com/azure/advisor/advisor-cost-recommendations), krr's simple
strategy (github.com/robusta-dev/krr), the Vertical Pod Autoscaler's recommender flags
(github.com/kubernetes/autoscaler), OptScale's right-sizing module (github.com/hystax/optscale).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.known import Floats
from models.rightsizing.usable import sized


@dataclass(frozen=True)
class Preset:
    """A quantile of CPU use with headroom."""

    of: Literal["max", "avg"]  # of each five-minute step
    quantile: float
    factor: float  # allocation over that quantile
    days: int = 14  # looked back
    half_life_days: float | None = None  # after which a step counts half; None: all alike
    minutes: int = 5  # of a bucket, of which the highest step counts


COMPUTE_OPTIMIZER = Preset("max", 0.995, 1 / 0.8)
P95_AND_30 = Preset("max", 0.95, 1 / 0.7)
PRESETS = {
    "compute_optimizer": COMPUTE_OPTIMIZER,
    "compute_optimizer_p95_30": P95_AND_30,
    "compute_optimizer_p90_0": Preset("max", 0.90, 1.0),
    "azure_advisor": Preset("avg", 0.95, 1 / 0.8, days=7, minutes=30),
    "azure_advisor_user_facing": Preset("avg", 0.95, 1 / 0.4, days=7, minutes=30),
    "optscale": Preset("avg", 0.99, 1 / 0.8, days=3),
    "krr": Preset("avg", 0.95, 1.0),
    "vpa_target": Preset("avg", 0.90, 1.15, days=8, half_life_days=1.0),
    "vpa_upper": Preset("avg", 0.95, 1.15 * 1.125, days=8, half_life_days=1.0),
}


def allocation(cpu_max: Floats, cpu_avg: Floats, preset: Preset, steps_a_day: int) -> Floats:
    """Percent of the present size that a rule gives each machine, 1 to 100.

    Arrays of (steps, machines), the highest and mean of each step, in percent of the present size.
    Where a step is longer than the rule's bucket, it is the bucket. A machine that can't be sized
    keeps its size, as in `unusable`.
    """

    def by_quantile(high: Floats, mean: Floats) -> Floats:
        return _by_quantile(high if preset.of == "max" else mean, preset, steps_a_day)

    return sized(by_quantile, cpu_max, cpu_avg)


def _by_quantile(used: Floats, preset: Preset, steps_a_day: int) -> Floats:
    used = used[-preset.days * steps_a_day :]
    every = min(max(preset.minutes * steps_a_day // 1440, 1), len(used))
    whole = len(used) - len(used) % every
    used = used[len(used) - whole :].reshape(-1, every, used.shape[1]).max(axis=1)
    if preset.half_life_days is None:
        level = np.percentile(used, 100 * preset.quantile, axis=0)
    else:
        level = _decayed(used, preset.quantile, preset.half_life_days * steps_a_day / every)
    return np.clip(preset.factor * level, 1.0, 100.0)


def _decayed(used: Floats, quantile: float, half_life: float) -> Floats:
    """The quantile with weights that halve every `half_life` steps back."""
    weight = 2.0 ** (np.arange(len(used)) / half_life)
    order = used.argsort(axis=0)
    below = np.cumsum(weight[order], axis=0) / weight.sum()
    at = np.minimum((below < quantile).sum(axis=0), len(used) - 1)
    return np.take_along_axis(used, np.take_along_axis(order, at[None], axis=0), axis=0)[0]
