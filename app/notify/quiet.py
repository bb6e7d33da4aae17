"""Quiet hours: whether messages wait at a moment, and until when."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.alert_settings import QuietSettings

SATURDAY = 5
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LONGEST = 8  # days: longer than quiet hours can follow each other, which weekends join


def quiet_until(now: datetime, quiet: QuietSettings) -> datetime | None:
    """The end of the quiet hours that it is in, or None if it is in none; both UTC, without zone.

    >>> quiet_until(datetime(2026, 11, 27, 22), QuietSettings(hours="20:00-07:00", weekends=True))
    datetime.datetime(2026, 11, 30, 7, 0)
    """
    zone = ZoneInfo(quiet.time_zone)
    moment = now.replace(tzinfo=UTC)
    today = moment.astimezone(zone).date()
    spans = (span for number in range(-1, LONGEST) for span in _of_day(today + DAY * number, quiet))
    until = moment
    for starts, ends in sorted(spans):
        if _moment(starts, zone, fold=0) <= until:
            until = max(until, _moment(ends, zone, fold=1))
    return until.replace(tzinfo=None) if until > moment else None


def _of_day(day: date, quiet: QuietSettings) -> Iterator[tuple[datetime, datetime]]:
    """What is quiet from this day on, by the clock on the wall."""
    if quiet.weekends and day.weekday() >= SATURDAY:
        yield datetime.combine(day, time(0)), datetime.combine(day + DAY, time(0))
    if quiet.hours is not None:
        starts, ends = (time.fromisoformat(text) for text in quiet.hours.split("-"))
        last = day if starts < ends else day + DAY
        yield datetime.combine(day, starts), datetime.combine(last, ends)


def _moment(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """When the clock on the wall shows it; what it skips is when it jumps.

    What it shows twice is the first time with fold 0 and the second with fold 1.
    """
    moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    moment = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # before the jump
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += MINUTE
    return moment
