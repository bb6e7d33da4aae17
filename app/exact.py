"""Money that was estimated, as exact decimals: what programs get, in JSON as text."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

CENT = Decimal("0.01")
RATE = Decimal("0.000001")  # of prices per hour, of which a cent can be a tenth


def exact(amount: Decimal | float | None, step: Decimal = CENT) -> Decimal | None:
    """To the hundredth; what is not known, or no number, is None.

    >>> exact(196.19457026962965), exact(0.1 + 0.2), exact(float("nan"))
    (Decimal('196.19'), Decimal('0.30'), None)
    """
    if amount is None or not isfinite(amount):
        return None
    return Decimal(str(amount)).quantize(step)


def exact_rows(
    rows: Iterable[Mapping[str, Any]], money: Collection[str], rates: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The rows with estimates of money in exact decimals; what is billed keeps all its digits.

    >>> exact_rows([{"spent": 5.128, "fee": Decimal("0.001"), "share": 0.5}], ("spent", "fee"))
    [{'spent': Decimal('5.13'), 'fee': Decimal('0.001'), 'share': 0.5}]
    """
    steps = {**dict.fromkeys(money, CENT), **dict.fromkeys(rates, RATE)}
    return [
        {
            name: exact(value, steps[name]) if name in steps and isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]
