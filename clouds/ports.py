"""Which ports rules leave open, as one word of a resource's config."""

from collections.abc import Iterable

LAST = 65535
ALL = (0, LAST)


def listed(ranges: Iterable[tuple[int, int]]) -> str | None:
    """First and last ports as text, in order and without overlaps; null = none is open.

    >>> listed([(443, 443), (20, 22), (21, 25)])
    '20-25,443'
    >>> listed([(1, 65535)])
    'all'
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    if merged and merged[0][0] <= 1 and merged[0][1] == LAST:
        return "all"
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in merged) or None


def parsed(text: str) -> tuple[int, int]:
    """A port or range as clouds write them: `22`, `8000-9000`, `*`, `all` or nothing.

    >>> parsed("8000-9000"), parsed("22"), parsed("*")
    ((8000, 9000), (22, 22), (0, 65535))
    """
    first, _, last = text.partition("-")
    if not first.strip().isdigit():
        return ALL
    return int(first), int(last or first)
