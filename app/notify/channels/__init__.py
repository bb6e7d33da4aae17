"""The ways out: each kind of channel is one file with one function `send`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.notify.channels import log, mail, slack, webhook
from app.notify.outbox import Parcel
from app.notify.outcome import Outcome

Send = Callable[[Any, Parcel, Path], Outcome]  # settings of the channel, message, home
SENDS: Mapping[str, Send] = {
    "log": log.send,
    "webhook": webhook.send,
    "slack": slack.send,
    "smtp": mail.send,
}
