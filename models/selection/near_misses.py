"""What fails one constraint only and would be cheaper: what binds, and what relaxing it saves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import Constraint, constraints
from models.selection.requirements import Requirements
from models.selection.search import Row, in_full

EACH = 3  # near misses shown of each constraint


@dataclass(frozen=True)
class Near:
    """One near miss: the price by its number, what it fails, its value, and by how much."""

    price_id: int
    claim: Constraint
    value: str
    distance: float | None  # None = not a number


def near_misses(
    connection: DuckDBPyConnection, asked: Requirements, best: Decimal | None
) -> list[dict[str, Any]]:
    """What has been judged by a search, is known, fails exactly one constraint and costs less.

    Of each constraint only those for which no other misses by as little and costs as little: the
    nearest three of a range, the cheapest three values of a name. Columns: those of a search, and
    `constraint`, `wanted`, `value`, `distance` (null = not a number), `saving_hour`. With no best,
    as nothing fits, the saving is null. Sorted by saving, the largest first.
    """
    found = nearest(connection, constraints(asked), best)
    known = in_full(connection, asked, [one.price_id for one in found])
    return [told(one, known[one.price_id], best) for one in found]


def nearest(
    connection: DuckDBPyConnection, claims: Sequence[Constraint], best: Decimal | None
) -> list[Near]:
    """The near misses by what has been judged, the largest saving first."""
    if not claims:
        return []
    found = connection.execute(near_missing(claims, best)).fetchall()
    return [
        Near(price_id, claims[failed.bit_length() - 1], value, distance)
        for price_id, failed, value, distance in found
    ]


def told(one: Near, row: Row, best: Decimal | None) -> dict[str, Any]:
    """A near miss with all that is known of it."""
    saving = None if best is None else best - row["total_hour"]
    claim = {"constraint": one.claim.name, "wanted": one.claim.wanted}
    return {**claim, "value": one.value, "distance": one.distance, "saving_hour": saving, **row}


def near_missing(claims: Sequence[Constraint], best: Decimal | None) -> str:
    """SQL: the frontier of each constraint, by the table `judged` of a search."""
    cheaper = "" if best is None else f"\n    and total_hour < {best}"
    is_asked = any("interruption" in claim.value for claim in claims)
    frequency = """
    left join frequency on judged.offer_id = frequency.offer_id
        and judged.place_id = frequency.place_id and kind.os = frequency.os"""
    return f"""
with missing as (
    select judged.*, {_by_constraint(claims, "value")} as value,
        {_by_constraint(claims, "distance")} as distance
    from judged
    join priced on judged.price_id = priced.rowid
    join (select kind_id, os, price_type, is_spot from kind) as kind using (kind_id)
    join offered on judged.offer_id = offered.offer_id
    join (select * exclude (cloud) from place) as place
        on judged.place_id = place.place_id{frequency if is_asked else ""}
    where bit_count(failed) = 1 and unknown = 0 and total_hour is not null{cheaper}
),

cheapest as (
    select * from missing
    qualify row_number() over (
        partition by failed, value order by total_hour, offer_id, place_id, price_id
    ) = 1
),

frontier as (
    select * from cheapest
    qualify distance is null or coalesce(total_hour < min(total_hour) over (
        partition by failed order by distance, total_hour, value
        rows between unbounded preceding and 1 preceding
    ), true)
),

nearest as (
    select * from frontier
    qualify row_number() over (
        partition by failed order by distance nulls last, total_hour, offer_id, place_id, price_id
    ) <= {EACH}
)

select price_id, failed, value, distance from nearest
order by total_hour, distance, offer_id, place_id, price_id"""


def _by_constraint(claims: Sequence[Constraint], part: str) -> str:
    """The value or distance of whichever constraint fails."""
    pieces: Mapping[str, str] = {
        str(1 << number): f"({claim.value})::varchar" if part == "value" else claim.distance
        for number, claim in enumerate(claims)
    }
    kind = "varchar" if part == "value" else "double"
    cases = " ".join(f"when {bit} then {sql}" for bit, sql in pieces.items())
    return f"cast(case failed {cases} end as {kind})"
