"""What fails one constraint only and would be cheaper: what binds, and what relaxing it saves."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import Constraint, constraints
from models.selection.requirements import Requirements
from models.selection.search import in_full, rows, shown

EACH = 3  # near misses shown of each constraint


def near_misses(
    connection: DuckDBPyConnection, asked: Requirements, best: Decimal | None
) -> list[dict[str, Any]]:
    """Candidates with known data that fail exactly one constraint and cost less than `best`.

    Of each constraint only those for which no other misses by as little and costs as little: the
    nearest three of a range, the cheapest three values of a name. Columns: those of a search, and
    `constraint`, `wanted`, `value`, `distance` (null = not a number), `saving_hour`. With no best,
    as nothing fits, the saving is null. Sorted by saving, the largest first.
    """
    claims = constraints(asked)
    if not claims:
        return []
    found = rows(connection, near_missing(claims, asked, best))
    named: list[dict[str, Any]] = []
    for row in found:
        claim = claims[row.pop("failed").bit_length() - 1]
        saving = None if best is None else best - row["total_hour"]
        named.append(
            {"constraint": claim.name, "wanted": claim.wanted, "saving_hour": saving, **row}
        )
    return named


def near_missing(claims: Sequence[Constraint], asked: Requirements, best: Decimal | None) -> str:
    """SQL: the frontier of each constraint, by the table `judged` of a search."""
    cheaper = "" if best is None else f"\n    and total_hour < {best}"
    return f"""
with missing as (
    select judged.*, {_by_constraint(claims, "value")} as value,
        {_by_constraint(claims, "distance")} as distance
    from judged
    join priced on judged.price_id = priced.rowid
    join offered on judged.offer_id = offered.offer_id
    join (select * exclude (cloud) from place) as place on judged.place_id = place.place_id
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

select failed, value, distance, {shown(asked)}
{in_full("nearest", asked)}
order by total_hour, distance, nearest.offer_id, nearest.place_id, price_id"""


def _by_constraint(claims: Sequence[Constraint], part: str) -> str:
    """The value or distance of whichever constraint fails."""
    pieces: Mapping[str, str] = {
        str(1 << number): f"({claim.value})::varchar" if part == "value" else claim.distance
        for number, claim in enumerate(claims)
    }
    kind = "varchar" if part == "value" else "double"
    cases = " ".join(f"when {bit} then {sql}" for bit, sql in pieces.items())
    return f"cast(case failed {cases} end as {kind})"
