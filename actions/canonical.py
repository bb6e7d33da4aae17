"""The one way to write a value as JSON, so that equal things have equal hashes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; money as text without trailing zeros, times as ISO 8601.

    >>> canonical_json({"b": Decimal("1.50"), "a": None})
    '{"a":null,"b":"1.5"}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def digest(text: str) -> str:
    """SHA-256 of the text, in hex."""
    return sha256(text.encode()).hexdigest()


def decimal_text(value: Decimal) -> str:
    """The number without exponent and trailing zeros.

    >>> decimal_text(Decimal("1E+2")), decimal_text(Decimal("0.500"))
    ('100', '0.5')
    """
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return decimal_text(value)
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form in JSON: {value!r}")
