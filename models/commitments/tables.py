"""The rows of models.commitment_*: figures per month, and the reasons in words."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

import polars as pl

from models.commitments.ladder import ladder
from models.commitments.propose import HOURS, Option, Proposal, Saving
from models.commitments.rates import KIND, Rates, months_of
from models.commitments.scenarios import AHEAD
from models.commitments.scope import Scope

TEXT, NUMBER = pl.String, pl.Float64
SCOPE = {"cloud": TEXT, "billing_account": TEXT, "currency": TEXT}
SAVING = {f"saving_month_{end}": NUMBER for end in ("low", "mean", "high")}
COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "commitment_plan": {
        "id": TEXT, **SCOPE, "term": TEXT, "price_type": TEXT, "region": TEXT, "covers": TEXT,
        "os": TEXT, "is_recommended": pl.Boolean, "quantity": NUMBER, "commitment_hour": NUMBER,
        "demand_hour": NUMBER, "covered_hour": NUMBER, "utilisation": NUMBER, "ratio": NUMBER,
        **SAVING, "break_even_months": NUMBER, "starts_on": pl.Date, "reason": TEXT,
        "made_on": pl.Date,
    },
    "commitment_outlook": {
        **SCOPE, "term": TEXT, "is_recommended": pl.Boolean, "demand_month": NUMBER,
        "cost_month": NUMBER, **SAVING, "regret_month": NUMBER, "break_even_months": NUMBER,
        "gap": NUMBER, "method": TEXT, "coverage_before": NUMBER, "cut_month": NUMBER,
        "cuts": pl.Int32, "scenarios": TEXT, "days": pl.Int32, "slot_hours": pl.Int32,
        "reason": TEXT, "made_on": pl.Date,
    },
    "commitment_tranche": {
        "plan_id": TEXT, "number": pl.Int32, "buy_on": pl.Date, "free_on": pl.Date,
        "quantity": NUMBER, "commitment_hour": NUMBER, "made_on": pl.Date,
    },
    "commitment_curve": {
        "plan_id": TEXT, "commitment_hour": NUMBER, **SAVING, "made_on": pl.Date,
    },
    "commitment_rate": {
        **SCOPE, "region": TEXT, "instance_type": TEXT, "family": TEXT, "os": TEXT,
        "price_type": TEXT, "price_hour": NUMBER, "ratio": NUMBER, "made_on": pl.Date,
    },
}  # fmt: skip


class Tables:
    """Collects the rows of one run."""

    def __init__(self, made_on: date) -> None:
        self.made_on = made_on
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}

    def frames(self) -> dict[str, pl.DataFrame]:
        """The tables by name, with their columns."""
        return {
            name: pl.DataFrame(
                [{"made_on": self.made_on, **row} for row in self._rows[name]], schema=dict(schema)
            )
            for name, schema in COLUMNS.items()
        }

    def nothing(self, key: Mapping[str, str], reason: str) -> None:
        """Why nothing can be said of a scope."""
        self._rows["commitment_plan"].append(
            {"id": _id(key), **key, "is_recommended": False, "commitment_hour": 0.0,
             "reason": reason}
        )  # fmt: skip

    def add(
        self,
        scope: Scope,
        proposals: list[Proposal],
        chosen: Proposal | None,
        most_months: float,
    ) -> None:
        """All rows of one scope."""
        rates = scope.all_rates.rates.select(*KIND, "family", "price_type", "price_hour", "ratio")
        self._rows["commitment_rate"] += [{**scope.key, **row} for row in rates.to_dicts()]
        unknown = no_rates(scope.rates)
        if unknown:
            self.nothing(scope.key, unknown)
        for proposal in proposals:
            is_chosen = proposal is chosen
            self._rows["commitment_outlook"].append(
                _outlook(scope, proposal, is_chosen, most_months)
            )
            for option in proposal.options:
                self._option(scope, proposal, option, is_chosen)

    def _option(self, scope: Scope, proposal: Proposal, option: Option, is_chosen: bool) -> None:
        row = _row(scope, proposal, option, is_chosen, self.made_on)
        self._rows["commitment_plan"].append(row)
        self._rows["commitment_curve"] += [
            {"plan_id": row["id"], "commitment_hour": amount, **_month(saving)}
            for amount, saving in option.curve
        ]
        if row["is_recommended"]:
            self._rows["commitment_tranche"] += _tranches(str(row["id"]), option)


def no_rates(rates: Rates) -> str:
    """Which usage has no price of any commitment; empty if all has."""
    without = rates.groups.filter(pl.col("offered") == "").sort("on_demand_cost", descending=True)
    if without.is_empty():
        return ""
    share = float(without["on_demand_cost"].sum()) / float(rates.groups["on_demand_cost"].sum())
    names = [
        f"{row['covers']} in {row['region'] or 'an unknown region'}"
        + ("" if row["os"] else " of unknown operating system")
        for row in without.head(5).iter_rows(named=True)
    ]
    return (
        f"no price of a commitment is known for {share:.0%} of the usage "
        f"({', '.join(names)}{', ...' if len(without) > 5 else ''}); nothing is suggested for it"
    )


def _outlook(
    scope: Scope, proposal: Proposal, is_chosen: bool, most_months: float
) -> dict[str, Any]:
    usage = scope.usage
    covered = sum(float(part.sum()) for part in usage.covered.values())
    months = proposal.break_even_months
    return {
        **scope.key, "term": proposal.term, "is_recommended": is_chosen,
        "demand_month": proposal.demand * HOURS, "cost_month": proposal.cost * HOURS,
        **_month(proposal.saving), "regret_month": proposal.regret * HOURS,
        "break_even_months": months, "gap": proposal.gap, "method": proposal.method,
        "coverage_before": covered / float(usage.gross.sum()) if usage.gross.sum() else None,
        "cut_month": scope.cut * HOURS, "cuts": scope.cuts, "scenarios": scope.scenarios.told,
        "days": len({moment.date() for moment in usage.starts_at}),
        "slot_hours": usage.slot_hours,
        "reason": _why_term(proposal, is_chosen, most_months) + _not_yet(proposal),
    }  # fmt: skip


def _why_term(proposal: Proposal, is_chosen: bool, most_months: float) -> str:
    months = proposal.break_even_months
    if months is None:
        return (
            "nothing to buy: owned commitments and changes leave too little that is used steadily"
        )
    if months > most_months:
        return (
            f"pays off after {months:.1f} months of full use, more than {most_months:.0f}; "
            "shown to compare"
        )
    return (
        f"saves most of the terms that pay off within {most_months:.0f} months"
        if is_chosen
        else "another term saves more"
    )


def _not_yet(proposal: Proposal) -> str:
    if proposal.later is None:
        return ""
    return f"; what is owned to {proposal.later} or longer is planned in its last {AHEAD} days"


def _row(
    scope: Scope, proposal: Proposal, option: Option, is_chosen: bool, made_on: date
) -> dict[str, Any]:
    place: dict[str, Any] = {"region": None, "covers": None, "os": None}
    if option.group is not None:
        group = scope.rates.groups.row(option.group, named=True)
        place = {name: group[name] for name in place}
    is_bought = option.hourly > 0
    return {
        "id": _id(scope.key, option.price_type, *place.values()), **scope.key, **place,
        "term": proposal.term, "price_type": option.price_type,
        "is_recommended": is_chosen and is_bought,
        "quantity": round(option.level / option.unit) if option.unit else None,
        "commitment_hour": option.hourly, "demand_hour": option.demand,
        "covered_hour": option.covered, "utilisation": option.utilisation, "ratio": option.ratio,
        **_month(option.saving),
        "break_even_months": months_of(proposal.term) * option.ratio if is_bought else None,
        "starts_on": option.parts[0].starts_on if option.parts else None,
        "reason": _why(option, scope, made_on),
    }  # fmt: skip


def _why(option: Option, scope: Scope, made_on: date) -> str:
    every = "hour" if scope.usage.slot_hours == 1 else "day"
    if option.hourly:
        return (
            f"expected to be used to {option.utilisation or 0:.0%}, and pays while it is used to "
            f"more than {option.ratio:.0%}; what it covers would cost {option.covered:.2f} "
            f"{scope.key['currency']} an hour on demand{_later(option, made_on)}"
        )
    return (
        f"nothing to buy: of {option.demand:.2f} {scope.key['currency']} per hour that is left, no "
        f"part is used on more than {option.ratio:.0%} of the {every}s, or it is covered better"
    )


def _later(option: Option, made_on: date) -> str:
    """Which of it is to be bought later, and why."""
    later = [part for part in option.parts if part.starts_on > made_on]
    if not later:
        return ""
    share = sum(part.hourly for part in later) / option.hourly
    which = "it is" if len(later) == len(option.parts) else f"{share:.0%} of it is"
    return (
        f"; {which} bought from {later[0].starts_on} on, since owned commitments cover that use "
        "until then"
    )


def _tranches(plan_id: str, option: Option) -> list[dict[str, Any]]:
    """Each part of the purchase on its ladder, from the day on which its use is free."""
    is_whole = option.unit > 0
    rows: list[dict[str, Any]] = [
        {
            "plan_id": plan_id, "buy_on": one.buy_on, "free_on": part.starts_on,
            "quantity": one.amount if is_whole else None,
            "commitment_hour": part.hourly * one.amount / amount,
        }
        for part in option.parts
        for amount in [float(round(part.level / option.unit)) if is_whole else part.hourly]
        for one in ladder(amount, part.starts_on, is_whole=is_whole)
    ]  # fmt: skip
    rows.sort(key=lambda row: row["buy_on"])
    return [{**row, "number": number} for number, row in enumerate(rows, start=1)]


def _month(saving: Saving) -> dict[str, float]:
    ends = {"low": saving.low, "mean": saving.mean, "high": saving.high}
    return {f"saving_month_{end}": value * HOURS for end, value in ends.items()}


def _id(key: Mapping[str, str], *parts: object) -> str:
    text = "/".join(str(part) for part in (*key.values(), *parts))
    return sha256(text.encode()).hexdigest()[:16]
