"""Call the command line the way scripts do, and read its one JSON document."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


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
    """Run `instance-select` in a process of its own."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("INSTANCE_SELECT_")
    }
    environment |= PLAIN
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    if home is not None:
        command += ["--home", str(home)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=environment, cwd=cwd
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def answer(*arguments: str | Path, home: Path) -> Any:
    """The JSON document of a call that succeeds."""
    outcome = call(*arguments, "--json", home=home)
    assert outcome.code == 0, outcome.stderr
    return outcome.json
