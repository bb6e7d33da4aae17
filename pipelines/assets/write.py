"""What assets that write whole tables of estimates share: their specs, and the writing."""

from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl

from pipelines.work import Work


def model_specs(grains: Mapping[str, str], needs: Sequence[str]) -> list[dg.AssetSpec]:
    """One asset per table of `models`, all made of `needs`, which are named as marts/daily_cost."""
    return [
        dg.AssetSpec(
            ["models", table],
            deps=[name.split("/") for name in needs],
            description=grain,
            group_name="models",
            kinds={"python"},
        )
        for table, grain in grains.items()
    ]


def replace(work: Work, message: str, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Replace the rows of all given tables in one transaction; columns are matched by name."""
    with work.lake.write(message) as write:
        for table, frame in tables.items():
            write.connection.register("incoming", frame)
            write.connection.execute(f"delete from {table}")
            write.connection.execute(f"insert into {table} by name from incoming")
            write.connection.unregister("incoming")
    return {table: frame.height for table, frame in tables.items()}
