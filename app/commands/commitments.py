"""The command on commitments: what is owned, what to buy and why."""

from typing import Annotated

import typer

from app.answer import Answer
from app.command import command
from app.session import Session

PANEL = "Look"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(
        app, "commitments", panel=PANEL, examples=["commitments", "commitments --all --json"]
    )(commitments)  # fmt: skip


def commitments(
    session: Session,
    is_all: Annotated[
        bool, typer.Option("--all", help="Also purchases for other terms, to compare.")
    ] = False,
) -> Answer:
    """Savings plans, reservations and committed use: owned, covered, and what to buy."""
    from app.commitments import commitments as answered

    return answered(session, is_all=is_all)
