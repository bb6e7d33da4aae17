"""All sizing rules by name: ours, and those that others publish."""

from collections.abc import Callable, Mapping

from models.known import Floats
from models.rightsizing.presets import PRESETS, allocation
from models.rightsizing.trade import BALANCED, SAFE, Trade, needed

Rule = Callable[[Floats, Floats], Floats]
OURS = {"balanced": BALANCED, "safe": SAFE}
NAMES = (*OURS, *PRESETS)


def rules(steps_a_day: int, ours: Mapping[str, Trade] = OURS) -> Mapping[str, Rule]:
    """Highest and mean use as (steps, machines) -> percent of the present size."""

    def trade(name: str) -> Rule:
        return lambda high, mean: needed(high, mean, ours[name], steps_a_day)

    def published(name: str) -> Rule:
        return lambda high, mean: allocation(high, mean, PRESETS[name], steps_a_day)

    return {name: trade(name) for name in ours} | {name: published(name) for name in PRESETS}
