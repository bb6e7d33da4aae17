"""Alerts as one POST with a JSON document, signed if there is a key."""

import hashlib
import hmac
from pathlib import Path

from app.notify.document import document
from app.notify.outbox import Parcel
from app.notify.outcome import Outcome
from app.notify.post import address, encode, post
from pipelines.alert_settings import WebhookSettings

SIGNATURE = "X-Instance-Select-Signature"


def send(channel: WebhookSettings, parcel: Parcel, home: Path) -> Outcome:
    """Send it once. Raises `BrokenSettings` if a secret is not where it should be."""
    url = address(channel.url_from) if channel.url_from else channel.url
    assert url is not None
    body = encode(document(parcel))
    headers = {"Idempotency-Key": parcel.id}
    if channel.sign_with is not None:
        headers[SIGNATURE] = signature(channel.sign_with.read(), body)
    return post(url, body, headers)


def signature(key: str, body: bytes) -> str:
    """HMAC-SHA256 of the body, which the receiver computes as well and compares."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"
