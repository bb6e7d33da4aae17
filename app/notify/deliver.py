"""Send what waits in the outbox, one message at a time, each within its time."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from random import Random
from threading import Thread
from uuid import uuid4

from actions.ledger import Ledger
from app.notify.channels import SENDS
from app.notify.message import Message
from app.notify.outbox import Parcel, claim, settle
from app.notify.outcome import Later, Never, Outcome, Sent
from pipelines.alert_settings import AlertSettings, ChannelSettings
from pipelines.errors import BrokenSettings

MOST_SECONDS = 60  # that sending one message may take; less than the claim on it holds
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Result:
    """What became of one message."""

    id: str
    channel: str
    title: str
    outcome: str  # sent, later, failed
    reason: str | None


def utc_now() -> datetime:
    """Real time, UTC without zone: retries and quiet hours know no simulated clock."""
    return datetime.now(UTC).replace(tzinfo=None)


def deliver(
    ledger: Ledger,
    alerts: AlertSettings,
    home: Path,
    *,
    clock: Clock = utc_now,
    random: Random | None = None,
) -> list[Result]:
    """Send everything that is due now. A channel that does not answer waits for the next time."""
    channels = {channel.name: channel for channel in alerts.channels}
    resting: set[str] = set()
    results: list[Result] = []
    while (parcel := claim(ledger, alerts, clock(), skip=resting)) is not None:
        outcome = send(channels[parcel.channel], parcel, home)
        settle(ledger, parcel, outcome, clock(), random or Random())
        results.append(result(parcel, outcome))
        if isinstance(outcome, Later):
            resting.add(parcel.channel)
    return results


def send(
    channel: ChannelSettings, parcel: Parcel, home: Path, most_seconds: float = MOST_SECONDS
) -> Outcome:
    """Send one message now; whatever goes wrong is an outcome, so that the others go on.

    It runs in a thread, since a receiver that answers a byte at a time never runs into the limits
    of a socket.
    """
    answers: Queue[Outcome] = Queue()

    def run() -> None:
        try:
            answers.put(SENDS[channel.kind](channel, parcel, home))
        except BrokenSettings as error:
            answers.put(Later(str(error)))
        except Exception as error:  # a bug of one way out; its text may hold a secret
            place = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{Path(place.filename).name}:{place.lineno}"
            answers.put(Later(f"unexpected {type(error).__name__} at {at}"))

    Thread(target=run, name=f"alert {parcel.id}", daemon=True).start()
    try:
        return answers.get(timeout=most_seconds)
    except Empty:
        return Later(f"it took longer than {most_seconds:g} seconds")


def result(parcel: Parcel, outcome: Outcome) -> Result:
    """For people and programs."""
    match outcome:
        case Sent(note):
            told = "sent", note
        case Later(reason):
            told = "later", reason
        case Never(reason):
            told = "failed", reason
    return Result(parcel.id, parcel.channel, parcel.message.title, *told)


def probe(channel: ChannelSettings, home: Path, now: datetime) -> Result:
    """Send a test message at once, past the outbox and its rules."""
    message = Message(
        title="Test of instance.select: this channel works",
        facts=(("Channel", channel.name), ("Kind", channel.kind)),
        advice="Nothing is wrong: somebody ran 'instance-select alerts test'.",
        link=None,
        severity="info",
    )
    parcel = Parcel(
        uuid4().hex, channel.name, "", "test", "test", message, now, now, 1, "", ()
    )  # fmt: skip
    return result(parcel, send(channel, parcel, home))
