"""What is read of a cloud, and what the pipeline keeps of it, for `test_contract.py`."""

import atexit
import shutil
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import dagster as dg
import polars as pl
from contract import Emulator

from clouds.cloud import RESOURCE_SCHEMA, WANTED_SCHEMA, Cloud, Failure, Reading
from clouds.errors import CloudError
from pipelines.assets import bills, inventory, market, metrics
from pipelines.settings import Settings
from pipelines.work import Work
from warehouse.lake import Lake

SHOWN = 500  # rows of each table; the demo's price list is long


def measured(cloud: Cloud, emulator: Emulator) -> Reading:
    """What was measured in the time that the emulator names."""
    since, until = emulator.standard.measured
    inventory = cloud.inventory().rows.with_columns(since=pl.lit(since, pl.Datetime("us")))
    wanted = inventory.select(pl.col(name).cast(kind) for name, kind in WANTED_SCHEMA.items())
    chunks = list(cloud.metrics(wanted, until))
    rows = pl.concat([chunk.rows for chunk in chunks])
    return Reading(rows, failed=[failure for chunk in chunks for failure in chunk.failed])


def whatever_is_read(cloud: Cloud) -> Reading:
    """The inventory; an error that says that nothing at all could be read counts as its failure."""
    try:
        return cloud.inventory()
    except CloudError as error:
        accounts = {one.account for one in cloud.examine() if not one.ok}
        failed = [Failure(account, "", "", str(error)) for account in accounts]
        return Reading(pl.DataFrame(schema=dict(RESOURCE_SCHEMA)), failed=failed)


@cache
def empty_lake() -> Path:
    """Making the tables takes longer than most tests: made once, copied for each."""
    home = Path(mkdtemp(prefix="contract-lake-"))
    atexit.register(shutil.rmtree, home)
    lake = Lake(Settings(home=home))
    with lake.write("create"):
        pass
    lake.close()
    return home


def work_of(cloud: Cloud, home: Path, hour: int) -> Work:
    if not (home / "lake").exists():
        shutil.copytree(empty_lake(), home, dirs_exist_ok=True)
    settings = Settings(home=home, as_of=datetime(2026, 3, 20, 12 + hour))
    return Work(settings, given_sources={"it": cloud})


def kept(cloud: Cloud, home: Path, hour: int) -> list[tuple[Any, ...]]:
    """The history of the inventory after reading it once more."""
    work = work_of(cloud, home, hour)
    inventory.inventory(work=work)
    try:
        with work.lake.latest() as connection:
            return connection.execute("from raw.resource order by all").fetchall()
    finally:
        work.close()


def everything(cloud: Cloud, home: Path) -> str:
    """All that the pipeline says and stores about the cloud, as one text."""
    work = work_of(cloud, home, 3)
    told: list[str] = []
    work.progress = told.append
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_asset_context(instance=instance)
        told.append(str(bills.bills(context, work=work)))
        told.append(str(inventory.inventory(work=work)))
        told.append(str(metrics.metrics(context, work=work)))
        told += [str(asset(work=work)) for asset in market.assets]
    try:
        with work.lake.latest() as connection:
            tables = connection.execute(
                "select distinct schema_name, table_name from duckdb_columns()"
                " where schema_name = 'raw'"
            ).fetchall()
            assert tables
            for schema, table in tables:
                ours = "where read_by is not null" if table in ("offer", "price") else ""
                query = f"from {schema}.{table} {ours} limit {SHOWN}"
                rows = connection.execute(query).fetchall()
                told += map(str, rows)
    finally:
        work.close()
    return "\n".join(told)
