"""Find what fits, the cheapest first, and count what does not by the reason.

Nothing is read here: the connection has the relations that `candidate.sql` names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import Constraint, constraints, quoted
from models.selection.requirements import Requirements
from models.selection.total import licence, parts, sums

Row = Mapping[str, Any]
COUNTING = "select failed, unknown, count(*) as prices from judged group by all"


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


def prepare(connection: DuckDBPyConnection) -> None:
    """Make the market from the relations offer, price, region_fact, interruption, unit_price and
    idle_commitment of the connection.
    """
    for name in ("market", "cover"):
        connection.execute((files("models.selection") / f"{name}.sql").read_text())


def search(connection: DuckDBPyConnection, asked: Requirements, limit: int = 20) -> Found:
    """What fits, by total price; offers whose total is unknown come after those where it is known.

    Each row has what is known of the offer, its place and its price, and `marginal_hour`,
    `disk_hour`, `egress_hour`, `restart_hour`, `total_hour` in the currency asked for: null =
    unknown.
    """
    claims = constraints(asked)
    judge(connection, claims, asked)
    judged = connection.execute(COUNTING).fetchall()
    rejected = {claim.name: 0 for claim in claims}
    for failed, unknown, count in judged:
        for number, claim in enumerate(claims):
            if failed >> number & 1:
                rejected[claim.name] += count
            if unknown >> number & 1:
                name = f"unknown {claim.name}"
                rejected[name] = rejected.get(name, 0) + count
    return Found(
        offers=rows(connection, ranking(asked, limit)),
        accepted=sum(count for failed, unknown, count in judged if not failed and not unknown),
        rejected={name: count for name, count in rejected.items() if count},
        considered=sum(count for _, _, count in judged),
    )


def rows(connection: DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Every row of a query as a dict."""
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def judge(
    connection: DuckDBPyConnection, claims: Sequence[Constraint], asked: Requirements
) -> None:
    """Make the temporary table `judged`: one row per price of that system and currency.

    The bit of a claim is set in `failed` if it is false, in `unknown` if a datum of it is.
    """
    connection.execute(f"create or replace temp table judged as {judging(claims, asked)}")


def judging(claims: Sequence[Constraint], asked: Requirements) -> str:
    """SQL: the rows of `judged`."""
    bits = {
        f"{about}_{outcome}": _bits(claims, about, literal)
        for about in ("offered", "place", "priced")
        for outcome, literal in (("failed", "false"), ("unknown", "null"))
    }
    return f"""
with offered_judged as (
    select offer_id, {bits["offered_failed"]} as failed, {bits["offered_unknown"]} as unknown
    from offered
),

place_judged as (
    select *, {bits["place_failed"]} as failed, {bits["place_unknown"]} as unknown
    from place
    where currency = {quoted(asked.currency)}
)

select
    priced.rowid as price_id, offer_id, place_id,
    offered_judged.failed | place_judged.failed | {bits["priced_failed"]} as failed,
    offered_judged.unknown | place_judged.unknown | {bits["priced_unknown"]} as unknown,
    {sums(asked)}
from priced
join offered_judged using (offer_id)
join place_judged using (place_id)
left join cover using (offer_id, place_id, os, price_type)
where os = {quoted(asked.os)}"""


def ranking(asked: Requirements, limit: int) -> str:
    """SQL: what fits, by `judged`, the cheapest first; ids are in the order of names."""
    return f"""
with ranked as (
    select * from judged
    where failed = 0 and unknown = 0
    order by total_hour nulls last, least_hour, offer_id, place_id, price_id
    limit {limit:d}
)

select {shown(asked)}
{in_full("ranked", asked)}
order by total_hour nulls last, least_hour, ranked.offer_id, ranked.place_id, price_id"""


def shown(asked: Requirements) -> str:
    """The select list of an offer with its place, its price and the parts of its total."""
    return f"""offered.* exclude (offer_id), place.* exclude (place_id, cloud),
    priced.os, priced.price_type, priced.price_hour, priced.as_of,
    source, quality, priced.doubtful, priced.usual_hour,
    priced.interruption_low, priced.interruption_high, commitment_id, covered_hour,
    cover_reason, {parts(asked)}, {licence(asked)} as licence_hour,
    total_hour"""


def in_full(ids: str, asked: Requirements) -> str:
    """The from clause that brings everything known to the prices that a table names."""
    without_licence = f"""
left join priced as plain on {ids}.offer_id = plain.offer_id and {ids}.place_id = plain.place_id
    and priced.price_type = plain.price_type and plain.os = 'linux'"""
    return f"""from {ids}
join priced on {ids}.price_id = priced.rowid
join offered on {ids}.offer_id = offered.offer_id
join place on {ids}.place_id = place.place_id
join origin using (origin_id)
left join cover on {ids}.offer_id = cover.offer_id and {ids}.place_id = cover.place_id
    and priced.os = cover.os and priced.price_type = cover.price_type\
{"" if asked.os == "linux" else without_licence}"""


def _bits(claims: Sequence[Constraint], about: str, outcome: str) -> str:
    parts = [
        f"if(({claim.holds}) is {outcome}, {1 << number}, 0)"
        for number, claim in enumerate(claims)
        if claim.about == about
    ]
    return f"({' + '.join(parts) or '0'})::integer"
