"""A demo estate in a home of its own, simulated, ingested and run like any other."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from clouds.demo import estate
from pipelines.run import run
from pipelines.settings import Settings, SourceSettings


def run_demo(
    folder: Path, *, seed: int, resources: int, months: int, as_of: datetime, select: str
) -> tuple[Settings, dict[str, Any]]:
    """The settings of the home in `folder`, and the answer key. Exits if a step fails."""
    home = folder / "home"
    estate.create(home / "demo", seed=seed, resources=resources, months=months, as_of=as_of)
    source = SourceSettings(name="demo", cloud="demo", options={"folder": str(home / "demo")})
    settings = Settings(home=home, sources=(source,))
    report = run(settings, select=select)
    bad = [step for step in report.steps if step.status in ("failed", "skipped")]
    if bad:
        raise SystemExit(f"seed {seed}: {bad[0].name} {bad[0].status}: {bad[0].reason}")
    return settings, answers(home)


def answers(home: Path) -> dict[str, Any]:
    """What was planted into the demo estate of this home."""
    return json.loads((home / "demo" / "answers.json").read_text())
