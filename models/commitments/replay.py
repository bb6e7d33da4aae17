"""What purchases of commitments would have cost and saved on billed usage, month by month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.commitments.demand import Usage, usage_of
from models.commitments.rates import FLEXIBLE, KIND, WHOLE, kind_of
from models.commitments.simulate import Commitment, simulate
from models.errors import SeveralRates, UnknownRate

Floats = NDArray[np.float64]

SCOPE = ("cloud", "billing_account", "currency")
MOST_NAMED = 20
CENT = Decimal("0.01")
MONEY = (
    "usage", "owned_covered", "on_demand_before", "committed", "used", "unused", "covered",
    "on_demand_after", "total_after", "saved",
)  # fmt: skip


@dataclass(frozen=True)
class Bought:
    """One purchase; None as region, covers and os: it covers everything it has a rate for."""

    cloud: str
    billing_account: str
    currency: str
    price_type: str
    region: str | None = None
    covers: str | None = None  # instance family or type
    os: str | None = None
    hourly: float | None = None  # at committed rates
    quantity: float | None = None  # whole instances of one type, instead of an amount
    starts_on: date | None = None  # None = from the first day on
    ends_on: date | None = None  # exclusive; None = to the last day

    def __str__(self) -> str:
        place = " ".join(name for name in (self.region, self.covers, self.os) if name)
        where = f"{self.cloud} {self.billing_account} in {self.currency}"
        return f"{self.price_type} of {place or 'all instances'} on {where}"


def replay(
    usage: pl.DataFrame, rates: pl.DataFrame, bought: Sequence[Bought], *, until: date
) -> list[dict[str, object]]:
    """One row per month, cloud, billing account and currency with a purchase: exact to the cent.

    `usage` has the columns of marts.committable_usage, `rates` those of models.commitment_rate.
    What owned commitments covered stays covered by them; purchases cover what was left. `usage`,
    `before` and `after` are at on-demand prices; total_after = committed + on_demand_after, and
    saved = on_demand_before - total_after. Raises `UnknownRate`, `SeveralRates`.
    """
    rows: list[dict[str, object]] = []
    scopes = sorted({(one.cloud, one.billing_account, one.currency) for one in bought})
    for scope in scopes:
        named = {name: str(value) for name, value in zip(SCOPE, scope, strict=True)}
        mine = [one for one in bought if (one.cloud, one.billing_account, one.currency) == scope]
        rows += _scope(
            named, usage.filter(**named), rates.filter(**named), mine, until
        )  # fmt: skip
    return rows


def _scope(
    key: dict[str, str],
    usage: pl.DataFrame,
    rates: pl.DataFrame,
    bought: Sequence[Bought],
    until: date,
) -> list[dict[str, object]]:
    if usage.is_empty():
        raise UnknownRate(str(bought[0]), "no usage is billed there in these days")
    types = usage.select(KIND).unique().sort(KIND, nulls_last=True).with_row_index("group")
    known = usage_of(usage, types, len(types), until)
    ordered = sorted(bought, key=_order)
    made = [_commitment(one, types, rates, known) for one in ordered]
    found = simulate(known.on_demand, made)
    months = np.array([f"{moment:%Y-%m}-01" for moment in known.starts_at])
    parts = {
        "usage": known.gross.sum(axis=1),
        "owned_covered": (known.gross - known.on_demand).sum(axis=1),
        "committed": found.committed.sum(axis=1),
        "used": found.used.sum(axis=1),
        "covered": found.covered.sum(axis=1),
    }
    return [
        {"month": date.fromisoformat(str(month)), **key,
         **_exact({name: float(values[months == month].sum()) * known.slot_hours
                   for name, values in parts.items()})}
        for month in np.unique(months)
    ]  # fmt: skip


def _order(one: Bought) -> int:
    """Reservations apply first, flexible plans last."""
    kind = kind_of(one.price_type)
    return 0 if kind == WHOLE else 2 if kind == FLEXIBLE else 1


def _commitment(one: Bought, types: pl.DataFrame, rates: pl.DataFrame, usage: Usage) -> Commitment:
    matching = rates.filter(pl.col("price_type") == one.price_type)
    if one.region is not None:
        matching = matching.filter(pl.col("region") == one.region)
    if one.covers is not None:
        is_named = (pl.col("instance_type") == one.covers) | (pl.col("family") == one.covers)
        matching = matching.filter(is_named)
    if one.os is not None:
        matching = matching.filter(pl.col("os") == one.os)
    if matching.is_empty():
        raise UnknownRate(str(one), _known(one, rates))
    placed = matching.join(types, on=KIND)
    ratio = np.full(len(types), np.nan)
    ratio[placed["group"].to_numpy().astype(np.intp)] = placed["ratio"].to_numpy()
    holds = np.array([
        float((one.starts_on is None or moment.date() >= one.starts_on)
              and (one.ends_on is None or moment.date() < one.ends_on))
        for moment in usage.starts_at
    ])  # fmt: skip
    hourly = one.hourly if one.hourly is not None else (one.quantity or 0.0) * _price(one, matching)
    return Commitment(str(one), hourly, ratio, holds)


def _price(one: Bought, matching: pl.DataFrame) -> float:
    """Of one whole instance an hour. Raises `SeveralRates`."""
    prices = matching.select("instance_type", "os", "price_hour").unique().sort(pl.all())
    if prices.height > 1:
        raise SeveralRates(
            str(one),
            [f"{row['price_hour']:.4f} for {row['instance_type']} ({row['os']})"
             for row in prices.iter_rows(named=True)],
        )  # fmt: skip
    return float(prices["price_hour"].to_list()[0])


def _known(one: Bought, rates: pl.DataFrame) -> str:
    """What could be named instead: what the price type is sold for, in that region if it is."""
    same = rates.filter(pl.col("price_type") == one.price_type)
    if same.is_empty():
        return f"known price types are {_listed(rates['price_type'].to_list())}"
    here = same.filter(pl.col("region") == one.region)
    column = "instance_type" if kind_of(one.price_type) == WHOLE else "family"
    places = (here if here.height else same).filter(pl.col(column).is_not_null())
    return f"rates of {one.price_type} are known for " + _listed(
        f"{row[column]} in {row['region']} ({row['os']})" for row in places.iter_rows(named=True)
    )


def _listed(names: Iterable[str]) -> str:
    every = sorted(set(names))
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return (", ".join(every[:MOST_NAMED]) or "nothing") + more


def _exact(parts: dict[str, float]) -> dict[str, Decimal]:
    """The parts in cents, and the others worked out of them, so that all of it adds up."""
    money = {name: Decimal(str(value)).quantize(CENT) for name, value in parts.items()}
    before = money["usage"] - money["owned_covered"]
    covered = min(money["covered"], before)
    after = before - covered
    total = money["committed"] + after
    return {
        "usage": money["usage"], "owned_covered": money["owned_covered"],
        "on_demand_before": before, "committed": money["committed"],
        "used": min(money["used"], money["committed"]),
        "unused": money["committed"] - min(money["used"], money["committed"]),
        "covered": covered, "on_demand_after": after, "total_after": total,
        "saved": before - total,
    }  # fmt: skip


def totals(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """One row per currency: the sums of all months."""
    summed: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        mine = summed.setdefault(str(row["currency"]), dict.fromkeys(MONEY, Decimal(0)))
        for name in MONEY:
            mine[name] += Decimal(str(row[name]))
    return [{"currency": currency, **sums} for currency, sums in sorted(summed.items())]
