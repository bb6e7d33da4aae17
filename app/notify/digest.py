"""Sum up many messages in one, when there are more than a channel may have in an hour."""

from collections.abc import Sequence

from app.notify.message import Message

LISTED = 25  # titles; nobody reads more of them in one message
LONG = 160  # characters of one title


def digest(messages: Sequence[Message]) -> Message:
    """One message with the title of each, the critical ones first."""
    ordered = sorted(messages, key=lambda message: message.severity != "critical")
    facts = [
        (str(number), _short(message.title)) for number, message in enumerate(ordered[:LISTED], 1)
    ]
    left = len(ordered) - len(facts)
    if left:
        facts.append(("And", f"{left} more"))
    is_critical = any(message.severity == "critical" for message in messages)
    return Message(
        title=f"{len(messages)} alerts, summed up",
        facts=tuple(facts),
        advice="More came than this channel takes in an hour. All of them, one by one: "
        "instance-select alerts list",
        link=None,
        severity="critical" if is_critical else "warning",
        data={"alerts": [message.title for message in ordered]},
    )


def _short(title: str) -> str:
    return title if len(title) <= LONG else f"{title[: LONG - 1]}…"
