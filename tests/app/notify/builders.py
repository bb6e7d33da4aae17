"""Messages, parcels, rules and channels, made in one line each."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from receivers import Receiver

from actions.ledger import Ledger
from app.notify.deliver import Result, deliver
from app.notify.message import Message
from app.notify.outbox import Draft, Parcel, messages, put
from pipelines.alert_settings import AlertSettings

NOW = datetime(2026, 11, 25, 12)  # a Wednesday
HOOK = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:9/"}
INCIDENTS = {"name": "inc", "kind": "anomaly", "channels": ["hook"]}


def message(title: str = "Storage cost $5.00 more than expected", **more: Any) -> Message:
    facts: dict[str, Any] = {
        "facts": (("Since", "10 Nov 2026"), ("Likely cause", "a <new> disk & more")),
        "advice": "Ask.", "link": "https://c.example/a?b",
    }  # fmt: skip
    return Message(title=title, **{**facts, **more})


def parcel(channel: str = "hook", **more: Any) -> Parcel:
    facts: dict[str, Any] = {
        "id": "f00d", "channel": channel, "rule": "inc", "kind": "anomaly", "phase": "started",
        "message": message(), "created_at": NOW, "first_try_at": NOW, "attempts": 1,
        "claim": "mine", "delivered": (),
    }  # fmt: skip
    return Parcel(**{**facts, **more})


def alerts(*channels: dict[str, Any], rules: tuple[dict[str, Any], ...] = (INCIDENTS,),
           **more: Any) -> AlertSettings:  # fmt: skip
    return AlertSettings.model_validate({"channels": channels or (HOOK,), "rules": rules, **more})


def _draft(title: str, **more: Any) -> Draft:
    facts: dict[str, Any] = {
        "key": title, "channel": "hook", "rule": "inc", "kind": "anomaly", "phase": "started",
        "message": message(title),
    }  # fmt: skip
    return Draft(**{**facts, **more})


def queue(ledger: Ledger, *titles: str, is_critical: bool = False, **more: Any) -> list[str]:
    """Put messages into the outbox; their ids."""
    now = more.pop("now", NOW)
    with ledger.write() as connection:
        ids = [
            put(
                connection,
                _draft(title, is_critical=is_critical, **more),
                now,
            )
            for title in titles
        ]  # fmt: skip
    return [identity for identity in ids if identity is not None]


class Watch:
    """A clock that tests move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


def states(ledger: Ledger) -> dict[str, str]:
    return {one["title"]: one["status"] for one in messages(ledger)}


def sent(ledger: Ledger, url: str, clock: Watch, **more: Any) -> list[Result]:
    rules = {"rules": more.pop("rules")} if "rules" in more else {}
    return deliver(
        ledger, alerts({**HOOK, "url": url, **more}, **rules), Path(), clock=clock, random=Random(1)
    )


def titles(receiver: Receiver) -> list[str]:
    return [got.json["title"] for got in receiver.got]
