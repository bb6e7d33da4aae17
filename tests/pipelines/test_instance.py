import subprocess
import sys
from pathlib import Path

import dagster as dg

from pipelines.instance import open_instance, process_tag

POOL = "warehouse_write"


def test_a_new_home_gets_our_settings_and_keeps_its_own(tmp_path: Path) -> None:
    with open_instance(tmp_path / "dagster") as instance:
        assert not instance.telemetry_enabled
        assert Path(instance.root_directory) == tmp_path / "dagster"
    settings = tmp_path / "dagster" / "dagster.yaml"
    settings.write_text(settings.read_text() + "# mine\n")
    with open_instance(tmp_path / "dagster"):
        assert settings.read_text().endswith("# mine\n")


def test_a_run_whose_process_died_gives_its_place_in_the_pool_back(tmp_path: Path) -> None:
    with open_instance(tmp_path) as instance:
        dead, alive = _started(instance, _dead_process()), _started(instance, process_tag())
        storage = instance.event_log_storage
        storage.set_concurrency_slots(POOL, 2)
        for run in (dead, alive):
            assert storage.claim_concurrency_slot(POOL, run.run_id, "step").is_claimed
    with open_instance(tmp_path) as instance:
        status = {run.run_id: run.status for run in instance.get_runs()}
        assert status[dead.run_id] == dg.DagsterRunStatus.FAILURE
        assert status[alive.run_id] == dg.DagsterRunStatus.STARTED
        holders = instance.event_log_storage.get_concurrency_info(POOL).active_run_ids
        assert holders == {alive.run_id}


def _started(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.DagsterRun:
    @dg.job
    def nothing() -> None: ...

    return instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags)


def _dead_process() -> dict[str, str]:
    code = "from pipelines.instance import process_tag; print(*process_tag().popitem())"
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    key, value = told.stdout.split()
    return {key: value}
