"""Search and near misses in one go: all that is told is looked up at once."""

from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import constraints
from models.selection.near_misses import nearest, told
from models.selection.requirements import Requirements
from models.selection.search import Found, count, in_full, judge, top


def find(
    connection: DuckDBPyConnection, asked: Requirements, limit: int = 20
) -> tuple[Found, list[dict[str, Any]]]:
    """What `search` and `near_misses` give; none of the latter if the best total is unknown."""
    claims = constraints(asked)
    judge(connection, claims, asked)
    ranked = top(connection, limit)
    best = ranked[0][1] if ranked else None
    near = nearest(connection, claims, best) if best is not None or not ranked else []
    ids = [price_id for price_id, _ in ranked]
    known = in_full(connection, asked, [*ids, *(one.price_id for one in near)])
    found = count(connection, claims, [known[price_id] for price_id in ids])
    return found, [told(one, known[one.price_id], best) for one in near]
