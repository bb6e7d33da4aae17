"""How fast one API of one account may be called: shared by every thread of this process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from threading import Lock
from time import monotonic, sleep
from typing import TypeVar

from clouds.errors import Throttled

Answer = TypeVar("Answer")

PER_SECOND, BURST = 10.0, 20.0  # calls; below the limits of the read APIs of all our clouds
ATTEMPTS = 6  # of one call, the first included
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds, where the cloud does not say
SHORTEST_WAIT = 0.001  # seconds; less may not move a clock on


@dataclass
class Budget:
    """A token bucket; when the cloud asks for a pause, it holds for all who share the bucket."""

    name: str
    per_second: float = PER_SECOND
    burst: float = BURST
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], None] = sleep
    _lock: Lock = field(default_factory=Lock, repr=False)
    _tokens: float = field(default=0, init=False, repr=False)
    _filled_at: float = field(default=0, init=False, repr=False)
    _closed_until: float = field(default=0, init=False, repr=False)
    _jitter: Random = field(default_factory=lambda: Random(0), init=False, repr=False)

    def __post_init__(self) -> None:
        self._tokens, self._filled_at = self.burst, self.clock()

    def take(self) -> None:
        """Wait for the right to make one call."""
        while (seconds := self._take()) > 0:
            self.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long, and then without a burst."""
        with self._lock:
            self._closed_until = max(self._closed_until, self.clock() + seconds)
            self._tokens = 0
            self._filled_at = self._closed_until

    def call(
        self, what: str, do: Callable[[], Answer], is_throttled: Callable[[Exception], float | None]
    ) -> Answer:
        """Make one call, again where the cloud asks to come back. Raises `Throttled` in the end.

        `is_throttled` gives the seconds the cloud asks to wait, zero if it names none, and null for
        any other error, which is raised as it is.
        """
        for attempt in range(1, ATTEMPTS + 1):
            self.take()
            try:
                return do()
            except Exception as error:
                asked = is_throttled(error)
                if asked is None:
                    raise
                seconds = asked or self.back_off(attempt)
                if attempt == ATTEMPTS or seconds > LONGEST_WAIT:
                    raise Throttled(what, seconds) from error
                self.pause(seconds)
        raise AssertionError("unreachable")

    def back_off(self, attempt: int) -> float:
        """Seconds before the next attempt: twice as long each time, less a random part of it."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1))
        return longest * (1 - self._jitter.random() / 2)

    def _take(self) -> float:
        """Take a token, or say in how many seconds to ask again."""
        with self._lock:
            now = self.clock()
            if now < self._closed_until:
                return self._closed_until - now
            earned = max(0.0, now - self._filled_at) * self.per_second
            self._tokens = min(self.burst, self._tokens + earned)
            self._filled_at = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0
            return max((1 - self._tokens) / self.per_second, SHORTEST_WAIT)


@cache
def budget(account: str, api: str) -> Budget:
    """The bucket of one API of one account, the same one for everybody in this process."""
    return Budget(f"{api} of {account}")
