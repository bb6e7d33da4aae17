"""What to buy in one scope for one term, and when; what that saves and how sure that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from models.commitments.dated import cost, effect, in_force, purchases
from models.commitments.demand import Phase, Remaining
from models.commitments.plan import Purchase
from models.commitments.problem import Problem
from models.commitments.rates import FLEXIBLE, Rates, days_of, months_of
from models.commitments.scenarios import Scenarios, quantile

Floats = NDArray[np.float64]

HOURS = 730.5  # of a month
LEVELS = 21  # of a curve
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True)
class Saving:
    """Per hour: the mean over the scenarios, and the ends that 10 % are beyond."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class Part:
    """What is bought of one commitment from one day on, since owned ones cover its use before."""

    starts_on: date
    level: float  # on-demand cost per hour of what it covers when fully used
    hourly: float  # at committed rates


@dataclass(frozen=True)
class Option:
    """One commitment that could be bought; `group` is None for the flexible one.

    Averages are over the terms of its parts, each from its own first day on.
    """

    group: int | None
    price_type: str
    ratio: float  # committed over on-demand price, of what it covers; NaN = of nothing
    level: float  # on-demand cost per hour of what it covers when fully used
    hourly: float  # at committed rates
    unit: float  # on-demand cost per hour of a whole instance; 0 = any amount
    parts: list[Part]  # the first day first
    demand: float  # on average per hour, before this purchase, when all of it is bought
    covered: float
    used: float
    saving: Saving
    curve: list[tuple[float, Saving]]  # by the amount per hour

    @property
    def utilisation(self) -> float | None:
        """Share of what is paid that covers something."""
        return self.used / self.hourly if self.hourly else None


@dataclass(frozen=True)
class Proposal:
    """All purchases of one scope and term."""

    term: str
    options: list[Option]
    demand: float  # per hour of the term that begins now
    cost: float  # of that demand, with each purchase from its first day on
    gap: float  # how much cheaper the best purchase could be at most in any phase: share of cost
    method: str
    saving: Saving  # over the terms of the purchases
    regret: float  # per hour of the term that begins now
    later: date | None  # when owned commitments end whose use is not planned yet

    @property
    def break_even_months(self) -> float | None:
        """Months of full use after which all of it costs no more than paying on demand."""
        full = sum(option.level for option in self.options if option.hourly)
        paid = sum(option.hourly for option in self.options)
        return months_of(self.term) * paid / full if full else None


