"""What to buy in one scope for one term, with what each purchase saves and how sure that is."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.commitments.demand import Remaining
from models.commitments.plan import Purchase, solve
from models.commitments.problem import Problem
from models.commitments.rates import FLEXIBLE, Rates, months_of
from models.commitments.scenarios import Scenarios, quantile

Floats = NDArray[np.float64]

HOURS = 730.5  # of a month
LEVELS = 21  # of a curve
LOW, HIGH = 0.1, 0.9
LEAST = 0.005  # money per hour; less is not worth a contract


@dataclass(frozen=True)
class Saving:
    """Per hour: the mean over the scenarios, and the ends that 10 % are beyond."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class Option:
    """One commitment that could be bought; `group` is None for the flexible one."""

    group: int | None
    price_type: str
    ratio: float  # committed over on-demand price, of what it covers; NaN = of nothing
    level: float  # on-demand cost per hour of what it covers when fully used
    hourly: float  # at committed rates
    unit: float  # on-demand cost per hour of a whole instance; 0 = any amount
    demand: float  # on average per hour, before this purchase
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
    demand: float  # per hour
    purchase: Purchase
    saving: Saving
    regret: float  # per hour

    @property
    def is_purchase(self) -> bool:
        """Whether anything is to be bought."""
        return any(option.hourly > 0 for option in self.options)

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
    problem = Problem(left.demand, left.weight, bound, flexible, rates.unit(names)).offered()
    purchase = _worth_it(problem, solve(problem))
    options = _options(problem, purchase, names, term, left, scenarios)
    demand = float(left.weight @ left.demand.sum(axis=1))
    outcome = problem.outcome(purchase.levels, purchase.hourly)
    saved = left.demand.sum(axis=1) - outcome.total
    return Proposal(
        term, options, demand, purchase, _saving(saved, left, scenarios),
        _regret(problem, purchase, left, scenarios),
    )  # fmt: skip


def _worth_it(problem: Problem, purchase: Purchase) -> Purchase:
    """Without purchases of less than LEAST per hour."""
    kept = np.nan_to_num(purchase.levels * problem.bound) >= LEAST
    levels = np.where(kept, purchase.levels, 0.0)
    hourly = purchase.hourly if purchase.hourly >= LEAST else 0.0
    cost = problem.cost(levels, hourly)
    return replace(purchase, levels=levels, hourly=hourly, cost=cost)


def _options(
    problem: Problem,
    purchase: Purchase,
    names: list[str],
    term: str,
    left: Remaining,
    scenarios: Scenarios,
) -> list[Option]:
    made = [
        _bound(problem, int(group), purchase.levels[group], names[int(group)], left, scenarios)
        for group in np.flatnonzero(np.isfinite(problem.bound))
    ]
    if problem.has_flexible:
        made.append(_flexible(problem, purchase, f"{FLEXIBLE}_{term}", left, scenarios))
    return made


def _bound(
    problem: Problem,
    group: int,
    level: float,
    name: str,
    left: Remaining,
    scenarios: Scenarios,
) -> Option:
    demand, ratio = problem.demand[:, group], float(problem.bound[group])
    most = float(demand.max(initial=0.0))
    levels = np.linspace(0.0, max(most, level), LEVELS) if level else np.zeros(0)
    covered = np.minimum(demand, level)

    def saving(amount: float) -> Saving:
        return _saving(np.minimum(demand, amount) - ratio * amount, left, scenarios)

    return Option(
        group, name, ratio, float(level), float(level * ratio), float(problem.unit[group]),
        float(left.weight @ demand), float(left.weight @ covered),
        float(left.weight @ covered) * ratio, saving(level),
        [(float(each * ratio), saving(float(each))) for each in levels],
    )  # fmt: skip


def _flexible(
    problem: Problem, purchase: Purchase, name: str, left: Remaining, scenarios: Scenarios
) -> Option:
    """The pool, after all bound purchases."""
    pooled = np.isfinite(problem.flexible)
    rest = np.maximum(problem.demand - purchase.levels, 0.0)[:, pooled]
    after = Problem(
        rest, left.weight, np.full(rest.shape[1], np.nan), problem.flexible[pooled],
        np.zeros(rest.shape[1]),
    )  # fmt: skip
    none = np.zeros(rest.shape[1])
    whole = rest.sum(axis=1)

    def saving(amount: float) -> Saving:
        return _saving(whole - after.outcome(none, amount).total, left, scenarios)

    hourly = purchase.hourly
    outcome = after.outcome(none, hourly)
    covered = float(left.weight @ outcome.covered.sum(axis=1))
    used = float(left.weight @ outcome.used.sum(axis=1))
    most = float((rest * after.flexible).sum(axis=1).max(initial=0.0))
    ratio = used / covered if covered else float(np.nanmin(after.flexible))
    amounts = np.linspace(0.0, max(most, hourly), LEVELS) if hourly else np.zeros(0)
    return Option(
        None, name, ratio, hourly / ratio, hourly, 0.0, float(left.weight @ whole), covered, used,
        saving(hourly), [(float(each), saving(float(each))) for each in amounts],
    )  # fmt: skip


def _saving(per_slot: Floats, left: Remaining, scenarios: Scenarios) -> Saving:
    """The mean, and the quantiles over the scenarios."""
    means = _by_scenario(per_slot, left, len(scenarios.factor))
    mean = float(scenarios.weight @ means)
    low, high = (quantile(means, scenarios.weight, share) for share in (LOW, HIGH))
    return Saving(min(low, mean), mean, max(high, mean))  # a rare loss can draw the mean down


def _by_scenario(per_slot: Floats, left: Remaining, count: int) -> Floats:
    total = np.bincount(left.scenario, weights=left.weight * per_slot, minlength=count)
    return total / np.bincount(left.scenario, weights=left.weight, minlength=count)


def _regret(problem: Problem, purchase: Purchase, left: Remaining, scenarios: Scenarios) -> float:
    """How much more an hour costs than if each scenario were known before buying."""
    if len(scenarios.factor) == 1:
        return 0.0
    regret = 0.0
    for number, share in enumerate(scenarios.weight):
        rows = left.scenario == number
        weight = left.weight[rows] / left.weight[rows].sum()
        known = replace(problem, demand=problem.demand[rows], weight=weight)
        with_plan = known.cost(purchase.levels, purchase.hourly)
        regret += float(share) * max(0.0, with_plan - solve(known).cost)
    return regret
