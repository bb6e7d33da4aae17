"""What checks and sizing rules would have done on the history that is known."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from app.answer import Answer
from app.dashboard.money import full_range, percent
from app.errors import BadInput
from app.known import require_check
from app.rows import read
from app.session import Session
from app.tables import footer, table
from models.errors import UnusableSeries
from models.known import Floats

OUTCOMES = ("held", "made", "broken", "unknown", "new")
MOST_TOLD = 10  # machines that are left out; --json has all
USAGE = ("vm_id", "ts", "cpu_avg", "cpu_max")
MEASURED = """
with hour as (
    select source || '/' || resource_id as vm_id, hour as ts, avg(avg) as cpu_avg,
        max(max) as cpu_max
    from raw.metric join marts.resource_now using (source, cloud, account, resource_id)
    where metric = 'cpu_percent' and kind = 'instance'
    group by all
)
select * from hour
"""


def replay_checks(
    session: Session, *, days: int, every: int, only: str | None, all_findings: bool
) -> Answer:
    """What each check would have said on past days, and what became of it."""
    from actions.replay import replay

    require_check(only)
    overrides = [given.override for given in session.settings.checks]
    as_of = session.lake.published().as_of

    def tell(day: datetime) -> None:
        session.say(f"{day:%Y-%m-%d}")

    with session.working(f"replaying {days} days"), session.lake.reader(session.snapshot) as lake:
        found = replay(
            lake, as_of=as_of, days=days, every=every, overrides=overrides, progress=tell
        )
    if only is not None:
        found = found.filter(pl.col("check") == only)
    summary = _summary(found)
    document = {
        "from": as_of.date().isoformat(), "days": days, "every": every, "checks": summary,
        "findings": found.to_dicts(), "snapshot": session.snapshot,
    }  # fmt: skip

    def view() -> list[Any]:
        shown = found if all_findings else found.filter(pl.col("outcome") == "broken")
        return [
            _summary_table(summary),
            *([_findings_table(shown)] if shown.height else []),
            *_words(found, days),
            footer(session.snapshot),
        ]

    return Answer(document, view)


def _summary(found: pl.DataFrame) -> list[dict[str, Any]]:
    counts = [
        (pl.col("outcome") == outcome).sum().cast(pl.Int64).alias(outcome) for outcome in OUTCOMES
    ]
    kept = pl.col("outcome").is_in(["held", "made"])
    money = [pl.col(f"saved_{end}").filter(kept).sum() for end in ("low", "high")]
    return (
        found.group_by("check", "currency")
        .agg(pl.len().cast(pl.Int64).alias("said"), *counts, *money)
        .sort("check", "currency")
        .to_dicts()
    )


def _summary_table(summary: Sequence[dict[str, Any]]) -> Any:
    columns = ["check", ">said", *(f">{outcome}" for outcome in OUTCOMES), ">would have saved"]
    return table(columns, [
        (row["check"], row["said"], *(row[outcome] for outcome in OUTCOMES),
         full_range(row["saved_low"], row["saved_high"], row["currency"]))
        for row in summary
    ])  # fmt: skip


def _findings_table(found: pl.DataFrame) -> Any:
    return table(
        ["check", "resource", "outcome", "first said", "until", "because"],
        [
            (row["check"], row["resource_id"], row["outcome"], f"{row['first_day']:%Y-%m-%d}",
             _day(row["broken_on"] or row["made_on"]), row["reason"])
            for row in found.iter_rows(named=True)
        ],
    )  # fmt: skip


def _day(day: datetime | None) -> str:
    return f"{day:%Y-%m-%d}" if day else ""


def _words(found: pl.DataFrame, days: int) -> list[str]:
    if found.is_empty():
        return [
            f"No check would have said anything in {days} days. It takes an inventory and, for most"
            " checks, 14 days of measurements before the first of them."
        ]
    judged = found.filter(pl.col("outcome").is_in(["held", "made", "broken"]))
    if judged.is_empty():
        return ["Nothing was said early enough to be judged."]
    broken = judged.filter(pl.col("outcome") == "broken").height
    return [
        f"Of {judged.height} findings that can be judged {broken} would have been wrong later:"
        " the resource was there, and the check said no more what it had said."
    ]


def replay_rightsizing(
    session: Session, *, usage: Path | None, history_days: int, judged_days: int
) -> Answer:
    """What sizing rules would have saved on CPU use, and how often machines were too small."""
    from models.rightsizing.replay import replay

    if usage is None:
        frame, where = pl.DataFrame(read(session, MEASURED)), "the published measurements"
        if frame.is_empty():
            raise BadInput(
                "No CPU of a machine has been measured yet. Run the pipeline, or give --usage."
            )
    else:
        frame, where = _usage(usage), str(usage)
    high, mean, steps_a_day, left_out = _arrays(frame, where)
    try:
        found = replay(
            high, mean, steps_a_day=steps_a_day, history_days=history_days, judged_days=judged_days
        )
    except UnusableSeries as error:
        raise BadInput(f"{where}: {error}") from error
    document: dict[str, Any] = {
        "machines": high.shape[1], "left_out": len(left_out), "days": len(high) / steps_a_day,
        "why_left_out": left_out, "rules": found.sort("savings").to_dicts(),
    }  # fmt: skip
    if usage is None:
        document["snapshot"] = session.snapshot

    def view() -> list[Any]:
        columns = ["rule", ">saves", ">time too small", ">machines that suffer"]
        names = ("savings", "violations", "bad_machines")
        return [
            f"{high.shape[1]} machines, {document['days']:.1f} days of {where};"
            f" {len(left_out)} are left out.",
            *(f"{row['vm_id']} is left out: {row['reason']}." for row in left_out[:MOST_TOLD]),
            table(columns, [
                (row["rule"], *(percent(row[name] / 100, 1) for name in names))
                for row in document["rules"]
            ]),
            "balanced and safe are ours, saves_N are our curve; the others are what their makers"
            " publish.",
        ]  # fmt: skip

    return Answer(document, view)


def _usage(file: Path) -> pl.DataFrame:
    """`vm_id, ts, cpu_avg, cpu_max`. Raises `BadInput`."""
    if not file.is_file():
        raise BadInput(
            f"{file} does not exist. Give a Parquet or CSV file with {', '.join(USAGE)}."
        )
    try:
        frame = (
            pl.read_csv(file, try_parse_dates=True)
            if file.suffix == ".csv"
            else pl.read_parquet(file)
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0]
        raise BadInput(f"{file} can't be read ({first}). It has to be Parquet or CSV.") from error
    missing = [name for name in USAGE if name not in frame.columns]
    if missing:
        raise BadInput(
            f"{file} has no column {', '.join(missing)}; found {', '.join(frame.columns)},"
            f" expected {', '.join(USAGE)} (CPU in percent of the machine)."
        )
    return frame.select(USAGE)


def _arrays(frame: pl.DataFrame, where: str) -> tuple[Floats, Floats, int, list[dict[str, str]]]:
    """Highest and mean use as (steps, machines), steps a day, and who is left out for which reason.

    Of two rows of one machine and time the last counts.
    """
    from models.rightsizing import laid_out, unusable

    frame = frame.drop_nulls(["vm_id", "ts"])
    times, machines = (frame[name].unique().sort() for name in ("ts", "vm_id"))
    if not times.dtype.is_temporal() or len(times) < 2:
        raise BadInput(f"{where}: expected times in ts, at least two; found {times.dtype}.")
    steps = times.diff().drop_nulls()
    steps_a_day = round(86400 / float(np.median(steps.dt.total_seconds().to_numpy())))
    if steps_a_day < 24:
        raise BadInput(f"{where}: found steps of more than an hour, expected hours or less.")
    place = times.search_sorted(frame["ts"]), machines.search_sorted(frame["vm_id"])
    shape = len(times), len(machines)
    high, mean = (laid_out(*place, frame[name], shape) for name in ("cpu_max", "cpu_avg"))
    reasons = unusable(high, mean)
    left_out = [
        {"vm_id": str(name), "reason": reason}
        for name, reason in zip(machines, reasons, strict=True)
        if reason is not None
    ]
    if len(left_out) == len(machines):
        raise BadInput(
            f"{where}: found no machine measured in each of {len(times)} steps;"
            f" {left_out[0]['vm_id']}: {left_out[0]['reason']}."
        )
    good = np.array([reason is None for reason in reasons])
    return high[:, good], mean[:, good], steps_a_day, left_out
