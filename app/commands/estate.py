"""Commands that fill the warehouse: init, demo, ingest, run, backfill."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from app.answer import Answer
from app.command import command, named_path
from app.errors import BadInput
from app.session import Session

PANEL = "Fill the warehouse"
DAY = "%Y-%m-%d"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(app, "init", panel=PANEL, examples=["init", "init --home /srv/costs"])(init)
    command(
        app, "demo", panel=PANEL,
        examples=["demo", "demo --resources 120 --months 3 --answers key.json", "demo --advance 7"],
    )(demo)  # fmt: skip
    command(
        app, "ingest", panel=PANEL,
        examples=["ingest exports/", "ingest focus-2026-10.csv.gz --json"],
    )(ingest)  # fmt: skip
    command(app, "run", panel=PANEL, examples=["run", "run --select 'marts/daily_cost*'"])(run)
    command(
        app, "backfill", panel=PANEL,
        examples=["backfill", "backfill --months 3 --source company"],
    )(backfill)  # fmt: skip


def init(session: Session) -> Answer:
    """Write a commented instance-select.yaml to start from."""
    from app.config_template import write_template

    file = write_template(session.settings.home)
    lines = [
        f"Wrote {file}.",
        "Name your sources in it, then: instance-select doctor, instance-select run.",
    ]
    return Answer({"file": str(file)}, lambda: lines)


def demo(
    session: Session,
    seed: Annotated[int, typer.Option(help="The same seed makes the same estate.")] = 7,
    resources: Annotated[
        int, typer.Option(min=20, max=50_000, help="Resources at the end.")
    ] = 1500,
    months: Annotated[int, typer.Option(min=1, max=36, help="Months of history.")] = 13,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], help="The simulated today (default: today)."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=named_path,
            help="Also write the planted waste and anomalies here.",
        ),
    ] = None,
    advance: Annotated[
        int | None,
        typer.Option(min=1, max=366, metavar="DAYS", help="Move the simulated clock instead."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Delete the demo in the home first.")
    ] = False,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when the home holds something already.")
    ] = False,
) -> Answer:
    """Build a simulated company on five clouds, load its bills, and run the pipeline."""
    if answers and not answers.resolve().parent.is_dir():
        raise BadInput(f"The folder of {answers} does not exist. Create it first.")
    from app import demo_home

    if if_empty and not demo_home.is_wanted(session):
        home = str(session.settings.home)
        return Answer({"home": home}, lambda: [f"{home} holds something already; left as it is."])
    if advance is not None:
        if reset or as_of:
            raise BadInput("--advance goes with neither --reset nor --as-of.")
        built = demo_home.advance(session, advance)
    else:
        built = demo_home.build(
            session, seed=seed, resources=resources, months=months, as_of=as_of, reset=reset
        )
    if answers:
        demo_home.write_answers(session, answers)
    return demo_home.summary(session, built)


def ingest(
    session: Session,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", parser=named_path, help="Export files and folders."),
    ],
    accept_empty: Annotated[
        bool, typer.Option(help="Let a delivery without rows empty its period, on purpose.")
    ] = False,
    replace_feed: Annotated[
        bool,
        typer.Option(
            help="Let these files take over periods that another feed or other files filled."
        ),
    ] = False,
) -> Answer:
    """Load billing exports: FOCUS, AWS, Azure, Google Cloud, Oracle.

    A newer delivery of a billing period replaces it as a whole; the same delivery again changes
    nothing. Each file is loaded or rejected on its own. `instance-select run` then publishes.
    """
    if not any(path.exists() for path in paths):
        names = ", ".join(str(path) for path in paths)
        raise BadInput(f"{names} does not exist. Give billing export files or folders.")
    from app.untold_costs import ingested, sentence
    from warehouse.ingest.load import ingest as load

    with session.working("reading billing exports"):
        report = load(
            session.lake, paths, now=session.now, progress=session.say,
            accept_empty=accept_empty, replace_feed=replace_feed,
        )  # fmt: skip
    rejected = sum(file.status == "rejected" for file in report.loaded)
    loaded = [_loaded(file) for file in report.loaded]
    ignored = list(report.ignored)
    months = sorted({file.period for file in report.loaded if file.period is not None})
    with session.lake.reader(report.snapshot) as connection:
        warnings = [sentence(row) for row in ingested(connection, months)]
    document = {
        "loaded": loaded, "ignored": ignored, "warnings": warnings, "snapshot": report.snapshot,
    }  # fmt: skip
    view = partial(_loaded_view, loaded, ignored, rejected, warnings)
    return Answer(document, view, rejected > 0)


_LOADED = (
    "file", "provider", "billing_account", "period", "currency", "rows", "billed_cost",
    "effective_cost", "list_cost", "status", "reason",
)  # fmt: skip


def _loaded(file: Any) -> dict[str, Any]:
    return {name: getattr(file, name) for name in _LOADED}


def _loaded_view(
    loaded: list[dict[str, Any]], ignored: list[str], rejected: int, warnings: list[str]
) -> list[Any]:
    from app.dashboard.money import full
    from app.tables import table

    if not loaded:
        return ["No billing exports found there."]
    rows = [
        (
            one["file"], one["provider"], one["billing_account"], one["period"], one["rows"],
            full(one["billed_cost"], one["currency"] or ""), one["status"],
        )
        for one in loaded
    ]  # fmt: skip
    columns = ["file", "provider", "billing account", "period", ">rows", ">billed", "status"]
    told = [
        one["reason"] for one in loaded
        if one["status"] == "rejected" or (one["reason"] or "").startswith("alarm")
    ]  # fmt: skip
    if ignored:
        shown = ", ".join(ignored[:5]) + (f" and {len(ignored) - 5} more" if ignored[5:] else "")
        told.append(f"No bills by their names, so not read: {shown}")
    closing = f"{rejected} rejected." if rejected else "Publish with: instance-select run"
    return [table(columns, rows), *told, *warnings, closing]


def run(
    session: Session,
    select: Annotated[
        str | None,
        typer.Option(metavar="ASSETS", help="Only these assets, in Dagster's selection syntax."),
    ] = None,
) -> Answer:
    """Run the pipeline once, in this process, publish, and send the alerts that are due."""
    from app.after_run import send_alerts
    from app.steps import run_steps

    report = run_steps(session, select)
    alerts = send_alerts(session)
    return Answer(
        {**report.document, **alerts.document},
        lambda: [report.table(), *alerts.lines],
        report.failed,
    )


def backfill(
    session: Session,
    months: Annotated[
        int, typer.Option(min=1, max=36, help="Billing months, the running one included.")
    ] = 13,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only of this source; may be repeated (default: all)."),
    ] = None,
) -> Answer:
    """Read the bills and measurements of past months again, then run the pipeline.

    A run brings what is new by itself, closed months that a provider still corrects included; this
    is for a new source with a history, and for months that something went wrong with. Each month
    is committed before the next is read; interrupted, it can be called again.
    """
    from app.steps import backfill_steps

    report = backfill_steps(session, months, source or ())
    return Answer(report.document, lambda: [report.table()], report.failed)
