"""What an alert says, in words that a finance person understands, whatever way it goes out."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from app.answer import plain

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class Message:
    """One text; every channel lays it out in its own way."""

    title: str  # one line: what, and how much money
    facts: tuple[tuple[str, str], ...]  # (what it is, what it says): since when, likely cause
    advice: str  # what to do now
    link: str | None
    severity: Severity = "warning"
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the same for programs

    def to_json(self) -> str:
        """For the ledger."""
        return json.dumps(plain(asdict(self)), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Message":
        """What `to_json` wrote."""
        found = json.loads(text)
        facts = tuple((name, value) for name, value in found.pop("facts"))
        return cls(**found, facts=facts)

    def text(self) -> str:
        """Plain lines, without the title."""
        lines = [*(f"{name}: {value}" for name, value in self.facts), "", self.advice]
        if self.link:
            lines += ["", self.link]
        return "\n".join(lines)

    def again(self) -> "Message":
        """The reminder of something that still goes on."""
        return replace(self, title=f"Still: {self.title}")

    def over(self, advice: str = "Nothing is left to do; this closes the alert.") -> "Message":
        """The end of what this message told."""
        return replace(self, title=f"Over: {self.title}", advice=advice, severity="info")
