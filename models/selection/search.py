"""Find what fits, the cheapest first, and count what does not by the reason.

Nothing is read here: the connection has the relations that `candidate.sql` names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import Constraint, constraints, quoted
from models.selection.requirements import Requirements
from models.selection.total import licence, parts, sums

Row = Mapping[str, Any]
COUNTING = "select failed, unknown, count(*) as prices from judged group by all"
RANKING = """
select price_id, total_hour
from judged
where failed = 0 and unknown = 0
order by total_hour nulls last, least_hour, offer_id, place_id, price_id"""  # ids follow names


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
    ids = [price_id for price_id, _ in top(connection, limit)]
    known = in_full(connection, asked, ids)
    return count(connection, claims, [known[price_id] for price_id in ids])


def count(
    connection: DuckDBPyConnection, claims: Sequence[Constraint], offers: Sequence[Row]
) -> Found:
    """The offers with how many prices there are, by what has been judged."""
    judged = connection.execute(COUNTING).fetchall()
    rejected = {claim.name: 0 for claim in claims}
    for failed, unknown, prices in judged:
        for number, claim in enumerate(claims):
            if failed >> number & 1:
                rejected[claim.name] += prices
            if unknown >> number & 1:
                name = f"unknown {claim.name}"
                rejected[name] = rejected.get(name, 0) + prices
    return Found(
        offers=offers,
        accepted=sum(prices for failed, unknown, prices in judged if not failed and not unknown),
        rejected={name: prices for name, prices in rejected.items() if prices},
        considered=sum(prices for _, _, prices in judged),
    )


def top(connection: DuckDBPyConnection, limit: int) -> list[tuple[int, Decimal | None]]:
    """Number and total of the cheapest that fit, by what has been judged."""
    return connection.execute(f"{RANKING}\nlimit {limit:d}").fetchall()


def in_full(
    connection: DuckDBPyConnection, asked: Requirements, ids: Collection[int]
) -> dict[int, Row]:
    """All that is known of the prices of those numbers, and what they come to."""
    found = rows(connection, detailing(asked, ids)) if ids else []
    return {row.pop("price_id"): row for row in found}


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
        for about in ("offered", "place", "kind", "priced")
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
),

kind_judged as (
    select kind_id, os, is_spot, {bits["kind_failed"]} as failed, {bits["kind_unknown"]} as unknown
    from kind
    where os = {quoted(asked.os)}
)

select
    priced.rowid as price_id, offer_id, place_id,
    offered_judged.failed | place_judged.failed | kind_judged.failed
    | {bits["priced_failed"]} as failed,
    offered_judged.unknown | place_judged.unknown | kind_judged.unknown
    | {bits["priced_unknown"]} as unknown,
    {sums(asked)}
from priced
join kind_judged using (kind_id)
join place_judged using (place_id)
join offered_judged using (offer_id)
left join cover on priced.rowid = cover.price_id{_with_frequency(claims, asked)}"""


def _with_frequency(claims: Sequence[Constraint], asked: Requirements) -> str:
    """The join of how often spot is taken away, if anything asks for it."""
    is_asked = bool(asked.restart_hours) or any("interruption" in one.holds for one in claims)
    return "\nleft join frequency using (offer_id, place_id, os)" if is_asked else ""


def detailing(asked: Requirements, ids: Collection[int]) -> str:
    """SQL: prices with offer, place and kind, what covers them, and the parts of the total."""
    without_licence = """
left join (select * from priced join kind using (kind_id) where os = 'linux') as plain
    on priced.offer_id = plain.offer_id and priced.place_id = plain.place_id
    and kind.price_type = plain.price_type"""
    return f"""
select
    price_id, offered.* exclude (offer_id), place.* exclude (place_id, cloud),
    kind.os, kind.price_type, kind.is_spot, kind.source, kind.quality,
    priced.price_hour, priced.as_of, priced.doubtful, priced.usual_hour,
    interruption_low, interruption_high, commitment_id, covered_hour, cover_reason,
    {parts(asked)}, {licence(asked)} as licence_hour, {sums(asked)}
from (
    select *, rowid as price_id from priced where rowid in ({", ".join(map(str, ids))})
) as priced
join kind on priced.kind_id = kind.kind_id
join offered on priced.offer_id = offered.offer_id
join place on priced.place_id = place.place_id
left join cover using (price_id)
left join frequency on priced.offer_id = frequency.offer_id
    and priced.place_id = frequency.place_id and if(kind.is_spot, kind.os, null) = frequency.os\
{"" if asked.os == "linux" else without_licence}"""


def _bits(claims: Sequence[Constraint], about: str, outcome: str) -> str:
    parts = [
        f"if(({claim.holds}) is {outcome}, {1 << number}, 0)"
        for number, claim in enumerate(claims)
        if claim.about == about
    ]
    return f"({' + '.join(parts) or '0'})::integer"
