"""What a command answers: one JSON document for programs, a few lines and tables for people."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Answer:
    """The outcome of a command; `failed` makes the exit code 1.

    `then` is what the command goes on to do once its answer has been printed.
    """

    document: Mapping[str, Any]
    view: "Callable[[], Iterable[RenderableType]]"
    failed: bool = False
    then: Callable[[], None] | None = None


def to_json(document: Mapping[str, Any]) -> str:
    """One JSON document: decimals as strings, times in UTC ISO 8601, no NaN."""
    try:  # rows by the million go through the encoder in C, which asks only for what it lacks
        return json.dumps(document, default=plain, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # NaN, or a key that is not text
        return json.dumps(plain(document), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """The value in types that JSON has.

    >>> plain({"cost": Decimal("1.50"), "at": datetime(2026, 11, 22, 9), "share": float("nan")})
    {'cost': '1.5', 'at': '2026-11-22T09:00:00Z', 'share': None}
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return decimal_text(value)
        case datetime():
            return time_text(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(child) for key, child in value.items()}
        case bytes():
            return value.hex()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(asdict(value))
        case _ if isinstance(value, Iterable):
            return [plain(child) for child in value]
        case _:
            return str(value)


def decimal_text(value: Decimal) -> str | None:
    """All digits, no exponent, no zeros behind the last digit.

    >>> decimal_text(Decimal("0E-18")), decimal_text(Decimal("1200.50")), decimal_text(Decimal(90))
    ('0', '1200.5', '90')
    """
    if not value.is_finite():
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def time_text(value: datetime) -> str:
    """UTC in ISO 8601; a time without zone is UTC already."""
    utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{utc.isoformat()}Z"
