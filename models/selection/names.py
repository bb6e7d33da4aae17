"""Names that were asked for and that nothing on offer has: a mistake of typing, most likely."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from duckdb import DuckDBPyConnection

from models.selection.constraint import constraints, quoted
from models.selection.requirements import EU, SETS, Requirements


@dataclass(frozen=True)
class Unmatched:
    """One such name, and those that there are; `close` are those most like it."""

    kind: str
    name: str
    known: tuple[str, ...]
    close: tuple[str, ...]


def unmatched(connection: DuckDBPyConnection, asked: Requirements) -> Iterator[Unmatched]:
    """The names of `asked` that match nothing in the market; what excludes may match nothing."""
    for kind, names in asked.sets.items():
        if kind.startswith("not_"):
            continue
        for name in names:
            (claim,) = constraints(replace(Requirements(), sets={kind: (name,)}))
            if not _any(connection, claim.about, claim.holds):
                known = _known(connection, claim.about, SETS[kind])
                yield _told(kind, name, (*known, EU) if kind == "country" else known)
    if asked.near is not None and asked.near not in (known := _measured(connection)):
        yield _told("region", asked.near, known)
    for kind, name, table in (("os", asked.os, "kind"), ("currency", asked.currency, "place")):
        if not _any(connection, table, f"{kind} = {quoted(name)}"):
            yield _told(kind, name, _known(connection, table, kind))


def priced_clouds(connection: DuckDBPyConnection, os: str, currency: str) -> tuple[str, ...]:
    """The clouds of which a price of that system in that currency is known."""
    query = f"""
select distinct place.cloud
from priced
join place using (place_id)
join kind using (kind_id)
where kind.os = {quoted(os)} and kind.currency = {quoted(currency)}
order by place.cloud"""
    return tuple(name for (name,) in connection.execute(query).fetchall())


def _measured(connection: DuckDBPyConnection) -> tuple[str, ...]:
    """The regions to which a round trip is known from somewhere; each knows that to itself."""
    query = "select distinct unnest(map_keys(round_trips)) as name from place order by name"
    return tuple(name for (name,) in connection.execute(query).fetchall())


def _told(kind: str, name: str, known: tuple[str, ...]) -> Unmatched:
    return Unmatched(kind, name, known, tuple(get_close_matches(name, known, n=5, cutoff=0.6)))


def _any(connection: DuckDBPyConnection, table: str, holds: str) -> bool:
    return connection.execute(f"select 1 from {table} where {holds} limit 1").fetchone() is not None


def _known(connection: DuckDBPyConnection, table: str, column: str) -> tuple[str, ...]:
    value = f"unnest({column})" if column == "features" else column
    query = f"select distinct {value} as name from {table} order by name"
    return tuple(name for (name,) in connection.execute(query).fetchall() if name is not None)
