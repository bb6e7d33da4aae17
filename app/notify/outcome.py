"""What became of an attempt to send a message."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Sent:
    """It was taken; `note` says who of several recipients was refused for good."""

    note: str | None = None


@dataclass(frozen=True)
class Later:
    """It was not taken, and may be the next time."""

    reason: str
    wait: timedelta | None = None  # what the receiver asked for
    delivered: tuple[str, ...] = ()  # of several recipients: who has it


@dataclass(frozen=True)
class Never:
    """It was refused, and will be the next time as well."""

    reason: str


Outcome = Sent | Later | Never
