"""Buy in parts over time: not all ends on one day, and each part can be reconsidered."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

SHARE = 1 / 3  # of the whole per part; between 25 and 50 %
EVERY = 30  # days between two parts; a month shows whether the last one is used
LEAST = 0.05  # money per hour of a part, some 37 a month; less is not worth a contract of its own


@dataclass(frozen=True)
class Tranche:
    """One part of a purchase, bought on its day."""

    buy_on: date
    amount: float  # money per hour, or whole instances


def ladder(
    amount: float, first: date, *, is_whole: bool = False, share: float = SHARE, every: int = EVERY
) -> list[Tranche]:
    """Equal parts of `share` of the amount, `every` days apart, that add up to it exactly.

    Whole instances are spread as evenly as they can be, the larger parts first; of a small amount
    of money there are fewer parts. Raises `ValueError` for a share outside of 25 to 50 %.

    >>> [part.amount for part in ladder(4, date(2026, 1, 1), is_whole=True)]
    [2.0, 1.0, 1.0]
    """
    if not 0.25 <= share <= 0.5:
        raise ValueError(f"A part is {share:.0%} of the purchase; it must be 25 to 50 %.")
    if amount <= 0:
        return []
    parts = ceil(1 / share - 1e-9)
    if is_whole:
        whole, rest = divmod(round(amount), parts)
        amounts = [float(whole + (number < rest)) for number in range(parts)]
    else:
        parts = max(1, min(parts, int(amount / LEAST)))
        even = round(amount / parts, 6)
        amounts = [*[even] * (parts - 1), amount - even * (parts - 1)]
    return [
        Tranche(first + timedelta(days=every * number), each)
        for number, each in enumerate(amounts)
        if each > 0
    ]
