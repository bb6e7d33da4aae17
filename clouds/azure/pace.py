"""The step of an Azure SDK pipeline that keeps the pace and repeats what may be repeated."""

from collections.abc import Callable, Mapping
from typing import Any

from clouds.budget import Budget

BUSY = (429, 503)
GLITCHES = (500, 502, 504)
ATTEMPTS = 3  # of a call that fails without saying that we are too fast


class Pace:
    """Takes the place of the SDK's own retry policy; see `clouds.budget` for the rules.

    Every attempt takes from the budget; where Azure asks for a pause, everybody pauses.
    """

    next: Any  # the SDK puts the rest of the pipeline here

    def __init__(
        self,
        budget: Budget,
        asked_seconds: Callable[[Any], float],
        unreachable: tuple[type[Exception], ...],
        inner: Any = None,
    ) -> None:
        """`asked_seconds` reads an answer; `unreachable` are the errors of the network.

        `inner` is a policy of the SDK that each attempt passes through: what is replaced may do
        more than retry.
        """
        self._budget = budget
        self._asked_seconds = asked_seconds
        self._unreachable = unreachable
        self._inner = inner

    def send(self, request: Any) -> Any:
        """The answer of the rest of the pipeline. Raises `Throttled`."""
        options = dict(request.context.options)  # steps take theirs out
        what = f"{request.http_request.method} {self._budget.name}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._budget.call(what, lambda: self._once(request, options), _pause)
            except self._unreachable:
                if attempt == ATTEMPTS:
                    raise
            else:
                if answer.http_response.status_code not in GLITCHES or attempt == ATTEMPTS:
                    return answer
            self._budget.wait(self._budget.back_off(attempt))
        raise AssertionError("unreachable")

    def _once(self, request: Any, options: Mapping[str, Any]) -> Any:
        request.context.options.update(options)
        if self._inner is not None:
            self._inner.next = self.next
        answer = (self._inner or self.next).send(request)
        if answer.http_response.status_code in BUSY:
            raise _Busy(self._asked_seconds(answer))
        return answer


class _Busy(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def gap(answer: Any, retry_after: Callable[[Any], float | None]) -> float:
    """Seconds that an answer asks to wait; 0 if it names none.

    Cost Management says it in headers of its own, one for each of its limits.
    """
    headers = answer.http_response.headers
    own = [value for name, value in headers.items() if name.lower().endswith("-retry-after")]
    seconds = [float(value) for value in own if value.replace(".", "", 1).isdigit()]
    return max([retry_after(answer) or 0.0, *seconds])


def _pause(error: Exception) -> float | None:
    return error.seconds if isinstance(error, _Busy) else None
