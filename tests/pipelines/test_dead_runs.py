"""A run whose process died is ended, whoever executed it, and gives its place in the pool back."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from home import home_at

from pipelines.dead_runs import bury_dead_runs, dead_runs, executing
from pipelines.definitions import RUN, build
from pipelines.instance import open_instance

POOL = "warehouse_write"
ROOT = Path(__file__).parents[2]
EXECUTES = """
import sys
from pathlib import Path
from pipelines.dead_runs import executing
from pipelines.instance import open_instance
with open_instance(Path(sys.argv[1])) as instance, executing(instance, sys.argv[2]):
    print("begun", flush=True)
    sys.stdin.read()
"""


def test_a_run_whose_process_was_killed_gives_its_place_in_the_pool_back(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        dead, alive = started(instance), started(instance)
        process = executed_elsewhere(tmp_path, dead)
        with executing(instance, alive.run_id):
            bury_dead_runs(instance)
            assert set(statuses(instance).values()) == {dg.DagsterRunStatus.STARTED}
            kill(process)
            bury_dead_runs(instance)
            assert statuses(instance)[dead.run_id] == dg.DagsterRunStatus.FAILURE
            assert statuses(instance)[alive.run_id] == dg.DagsterRunStatus.STARTED
            assert holders(instance) == {alive.run_id}
    assert not list((tmp_path / "executing").iterdir())


def test_the_scheduler_looks_for_them(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        dead = started(instance)
        kill(executed_elsewhere(tmp_path, dead))
        dead_runs(dg.build_sensor_context(instance=instance))
        assert statuses(instance)[dead.run_id] == dg.DagsterRunStatus.FAILURE
        assert holders(instance) == set()


def test_a_run_that_nobody_has_begun_to_execute_is_left_alone(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        new = started(instance)
        assert bury_dead_runs(instance) == 0
        assert statuses(instance)[new.run_id] == dg.DagsterRunStatus.STARTED


def test_a_run_of_an_older_version_that_died_is_ended_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_instance(tmp_path) as instance:
        old = started(instance)
        monkeypatch.setattr("pipelines.dead_runs.LONGEST", timedelta(seconds=-1))
        assert bury_dead_runs(instance) == 1
        assert statuses(instance)[old.run_id] == dg.DagsterRunStatus.FAILURE


def test_whoever_executes_a_run_is_known_while_it_does(tmp_path: Path) -> None:
    home = home_at(tmp_path, "small")
    seen: list[list[str]] = []
    work = home.work()
    work.progress = lambda _: seen.append(
        [file.name for file in (home.settings.dagster_home / "executing").iterdir()]
    )
    job = build(home.settings, work).resolve_job_def(RUN)
    with open_instance(home.settings.dagster_home) as instance:
        done = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["raw", "price"])]
        )
    assert seen
    assert all(files == [done.run_id] for files in seen)
    assert not list((home.settings.dagster_home / "executing").iterdir())


def started(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that has begun and holds a place in the pool."""

    @dg.job
    def nothing() -> None: ...

    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    storage = instance.event_log_storage
    storage.set_concurrency_slots(POOL, 2)
    assert storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed
    return run


def executed_elsewhere(home: Path, run: dg.DagsterRun) -> "subprocess.Popen[str]":
    """A process that executes the run until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", EXECUTES, str(home), run.run_id],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    with process:
        process.kill()


def statuses(instance: dg.DagsterInstance) -> Mapping[str, dg.DagsterRunStatus]:
    return {run.run_id: run.status for run in instance.get_runs()}


def holders(instance: dg.DagsterInstance) -> set[str]:
    """The runs that have a place in the pool."""
    return set(instance.event_log_storage.get_concurrency_info(POOL).active_run_ids)
