"""What commitments cover, slot by slot, the way providers apply them.

Commitments are applied in the order given: bound ones before flexible ones, as each provider does.
Within one, the usage with the highest saving comes first
(https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Commitment:
    """So much is paid per hour, used or not, while it holds.

    `ratio` has one value per group: the committed over the on-demand rate; NaN = does not cover it.
    `holds` has one value per slot: 1 where it is in force for the whole slot, 0 where it is not.
    """

    name: str
    hourly: float  # at committed rates
    ratio: Floats
    holds: Floats


@dataclass(frozen=True)
class Outcome:
    """Per slot, in cost per hour; used + unused = committed, covered + on_demand = demand."""

    committed: Floats  # slots x commitments, what is paid for each
    used: Floats  # slots x commitments, the part of it that covers something
    covered: Floats  # slots x commitments, what that usage would cost on demand
    rest: Floats  # slots x groups, what is left at on-demand rates

    @property
    def on_demand(self) -> Floats:
        """What is left to pay at on-demand rates, per slot."""
        return self.rest.sum(axis=1)

    @property
    def unused(self) -> Floats:
        """What is paid for nothing, slots x commitments."""
        return self.committed - self.used

    @property
    def total(self) -> Floats:
        """What is paid, per slot."""
        return self.committed.sum(axis=1) + self.on_demand


def simulate(demand: Floats, commitments: Sequence[Commitment]) -> Outcome:
    """Apply the commitments to the demand (slots x groups, on-demand cost per hour)."""
    rest = demand.copy()
    shape = (len(demand), len(commitments))
    committed, used, covered = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for place, one in enumerate(commitments):
        committed[:, place] = one.hourly * one.holds
        left = committed[:, place].copy()
        for group in np.argsort(one.ratio, kind="stable")[: int(np.isfinite(one.ratio).sum())]:
            spent = np.minimum(left, rest[:, group] * one.ratio[group])
            taken = np.minimum(spent / one.ratio[group], rest[:, group])
            left -= spent
            rest[:, group] -= taken
            used[:, place] += spent
            covered[:, place] += taken
    used = np.minimum(used, committed)  # sums of floats
    return Outcome(committed, used, covered, np.maximum(rest, 0.0))
