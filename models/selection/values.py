"""What offers, places, kinds and prices have of what is asked for, and by how much they miss it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from models.selection.constraint import About, Constraint
from models.selection.judge import IDS, Judged
from models.selection.price_range import misses_by
from models.selection.prices import arrays


@dataclass(frozen=True)
class Values:
    """One element per row that a claim is about; the distance of a name is infinite."""

    value: NDArray[Any]
    distance: NDArray[np.float64]

    def text(self, row: int) -> str:
        """The value as a reader sees it; a price is in whole 1e-9 here."""
        value = self.value[row]
        return value if isinstance(value, str) else str(Decimal(int(value)).scaleb(-9))


def values(
    connection: DuckDBPyConnection, judged: Judged, claims: Sequence[Constraint]
) -> Mapping[Constraint, Values]:
    """Those of each claim."""
    found: dict[Constraint, Values] = {}
    for claim in claims:
        if claim.about == "priced":
            amounts = judged.prices.price_hour
            found[claim] = Values(amounts, misses_by(amounts, judged.asked.ranges[claim.name]))
        elif claim not in found:
            same = [one for one in claims if one.about == claim.about]
            found |= _of_table(connection, claim.about, same)
    return found


def _of_table(
    connection: DuckDBPyConnection, about: About, claims: Sequence[Constraint]
) -> Mapping[Constraint, Values]:
    listed = ", ".join(
        f"coalesce(({claim.value})::varchar, '') as value_{number}, "
        f"coalesce({claim.distance}, 'inf')::double as distance_{number}"
        for number, claim in enumerate(claims)
    )
    found = arrays(connection, f"select {listed} from {about} order by {IDS[about]}")
    return {
        claim: Values(found[f"value_{number}"], found[f"distance_{number}"])
        for number, claim in enumerate(claims)
    }