def propose(
    rates: Rates, term: str, left: Remaining, scenarios: Scenarios, most_months: float
) -> Proposal | None:
    """The purchases for one term; None if no rate is known for it.

    What pays off only after more than `most_months` of full use is left out, unless all does: then
    it is worked out to compare.
    """
    bound, names = rates.bound(term)
    flexible = rates.ratios(f"{FLEXIBLE}_{term}")
    if not (np.isfinite(bound).any() or np.isfinite(flexible).any()):
        return None
    most = most_months / months_of(term)
    if (bound <= most).any() or (flexible <= most).any():  # NaN is not
        bound = np.where(bound <= most, bound, np.nan)
        flexible = np.where(flexible <= most, flexible, np.nan)
    problem = Problem(
        left.phases[0].demand, left.weight, bound, flexible, rates.unit(names)
    ).offered()  # fmt: skip
    made = purchases(problem, left)
    days = days_of(term)
    asked = _Asked(problem, left, made, days, scenarios)
    found = _options(asked, names, term)
    saved = sum((saving for _, saving in found), np.zeros(len(left.weight)))
    return Proposal(
        term, [option for option, _ in found],
        float(left.mean(left.phases[0].starts_on, days).sum()), cost(problem, left, made, days),
        max(each.gap for each in made), ", ".join(dict.fromkeys(each.method for each in made)),
        _saving(saved, left, scenarios), _regret(asked), left.later,
    )  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What was asked and bought."""

    problem: Problem
    left: Remaining
    made: Sequence[Purchase]
    days: int
    scenarios: Scenarios

    @property
    def last(self) -> Phase:
        """The last one in which something may be bought."""
        return self.left.phases[len(self.made) - 1]


def _options(asked: _Asked, names: list[str], term: str) -> list[tuple[Option, Floats]]:
    """Each with what it saves in each row."""
    problem = asked.problem
    made = [
        _bound(asked, int(group), names[int(group)])
        for group in np.flatnonzero(np.isfinite(problem.bound))
    ]
    return [*made, _flexible(asked, f"{FLEXIBLE}_{term}")] if problem.has_flexible else made


def _bound(asked: _Asked, group: int, name: str) -> tuple[Option, Floats]:
    ratio = float(asked.problem.bound[group])

    def covers(phase: int, hourly: float) -> Floats:
        covered = np.minimum(asked.left.phases[phase].demand[:, group], hourly / ratio)
        return np.stack([covered, covered * ratio])

    most = max(float(phase.demand[:, group].max(initial=0.0)) for phase in asked.left.phases)
    amounts = [float(each.levels[group] * ratio) for each in asked.made]
    unit = float(asked.problem.unit[group])
    mean = float(asked.left.weight @ asked.last.demand[:, group])
    return _option(asked, group, name, amounts, most * ratio, mean, unit, ratio, covers)


def _flexible(asked: _Asked, name: str) -> tuple[Option, Floats]:
    """The pool, after all bound purchases."""
    pooled = np.isfinite(asked.problem.flexible)
    ratios = asked.problem.flexible[pooled]
    none = np.zeros(len(ratios))
    rest = [
        np.maximum(phase.demand - in_force(asked.made, number).levels, 0.0)[:, pooled]
        for number, phase in enumerate(asked.left.phases)
    ]

    def covers(phase: int, hourly: float) -> Floats:
        after = Problem(rest[phase], asked.left.weight, np.full(len(ratios), np.nan), ratios, none)
        outcome = after.outcome(none, hourly)
        return np.stack([outcome.covered.sum(axis=1), outcome.used.sum(axis=1)])

    most = max(float((each * ratios).sum(axis=1).max(initial=0.0)) for each in rest)
    amounts = [each.hourly for each in asked.made]
    mean = float(asked.left.weight @ rest[len(asked.made) - 1].sum(axis=1))
    return _option(asked, None, name, amounts, most, mean, 0.0, float(ratios.min()), covers)


def _option(
    asked: _Asked,
    group: int | None,
    name: str,
    amounts: list[float],
    most: float,
    demand: float,
    unit: float,
    lowest: float,
    covers: Callable[[int, float], Floats],
) -> tuple[Option, Floats]:
    """`amounts` are at committed rates per hour, by the phases with purchases."""
    left, hourly = asked.left, amounts[-1]

    def done(by_phase: Sequence[float]) -> Floats:
        return effect(left, asked.days, by_phase, covers)

    def saving(amount: float) -> Saving:
        by_phase = [*(min(amount, each) for each in amounts[:-1]), amount]
        return _saving(done(by_phase)[0] - amount, left, asked.scenarios)

    rows = done(amounts)
    covered, used = (float(value) for value in rows @ left.weight)
    ratio = used / covered if covered and group is None else lowest
    steps = [
        (phase.starts_on, after - before)
        for phase, before, after in zip(left.phases, [0.0, *amounts], amounts, strict=False)
        if after > before
    ]
    parts = [Part(day, more / ratio, more) for day, more in steps]
    return Option(
        group, name, ratio, hourly / ratio, hourly, unit, parts, demand, covered, used,
        _saving(rows[0] - hourly, left, asked.scenarios),
        [(each, saving(each)) for each in _levels(max(most, hourly), unit * ratio) if hourly],
    ), rows[0] - hourly  # fmt: skip


def _levels(most: float, price: float) -> list[float]:
    """Amounts of a curve; multiples of the price of a whole unit where only such are sold.

    >>> _levels(0.75, 0.25)
    [0.0, 0.25, 0.5, 0.75]
    """
    levels = np.linspace(0.0, most, LEVELS)
    return [
        float(each)
        for each in (np.unique(np.floor(levels / price + 1e-9)) * price if price else levels)
    ]


def _saving(per_slot: Floats, left: Remaining, scenarios: Scenarios) -> Saving:
    """The mean, and the quantiles over the scenarios."""
    means = _by_scenario(per_slot, left, len(scenarios.factor))
    mean = float(scenarios.weight @ means)
    low, high = (quantile(means, scenarios.weight, share) for share in (LOW, HIGH))
    return Saving(min(low, mean), mean, max(high, mean))  # a rare loss can draw the mean down


def _by_scenario(per_slot: Floats, left: Remaining, count: int) -> Floats:
    total = np.bincount(left.scenario, weights=left.weight * per_slot, minlength=count)
    return total / np.bincount(left.scenario, weights=left.weight, minlength=count)


def _regret(asked: _Asked) -> float:
    """How much more an hour costs than if each scenario were known before buying.

    What owned commitments leave later is not decided on yet.
    """
    if len(asked.scenarios.factor) == 1:
        return 0.0
    regret = 0.0
    for number, share in enumerate(asked.scenarios.weight):
        left = asked.left.planned().only(number)
        problem = replace(asked.problem, weight=left.weight)
        with_plan = cost(problem, left, asked.made, asked.days)
        best = cost(problem, left, purchases(problem, left), asked.days)
        regret += float(share) * max(0.0, with_plan - best)
    return regret
