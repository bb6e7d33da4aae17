"""Call the command line the way scripts do, and read its one JSON document."""

import json
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
from unittest.mock import patch

PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
SECONDS = 300  # until a call counts as hanging
FRESH = get_context("forkserver")  # imports once, which takes longer than most commands
FRESH.set_forkserver_preload([  # nothing that imports polars: its threads survive no fork
    "alembic", "dagster", "duckdb", "pydantic_settings", "rich.console", "scipy.stats",
    "sklearn.linear_model", "sqlalchemy", "statsmodels.tsa.api", "structlog", "typer",
])  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a call left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The document on stdout; fails unless it is exactly one."""
        return json.loads(self.stdout)


def call(*arguments: str | Path, home: Path | None = None, cwd: Path | None = None) -> Outcome:
    """Run `instance-select` in a process of its own, with nothing on standard input."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("INSTANCE_SELECT_")
    }
    environment |= PLAIN
    given = [*map(str, arguments), *(() if home is None else ("--home", str(home)))]
    with TemporaryDirectory(prefix="call-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FRESH.Process(target=_command, args=(given, environment, cwd, out, err))
        with patch.dict(sys.modules, __main__=ModuleType("__main__")):  # else that is run first
            process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"no answer in {SECONDS} s: {given}\n{err.read_text()}")
        return Outcome(process.exitcode, out.read_text(), err.read_text())


def answer(*arguments: str | Path, home: Path) -> Any:
    """The JSON document of a call that succeeds."""
    outcome = call(*arguments, "--json", home=home)
    assert outcome.code == 0, outcome.stderr
    return outcome.json


def _command(
    given: list[str], environment: dict[str, str], cwd: Path | None, out: Path, err: Path
) -> None:
    """What a process that starts with `python -m app` does, once it has imported everything."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if cwd is not None:
        os.chdir(cwd)
    for file, stream in ((out, 1), (err, 2)):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, stream)
        os.close(descriptor)
    sys.argv = ["instance-select", *given]
    from app.cli import main

    main()
