"""A horizon in parts: near steps are missed otherwise than far ones."""

import numpy as np

from models.known import Floats

PARTS = 3
LEAST = 7  # steps of a part; fewer tell nothing of their own


def parts(steps: int) -> list[slice]:
    """Thirds of so many steps, or fewer parts where they would be too short."""
    thirds = np.array_split(np.arange(steps), np.clip(steps // LEAST, 1, PARTS))
    return [slice(int(third[0]), int(third[-1]) + 1) for third in thirds]


def between(found: Floats, steps: int) -> Floats:
    """What was found for each part (part x ...) at each step (... x step), between middles."""
    middles = [(part.start + part.stop - 1) / 2 for part in parts(steps)]
    return np.stack([np.interp(np.arange(steps), middles, each) for each in found.T])
