"""Run every check on the facts, then apply the rules that all of them obey."""

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files

import polars as pl
from duckdb import DuckDBPyConnection

from actions.check import FINDING, Check, checks
from actions.consequence import consequence
from actions.override import Override, find
from actions.suppress import SCHEMA as SUPPRESSION

ABOUT_CHECK = {
    name: pl.String()
    for name in (
        "title",
        "check",
        "kind",
        "about",
        "money",
        "evidence",
        "effort",
        "harm",
        "undo",
    )
}
READ_BY_CHECKS = frozenset({
    "marts.resource_now", "marts.billed_resource", "marts.billed_until",
    "marts.sub_account_billed_until", "marts.resource_run_rate", "marts.machine_run_rate",
    "marts.resource_meter", "marts.resource_meter_rate", "marts.resource_cost_daily",
    "marts.metered_traffic", "marts.metric_quantiles", "marts.offer", "marts.price",
    "marts.daily_cost", "marts.allocation_daily", "marts.commitment_cost",
    "marts.commitment_month", "marts.commitment_billed_until", "marts.commitment_use",
    "marts.commitment_owned",
    "marts.committable_usage",
    "marts.kubernetes_workload", "marts.kubernetes_cost_daily", "models.anomaly",
    "models.anomaly_member", "models.budget", "models.right_size",
    "raw.resource", "raw.metric", "raw.focus", "raw.commitment", "actions.change",
})  # fmt: skip
"""Every table that a check or its evidence reads, and that is made before them."""
PREVIOUS = {"id": pl.String(), "first_seen_on": pl.Date()}


def recommend(
    connection: DuckDBPyConnection,
    *,
    as_of: datetime,
    snapshot: int,
    previous: pl.DataFrame | None = None,
    suppressions: pl.DataFrame | None = None,
    overrides: Sequence[Override] = (),
    settled: Collection[str] = (),
    only: Sequence[Check] | None = None,
) -> pl.DataFrame:
    """All recommendations: one row per check and resource, as in `actions.recommendation`.

    Reads `marts` and `raw.metric` through the connection and changes nothing. `previous` (the last
    result, by default what `actions.recommendation` holds) gives the day a finding was first seen;
    `suppressions` come from `actions.suppress.suppressions`, `overrides` from the settings, and
    `settled` are ids of incidents that somebody dismissed or expects.
    """
    connection.execute(f"set variable as_of = timestamp '{as_of:%Y-%m-%d %H:%M:%S}'")
    connection.execute(f"set variable snapshot = {snapshot}")
    connection.execute("set variable settled = ?::varchar[]", [list(settled)])
    connection.execute(f"create or replace temp table evidence as {_sql('evidence.sql')}")
    connection.execute(_sql("macros.sql"))
    try:
        found = [
            _found(check, overrides, connection) for check in (checks() if only is None else only)
        ]
        empty = pl.DataFrame(schema={**FINDING, **ABOUT_CHECK})
        tables = {
            "finding": pl.concat([empty, *found]),
            "previous": _seen(connection) if previous is None else previous.select(*PREVIOUS),
            "suppression": pl.DataFrame(schema=SUPPRESSION)
            if suppressions is None
            else suppressions,
        }
        with _registered(connection, tables):
            return connection.execute(_sql("recommend.sql")).pl()
    finally:
        connection.execute(
            "drop macro table temp.evidence_of; drop macro temp.costs; drop macro temp.uncommitted;"
            " drop macro temp.less_copy; drop macro temp.part_of;"
            " drop macro table temp.disk_of_volume; drop table temp.evidence"
        )


def _found(
    check: Check, overrides: Sequence[Override], connection: DuckDBPyConnection
) -> pl.DataFrame:
    about = {
        "check": check.name, "kind": check.kind, "about": check.about, "money": check.money,
        "evidence": check.evidence,
    }  # fmt: skip
    found = find(check, overrides, connection).with_columns(
        pl.lit(value).alias(name) for name, value in about.items()
    )
    ways = [
        {"verb": verb, "risk": risk, **asdict(consequence(check, verb, risk))}
        for verb, risk in found.select("verb", "risk").unique().iter_rows()
    ]
    schema = {name: pl.String() for name in ("verb", "risk", "effort", "harm", "undo")}
    return found.join(pl.DataFrame(ways, schema), on=["verb", "risk"], how="left")


def _seen(connection: DuckDBPyConnection) -> pl.DataFrame:
    known = connection.execute(
        "select 1 from duckdb_columns() where concat(schema_name, '.', table_name) = ?",
        ["actions.recommendation"],
    ).fetchone()
    if known is None:
        return pl.DataFrame(schema=PREVIOUS)
    return connection.execute("select id, first_seen_on from actions.recommendation").pl()


@contextmanager
def _registered(
    connection: DuckDBPyConnection, tables: Mapping[str, pl.DataFrame]
) -> Generator[None]:
    for name, frame in tables.items():
        connection.register(name, frame.to_arrow())
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)


def _sql(name: str) -> str:
    return (files("actions") / name).read_text()
