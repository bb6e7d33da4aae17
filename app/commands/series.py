"""Commands on the reader's own series: forecast, detect."""

from pathlib import Path
from typing import Annotated

import typer

from app.answer import Answer
from app.command import command, named_path
from app.errors import BadInput
from app.session import Session

PANEL = "Your own series"
MANY = 1_000  # series that take long enough for a word on how far it is


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    command(
        app, "forecast", panel=PANEL,
        examples=["forecast sales.csv --horizon 30 --out forecast.parquet",
                  "forecast load.csv --horizon 60 --holidays DE --out forecast.parquet"],
    )(forecast)  # fmt: skip
    command(
        app, "detect", panel=PANEL,
        examples=["detect cpu.csv --out scores/", "detect metrics/ --out scores/"],
    )(detect)  # fmt: skip


def forecast(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", parser=named_path, help="CSV, TSV or Parquet: unique_id, ds, y."
        ),
    ],
    horizon: Annotated[int, typer.Option(min=1, max=10_000, help="Time steps ahead.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", parser=named_path, help="Parquet file to write.")
    ],
    holidays: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COUNTRY",
            help="Whose public holidays change daily series, such as DE or DE-BY; repeatable.",
        ),
    ] = None,
) -> Answer:
    """Forecast your own series, with 80 % and 95 % intervals.

    FILE has one row per series (unique_id) and time (ds) with a value (y). Frequency and seasons
    are found from the data. A series that can't be used is named with the reason and stops no
    other.
    """
    import polars as pl

    from app.series_file import read_series
    from app.table_file import write_table
    from models.errors import UnknownCalendar
    from models.forecast.series import forecast_series

    if out.suffix != ".parquet" or not out.resolve().parent.is_dir():
        raise BadInput(f"--out is {out}; it must be a .parquet file in a folder that exists.")
    if out.exists() and file.exists() and out.samefile(file):
        raise BadInput(f"--out is {out}, which would overwrite what is to be read. Give another.")
    given = read_series(file)
    count = given.rows["unique_id"].n_unique()

    def done(number: int) -> None:
        if MANY <= number < count:
            session.say(f"{number:,} of {count:,} series forecast")

    with session.working(f"forecasting {count:,} series"):
        try:
            found = forecast_series(given.rows, horizon, holidays or (), done)
        except UnknownCalendar as error:
            raise BadInput(str(error)) from error
        except ValueError as error:
            raise BadInput(f"{file} can't be forecast: {error}") from error
    write_table(found, out)
    refused = found.filter(pl.col("model") == "none").select("unique_id", "reason").to_dicts()
    models = {str(name): int(n) for name, n in found.group_by("model").len().sort("model").rows()}
    document = {
        "file": str(out), "series": count, "horizon": horizon, "rows": found.height,
        "models": models, "refused": refused, "notes": given.notes,
    }  # fmt: skip
    lines = [f"{note}." for note in given.notes]
    lines += [f"{one['unique_id'] or 'no unique_id'}: {one['reason']}" for one in refused]
    closing = f"Wrote {found.height:,} rows of {count:,} series to {out}."
    return Answer(document, lambda: [*lines, closing], failed=bool(refused))


def detect(
    session: Session,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", parser=named_path, help="CSV, TSV or Parquet file, or a folder."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", parser=named_path, help="Folder to write, in the same layout."),
    ],
) -> Answer:
    """Score how unusual each value of your own series is, from 0 to 1; anomalies from 0.5.

    The files have the columns timestamp and value. Those whose names end in .csv, .tsv (also with
    .gz or .zst) or .parquet are read, and written in the same format. A score uses no later row. A
    file that can't be used is named with the reason and stops no other.
    """
    from app.detecting import detect_files, files_to_score, in_words
    from app.table_file import NAMES, some_names
    from models.anomaly.stream import ALARM

    files = files_to_score(path, out)
    found = list(detect_files(files, out, session.say))
    failed = any(one["status"] != "scored" for one in found)
    if failed and path.is_file() and found[0]["status"] == "rejected":
        raise BadInput(found[0]["reason"])
    skipped = [str(file) for file in files.others]
    closing = [f"Skipped: {some_names(files.others)}; read is {NAMES}."] if skipped else []
    document = {"threshold": ALARM, "files": found, "skipped": skipped}
    return Answer(document, lambda: [*in_words(found), *closing], failed)
