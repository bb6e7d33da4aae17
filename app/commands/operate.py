"""Commands that keep it running: serve, doctor, permissions, maintain."""

from typing import Annotated

import typer

from app.answer import Answer
from app.command import command
from app.session import Session

PANEL = "Operate"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(app, "serve", panel=PANEL, examples=["serve", "serve --port 8080"])(serve)
    command(app, "doctor", panel=PANEL, examples=["doctor", "doctor --json"])(doctor)
    command(
        app, "permissions", panel=PANEL,
        examples=["permissions --cloud aws", "permissions --cloud gcp --write --json"],
    )(permissions)  # fmt: skip
    command(app, "maintain", panel=PANEL, examples=["maintain"])(maintain)


def serve(
    session: Session,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Of the dashboard (default: dashboard_port)."),
    ] = None,
    scheduler: Annotated[
        bool, typer.Option(help="Also run Dagster, which runs the pipeline daily.")
    ] = True,
) -> Answer:
    """Run the dashboard and the scheduler until interrupted."""
    from app.serve import serve as start

    return start(session, dashboard_port=port, scheduler=scheduler)


def doctor(session: Session) -> Answer:
    """Check versions, disk, settings, credentials and freshness, and say what to do."""
    from app.doctor import examine

    return examine(session)


def permissions(
    session: Session,
    cloud: Annotated[str, typer.Option(metavar="NAME", help="As in the sources: aws, gcp, ...")],
    write: Annotated[
        bool, typer.Option("--write", help="What changes need, instead of what reading needs.")
    ] = False,
) -> Answer:
    """Print the role or policy with the least that a cloud must allow, in its own format."""
    from clouds import permissions as permissions_of

    module = permissions_of(cloud)
    policy = str(module.policy(write=write)).rstrip("\n")
    document = {
        "cloud": cloud,
        "access": "write" if write else "read",
        "reads": {ability: list(needed) for ability, needed in module.READS.items()},
        "policy": policy,
    }
    return Answer(document, lambda: [policy])


def maintain(session: Session) -> Answer:
    """Merge small files, drop old snapshots that no plan refers to, old alerts and run events."""
    from datetime import UTC, datetime, timedelta

    from pipelines.assets.plans import forget_messages, snapshots_of_plans
    from pipelines.instance import open_instance
    from pipelines.old_events import forget_old_events

    settings = session.settings
    keep = snapshots_of_plans(settings)
    now = datetime.now(UTC).replace(tzinfo=None)  # snapshots bear real time, not that of as_of
    with session.working("maintaining the warehouse"):
        done = session.lake.maintain(now, keep)
        with open_instance(settings.dagster_home) as instance:
            before = now - timedelta(settings.keep_days)
            done["forgotten_events"] = forget_old_events(instance, before)
        done["forgotten_alerts"] = forget_messages(settings, now)
    line = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in done.items())
    return Answer({**done, "snapshot": session.lake.readable()}, lambda: [line])
