"""Send the alerts that are due after a run; what goes wrong with them does not fail the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.session import Session


@dataclass(frozen=True)
class Alerts:
    """What was sent; both are empty in a home without alerts."""

    document: Mapping[str, Any]  # alerts: queued, sent, notes
    lines: Sequence[str]


def send_alerts(session: Session) -> Alerts:
    """Look at what was published and send what is due."""
    alerts = session.settings.alerts
    if alerts is None or not alerts.channels:
        return Alerts({}, ())
    import duckdb
    from sqlalchemy.exc import SQLAlchemyError

    from actions.errors import ActionError
    from app.notify.notifier import Notifier
    from warehouse.errors import WarehouseError

    try:
        with session.working("sending alerts"):
            report = Notifier(session.settings).send()
    except (ActionError, SQLAlchemyError, WarehouseError, duckdb.Error) as error:
        reason = f"The alerts were not looked at: {str(error).splitlines()[0]}"
        return Alerts({"alerts": {"error": reason}}, (reason,))
    sent = sum(one.outcome == "sent" for one in report.results)
    left = [f"{one.channel}: {one.reason}" for one in report.results if one.outcome != "sent"]
    line = f"Alerts: {len(report.queued)} new, {sent} sent."
    return Alerts({"alerts": report.document()}, (line, *left, *report.notes))
