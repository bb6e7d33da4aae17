"""Build the marts: those that state facts in one transaction, those of results in another."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from pipelines.allocation_settings import rules_of
from pipelines.assets.read import WRITE_POOL
from pipelines.work import Work
from warehouse.build import Mart, build, find

# Tables that are no asset of their own, and the assets that write them.
WRITTEN_BY = {
    "raw.billing_manifest": ["raw/focus"],
    "raw.read": [
        "raw/resource",
        "raw/metric",
        "raw/price",
        "raw/offer",
        "raw/commitment",
        "raw/invoice",
    ],
}
RESULTS = ("models.", "actions.")  # schemas of what is computed from facts


def summaries() -> frozenset[str]:
    """Marts that read results of models or actions, directly or through another mart."""
    marts = find()

    def reads_results(name: str) -> bool:
        return any(
            read.startswith(RESULTS) or (read in marts and reads_results(read))
            for read in marts[name].reads
        )

    return frozenset(filter(reads_results, marts))


def _asset(name: str, grain: str, marts: Sequence[Mart]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=name,
        description=grain,
        specs=[_spec(mart) for mart in marts],
        can_subset=True,
        pool=WRITE_POOL,
    )
    def built(
        context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        wanted = {".".join(key.path) for key in context.selected_asset_keys}
        work.progress(f"building {len(wanted)} {name}")
        with work.lake.write(name) as write:
            rules = rules_of(work.settings.allocation)
            tables = build(write.connection, work.as_of, wanted, rules)
        for table, rows, seconds in tables:
            metadata = {"dagster/row_count": rows, "seconds": seconds}
            yield dg.MaterializeResult(asset_key=table.split("."), metadata=metadata)

    return built


def _spec(mart: Mart) -> dg.AssetSpec:
    deps = {dep for read in mart.reads for dep in WRITTEN_BY.get(read, [read.replace(".", "/")])}
    return dg.AssetSpec(
        mart.name.split("."),
        deps=[dg.AssetKey(dep.split("/")) for dep in sorted(deps)],
        description=mart.grain,
        group_name=mart.group,
        kinds={"duckdb", "sql"},
        code_version=mart.code_version,
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{mart.sql}\n```")},
    )


facts = _asset(
    "marts",
    "Facts without opinion: every table of warehouse/marts that reads no result; built together.",
    [mart for name, mart in find().items() if name not in summaries()],
)
results = _asset(
    "summaries",
    "What the pages show: marts over forecasts, anomalies and recommendations; built together.",
    [mart for name, mart in find().items() if name in summaries()],
)
