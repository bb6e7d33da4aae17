"""Answer many queries from memory: each query of the lake opens the files of its tables anew."""

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager

from duckdb import DuckDBPyConnection

SMALL = 500_000  # rows of a table that is copied
# From the catalogue itself: duckdb_tables() counts the rows of each table, 1 s.
TABLES = """
    select concat(schema_name, '.', table_name), coalesce(record_count, 0)
    from __ducklake_metadata_lake.ducklake_table as lake_table
    join __ducklake_metadata_lake.ducklake_schema using (schema_id)
    left join __ducklake_metadata_lake.ducklake_table_stats using (table_id)
    cross join ducklake_current_snapshot('lake') as read
    where lake_table.begin_snapshot <= read.id
        and (lake_table.end_snapshot is null or lake_table.end_snapshot > read.id)
    order by all"""


@contextmanager
def near(connection: DuckDBPyConnection, tables: Collection[str]) -> Generator[None]:
    """While it is open, `marts.x` is a copy in memory of a reading connection's `lake.marts.x`.

    So it is for those of `tables` that are small; everything else is looked up in the lake as
    before. The copies go with the transaction of the caller, which must have begun one.
    """
    found = in_lake(connection, tables)
    copied = [name for name, is_copied in found if is_copied]
    for schema in _schemas(copied):
        connection.execute(f"create schema if not exists memory.{schema}")
    for name in copied:
        connection.execute(f"create table memory.{name} as from lake.{name}")
    path = [f"memory.{schema}" for schema in ("main", *_schemas(copied))]
    path += [f"lake.{schema}" for schema in _schemas([name for name, _ in found])]
    connection.execute(f"set search_path = '{','.join(path)}'")
    yield
    connection.execute("use lake")  # not after an error: the transaction takes no statement then


def _schemas(tables: Collection[str]) -> list[str]:
    """The schemas of tables that are named schema.name."""
    return sorted({name.partition(".")[0] for name in tables})


def in_lake(connection: DuckDBPyConnection, tables: Collection[str]) -> Sequence[tuple[str, bool]]:
    """Every table of the lake as schema.name, and whether it is one of `tables` and small."""
    found = connection.execute(TABLES).fetchall()
    return [
        # What is rewritten each day was written in more rows than it has.
        (name, name in tables and (written <= SMALL or is_small(connection, name)))
        for name, written in found
    ]


def is_small(connection: DuckDBPyConnection, name: str) -> bool:
    """Whether a table of the lake is copied; its rows are counted."""
    counted = connection.execute(f"select count(*) <= {SMALL} from lake.{name}").fetchone()
    return bool(counted and counted[0])
