"""Run `apply` in children of this process that are killed at random moments; see test_crash.py.

Imports are done once here, and each child is a fork taken before any store is opened, so that fifty
kills cost seconds and not minutes.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from file_cloud import FileCloud, slow
from staff import ANYTHING, NOW, staffed

from actions import audit
from actions.apply import apply
from actions.ledger import open_ledger
from actions.run import load_run, runs

CHANGES = (
    ("instance", "stop", "stopped"),
    ("disk", "delete", "absent"),
    ("instance", "resize", "m5.large"),
)


def prepare(url: str, folder: Path, size: int) -> str:
    ledger = open_ledger(url)
    office = staffed(ledger, folder)
    wishes = []
    for number in range(size):
        kind, verb, after = CHANGES[number % len(CHANGES)]
        where = office.cloud.add(f"x-{number}", kind)
        wishes.append(office.wish(where, verb, after))  # type: ignore[arg-type]
    plan = office.approved(*wishes)
    ledger.close()
    return plan.id


def in_child(work: "object", kill_after: float | None) -> tuple[bool, float]:
    """Run `work` in a child; whether it was killed, and how long it ran."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            work()  # type: ignore[operator]
            os._exit(0)
        except BaseException as error:
            print(f"child failed: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("apply failed in a child")
    return os.WIFSIGNALED(status), time.monotonic() - started


def one_plan(url: str, folder: Path, size: int, kills: int, rng: random.Random) -> int:
    """Apply one plan while it is being killed; returns how many kills hit."""
    ready = folder / "plan"
    in_child(lambda: ready.write_text(prepare(url, folder, size)), None)
    plan_id = ready.read_text()

    def work() -> None:
        cloud = FileCloud(folder / "cloud.sqlite", slow(0.002))
        ledger = open_ledger(url)
        if [run.status for run in runs(ledger, plan_id)] != ["applied"]:
            apply(ledger, plan_id, {"demo": cloud}, actor="bob", now=NOW, limits=ANYTHING)

    hit = 0
    while hit < kills:
        killed, _ = in_child(work, rng.uniform(0.02, 0.5))
        if not killed:
            break
        hit += 1
    in_child(work, None)
    in_child(lambda: check(url, folder, plan_id, size), None)
    return hit


def check(url: str, folder: Path, plan_id: str, size: int) -> None:
    ledger = open_ledger(url)
    [run] = runs(ledger, plan_id)
    effects = FileCloud(folder / "cloud.sqlite").effects()
    twice = [effect for effect in effects if effects.count(effect) > 1]
    lost = [step for step in run.steps if step.outcome not in ("applied", "already")]
    expected = sum(2 if CHANGES[n % 3][1] == "delete" else 1 for n in range(size))
    backups = [
        step for step in run.steps if step.planned.change.verb == "delete" and not step.backup
    ]
    problems = {"twice": twice, "lost": lost, "without backup": backups}
    assert not any(problems.values()), problems
    assert len(effects) == expected, (len(effects), expected)
    assert run.status == "applied"
    assert load_run(ledger, run.id).is_done
    assert audit.verify(ledger).ok


def main(folder: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    total = plans = 0
    while total < kills:
        plans += 1
        place = folder / str(plans)
        place.mkdir()
        url = f"sqlite:///{place}/ledger.sqlite"
        total += one_plan(url, place, 12, kills - total, rng)
    print(json.dumps({"kills": total, "plans": plans}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
