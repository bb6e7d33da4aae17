"""What assets that write whole tables of estimates share: their specs, and the writing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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


def replace(work: Work, message: str, tables: Mapping[str, pl.DataFrame | None]) -> dict[str, int]:
    """Replace the rows of all given tables in one transaction; None means no rows.

    Columns are matched by name. Returns how many rows each has.
    """
    with work.lake.write(message) as write:
        for table, frame in tables.items():
            write.connection.execute(f"delete from {table}")
            if frame is not None:
                write.connection.register("incoming", frame)
                write.connection.execute(f"insert into {table} by name from incoming")
                write.connection.unregister("incoming")
    return {table: 0 if frame is None else frame.height for table, frame in tables.items()}


def replace_models(
    work: Work,
    context: dg.AssetExecutionContext,
    message: str,
    tables: Mapping[str, pl.DataFrame | None],
) -> Iterator[dg.MaterializeResult[Any]]:
    """The same for all tables of `models` that one asset makes; tells of those asked for."""
    rows = replace(work, message, {f"models.{name}": frame for name, frame in tables.items()})
    for key in context.selected_asset_keys:
        yield dg.MaterializeResult(
            asset_key=key, metadata={"dagster/row_count": rows[".".join(key.path)]}
        )
