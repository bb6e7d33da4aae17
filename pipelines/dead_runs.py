"""Runs whose process died are ended, and give their place in the pool back.

Nobody else does it: Dagster waits for ever for a run that died with its machine, and with it every
later run. So each process keeps a file locked while it executes a run, and the system itself takes
the lock away from one that dies, in whatever container or after whatever restart.
"""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

LONGEST = timedelta(days=1)  # of a run without a file, as older versions began them
LOOK_SECONDS = 120


@contextmanager
def executing(instance: dg.DagsterInstance, run_id: str) -> Generator[None]:
    """Keep the file of a run locked while this process executes it."""
    file = _file(instance, run_id)
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".new")
    with new.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        new.rename(file)  # locked before anybody sees it
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def bury_dead_runs(instance: dg.DagsterInstance) -> int:
    """End the runs whose process is gone, and free the places of all that have ended; how many."""
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    dead = [record for record in instance.get_run_records(started) if _is_dead(instance, record)]
    for record in dead:
        run = record.dagster_run
        instance.report_run_failed(run, "The process that executed it is gone.")
        _file(instance, run.run_id).unlink(missing_ok=True)
    storage = instance.event_log_storage
    for pool in storage.get_concurrency_keys():
        for run_id in storage.get_concurrency_info(pool).active_run_ids:
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
    return len(dead)


@dg.sensor(minimum_interval_seconds=LOOK_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look for runs whose process died, so that they do not keep the next ones waiting."""
    return dg.SkipReason(f"ended {bury_dead_runs(context.instance)} runs whose process is gone")


def _is_dead(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    try:
        with _file(instance, record.dagster_run.run_id).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # it is about to begin, on another machine, or of an older version
        return record.create_timestamp < datetime.now(UTC) - LONGEST
    return True


def _file(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / "executing" / run_id
