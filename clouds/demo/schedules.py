"""Play the power schedules of machines: stop and start them as time passes."""

import re
from datetime import datetime, timedelta

from clouds.demo.company import HOURS_FROM_UTC
from clouds.demo.state import State

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"^([a-z]{3})-([a-z]{3}) (\d{2}):00-(\d{2}):00(?: utc([+-]\d{1,2}))?$")


def hours_on(schedule: str) -> set[int]:
    """Hours of the week in which a machine runs: local ones, or those of the offset that it names.

    >>> len(hours_on("mon-fri 07:00-19:00"))
    60
    >>> len(hours_on("mon-fri 07:00-19:00 UTC-5"))
    60
    """
    found = _FORM.match(schedule.strip().lower())
    if not found or found[1] not in DAYS or found[2] not in DAYS:
        raise ValueError(
            f"Schedule {schedule!r} is not understood; expected e.g. 'mon-fri 07:00-19:00', "
            "or with an offset: 'mon-fri 07:00-19:00 UTC+1'."
        )
    first, last = DAYS.index(found[1]), DAYS.index(found[2])
    days = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
    return {day * 24 + hour for day in days for hour in range(int(found[3]), int(found[4]))}


def offset(schedule: str) -> int | None:
    """Hours from UTC in which the schedule is told; null if it is told in local ones.

    >>> offset("mon-fri 07:00-19:00 UTC-5"), offset("mon-fri 07:00-19:00")
    (-5, None)
    """
    found = _FORM.match(schedule.strip().lower())
    return int(found[5]) if found and found[5] else None


def play(state: State, before: datetime, after: datetime) -> None:
    """Cut the spans of scheduled machines where their schedule turns them off and on.

    Playing the same days again changes nothing more.
    """
    scheduled = state.table("span", "ends_at is null and schedule is not null")
    if scheduled.is_empty():
        return
    homes = state.table("resource").join(
        state.table("workload").select("workload", "region"), on="workload"
    )
    region = dict(zip(homes["resource_id"], homes["region"], strict=True))
    with state.transaction() as connection:
        for row in scheduled.iter_rows(named=True):
            on = hours_on(row["schedule"])
            told = offset(row["schedule"])
            shift = HOURS_FROM_UTC[region[row["resource_id"]]] if told is None else told
            look = [row["sku"], row["size_gib"], row["attached_to"]]
            current, since = row["state"], row["starts_at"]
            moment = max(before, since)
            while moment < after:
                local = moment + timedelta(hours=shift)
                wanted = "running" if local.weekday() * 24 + local.hour in on else "stopped"
                if wanted != current and moment > since:
                    connection.execute(
                        "update span set ends_at = ? where resource_id = ? and ends_at is null",
                        [_text(moment), row["resource_id"]],
                    )
                    connection.execute(
                        "insert into span values (?, ?, ?, ?, ?, ?, null, ?)",
                        [row["resource_id"], wanted, *look, _text(moment), row["schedule"]],
                    )
                    since = moment
                elif wanted != current:
                    connection.execute(
                        "update span set state = ? where resource_id = ? and ends_at is null",
                        [wanted, row["resource_id"]],
                    )
                current = wanted
                moment += timedelta(hours=1)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
