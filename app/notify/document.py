"""An alert for programs: the JSON document of webhooks and of the log."""

from typing import Any

from app.answer import plain
from app.notify.outbox import Parcel


def document(parcel: Parcel) -> dict[str, Any]:
    """Only types that JSON has; decimals as text, times in UTC ISO 8601."""
    message = parcel.message
    return {
        "id": parcel.id,
        "rule": parcel.rule,
        "kind": parcel.kind,
        "phase": parcel.phase,
        "severity": message.severity,
        "title": message.title,
        "text": message.text(),
        "facts": dict(message.facts),
        "advice": message.advice,
        "link": message.link,
        "data": plain(message.data),
        "created_at": plain(parcel.created_at),
    }
