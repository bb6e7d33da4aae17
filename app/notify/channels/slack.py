"""Alerts for a Slack-compatible incoming webhook, within Slack's limits."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.notify.message import Message
from app.notify.outbox import Parcel
from app.notify.outcome import Outcome
from app.notify.post import address, encode, post
from pipelines.alert_settings import SlackSettings

# docs.slack.dev/reference/block-kit/blocks: a header, a section, and blocks of a message
HEADER, SECTION, BLOCKS = 150, 3000, 50
MARKS = {"critical": ":red_circle:", "warning": ":large_orange_circle:", "info": ":white_circle:"}


def send(channel: SlackSettings, parcel: Parcel, home: Path) -> Outcome:
    """Send it once. Raises `BrokenSettings` if the URL is not where it should be."""
    return post(address(channel.url_from), encode(payload(parcel.message)),
                {"Idempotency-Key": parcel.id})  # fmt: skip


def payload(message: Message) -> dict[str, Any]:
    """The document: `text` for notifications, blocks for the page."""
    facts = "\n".join(f"*{_escaped(name)}:* {_escaped(value)}" for name, value in message.facts)
    link = [f"<{_escaped(message.link)}|Open the page>"] if message.link else []
    sections = [text for text in (facts, _escaped(message.advice), *link) if text]
    title = f"{MARKS[message.severity]} {_cut(message.title, HEADER - 30)}"
    header = {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": True}}
    return {
        "text": _cut(_escaped(f"{message.title}\n{message.text()}"), SECTION),
        "blocks": [header, *_sections(sections)][:BLOCKS],
    }


def _sections(texts: Iterable[str]) -> Iterable[dict[str, Any]]:
    for text in texts:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SECTION)}}


def _escaped(text: str) -> str:
    """Text as it reads, where three signs mean something: docs.slack.dev, formatting text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
