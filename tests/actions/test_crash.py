import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from file_cloud import FileCloud, slow
from staff import ANYTHING, NOW, Office

from actions.apply import apply
from actions.errors import ApplyRefused
from actions.ledger import open_ledger
from actions.run import runs

KILLS = 50


@pytest.mark.slow
def test_killed_at_fifty_random_moments_no_change_is_lost_or_doubled(tmp_path: Path) -> None:
    script = Path(__file__).with_name("crash.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(KILLS), "20261101"],
        capture_output=True, text=True, cwd=script.parents[2], env={"PYTHONPATH": "."},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"] == KILLS


def apply_in_process(url: str, cloud: str, plan_id: str) -> str:
    slow_cloud = FileCloud(Path(cloud), slow(0.02))
    try:
        apply(
            open_ledger(url), plan_id, {"demo": slow_cloud},
            actor="bob", now=NOW, limits=ANYTHING,
        )  # fmt: skip
    except ApplyRefused as refused:
        return str(refused)
    return "applied"


def test_two_processes_that_apply_at_once_make_each_change_once(office: Office) -> None:
    machines = [office.cloud.add(f"i-{number}") for number in range(5)]
    plan = office.approved(*(office.wish(where, "stop", "stopped") for where in machines))
    url = office.ledger.engine.url.render_as_string()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        arguments = [url, str(office.cloud.path), plan.id]
        answers = [pool.submit(apply_in_process, *arguments) for _ in range(2)]
        said = sorted(answer.result() for answer in answers)
    assert said[1] == "applied"
    assert "is applied, so there is nothing" in said[0] or "Another process is applying" in said[0]
    assert len(office.cloud.effects()) == 5
    assert [run.status for run in runs(office.ledger)] == ["applied"]
