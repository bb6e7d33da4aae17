"""What can be bought for which demand: the question that `plan.solve` answers.

All amounts are in on-demand cost per hour. A group is what a bound commitment covers (an instance
family or type in a region); a flexible one covers all groups it has a ratio for.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.commitments.simulate import Commitment, Outcome, simulate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The demand that nothing covers yet, and the ratios of committed to on-demand rates.

    NaN in a ratio: not offered, or its rate is not known.
    """

    demand: Floats  # slots x groups
    weight: Floats  # slots: share of the term; sums to 1
    bound: Floats  # groups: ratio of the commitment that covers this group only
    flexible: Floats  # groups: ratio in the commitment that covers many
    unit: Floats  # groups: on-demand cost per hour of one whole unit that is bought; 0 = any amount

    @property
    def groups(self) -> int:
        """How many there are."""
        return self.demand.shape[1]

    @property
    def has_flexible(self) -> bool:
        """Whether a commitment over many groups can be bought."""
        return bool(np.isfinite(self.flexible).any())

    def offered(self) -> "Problem":
        """Without bound commitments that are no better than the flexible one or on demand."""
        beaten = (self.bound >= np.fmin(self.flexible, 1.0)) | (self.bound <= 0)
        flexible = np.where(
            (self.flexible >= 1) | (self.flexible <= 0), np.nan, self.flexible
        )  # a plan covers it, but at no gain: it would only be bought for others
        return replace(self, bound=np.where(beaten, np.nan, self.bound), flexible=flexible)

    def merged(self) -> "Problem":
        """Slots of the same demand as one, with the sum of their weights."""
        demand, which = np.unique(self.demand, axis=0, return_inverse=True)
        weight = np.bincount(which.ravel(), weights=self.weight, minlength=len(demand))
        return replace(self, demand=demand, weight=weight)

    def commitments(self, levels: Floats, hourly: float) -> list[Commitment]:
        """The purchases as commitments that hold all the time: one per group, then the pool."""
        always = np.ones(len(self.demand))
        made = [
            Commitment(str(group), float(level * self.bound[group]), ratio, always)
            for group, level in enumerate(levels)
            if level > 0
            for ratio in [np.where(np.arange(self.groups) == group, self.bound, np.nan)]
        ]
        return [*made, Commitment("flexible", hourly, self.flexible, always)] if hourly else made

    def outcome(self, levels: Floats, hourly: float) -> Outcome:
        """What the purchases cover, slot by slot."""
        return simulate(self.demand, self.commitments(levels, hourly))

    def cost(self, levels: Floats, hourly: float) -> float:
        """What an hour costs on average with the purchases."""
        return float(self.weight @ self.outcome(levels, hourly).total)
