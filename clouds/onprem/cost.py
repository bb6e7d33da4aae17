"""Exact money: what each host costs on each day, and how an amount is split without a remainder."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import lcm

from clouds.onprem.rate_card import Host, RateCard, Rates

CENT = Decimal("0.01")
UNIT = Decimal("1E-10")  # the smallest part of a daily charge; a month adds up to whole cents


def split(total: Decimal, weights: Sequence[int | Fraction], unit: Decimal = UNIT) -> list[Decimal]:
    """Shares of `total` in proportion to the weights, in whole units, that add up to it exactly.

    By largest remainder: what rounding down leaves over goes to the shares that lost most, the
    earlier one first. Without any weight there is nothing to give, so `total` must be zero.

    >>> split(Decimal("1.00"), [1, 1, 1], Decimal("0.01"))
    [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    units, rest = divmod(total, unit)
    scale = lcm(*(weight.denominator for weight in weights))
    whole_weights = [int(weight * scale) for weight in weights]
    whole = sum(whole_weights)
    if rest or (not whole and total):
        raise ValueError(f"{total} can't be split in units of {unit} by a weight of {whole}")
    if not whole:
        return [Decimal(0)] * len(weights)
    shares = [divmod(int(units) * weight, whole) for weight in whole_weights]
    left = int(units) - sum(down for down, _ in shares)
    most_lost = sorted(range(len(shares)), key=lambda place: -shares[place][1])[:left]
    extra = set(most_lost)
    return [(down + (place in extra)) * unit for place, (down, _) in enumerate(shares)]


def month_costs(card: RateCard, month: date) -> Mapping[tuple[str, date], Decimal]:
    """What each host costs on each day of the month, in multiples of `UNIT`.

    The days of one host add up to its month's cost rounded to the cent. A day does not depend on
    how much of the month has passed.
    """
    days = [month.replace(day=number) for number in range(1, monthrange(*_of(month))[1] + 1)]
    shares = {day: _shared(card, day, len(days)) for day in days}
    found: dict[tuple[str, date], Decimal] = {}
    for host in card.hosts:
        exact = [_day_cost(card, host, day, len(days)) + shares[day][host.name] for day in days]
        total = to_cents(sum(exact, Fraction(0)))
        amounts = split(total, exact) if total else [Decimal(0)] * len(days)
        found |= {(host.name, day): amount for day, amount in zip(days, amounts, strict=True)}
    return found


def to_cents(amount: Fraction) -> Decimal:
    """Rounded half up to the cent."""
    return int(amount * 100 + Fraction(1, 2)) * CENT


def own_month_cost(rates: Rates) -> Fraction:
    """What a host costs in a month apart from power and from its share of common costs."""
    return (
        Fraction(rates.capex) / rates.lifetime_months
        + Fraction(rates.space_month)
        + Fraction(rates.staff_month)
    )


def power_day_cost(rates: Rates) -> Fraction:
    """Power and cooling of 24 hours."""
    kwh = Fraction(rates.power_watts) * 24 / 1000
    return kwh * Fraction(rates.pue) * Fraction(rates.price_kwh)


def _day_cost(card: RateCard, host: Host, day: date, days: int) -> Fraction:
    rates = card.rates(host, day)
    return Fraction(0) if rates is None else own_month_cost(rates) / days + power_day_cost(rates)


def _shared(card: RateCard, day: date, days: int) -> Mapping[str, Fraction]:
    """Each host's part of the day's common costs; nobody bears them while no host is in use."""
    cost = sum((Fraction(each.month) for each in card.shared if each.holds_on(day)), Fraction(0))
    weights = {
        host.name: Fraction(host.weight) if card.rates(host, day) else Fraction(0)
        for host in card.hosts
    }
    whole = sum(weights.values(), Fraction(0))
    return {name: cost / days * weight / whole if whole else cost * 0
            for name, weight in weights.items()}  # fmt: skip


def _of(month: date) -> tuple[int, int]:
    return month.year, month.month
