"""Score files of measurements one by one, so that a bad one stops no other."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from app.errors import BadInput
from app.series_file import StreamFile, read_stream
from app.table_file import Found, find_tables, write_table
from models.anomaly.measurements import Scored, score_measurements
from models.anomaly.stream import ALARM

SCORE = "anomaly_score"


def files_to_score(path: Path, out: Path) -> Found:
    """Without those of an earlier call that wrote into the same folder.

    Raises `BadInput` if nothing can be done at all.
    """
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out is {out}, which is a file; expected a folder.")
    found = find_tables(path, without=out)
    inputs = {file.resolve() for file, _ in found.tables}
    for _, relative in found.tables:
        if (out.resolve() / relative).resolve() in inputs:
            raise BadInput(
                f"--out is {out}, where {out / relative} would overwrite what is to be read. "
                "Give another folder."
            )
    return found


def detect_files(found: Found, out: Path, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """What became of each file: `status` is `scored`, `unscored` (too few values) or `rejected`.

    The first two are written to `out`, in the layout in which they were found.
    """
    for file, relative in found.tables:
        say(f"scoring {file}")
        try:
            yield _detect_file(file, out / relative)
        except (BadInput, ValueError, OSError, pl.exceptions.PolarsError) as error:
            yield {"file": str(file), "status": "rejected", "reason": str(error)}


def in_words(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each file in a line, with what is to be said about it below."""
    for one in found:
        if one["status"] == "rejected":
            yield f"{one['file']}: {one['reason']}"
            continue
        number = len(one["anomalies"])
        where = f", the first at {one['anomalies'][0]['timestamp']}" if number else ""
        yield (
            f"{one['out']}: {one['rows']:,} rows, {number or 'no'} "
            f"{'anomaly' if number == 1 else 'anomalies'}{where}"
        )
        yield from (f"  {note}" for note in [one.get("reason"), *one["notes"]] if note)


def _detect_file(file: Path, target: Path) -> dict[str, Any]:
    given = read_stream(file)
    scored = score_measurements(given.times, given.values)
    rows = given.rows.with_columns(pl.Series(SCORE, scored.scores))
    write_table(rows, target)
    document = {
        "file": str(file), "status": "unscored" if scored.refusal else "scored",
        "out": str(target), "rows": rows.height, "anomalies": _anomalies(given, scored),
        "notes": [*given.notes, *scored.notes],
    }  # fmt: skip
    return document | ({"reason": scored.refusal} if scored.refusal else {})


def _anomalies(given: StreamFile, scored: Scored) -> list[dict[str, Any]]:
    onsets = given.rows.select(
        pl.col("timestamp"), pl.Series("value", given.values), pl.Series("score", scored.scores)
    )
    return onsets.filter(pl.col("score") >= ALARM).to_dicts()
