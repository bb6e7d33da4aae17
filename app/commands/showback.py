"""Commands on whose money it is: allocation, showback."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.answer import Answer
from app.command import command, named_path
from app.errors import BadInput
from app.session import Session

PANEL = "Look"
Month = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m"], help="Billing month; default: the newest with bills."),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(
        app, "allocation", panel=PANEL,
        examples=[
            "allocation", "allocation --month 2026-10 --json", "allocation test rules.yaml",
        ],
    )(allocation)  # fmt: skip
    command(
        app, "showback", panel=PANEL,
        examples=[
            "showback --team web --month 2026-10 --out web.html",
            "showback --team web --out web.csv",
        ],
    )(showback)  # fmt: skip


def allocation(
    session: Session,
    what: Annotated[
        Literal["show", "test"],
        typer.Argument(
            metavar="[show|test]", help="test: what would change by the rules of a file."
        ),
    ] = "show",
    rules: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            parser=named_path,
            help="Of test: a file with a section 'allocation:'.",
        ),
    ] = None,
    month: Month = None,
) -> Answer:
    """Who pays how much: each team with its part of what is shared and idle, and nobody's.

    `test FILE` tries rules without writing anything: which rule catches what, which catch nothing,
    and what each team would pay more or less.
    """
    from app.showback.told import show_teams, show_trial

    if (what == "test") != (rules is not None):
        wrong = "test needs a file with rules" if what == "test" else f"show takes no file: {rules}"
        raise BadInput(f"{wrong}. Try: instance-select allocation test rules.yaml")
    wanted = month.date() if month else None
    return show_teams(session, wanted) if rules is None else show_trial(session, rules, wanted)


def showback(
    session: Session,
    team: Annotated[str, typer.Option(metavar="NAME", help="As 'allocation' lists it.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=named_path, help="A .csv or .html file to write."),
    ] = None,
    month: Month = None,
) -> Answer:
    """The statement of a team: own cost by service, shared, idle, mark-up, units, month before.

    HTML prints on paper or to PDF from any browser and loads nothing from elsewhere.
    """
    from app.showback.told import show_statement

    if out is not None and (
        out.suffix not in (".csv", ".html") or not out.resolve().parent.is_dir() or out.is_dir()
    ):
        raise BadInput(f"--out is {out}; it must be a .csv or .html file in a folder that exists.")
    wanted: date | None = month.date() if month else None
    return show_statement(session, team, wanted, out)
