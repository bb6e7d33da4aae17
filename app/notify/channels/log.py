"""Alerts as lines of JSON in a file."""

import json
import os
from pathlib import Path

from app.notify.document import document
from app.notify.outbox import Parcel
from app.notify.outcome import Later, Outcome, Sent
from pipelines.alert_settings import LogSettings


def send(channel: LogSettings, parcel: Parcel, home: Path) -> Outcome:
    """Append one line; it is on the disk when this returns."""
    path = channel.file or home / "alerts.log"
    line = json.dumps(document(parcel), ensure_ascii=False) + "\n"
    try:
        with open(path, "a", encoding="utf-8", opener=_private) as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Later(f"{path} can't be written: {error.strerror}")
    return Sent()


def _private(path: str, flags: int) -> int:
    """A new file is for its owner only: what is spent where is nobody else's business."""
    return os.open(path, flags, 0o600)
