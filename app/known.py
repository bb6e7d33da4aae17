"""Refuse names that nothing has: a filter by a misspelt one would look like nothing to do."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from app.errors import BadInput

SHOWN = 10


def require(what: str, name: str | None, known: Iterable[str]) -> None:
    """Nothing if the name is None or known. Raises `BadInput` with those that exist."""
    names = sorted(set(known))
    if name is None or name in names:
        return
    raise BadInput(f"No {what} is named {name!r}. Known: {nearest_first(name, names)}.")


def nearest_first(name: str, known: Iterable[str]) -> str:
    """Some of the known names, those that are most alike first, and how many more there are."""
    names = sorted(set(known))
    near = set(get_close_matches(name.lower(), {one.lower() for one in names}, 3, 0.6))
    ordered = sorted(names, key=lambda one: one.lower() not in near)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(ordered[:SHOWN])}{more}"


def first_unknown(
    wanted: Mapping[str, str], places: Sequence[Mapping[str, Any]]
) -> tuple[str, str, list[str]] | None:
    """Name and value that no place has, beside what was wanted before it, and values there are."""
    for name, value in wanted.items():
        known = sorted({one[name] for one in places if one[name]})
        if value not in known:
            return name, value, known
        places = [one for one in places if one[name] == value]
    return None


def require_check(name: str | None) -> None:
    """Of the checks that come with the product. Raises `BadInput`."""
    from actions.check import checks

    require("check", name, (check.name for check in checks()))


def require_cloud(name: str | None, billed: Iterable[str | None] = ()) -> None:
    """Of the clouds that can be connected, and of those that bills name. Raises `BadInput`."""
    from clouds import available

    require("cloud", name, {*available(), *filter(None, billed)})
