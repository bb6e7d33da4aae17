"""How much is used in each slot of time, and how much of it nothing will cover."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.commitments.rates import KIND
from models.commitments.scenarios import Scenarios

Floats = NDArray[np.float64]

FINE, COARSE = 12, 4  # parts of a term to which ends of owned commitments are rounded
MOST_ENDS = 4  # different ends that are looked at finely: each is one more copy of all slots


@dataclass(frozen=True)
class Usage:
    """The usage of one scope, in on-demand cost per hour."""

    starts_at: list[datetime]  # of each slot
    slot_hours: int
    gross: Floats  # slots x groups, whoever covers it
    covered: Mapping[str, Floats]  # slots x groups that each owned commitment covers, by its id

    @property
    def on_demand(self) -> Floats:
        """What nothing covered."""
        return np.maximum(self.gross - sum(self.covered.values(), np.zeros(1)), 0.0)

    def since(self, first: datetime) -> "Usage":
        """The slots from that moment on."""
        kept = np.array([moment >= first for moment in self.starts_at])
        covered = {name: part[kept] for name, part in self.covered.items()}
        slots = [moment for moment, is_kept in zip(self.starts_at, kept, strict=True) if is_kept]
        return Usage(slots, self.slot_hours, self.gross[kept], covered)

    def daily(self) -> pl.DataFrame:
        """One row per day: day, cost of all usage at on-demand prices."""
        cost = self.gross.sum(axis=1) * self.slot_hours
        frame = pl.DataFrame({"day": [moment.date() for moment in self.starts_at], "cost": cost})
        return frame.group_by("day").agg(pl.col("cost").sum()).sort("day")


@dataclass(frozen=True)
class Held:
    """What is known of an owned commitment beside the bill."""

    ends_on: date | None  # None = unknown
    idle: float  # on-demand cost per hour that it could cover and does not
    groups: NDArray[np.bool_]  # which it could cover


@dataclass(frozen=True)
class Remaining:
    """What is left to cover, over the term: a slot of the past for each phase and scenario."""

    demand: Floats  # slots x groups
    weight: Floats  # slots
    scenario: NDArray[np.intp]  # slots: which one


def usage_of(rows: pl.DataFrame, types: pl.DataFrame, groups: int, until: date) -> Usage:
    """The usage of one scope up to `until`; a slot without a line used nothing.

    `rows` has starts_at, slot_hours, KIND, commitment_id and on_demand_cost; `types` the group of
    each KIND. Slots are days as soon as any line is of a day.
    """
    hours = int(rows["slot_hours"].max() or 24)  # pyright: ignore[reportArgumentType]
    step = timedelta(hours=hours)
    first: datetime = rows["starts_at"].min()  # pyright: ignore[reportAssignmentType]
    first = first.replace(hour=first.hour if hours == 1 else 0)
    count = max(1, -(-(datetime(until.year, until.month, until.day) - first) // step))
    placed = (
        rows.join(types.select(*KIND, "group"), on=KIND, nulls_equal=True)
        .with_columns(((pl.col("starts_at") - first).dt.total_hours() // hours).alias("slot"))
        .filter(pl.col("slot") < count)
        .group_by("commitment_id", "slot", "group")
        .agg(pl.col("on_demand_cost").sum() / hours)
        .sort("commitment_id", "slot", "group", nulls_last=True)
    )
    parts: dict[str | None, Floats] = {}
    for (name,), part in placed.group_by(["commitment_id"], maintain_order=True):
        cells = np.zeros((count, groups))
        at = part["slot"].to_numpy().astype(np.intp), part["group"].to_numpy().astype(np.intp)
        np.add.at(cells, at, part["on_demand_cost"].to_numpy())
        parts[name] = cells  # pyright: ignore[reportArgumentType]
    gross = sum(parts.values(), np.zeros((count, groups)))
    covered = {name: part for name, part in parts.items() if name is not None}
    return Usage([first + step * number for number in range(count)], hours, gross, covered)


def remaining(
    usage: Usage,
    *,
    held: Mapping[str, Held],
    cut: Floats,
    scenarios: Scenarios,
    made_on: date,
    days: int,
) -> Remaining:
    """What is left to cover for `days` days from `made_on`.

    An owned commitment goes on covering what the bill says it covers, until its end, rounded to a
    twelfth of the term (a quarter if there are many); one whose end is not known goes on. Before
    it began it covers what it covered on average since. What lies idle of it is used before
    anything is bought. `cut` is demand per group that goes away (on-demand cost per hour).
    """
    kept = np.maximum(usage.gross - cut, 0.0)
    slots, groups = kept.shape
    steady = {
        name: _steady(usage.covered.get(name, np.zeros((slots, groups))))
        for name in {**usage.covered, **held}
    }
    ends = {name: held[name].ends_on if name in held else None for name in steady}
    last = {name: _part(end, made_on, days, FINE) for name, end in ends.items()}
    parts = FINE
    if len(set(last.values()) - {0, FINE}) > MOST_ENDS:
        last = {name: _part(end, made_on, days, COARSE) for name, end in ends.items()}
        parts = COARSE
    edges = sorted({0, parts, *last.values()})
    demand: list[Floats] = []
    weight: list[Floats] = []
    which: list[NDArray[np.intp]] = []
    for number, (factor, share) in enumerate(zip(scenarios.factor, scenarios.weight, strict=True)):
        for start, stop in pairwise(edges):
            still = [name for name in steady if last[name] > start]
            rest = _not_covered(kept * factor, [steady[name] for name in still])
            for name in still:
                if name in held:
                    rest = _without_idle(rest, held[name])
            demand.append(rest)
            weight.append(np.full(slots, share * (stop - start) / parts / slots))
            which.append(np.full(slots, number))
    return Remaining(np.vstack(demand), np.concatenate(weight), np.concatenate(which))


def _not_covered(demand: Floats, owned: list[Floats]) -> Floats:
    """What is left of the demand; a commitment over several groups moves on to what is left."""
    rest, moving = demand.copy(), np.zeros(len(demand))
    for covered in owned:
        used = np.minimum(covered, rest)
        rest -= used
        if (covered.sum(axis=0) > 0).sum() > 1:
            moving += (covered - used).sum(axis=1)
    left = rest.sum(axis=1)
    share = np.divide(moving, left, out=np.zeros(len(left)), where=left > 0)
    return rest * np.clip(1.0 - share, 0.0, 1.0)[:, None]


def _without_idle(rest: Floats, held: Held) -> Floats:
    """What is left when the idle part is used, too, on all it could cover alike."""
    if held.idle <= 0 or not held.groups.any():
        return rest
    could = rest[:, held.groups].sum(axis=1)
    share = np.divide(held.idle, could, out=np.ones(len(could)), where=could > 0)
    left = np.clip(1.0 - share, 0.0, 1.0)
    return np.where(held.groups[None, :], rest * left[:, None], rest)


def _steady(covered: Floats) -> Floats:
    """What it covers, as if it had been in force all the time."""
    used = covered.sum(axis=1) > 0
    if not used.any():
        return covered
    first = int(used.argmax())
    filled = covered.copy()
    filled[:first] = covered[first:].mean(axis=0)
    return filled


def _part(end: date | None, made_on: date, days: int, parts: int) -> int:
    if end is None:
        return parts
    return min(parts, max(0, round((end - made_on).days / days * parts)))
