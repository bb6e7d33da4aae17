"""Commands that read: sql, export, anomalies, forecasts, recommendations."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.answer import Answer
from app.command import command, named_path
from app.errors import BadInput
from app.session import Session

PANEL = "Look"
Level = Literal["total", "cloud", "account", "service"]
Status = Literal["open", "superseded", "suppressed", "insufficient_data", "advice"]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(
        app, "sql", panel=PANEL,
        examples=[
            'sql "select day, sum(billed_cost) from marts.daily_cost group by all"',
            'sql "show all tables" --json',
        ],
    )(sql)  # fmt: skip
    command(
        app, "export", panel=PANEL,
        examples=["export focus --out focus.parquet", "export marts.daily_cost --out d.parquet"],
    )(export)  # fmt: skip
    command(
        app, "anomalies", panel=PANEL,
        examples=["anomalies", "anomalies --open", "anomalies 3d1a4c009fef62b6"],
    )(anomalies)  # fmt: skip
    command(
        app, "forecasts", panel=PANEL, examples=["forecasts", "forecasts --level service --json"]
    )(forecasts)
    command(
        app, "recommendations", panel=PANEL,
        examples=["recommendations", "recommendations --status advice",
                  "recommendations 3f0c1d2b9a7e4c55"],
    )(recommendations)  # fmt: skip


def sql(
    session: Session, query: Annotated[str, typer.Argument(metavar="QUERY", help="One query.")]
) -> Answer:
    """Run a query on the published snapshot; it can't change anything."""
    from app.rows import run_query

    return run_query(session, query)


def export(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="TABLE", help="schema.table, or focus.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", parser=named_path, help="Parquet file to write.")
    ],
) -> Answer:
    """Write a table of the published snapshot to Parquet; `focus` is strict FOCUS 1.2."""
    from warehouse.export import export as write

    if out.suffix != ".parquet" or not out.resolve().parent.is_dir() or out.is_dir():
        raise BadInput(f"--out is {out}; it must be a .parquet file in a folder that exists.")
    rows = write(session.lake, name, out, session.readable)
    document = {"table": name, "file": str(out), "rows": rows, "snapshot": session.readable}
    return Answer(document, lambda: [f"Wrote {rows:,} rows of {name} to {out}."])


def anomalies(
    session: Session,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show this one in full.")
    ] = None,
    is_open: Annotated[
        bool,
        typer.Option("--open", help="Only those still going on, or over for less than a week."),
    ] = False,
    also_expected: Annotated[
        bool,
        typer.Option(
            "--expected",
            help="Also those that a launch, a removal, a resize or a commitment explains.",
        ),
    ] = False,
) -> Answer:
    """Costs that left their usual range, the most expensive of a currency first, and why."""
    from app.incidents import incidents, one_incident

    if wanted is not None:
        return one_incident(session, wanted)
    return incidents(session, is_open=is_open, also_expected=also_expected)


def forecasts(
    session: Session,
    level: Annotated[Level | None, typer.Option(help="Only sums of this level.")] = None,
) -> Answer:
    """Expected costs: to the end of the month, and for the next 30 and 90 days."""
    from app.forecasts import forecasts as answer

    return answer(session, level)


def recommendations(
    session: Session,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show this one in full.")
    ] = None,
    status: Annotated[
        Status | None,
        typer.Option(help="Only these: open, superseded, suppressed, insufficient_data, advice."),
    ] = None,
    check: Annotated[str | None, typer.Option(help="Only those of this check.")] = None,
    cloud: Annotated[str | None, typer.Option(help="Only those on this cloud.")] = None,
) -> Answer:
    """What to change and what it saves, the largest saving of a currency first; advice apart."""
    from app.recommendations import one_recommendation
    from app.recommendations import recommendations as found

    if wanted is not None:
        return one_recommendation(session, wanted)
    return found(session, status=status, check=check, cloud=cloud)
