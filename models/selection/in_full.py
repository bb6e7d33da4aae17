"""All that is known of a few prices, and what they come to."""

from collections.abc import Collection, Mapping
from typing import Any

from duckdb import DuckDBPyConnection

from models.selection.constraint import measured, quoted
from models.selection.requirements import Requirements
from models.selection.total import licence, parts, sums

Row = Mapping[str, Any]
WITHOUT_LICENCE = """
left join (
    select offer_id, place_id, price_type, price_hour
    from priced join kind using (kind_id) where os = 'linux'
) as plain on priced.offer_id = plain.offer_id and priced.place_id = plain.place_id
    and kind.price_type = plain.price_type"""


def in_full(
    connection: DuckDBPyConnection, asked: Requirements, ids: Collection[int]
) -> dict[int, Row]:
    """By the number of a price: what it is of, what covers it, and the parts of its total."""
    if not ids:
        return {}
    result = connection.execute(_detailing(asked, ids))
    names = [column[0] for column in result.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return {row.pop("price_id"): row for row in found}


def _detailing(asked: Requirements, ids: Collection[int]) -> str:
    return f"""
select
    priced.price_id, offered.* exclude (offer_id), place.* exclude (place_id, cloud, round_trips),
    {"null" if asked.near is None else quoted(asked.near)} as near,
    {measured("latency_ms", asked)} as latency_ms,
    kind.os, kind.price_type, kind.is_spot, kind.source, kind.quality,
    priced.price_hour, priced.as_of, kind.doubtful, priced.usual_hour,
    kind.interruption_low, kind.interruption_high, commitment_id, covered_hour, cover_reason,
    {parts(asked)}, {licence(asked)} as licence_hour, {sums(asked)}
from (
    select wanted.price_id, priced.*
    from (values {", ".join(f"({one})" for one in ids)}) as wanted (price_id)
    join priced on wanted.price_id = priced.rowid
) as priced -- of values it is known how few they are, so the other tables are looked up by them
join kind on priced.kind_id = kind.kind_id
join offered on priced.offer_id = offered.offer_id
join place on priced.place_id = place.place_id
left join cover on priced.price_id = cover.price_id\
{"" if asked.os == "linux" else WITHOUT_LICENCE}"""
