"""Dagster's own storage under the home: what ran, when, and what it holds."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from pipelines.dead_runs import bury_dead_runs
from pipelines.event_log import with_event_log
from warehouse.whole_file import write_text


@contextmanager
def open_instance(home: Path) -> Generator[dg.DagsterInstance]:
    """The instance of one home, created with our dagster.yaml, without what dead runs left."""
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        write_text(settings, (files("pipelines") / "dagster.yaml").read_text())
    ref = with_event_log(InstanceRef.from_dir(str(home.resolve())))
    with dg.DagsterInstance.from_ref(ref) as instance:
        bury_dead_runs(instance)
        yield instance
