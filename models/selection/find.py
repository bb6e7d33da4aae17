"""Search and near misses in one go: all that is told is looked up at once."""

from decimal import Decimal
from math import isinf
from typing import Any

from models.selection.in_full import Row, in_full
from models.selection.judge import judge
from models.selection.market import Market
from models.selection.near_misses import Near, near_misses
from models.selection.requirements import Requirements
from models.selection.search import Found, cheapest, told


def find(
    market: Market, asked: Requirements, limit: int = 20
) -> tuple[Found, list[dict[str, Any]]]:
    """What `search` gives, and the near misses; none if the best total is unknown.

    Columns of these: those of a search, and `constraint`, `wanted`, `value`, `distance` (null =
    not a number), `saving_hour`. With no best, as nothing fits, the saving is null. Sorted by
    saving, the largest first.
    """
    judged = judge(market, asked)
    first = cheapest(judged, limit)
    best = int(first[0]) if len(first) else None
    is_told = best is None or bool(judged.has_total[best])
    near = near_misses(market.connection, judged, best) if is_told else []
    shown = [*first.tolist(), *(one.price for one in near)]
    ids: list[int] = judged.prices.price_id[shown].tolist() if shown else []
    known = in_full(market.connection, asked, ids)
    offers = [known[one] for one in ids[: len(first)]]
    total = offers[0]["total_hour"] if offers else None
    rest = zip(near, ids[len(first) :], strict=True)
    return told(judged, offers), [_missed(one, known[price_id], total) for one, price_id in rest]


def _missed(one: Near, row: Row, best: Decimal | None) -> dict[str, Any]:
    saving = None if best is None else best - row["total_hour"]
    distance = None if isinf(one.distance) else one.distance
    claim = {"constraint": one.claim.name, "wanted": one.claim.wanted, "value": one.value}
    return {**claim, "distance": distance, "saving_hour": saving, **row}
