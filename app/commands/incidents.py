"""Commands on one cost incident: confirm, dismiss, expect, feedback, lift."""

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.answer import Answer
from app.command import command
from app.session import Actor, Session

if TYPE_CHECKING:
    from actions.feedback import Decision, Feedback

PANEL = "Look"
IncidentId = Annotated[
    str, typer.Argument(metavar="ID", help="Of the incident, as 'anomalies --json' has it.")
]
Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; whoever sees the next one reads it.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    anomaly = typer.Typer(help="Say what a cost incident is.", no_args_is_help=True)
    command(anomaly, "confirm", examples=["anomaly confirm 1f0c2a9b"])(confirm)
    command(
        anomaly, "dismiss", examples=['anomaly dismiss 1f0c2a9b --reason "the yearly load test"']
    )(dismiss)
    command(
        anomaly, "expect",
        examples=['anomaly expect 1f0c2a9b --until 2027-01-01 --reason "move to the new shop"'],
    )(expect)  # fmt: skip
    command(anomaly, "feedback", examples=["anomaly feedback", "anomaly feedback --json"])(feedback)
    command(anomaly, "lift", examples=["anomaly lift f1"])(lift)
    app.add_typer(anomaly, name="anomaly", rich_help_panel=PANEL)


def confirm(
    session: Session,
    incident: IncidentId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What it was, if it is known.")] = "",
    actor: Actor = None,
) -> Answer:
    """This is real: it stays in the list, and its alerts go on."""
    return _given(session, incident, "confirmed", reason, actor)


def dismiss(session: Session, incident: IncidentId, reason: Reason, actor: Actor = None) -> Answer:
    """This is harmless; so are later ones of its series that are not much larger.

    Later ones in the same cloud, account, service and currency, in the same direction, of at most
    1.5 times its excess per day, are shown as dismissed and raise no alert.
    """
    return _given(session, incident, "dismissed", reason, actor)


def expect(
    session: Session,
    incident: IncidentId,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day it is no longer expected.")
    ],
    reason: Reason,
    actor: Actor = None,
) -> Answer:
    """This is planned, and so is what its series does in that direction until that day."""
    return _given(session, incident, "expected", reason, actor, until.date())


def feedback(session: Session) -> Answer:
    """All that was said of incidents and still holds, the newest first."""
    from app.feedback import said
    from app.tables import table

    found = said(session)
    rows = [
        (
            one.id, one.decision, one.until, one.incident_id, one.series.cloud, one.series.account,
            one.series.service, one.starts_on, one.author, one.reason,
        )
        for one in found
    ]  # fmt: skip
    columns = [
        "id",
        "says",
        "until",
        "incident",
        "cloud",
        "account",
        "service",
        "since",
        "by",
        "why",
    ]
    return Answer(
        {"feedback": [_document(one) for one in found]},
        lambda: [table(columns, rows) if rows else "Nobody has said anything of an incident yet."],
    )


def lift(
    session: Session,
    feedback_id: Annotated[str, typer.Argument(metavar="FEEDBACK", help="Its id, for example f1.")],
    actor: Actor = None,
) -> Answer:
    """Take back what was said of an incident."""
    from actions.feedback import lift as take_back

    take_back(session.ledger, feedback_id, actor=actor or session.login, now=session.clock)
    identity = feedback_id.lower()
    document = {"feedback": {"id": identity, "status": "lifted"}}
    return Answer(document, lambda: [f"{identity} no longer holds."])


def _given(
    session: Session,
    incident_id: str,
    decision: "Decision",
    reason: str,
    actor: str | None,
    until: date | None = None,
) -> Answer:
    from actions.feedback import feedback as all_feedback
    from actions.feedback import give
    from app.feedback import require, today

    incident = require(session, incident_id)
    identity = give(
        session.new_ledger, incident, decision, actor=actor or session.login, now=session.clock,
        today=today(session), reason=reason, until=until,
    )  # fmt: skip
    written = next(one for one in all_feedback(session.ledger) if one.id == identity)
    day = f" until {until}" if until else ""
    lines = [
        f"{identity}: incident {incident.id} is {decision}{day}. It holds at once.",
        f"Take it back with: instance-select anomaly lift {identity}",
    ]
    return Answer({"feedback": _document(written), "snapshot": session.snapshot}, lambda: lines)


def _document(one: "Feedback") -> dict[str, Any]:
    facts = asdict(one)
    return {**{name: value for name, value in facts.items() if name != "series"}, **facts["series"]}
