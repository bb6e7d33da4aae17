"""Do the settings of checks for a part of the estate hold for anything?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from app.check import Check
from app.known import first_unknown, nearest_first
from app.rows import read
from app.session import Session
from warehouse.errors import NothingPublished, OlderTables

FIX = "Correct it in the section 'checks' of instance-select.yaml."


def override_checks(session: Session) -> Iterator[Check]:
    """One check per entry that is for a part; none before something is published."""
    parts = [
        (number, one.check, one.override.scope)
        for number, one in enumerate(session.settings.checks, 1)
        if one.override.scope
    ]
    if not parts:
        return
    from actions.override import PLACES

    try:
        places = read(session, PLACES)
    except (NothingPublished, OlderTables, duckdb.Error):  # told by other checks
        return
    for number, check, scope in parts:
        problem = _unmatched(scope, places)
        detail = problem or "there is something that it holds for"
        yield Check(f"checks {number} {check}", problem is None, detail, problem and FIX)


def _unmatched(scope: Mapping[str, str], places: Sequence[Mapping[str, Any]]) -> str | None:
    if (problem := first_unknown(scope, places)) is None:
        return None
    name, value, known = problem
    return (
        f"it holds for nothing: no resource or bill has the {name} {value!r}. "
        f"Known: {nearest_first(value, known) or 'none'}."
    )
