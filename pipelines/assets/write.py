"""Replace a whole table of the lake by a frame, or by another table."""

import polars as pl

from pipelines.work import Work


def replace(work: Work, message: str, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Replace the rows of all given tables in one transaction; columns are matched by name."""
    with work.lake.write(message) as write:
        for table, frame in tables.items():
            write.connection.register("incoming", frame)
            write.connection.execute(f"delete from {table}")
            write.connection.execute(f"insert into {table} by name from incoming")
            write.connection.unregister("incoming")
    return {table: frame.height for table, frame in tables.items()}
