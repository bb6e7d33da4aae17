"""Is the clock of this machine right? Clouds refuse what is signed at another time than theirs."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TOLERATED = timedelta(minutes=4)  # AWS and Azure refuse from 5 to 15 minutes on
CURE = "Set it, for example with NTP ('timedatectl set-ntp true'), then run again."


def told(cloud: str, date_header: str | None, now: datetime | None = None) -> str | None:
    """What to say of a clock that is wrong by the `Date` of a cloud's answer; null if it is right.

    `now` is our time, aware.

    >>> told("AWS", "Wed, 25 Nov 2026 12:05:00 GMT", datetime(2026, 11, 25, 12, tzinfo=UTC))
    ... # doctest: +NORMALIZE_WHITESPACE
    "The clock of this machine is 5 minutes 0 seconds behind that of AWS. Set it, for example with
    NTP ('timedatectl set-ntp true'), then run again."
    """
    try:
        theirs = parsedate_to_datetime(date_header or "")
    except ValueError:
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    off = (now or datetime.now(UTC)) - theirs
    if abs(off) < TOLERATED:
        return None
    direction = "ahead of" if off > timedelta() else "behind"
    return f"The clock of this machine is {_spoken(abs(off))} {direction} that of {cloud}. {CURE}"


def _spoken(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours} hours " if hours else "") + f"{minutes} minutes {seconds} seconds"
