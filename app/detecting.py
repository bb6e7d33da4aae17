"""Score files of measurements one by one, so that a bad one stops no other."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from app.errors import BadInput
from app.series_file import StreamFile, csv_files, read_stream
from models.anomaly.measurements import Scored, score_measurements
from models.anomaly.stream import ALARM

SCORE = "anomaly_score"


def detect_files(path: Path, out: Path, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """What became of each file: `status` is `scored`, `unscored` (too few values) or `rejected`.

    The first two are written to `out`, in the layout of `path`. Raises `BadInput` if nothing can be
    done at all.
    """
    for file, relative in _to_score(path, out):
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


def _to_score(path: Path, out: Path) -> list[tuple[Path, Path]]:
    """The files, without those of an earlier call that wrote into the same folder."""
    files, target = list(csv_files(path)), out.resolve()
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out is {out}, which is a file; expected a folder.")
    inside = path.resolve() in target.parents
    files = [(f, r) for f, r in files if not (inside and target in f.resolve().parents)]
    inputs = {file.resolve() for file, _ in files}
    for _, relative in files:
        if (target / relative).resolve() in inputs:
            raise BadInput(
                f"--out is {out}, where {out / relative} would overwrite what is to be read. "
                "Give another folder."
            )
    return files


def _detect_file(file: Path, target: Path) -> dict[str, Any]:
    given = read_stream(file)
    scored = score_measurements(given.times, given.values)
    rows = given.rows.with_columns(pl.Series(SCORE, scored.scores))
    target.parent.mkdir(parents=True, exist_ok=True)
    rows.write_csv(target)
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
