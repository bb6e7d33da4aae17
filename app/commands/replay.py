"""Commands that replay a policy on history: checks, rightsizing, commitments."""

from pathlib import Path
from typing import Annotated

import typer

from app.answer import Answer
from app.command import command, named_path
from app.session import Session

PANEL = "Look"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    replay = typer.Typer(
        help="What a policy would have done on the history that is known.", no_args_is_help=True
    )
    command(
        replay, "checks",
        examples=["replay checks --days 90", "replay checks --check idle_instance --all --json"],
    )(checks)  # fmt: skip
    command(
        replay, "rightsizing",
        examples=["replay rightsizing", "replay rightsizing --usage usage.parquet --json"],
    )(rightsizing)  # fmt: skip
    command(
        replay, "commitments",
        examples=["replay commitments", "replay commitments --plan plan.yaml --days 180 --json"],
    )(commitments)  # fmt: skip
    app.add_typer(replay, name="replay", rich_help_panel=PANEL)


def checks(
    session: Session,
    days: Annotated[int, typer.Option(min=1, max=400, help="Before the last run.")] = 30,
    every: Annotated[int, typer.Option(min=1, max=31, help="Days from one look to the next.")] = 1,
    check: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Show every finding, not only those that broke.")
    ] = False,
) -> Answer:
    """What each check would have said each day, what that saved, and what it would have broken."""
    from app.replays import replay_checks

    return replay_checks(session, days=days, every=every, only=check, all_findings=is_all)


def rightsizing(
    session: Session,
    usage: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=named_path,
            help="vm_id, ts, cpu_avg, cpu_max in percent (default: what has been measured here).",
        ),
    ] = None,
    history_days: Annotated[int, typer.Option(min=3, max=90, help="To learn from.")] = 14,
    judged_days: Annotated[int, typer.Option(min=3, max=90, help="To judge each decision.")] = 7,
) -> Answer:
    """What sizing rules would have saved on CPU, and how often machines were too small."""
    from app.replays import replay_rightsizing

    return replay_rightsizing(
        session, usage=usage, history_days=history_days, judged_days=judged_days
    )


def commitments(
    session: Session,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=named_path,
            help="YAML with purchases (default: the computed plan).",
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Of usage, up to the last bill.")] = 365,
) -> Answer:
    """What a plan of commitments would have cost and saved on the bills, month by month."""
    from app.commitments import replay_commitments
    from app.plan_file import read_plan

    return replay_commitments(session, None if plan is None else read_plan(plan), days)
