"""Run the pipeline once in this process: read, compute, check, publish."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg
from dagster import DagsterInvalidSubsetError
from dagster._core.definitions.asset_selection import DagsterInvalidAssetSelectionError
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.errors import DagsterExecutionInterruptedError

from pipelines.definitions import PARTS, RUN, build
from pipelines.errors import UnknownAssets, UnknownSource
from pipelines.instance import open_instance
from pipelines.partitions import last_months
from pipelines.settings import Settings
from pipelines.work import Again, Progress, Work, silent
from warehouse.errors import NothingPublished, without_passwords

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
StepOf = Mapping[dg.AssetKey, str]  # the step that writes each table


@dataclass(frozen=True)
class Step:
    """What became of one table, or of one check of the data."""

    name: str  # marts/daily_cost, as in a selection; check:<name>
    status: Literal["done", "failed", "warned", "skipped"]
    seconds: float
    rows: int | None  # written; of a check: bad rows; null = not known
    reason: str | None = None


@dataclass(frozen=True)
class RunReport:
    """Every step in the order of finishing, and the snapshot that readers see now."""

    steps: list[Step]
    snapshot: int | None  # null = nothing has ever been published

    @property
    def ok(self) -> bool:
        """Nothing failed; what only warned is fine."""
        return not any(step.status in ("failed", "skipped") for step in self.steps)


def run(
    settings: Settings,
    *,
    select: str | None = None,
    progress: Progress = silent,
    work: Work | None = None,
) -> RunReport:
    """Materialise all assets, or those of a selection, and publish.

    `select` lists names (`raw/focus,+marts/daily_cost`) or is an expression of Dagster's.

    A source that fails is reported and the others go on; so does everything that does not need a
    step that failed. Nothing is published if a blocking check fails. Raises `UnknownAssets`, a
    `WarehouseError` if the lake can't be written, and `KeyboardInterrupt` when it is told to stop,
    after which nothing is published either.
    """
    work = work or Work(settings, progress)
    definitions = build(settings, work)
    graph = definitions.resolve_asset_graph()
    wanted = _selected(graph, select)
    step_of = {key: graph.get(key).assets_def.node_def.name for key in wanted}
    job = definitions.resolve_job_def(RUN)
    steps: list[Step] = []
    try:
        work.lake.prepare()  # what no step could write is told once
        with open_instance(settings.dagster_home) as instance:
            while wanted:
                result = job.execute_in_process(
                    run_config=QUIET,
                    instance=instance,
                    raise_on_error=False,
                    asset_selection=wanted,
                )
                if _is_interrupted(result):
                    raise KeyboardInterrupt
                steps += _steps(result, {key: step_of[key] for key in wanted})
                wanted = _independent(result, {key: step_of[key] for key in wanted})
        return RunReport(_last_of_each(steps), _published(work))
    finally:
        work.close()


def backfill(
    settings: Settings,
    months: int,
    sources: Collection[str] = (),
    *,
    select: str | None = None,
    progress: Progress = silent,
    work: Work | None = None,
) -> RunReport:
    """A run that also reads the bills and measurements of the last `months` months again.

    `sources` names those of which they are read again; empty = all. Raises `UnknownSource`.
    """
    work = work or Work(settings, progress)
    known = [*work.clouds, *work.unconnected]
    for name in sources:
        if name not in known:
            raise UnknownSource(name, known)
    work.again = Again(last_months(work.as_of, months), frozenset(sources))
    return run(settings, select=select, progress=progress, work=work)


def _selected(graph: AssetGraph, select: str | None) -> list[dg.AssetKey]:
    if not select:
        return sorted(graph.executable_asset_keys - set(PARTS))
    keys: set[dg.AssetKey] = set()
    try:
        with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
            for part in select.split(","):
                keys |= dg.AssetSelection.from_string(part.strip()).resolve(graph)
    except (DagsterInvalidAssetSelectionError, DagsterInvalidSubsetError) as error:
        raise _unknown(select, graph) from error
    keys -= set(PARTS)
    if not keys:
        raise _unknown(select, graph)
    return sorted(keys)


def _unknown(select: str, graph: AssetGraph) -> UnknownAssets:
    keys = graph.executable_asset_keys - set(PARTS)
    known = sorted(key.to_user_string() for key in keys)
    return UnknownAssets(select, known)


def _is_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether somebody stopped it: Dagster takes the signal for a failure of the step."""
    stopped = DagsterExecutionInterruptedError.__name__
    return any(
        (error := event.step_failure_data.error) is not None
        and stopped in (error.cls_name, error.cause and error.cause.cls_name)
        for event in result.get_step_failure_events()
    )


def _independent(result: dg.ExecuteInProcessResult, step_of: StepOf) -> list[dg.AssetKey]:
    """What was skipped although it can do with the last good state of the step that failed."""
    failed = result.get_failed_step_keys()
    blocked = any(not e.passed and e.blocking for e in result.get_asset_check_evaluations())
    if not failed or blocked or any(_is_required(step) for step in failed):
        return []
    started = {event.step_key for event in result.all_events if event.is_step_start}
    return [key for key, step in step_of.items() if step not in started]


def _is_required(step: str) -> bool:
    """Without tables and their checks a run is not worth publishing."""
    return step in ("marts", "summaries") or step.endswith("_checks")


def _steps(result: dg.ExecuteInProcessResult, step_of: StepOf) -> Iterator[Step]:
    """One per table of every step that ran or should have, then one per check."""
    seconds = {
        event.step_key: event.step_success_data.duration_ms / 1000
        for event in result.get_step_success_events()
    }
    reasons = {event.step_key: _reason(event) for event in result.get_step_failure_events()}
    written = {
        event.asset_key: event.materialization
        for event in result.get_asset_materialization_events()
    }
    order = [event.step_key for event in result.all_events if event.is_step_start]
    later = len(order)
    for key, step in sorted(
        step_of.items(), key=lambda item: order.index(item[1]) if item[1] in order else later
    ):
        name, made = key.to_user_string(), written.get(key)
        if made is not None:
            yield _done(name, {k: v.value for k, v in made.metadata.items()}, seconds.get(step, 0))
        elif step in reasons:
            yield Step(name, "failed", 0, None, reasons[step])
        else:
            yield Step(name, "skipped", 0, None, "something it needs failed")
    for check in result.get_asset_check_evaluations():
        bad = int(str(check.metadata["bad_rows"].value))
        status = "done" if check.passed else "failed" if check.blocking else "warned"
        yield Step(f"check:{check.check_name}", status, 0, bad, check.description)


def _reason(event: dg.DagsterEvent) -> str:
    """The message of the error itself, without Dagster's wrapping."""
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return without_passwords(error.message.strip()) if error else "no reason was given"


def _done(name: str, metadata: Mapping[str, Any], seconds: float) -> Step:
    failed = "; ".join(f"{source}: {why}" for source, why in metadata.get("failed", {}).items())
    return Step(
        name,
        "failed" if failed else "done",
        metadata.get("seconds", seconds),
        metadata.get("dagster/row_count"),
        failed or None,
    )


def _last_of_each(steps: Sequence[Step]) -> list[Step]:
    """A step that was skipped at first and done later counts as done."""
    return list({step.name: step for step in steps}.values())


def _published(work: Work) -> int | None:
    try:
        return work.lake.published().snapshot
    except NothingPublished:
        return None
