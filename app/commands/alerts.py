"""Commands on alerts: list, send, test."""

from contextlib import closing
from typing import Annotated, Any

import typer

from app.answer import Answer
from app.command import command
from app.errors import BadInput
from app.session import Session

PANEL = "Operate"
SHOWN = 50
STATUSES = ("queued", "held", "sent", "digested", "failed", "withdrawn")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    alerts = typer.Typer(help="Messages about budgets, incidents, late data.", no_args_is_help=True)
    command(alerts, "list", examples=["alerts list", "alerts list --status failed"])(list_alerts)
    command(
        alerts, "send", examples=["alerts send", "alerts send --dry-run", "alerts send --again"]
    )(send)
    command(alerts, "test", examples=["alerts test finance"])(test)
    app.add_typer(alerts, name="alerts", rich_help_panel=PANEL)


def list_alerts(
    session: Session,
    status: Annotated[
        str | None,
        typer.Option(help="Only these: queued, held, sent, digested, failed, withdrawn."),
    ] = None,
    newest: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = SHOWN,
) -> Answer:
    """What went out, what waits, and what did not get out and why; the newest first."""
    from app.notify.outbox import messages
    from app.tables import table

    if status is not None and status not in STATUSES:
        raise BadInput(f"There is no status {status!r}. Known: {', '.join(STATUSES)}.")
    known = messages(session.new_ledger) if session.has_ledger else []
    found = [one for one in known if status is None or one["status"] == status][:newest]
    rows = [
        (
            f"{one['created_at']:%Y-%m-%d %H:%M}", one["channel"], one["phase"], one["status"],
            one["title"], one["last_error"],
        )
        for one in found
    ]  # fmt: skip
    columns = ["made, UTC", "channel", "phase", "status", "what", "why not"]
    return Answer(
        {"alerts": found}, lambda: [table(columns, rows) if rows else "There are no alerts."]
    )


def send(
    session: Session,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be queued; write and send nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also what failed for good before.")
    ] = False,
) -> Answer:
    """Look at the published snapshot and send what is due; for cron, where nothing serves."""
    from app.notify.notifier import Notifier

    if not session.settings.alerts or not session.settings.alerts.channels:
        raise BadInput(
            "There are no channels in the section 'alerts' of instance-select.yaml. "
            "docs/alerts.md shows examples; 'instance-select init' writes one to start from."
        )
    with closing(Notifier(session.settings)) as notifier:
        if dry_run:
            report = notifier.rehearse()
        else:
            if again:
                from app.notify.deliver import utc_now
                from app.notify.outbox import retry_failed

                retry_failed(session.new_ledger, utc_now())
            report = notifier.send()
    document = {**report.document(), "dry_run": dry_run}
    return Answer(document, lambda: _lines(document), report.failed)


def test(
    session: Session,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name in the settings.")],
) -> Answer:
    """Send a test message to one channel now, and say what it answered."""
    from app.notify.deliver import probe, utc_now

    channels = {
        one.name: one
        for one in (session.settings.alerts.channels if session.settings.alerts else ())
    }
    if channel not in channels:
        known = ", ".join(channels) or "none; name them in the section 'alerts' of the settings"
        raise BadInput(f"There is no channel named {channel!r}. Known: {known}.")
    session.settings.home.mkdir(parents=True, exist_ok=True)
    done = probe(channels[channel], session.settings.home, utc_now())
    is_sent = done.outcome == "sent"
    told = "A test message was sent" if is_sent else f"The test message was not sent: {done.reason}"
    return Answer({"test": vars(done)}, lambda: [f"{channel}: {told}"], not is_sent)


def _lines(document: dict[str, Any]) -> list[Any]:
    from app.tables import table

    told: list[Any] = list(document["notes"])
    if document["dry_run"]:
        rows = [(one["channel"], one["phase"], one["title"]) for one in document["queued"]]
        columns = ["channel", "phase", "would be queued"]
        return [*told, table(columns, rows) if rows else "Nothing new is to be told."]
    rows = [(one["channel"], one["outcome"], one["title"], one["reason"])
            for one in document["sent"]]  # fmt: skip
    nothing = f"{len(document['queued'])} queued, nothing is due now."
    columns = ["channel", "outcome", "what", "why not"]
    return [*told, table(columns, rows) if rows else nothing]
