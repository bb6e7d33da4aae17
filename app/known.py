"""Refuse names that nothing has: a filter by a misspelt one would look like nothing to do."""

from collections.abc import Iterable
from difflib import get_close_matches

from app.errors import BadInput

SHOWN = 10


def require(what: str, name: str | None, known: Iterable[str]) -> None:
    """Nothing if the name is None or known. Raises `BadInput` with those that are most alike."""
    names = sorted(set(known))
    if name is None or name in names:
        return
    near = get_close_matches(name.lower(), names, 3, 0.6)
    shown = near or names[:SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    raise BadInput(f"No {what} is named {name!r}. Known: {', '.join(shown)}{more}.")


def require_check(name: str | None) -> None:
    """Of the checks that come with the product. Raises `BadInput`."""
    from actions.check import checks

    require("check", name, (check.name for check in checks()))


def require_cloud(name: str | None, billed: Iterable[str | None] = ()) -> None:
    """Of the clouds that can be connected, and of those that bills name. Raises `BadInput`."""
    from clouds import available

    require("cloud", name, {*available(), *filter(None, billed)})
