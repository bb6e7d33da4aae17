"""How much is used in each slot of time, and how much of it nothing will cover."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.commitments.rates import KIND
from models.commitments.scenarios import AHEAD, Scenarios

Floats = NDArray[np.float64]

WEEK = timedelta(days=7)
COARSE = 4  # parts of a term to which late ends are rounded: each is one more copy of all slots


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

    @property
    def lasting(self) -> Floats:
        """What is still used, slots x groups: no more than in the busiest slot of the last week.

        What a group used before and has stopped using is nothing to commit to.
        """
        return np.minimum(self.gross, self._last_week.max(axis=0))

    @property
    def level(self) -> float:
        """An average hour of what is still used, which a forecast makes more or less of.

        What took the place of usage that ended has few slots, and is no growth for that.
        """
        lately, before = self._last_week.sum(axis=1).mean(), self.gross.sum(axis=1).mean()
        return max(float(self.lasting.sum(axis=1).mean()), min(float(lately), float(before)))

    def covers_lately(self, commitment: str) -> bool:
        """Whether it covered anything in the last week."""
        return bool((self.covered[commitment][self._last_slots] > 0).any())

    @property
    def _last_week(self) -> Floats:
        return self.gross[self._last_slots]

    @property
    def _last_slots(self) -> slice:
        return slice(-max(1, WEEK // timedelta(hours=self.slot_hours)), None)

    def daily(self) -> Floats:
        """What is still used, at on-demand prices, day by day."""
        cost = self.lasting.sum(axis=1) * self.slot_hours
        frame = pl.DataFrame({"day": [moment.date() for moment in self.starts_at], "cost": cost})
        return frame.group_by("day").agg(pl.col("cost").sum()).sort("day")["cost"].to_numpy()


@dataclass(frozen=True)
class Held:
    """What is known of an owned commitment beside the bill."""

    ends_on: date | None  # None = unknown
    idle: float  # on-demand cost per hour that it could cover and does not
    groups: NDArray[np.bool_]  # which it could cover


@dataclass(frozen=True)
class Phase:
    """Days in which the same owned commitments run, to the start of the next phase."""

    starts_on: date
    demand: Floats  # rows x groups, what they leave


@dataclass(frozen=True)
class Remaining:
    """What is left to cover, phase by phase; a row is a slot of the past in one scenario."""

    phases: list[Phase]  # as owned commitments end, one after the other
    purchases: int  # the first so many phases begin soon enough for a purchase to be planned
    weight: Floats  # rows: share of any phase; sums to 1
    scenario: NDArray[np.intp]  # rows: which one

    def shares(self, first: date, days: int) -> Floats:
        """The share of the `days` days from `first` on that each phase has."""
        starts = [(phase.starts_on - first).days for phase in self.phases]
        edges = np.clip([*starts, days], 0, days)
        return np.diff(edges) / days

    def mean(self, first: date, days: int) -> Floats:
        """Of those days, what is left on average: groups."""
        return sum(
            (share * (self.weight @ phase.demand)
             for share, phase in zip(self.shares(first, days), self.phases, strict=True)),
            np.zeros(1),
        )  # fmt: skip

    @property
    def later(self) -> date | None:
        """When more is left to cover, but so late that no purchase is planned yet."""
        after = self.phases[self.purchases :]
        return after[0].starts_on if after else None

    def planned(self) -> "Remaining":
        """As if nothing changed any more after the last phase with purchases."""
        return replace(self, phases=self.phases[: self.purchases])

    def only(self, scenario: int) -> "Remaining":
        """As if that scenario were sure to come."""
        rows = self.scenario == scenario
        phases = [Phase(phase.starts_on, phase.demand[rows]) for phase in self.phases]
        weight = self.weight[rows] / self.weight[rows].sum()
        return Remaining(phases, self.purchases, weight, self.scenario[rows])


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
    """What is left to cover, for terms of `days` days that begin up to AHEAD days after `made_on`.

    An owned commitment goes on covering what the bill says it covers until its end; one whose end
    is not known goes on. One that only bills know has ended if it covered nothing in the last week.
    Of the ends within one month the last one counts for all, so that nothing counts as free too
    early; later than AHEAD, of those within a quarter of the term. Before it began a commitment
    covers what it covered on average since. What lies idle of it is used before anything
    is bought. `cut` is demand per group that goes away (on-demand cost per hour).
    """
    kept = np.maximum(usage.lasting - cut, 0.0)
    slots, groups = kept.shape
    steady = {
        name: _steady(usage.covered.get(name, np.zeros((slots, groups))))
        for name in {**usage.covered, **held}
        if name in held or usage.covers_lately(name)
    }
    ends = {name: one.ends_on for name, one in held.items() if one.ends_on is not None}
    last = _last_days(ends, made_on, days)
    soon = made_on + timedelta(days=AHEAD)
    starts = sorted({made_on, *(end for end in last.values() if end > made_on)})
    phases: list[Phase] = []
    for start in starts:
        still = [name for name in steady if last.get(name, date.max) > start]
        left: list[Floats] = []
        for factor in scenarios.factor:
            rest = _not_covered(kept * factor, [steady[name] for name in still])
            for name in still:
                if name in held:
                    rest = _without_idle(rest, held[name])
            left.append(rest)
        phases.append(Phase(start, np.vstack(left)))
    return Remaining(
        phases, sum(start <= soon for start in starts), scenarios.weight.repeat(slots) / slots,
        np.arange(len(scenarios.weight)).repeat(slots),
    )  # fmt: skip


def _last_days(ends: Mapping[str, date], made_on: date, days: int) -> dict[str, date]:
    """The end that each commitment is counted to, of those that end while a term can run."""

    def stretch(end: date) -> tuple[int, int]:
        ahead = (end - made_on).days
        return (end.year, end.month) if ahead <= AHEAD else (0, (ahead - AHEAD) * COARSE // days)

    over = made_on + timedelta(days=AHEAD + days)
    known = {name: end for name, end in ends.items() if end < over}
    gone = {name: end for name, end in known.items() if end <= made_on}
    latest: dict[tuple[int, int], date] = {}
    for end in sorted(known.values()):
        latest[stretch(end)] = end
    return {name: latest[stretch(end)] for name, end in known.items()} | gone


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
