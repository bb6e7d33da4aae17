"""The loop inside `serve`: sees new publications, the passing of time, and retries that are due."""

import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from actions.errors import ActionError
from app.notify.notifier import Notifier
from pipelines.settings import Settings
from warehouse.errors import WarehouseError

POLL_SECONDS = 10.0
LOOK_SECONDS = 300.0  # between two looks at the same snapshot: its sources get older
REST_SECONDS = 60.0  # after something unexpected
STOP_SECONDS = 5.0  # a message that is being sent may end; else its claim runs out


@contextmanager
def watching(settings: Settings) -> Generator[None]:
    """Send alerts in a thread of this process until the block ends; nothing without channels."""
    if settings.alerts is None or not settings.alerts.channels:
        yield
        return
    stop = Event()
    thread = Thread(target=_watch, args=(settings, stop), name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_SECONDS)


def _watch(settings: Settings, stop: Event) -> None:
    notifier = Notifier(settings)
    watch = _Watch(notifier)
    while not stop.is_set():
        try:
            watch.turn()
            stop.wait(POLL_SECONDS)
        except (ActionError, WarehouseError) as error:  # such as a server that is away for now
            watch.tell((f"The alerts wait: {error}",))
            stop.wait(REST_SECONDS)
        except Exception:  # the loop outlives whatever goes wrong in one turn, and says so
            print("The alerts met something unexpected, and go on:", file=sys.stderr)
            traceback.print_exc()
            stop.wait(REST_SECONDS)
    notifier.close()


class _Watch:
    """What was seen last, so that nothing is looked at in vain."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._seen: int | None = None
        self._looked_at = -LOOK_SECONDS
        self._notes: tuple[str, ...] = ()

    def turn(self) -> None:
        """Look if there is something new or time has passed; send what is due."""
        newest = self._notifier.published()
        now = monotonic()
        if newest != self._seen or now - self._looked_at >= LOOK_SECONDS:
            _, notes = self._notifier.look()
            self._seen, self._looked_at = newest, now
            self.tell(tuple(notes))
        for one in self._notifier.deliver():
            if one.outcome != "sent":
                print(f"Alert on {one.channel} {one.outcome}: {one.reason}", file=sys.stderr)

    def tell(self, notes: tuple[str, ...]) -> None:
        """Say it on stderr, unless it is what was said last."""
        for note in notes if notes != self._notes else ():
            print(note, file=sys.stderr)
        self._notes = notes
