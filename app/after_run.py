"""Send the alerts that are due after a run; what goes wrong with them does not fail the run."""

import traceback
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.session import Session


@dataclass(frozen=True)
class Alerts:
    """What was sent; both are empty in a home without alerts."""

    document: Mapping[str, Any]  # alerts: queued, sent, notes
    lines: Sequence[str]


def send_alerts(session: Session) -> Alerts:
    """Look at what was published and send what is due; whatever goes wrong is said on stderr."""
    alerts = session.settings.alerts
    if alerts is None or not alerts.channels:
        return Alerts({}, ())
    try:
        return _sent(session)
    except Exception as error:  # the run has published: its exit code is not about alerts
        reason = f"The alerts were not looked at: {_why(error)}"
        session.say(reason)
        return Alerts({"alerts": {"error": reason}}, (reason,))


def _sent(session: Session) -> Alerts:
    from app.notify.notifier import Notifier

    with session.working("sending alerts"), closing(Notifier(session.settings)) as notifier:
        report = notifier.send()
    sent = sum(one.outcome == "sent" for one in report.results)
    left = [f"{one.channel}: {one.reason}" for one in report.results if one.outcome != "sent"]
    line = f"Alerts: {len(report.queued)} new, {sent} sent."
    return Alerts({"alerts": report.document()}, (line, *left, *report.notes))


def _why(error: Exception) -> str:
    """The first line of an error that is meant for people; of a bug its kind and place only."""
    import duckdb
    from sqlalchemy.exc import SQLAlchemyError

    from actions.errors import ActionError
    from pipelines.errors import PipelineError
    from warehouse.errors import WarehouseError

    known = (ActionError, SQLAlchemyError, PipelineError, WarehouseError, duckdb.Error)
    words = str(error).strip()
    if isinstance(error, known) and words:
        return words.splitlines()[0]
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}."
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} at {Path(place.filename).name}:{place.lineno}. "
        "See more with: instance-select alerts send --debug"
    )
