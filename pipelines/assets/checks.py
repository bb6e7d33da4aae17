"""Ask each SQL file of `checks/` for bad rows: none is a pass; blocking ones stop publication."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import dagster as dg
from duckdb import DuckDBPyConnection

from pipelines.assets.marts import summaries
from pipelines.errors import PipelineError
from pipelines.settings import SourceSettings
from pipelines.work import Work
from warehouse.build import tables_in

SHOWN = 10  # bad rows


@dataclass(frozen=True)
class Check:
    """One SQL file: what it asks of which table, and whether money is wrong if it fails."""

    name: str
    claim: str
    asset: str  # raw/focus
    is_blocking: bool
    sql: str


@dataclass(frozen=True)
class BadRows:
    """What a check found."""

    rows: int
    columns: tuple[str, ...]
    sample: tuple[tuple[object, ...], ...]

    def as_table(self) -> str:
        """The sample as a Markdown table."""
        head = ["| " + " | ".join(self.columns) + " |", "|" + " --- |" * len(self.columns)]
        return "\n".join(head + ["| " + " | ".join(map(str, row)) + " |" for row in self.sample])


class CheckFailed(PipelineError):
    """A blocking check found bad rows in the snapshot that was about to be published."""

    def __init__(self, check: Check, bad: BadRows) -> None:
        super().__init__(
            f"{check.name} found {_counted(bad.rows)} (expected none: {check.claim}), the first: "
            f"{dict(zip(bad.columns, bad.sample[0], strict=True))}. Nothing was published; readers "
            "keep the last snapshot. If bills were ingested during the run, run it again."
        )


def _counted(rows: int) -> str:
    return "1 bad row" if rows == 1 else f"{rows} bad rows"


@cache
def find_checks() -> tuple[Check, ...]:
    """Every check, read from the SQL files of pipelines/checks."""
    folder = files("pipelines") / "checks"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(_parse(name, (folder / name).read_text()) for name in names)


def blocking() -> list[Check]:
    """The checks that hold back publication."""
    return [check for check in find_checks() if check.is_blocking]


def ask(connection: DuckDBPyConnection, check: Check) -> BadRows:
    """What one check finds in the snapshot that the connection sees."""
    found = connection.execute(check.sql)
    columns = tuple(column[0] for column in found.description)
    rows = found.fetchall()
    return BadRows(len(rows), columns, tuple(rows[:SHOWN]))


def _checks_after(name: str, wanted: list[Check]) -> dg.AssetChecksDefinition:
    """One step that asks all checks of assets that are written together."""

    @dg.multi_asset_check(name=name, specs=[_spec(check) for check in wanted], can_subset=True)
    def asked(
        context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[Work]
    ) -> Iterator[dg.AssetCheckResult]:
        selected = {key.name for key in context.selected_asset_check_keys}
        checks = [check for check in wanted if check.name in selected]
        with work.reading() as (connection, _):
            answers = [(check, ask(connection, check)) for check in checks]
        for check, bad in answers:
            yield dg.AssetCheckResult(
                passed=bad.rows == 0,
                check_name=check.name,
                asset_key=dg.AssetKey(check.asset.split("/")),
                severity=dg.AssetCheckSeverity.ERROR
                if check.is_blocking
                else dg.AssetCheckSeverity.WARN,
                description=_counted(bad.rows) if bad.rows else None,
                metadata={
                    "bad_rows": bad.rows,
                    "sample": dg.MetadataValue.md(bad.as_table() if bad.rows else ""),
                },
            )

    return asked


def _spec(check: Check) -> dg.AssetCheckSpec:
    others = {table.replace(".", "/") for table in tables_in(check.sql)} - {check.asset}
    assets = [dg.AssetKey(other.split("/")) for other in sorted(others) if "marts/" in other]
    return dg.AssetCheckSpec(
        check.name,
        asset=dg.AssetKey(check.asset.split("/")),
        description=check.claim,
        blocking=check.is_blocking,
        additional_deps=assets,
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{check.sql}\n```")},
    )


def _parse(file: str, sql: str) -> Check:
    header = [line[2:].strip() for line in sql.splitlines() if line.startswith("--")]
    facts = dict(line.split(": ", 1) for line in header[1:] if ": " in line)
    is_blocking = facts.get("blocking") == "true"
    return Check(file.removesuffix(".sql"), header[0], facts["asset"], is_blocking, sql)


def of_sources(sources: Sequence[SourceSettings]) -> Iterator[Check]:
    """One check for each configured source: what it tells is not late."""
    for number, name in _check_names([source.name for source in sources]).items():
        source = sources[number]
        text = source.name.replace("'", "''")
        yield Check(
            f"{name}_is_fresh",
            f"What the source {source.name} tells is not older than its late_after_hours allow.",
            "marts/source_freshness",
            False,
            "select late.what, late.account, late.until, late.age_hours, late.late_after_hours,"
            " late.failed from marts.source_freshness as late"
            f" where late.is_late and late.source = '{text}'",
        )


def _check_names(sources: Sequence[str]) -> dict[int, str]:
    """Names as Dagster allows them; those that become alike get a number."""
    plain = [re.sub(r"[^A-Za-z0-9_]", "_", name) for name in sources]
    return {
        number: name if plain.count(name) == 1 else f"{name}_{number + 1}"
        for number, name in enumerate(plain)
    }


def check_steps(sources: Sequence[SourceSettings] = ()) -> list[dg.AssetChecksDefinition]:
    """The checks, those of one schema in one step: raw_checks, marts_checks, ..."""
    stages: dict[str, list[Check]] = {}
    for check in (*find_checks(), *of_sources(sources)):
        stages.setdefault(_stage(check.asset), []).append(check)
    return [_checks_after(f"{stage}_checks", wanted) for stage, wanted in stages.items()]


def _stage(asset: str) -> str:
    return "summaries" if asset.replace("/", ".") in summaries() else asset.split("/")[0]
