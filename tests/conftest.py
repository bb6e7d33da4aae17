"""What tests of several folders share: a small demo home, a PostgreSQL, and no silent skips."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from servers import create_database, postgres_server

AS_OF = "2026-11-16"  # a Monday in the middle of a month
ELSEWHERE = "only on"  # "only on PostgreSQL", "only on Linux"
RESOURCES, MONTHS, SEED = 120, 3, 11


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skip fails, since what a test needs is to be installed there.

    Only a reason that begins with ELSEWHERE stands: nothing can be installed against it.
    """
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") == "true" and ELSEWHERE not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"with CI=true nothing is skipped: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Streamlit puts its script in the place of `__main__`, which spawned processes would run."""
    main = sys.modules["__main__"]
    try:
        return (yield)
    finally:
        sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published demo home with `answers.json` beside it. Only read it; see `own_demo_home`.

    One for all processes of the tests: who comes first makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    home, made = folder / "home", folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            run_cli(
                "demo", "--resources", str(RESOURCES), "--months", str(MONTHS),
                "--seed", str(SEED), "--as-of", AS_OF,
                "--answers", str(folder / "answers.json"), "--home", str(home),
            )  # fmt: skip
            made.touch()
    return home


@pytest.fixture
def own_demo_home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo home that a test may change."""
    return Path(shutil.copytree(demo_home, tmp_path / "home"))


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """Address of a PostgreSQL server of our own."""
    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres_database(postgres: str, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes empty databases on it."""
    count = iter(range(1000))
    return lambda: create_database(postgres, f"t{abs(hash(request.node.nodeid))}_{next(count)}")


def run_cli(*arguments: str) -> str:
    """Run a command in a process of its own, as a user does; what it wrote to stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], capture_output=True, text=True, timeout=550
    )
    told = f"{done.stderr}\n{done.stdout}"
    assert done.returncode == 0, f"{arguments} left with {done.returncode}:\n{told}"
    return done.stdout
