"""Quiet hours: whether messages wait at a moment, and until when."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.alert_settings import QuietSettings

SATURDAY = 5


def quiet_until(now: datetime, quiet: QuietSettings) -> datetime | None:
    """The end of the quiet hours that it is in, or None if it is in none; both UTC, without zone.

    >>> quiet_until(datetime(2026, 11, 27, 22), QuietSettings(hours="20:00-07:00", weekends=True))
    datetime.datetime(2026, 11, 30, 7, 0)
    """
    zone = ZoneInfo(quiet.time_zone)
    local = now.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    if not _is_quiet(local, quiet):
        return None
    while _is_quiet(local, quiet):
        local = _next_boundary(local, quiet)
        if local.year > now.year + 1:  # quiet for ever: hours that are the whole day
            break
    until = local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return max(until, now + timedelta(minutes=1))


def _is_quiet(local: datetime, quiet: QuietSettings) -> bool:
    if quiet.weekends and local.weekday() >= SATURDAY:
        return True
    if quiet.hours is None:
        return False
    starts, ends = _hours(quiet.hours)
    if starts < ends:
        return starts <= local.time() < ends
    return starts != ends and (local.time() >= starts or local.time() < ends)


def _next_boundary(local: datetime, quiet: QuietSettings) -> datetime:
    """The next moment at which it may change."""
    times = {time(0)} | (set(_hours(quiet.hours)) if quiet.hours else set[time]())
    days = (local.date(), local.date() + timedelta(days=1))
    return min(
        moment for day in days for at in times if (moment := datetime.combine(day, at)) > local
    )


def _hours(text: str) -> tuple[time, time]:
    starts, _, ends = text.partition("-")
    return time.fromisoformat(starts), time.fromisoformat(ends)
