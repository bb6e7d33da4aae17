"""Commands that replay a policy on history: commitments."""

from pathlib import Path
from typing import Annotated

import typer

from app.answer import Answer
from app.command import command
from app.session import Session

PANEL = "Look"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    replay = typer.Typer(
        help="What a policy would have done on the history that is known.", no_args_is_help=True
    )
    command(
        replay, "commitments",
        examples=["replay commitments", "replay commitments --plan plan.yaml --days 180 --json"],
    )(commitments)  # fmt: skip
    app.add_typer(replay, name="replay", rich_help_panel=PANEL)


def commitments(
    session: Session,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML with purchases (default: the computed plan)."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Of usage, up to the last bill.")] = 365,
) -> Answer:
    """What a plan of commitments would have cost and saved on the bills, month by month."""
    from app.commitments import replay_commitments
    from app.plan_file import read_plan

    return replay_commitments(session, None if plan is None else read_plan(plan), days)
