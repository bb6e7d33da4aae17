"""Run the pipeline and show its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from app.session import Session
from app.tables import table

if TYPE_CHECKING:
    from pipelines.run import RunReport


@dataclass(frozen=True)
class Steps:
    """What one pipeline run did."""

    document: Mapping[str, Any]  # steps, snapshot
    failed: bool

    def table(self, *, only_bad: bool = False) -> Table:
        """One line per step, or per step that did not end well."""
        rows = [
            (step["name"], step["status"], f"{step['seconds']:.1f}", step["rows"], step["reason"])
            for step in self.document["steps"]
            if not only_bad or step["status"] in ("failed", "skipped")
        ]
        return table(["step", "status", ">seconds", ">rows", "why"], rows)


def run_steps(session: Session, select: str | None = None) -> Steps:
    """Run the pipeline in this process; a failed step is in the outcome, not an error."""
    with session.working("running the pipeline"):
        from pipelines.run import run

        report = run(session.settings, select=select, progress=session.say)
    return _steps(report)


def backfill_steps(session: Session, months: int, sources: Sequence[str]) -> Steps:
    """The same, with the last months read again. Raises `UnknownSource`."""
    with session.working(f"reading the last {months} months again"):
        from pipelines.run import backfill

        report = backfill(session.settings, months, sources, progress=session.say)
    return _steps(report)


def _steps(report: "RunReport") -> Steps:
    steps = [{**asdict(step), "seconds": round(step.seconds, 3)} for step in report.steps]
    return Steps({"steps": steps, "snapshot": report.snapshot}, failed=not report.ok)
