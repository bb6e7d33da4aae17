"""Dagster's own storage under the home: what ran, when, and what it holds."""

import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from pipelines.event_log import with_event_log
from warehouse.whole_file import write_text

PROCESS = "instance-select/process"  # tag of a run: host and process that executes it
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]


@contextmanager
def open_instance(home: Path) -> Generator[dg.DagsterInstance]:
    """The instance of one home, created with our dagster.yaml, without what dead runs left."""
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        write_text(settings, (files("pipelines") / "dagster.yaml").read_text())
    ref = with_event_log(InstanceRef.from_dir(str(home.resolve())))
    with dg.DagsterInstance.from_ref(ref) as instance:
        _bury_dead_runs(instance)
        yield instance


def process_tag() -> dict[str, str]:
    """Says which process executes a run."""
    return {PROCESS: f"{socket.gethostname()}:{os.getpid()}"}


def _bury_dead_runs(instance: dg.DagsterInstance) -> None:
    """A killed process leaves its run started and its slot in the pool taken: give both up."""
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        host, _, process = run.tags.get(PROCESS, "").rpartition(":")
        if host == socket.gethostname() and not _is_alive(int(process)):
            instance.report_run_failed(run, f"The process {process} that executed it is gone.")
    storage = instance.event_log_storage
    for pool in storage.get_concurrency_keys():
        for run_id in storage.get_concurrency_info(pool).active_run_ids:
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
