"""Find what fits, the cheapest first, and count what does not by the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.selection.constraint import About
from models.selection.in_full import Row, in_full
from models.selection.judge import Bits, Judged, judge
from models.selection.market import Market
from models.selection.prices import Ids
from models.selection.requirements import Requirements


@dataclass(frozen=True)
class Found:
    """The answer: offers cheapest first, and how many prices each constraint rejects.

    `accepted` counts all that fit. A price that fails several constraints counts under each; one of
    which a datum is unknown counts under `unknown <constraint>`, and is not offered.
    """

    offers: Sequence[Row]
    accepted: int
    rejected: Mapping[str, int]
    considered: int  # prices of that system and currency


def search(market: Market, asked: Requirements, limit: int = 20) -> Found:
    """What fits, by total price; offers whose total is unknown come after those where it is known.

    Each row has what is known of the offer, its place and its price, and `marginal_hour`,
    `disk_hour`, `egress_hour`, `restart_hour`, `total_hour` in the currency asked for: null =
    unknown.
    """
    judged = judge(market, asked)
    ids = judged.prices.price_id[cheapest(judged, limit)].tolist()
    known = in_full(market.connection, asked, ids)
    return told(judged, [known[price_id] for price_id in ids])


def cheapest(judged: Judged, limit: int) -> Ids:
    """The first of the prices that fit: by total, unknown ones last, then by number."""
    which = np.flatnonzero((judged.failed | judged.unknown) == 0)
    has_total = judged.has_total[which]
    known = _least(judged, which[has_total], limit)
    return np.concatenate([known, _least(judged, which[~has_total], limit - len(known))])


def _least(judged: Judged, which: Ids, limit: int) -> Ids:
    amounts = judged.least_hour[which]
    if 0 < limit < len(which):
        is_near = amounts <= np.partition(amounts, limit - 1)[limit - 1]
        which, amounts = which[is_near], amounts[is_near]
    return which[np.argsort(amounts, kind="stable")][: max(limit, 0)]


def told(judged: Judged, offers: Sequence[Row]) -> Found:
    """The offers with how many prices there are."""
    failed: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for number, claim in enumerate(judged.claims):
        rows = judged.rows[claim.about]
        failed[claim.name] = _count(judged, claim.about, rows.failed, number)
        unknown[f"unknown {claim.name}"] = _count(judged, claim.about, rows.unknown, number)
    return Found(
        offers=offers,
        accepted=int(np.count_nonzero((judged.failed | judged.unknown) == 0)),
        rejected={name: prices for name, prices in (failed | unknown).items() if prices},
        considered=len(judged.prices),
    )


def _count(judged: Judged, about: About, bits: Bits, number: int) -> int:
    """How many prices refer to a row that has the bit."""
    has_bit = (bits & np.uint64(1 << number)) != 0
    return int(np.count_nonzero(has_bit[judged.prices.of[about]])) if has_bit.any() else 0
