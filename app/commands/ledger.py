"""Commands on the ledger: savings, audit verify, user add and list, suppress."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from app.answer import Answer
from app.command import command
from app.errors import BadInput
from app.session import Actor, Session

PANEL = "The ledger"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(app, "savings", panel=PANEL, examples=["savings"])(savings)

    suppress = typer.Typer(help="Silence recommendations on purpose.", no_args_is_help=True)
    command(
        suppress, "add",
        examples=[
            'suppress add --resource vol-1 --until 2027-03-01 --reason "kept for the audit"',
            'suppress add --check idle_instance --env staging --reason "on purpose"',
        ],
    )(add_suppression)  # fmt: skip
    command(suppress, "list", examples=["suppress list"])(list_suppressions)
    command(suppress, "lift", examples=["suppress lift s1"])(lift_suppression)
    app.add_typer(suppress, name="suppress", rich_help_panel=PANEL)

    audit = typer.Typer(help="The log of every decision.", no_args_is_help=True)
    command(audit, "verify", examples=["audit verify"])(verify)
    app.add_typer(audit, name="audit", rich_help_panel=PANEL)

    user = typer.Typer(help="People and their roles.", no_args_is_help=True)
    command(user, "add", examples=["user add maria --role approver"])(add)
    command(user, "remove", examples=["user remove maria"])(remove)
    command(user, "list", examples=["user list"])(list_users)
    app.add_typer(user, name="user", rich_help_panel=PANEL)


def verify(session: Session) -> Answer:
    """Walk the whole audit log and tell whether anybody changed it."""
    from actions.audit import verify as walk

    found = walk(session.ledger)
    document = asdict(found)
    if found.ok:
        return Answer(document, lambda: [f"The audit log is whole: {found.events} events."])
    where = f"event {found.broken}" if found.broken else "the ledger"
    return Answer(document, lambda: [f"Broken at {where}: {found.reason}."], failed=True)


def add(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As they call themselves.")],
    role: Annotated[str, typer.Option(help="What they may do; 'user list' names the roles.")],
    actor: Actor = None,
) -> Answer:
    """Add somebody, or give them another role."""
    from actions.users import add_user

    added = add_user(
        session.new_ledger, name, role, actor=actor or session.login, now=session.clock
    )
    line = f"{added.name} is {added.role}, may approve up to {added.highest_risk or 'nothing'}."
    return Answer({"user": asdict(added)}, lambda: [line])


def remove(
    session: Session,
    name: Annotated[str, typer.Argument(help="Their name.")],
    actor: Actor = None,
) -> Answer:
    """Take every right from somebody; what they approved counts no more."""
    from actions.users import remove_user

    removed = remove_user(session.ledger, name, actor=actor or session.login, now=session.clock)
    return Answer({"user": asdict(removed)}, lambda: [f"{name} may do nothing any more."])


def list_users(session: Session) -> Answer:
    """Everybody who may decide something, with the highest risk class they may approve."""
    from actions.users import users
    from app.tables import table

    people = users(session.ledger)
    rows = [(person.name, person.role, person.highest_risk or "nothing") for person in people]
    empty = "Nobody yet. Add the first admin: instance-select user add NAME --role admin"
    return Answer(
        {"users": [asdict(person) for person in people]},
        lambda: [table(["name", "role", "may approve"], rows) if rows else empty],
    )


def savings(session: Session) -> Answer:
    """What was promised beside what was measured, per change and in total."""
    from app.savings import ledger_of_savings

    return ledger_of_savings(session)


def add_suppression(
    session: Session,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why this is on purpose.")],
    check: Annotated[str | None, typer.Option(help="Only recommendations of this check.")] = None,
    cloud: Annotated[str | None, typer.Option(help="Only on this cloud.")] = None,
    account: Annotated[str | None, typer.Option(help="Only in this account.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only resources of this kind.")] = None,
    resource: Annotated[str | None, typer.Option(metavar="ID", help="Only this one.")] = None,
    team: Annotated[str | None, typer.Option(help="Only resources of this team.")] = None,
    env: Annotated[str | None, typer.Option(help="Only in this environment.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day it no longer holds.")
    ] = None,
    actor: Actor = None,
) -> Answer:
    """Silence what agrees with everything that is given; it holds from the next run on."""
    from actions.check import checks
    from actions.suppress import Scope, suppress
    from app.known import require, require_check, require_cloud

    scope = Scope(check, cloud, account, kind, resource, team, env)
    if not any(vars(scope).values()):
        raise BadInput(
            "This would silence everything. Name at least one of --check, --cloud, --account, "
            "--kind, --resource, --team, --env."
        )
    require_check(check)
    require_cloud(cloud, _billed_clouds(session))
    require("kind", kind, (one.kind for one in checks()))
    day = until.date() if until else None
    identity = suppress(
        session.new_ledger, scope, reason=reason, actor=actor or session.login, now=session.clock,
        until=day,
    )  # fmt: skip
    line = f"{identity} holds {f'until {day}' if day else 'for ever'}, from the next run on."
    document = {"suppression": {"id": identity, **vars(scope), "until": day, "reason": reason}}
    return Answer(document, lambda: [line])


def _billed_clouds(session: Session) -> list[str]:
    from app.rows import read
    from warehouse.errors import NothingPublished, OlderTables

    try:
        return [one["cloud"] for one in read(session, "select distinct cloud from marts.account")]
    except (NothingPublished, OlderTables):
        return []


def list_suppressions(session: Session) -> Answer:
    """Those that hold now."""
    from actions.suppress import suppressions
    from app.tables import table

    found = suppressions(session.ledger, session.now)
    rows = found.to_dicts()
    cells = [list(row.values()) for row in rows]
    return Answer(
        {"suppressions": rows},
        lambda: [table(found.columns, cells) if rows else "Nothing is silenced."],
    )


def lift_suppression(
    session: Session,
    suppression: Annotated[str, typer.Argument(metavar="ID", help="Of the suppression.")],
    actor: Actor = None,
) -> Answer:
    """End a suppression."""
    from actions.suppress import lift

    lift(session.ledger, suppression, actor=actor or session.login, now=session.clock)
    document = {"suppression": {"id": suppression, "status": "lifted"}}
    return Answer(document, lambda: [f"{suppression} no longer holds."])
