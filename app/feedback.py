"""Cost incidents with what people said of them, read from the ledger so that it shows at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from actions.errors import Unknown
from actions.feedback import Feedback, Incident, Opinion, feedback, opinions
from app.errors import BadInput
from app.rows import read
from app.session import Session


def said(session: Session) -> list[Feedback]:
    """All feedback that holds, newest first; none in a home without a ledger."""
    return feedback(session.new_ledger) if session.has_ledger else []


def with_feedback(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `marts.anomaly_now` with five more columns about what people said of each."""
    known = opinions(map(Incident.of_row, rows), said(session), today(session))
    return [{**row, **_columns(known.get(row["id"]))} for row in rows]


def require(session: Session, wanted: str) -> Incident:
    """The incident of that id, or the only one whose id begins so, in the published snapshot.

    Raises `Unknown`, with the ids that look like it first, and `BadInput` if several begin so.
    """
    rows = read(session, "from marts.anomaly_now order by is_open desc, rank")
    found = [row for row in rows if row["id"] == wanted] or [
        row for row in rows if wanted and row["id"].startswith(wanted)
    ]
    if len(found) > 1:
        some = ", ".join(row["id"] for row in found[:10])
        raise BadInput(
            f"{len(found)} incidents begin with {wanted!r}: {some}. Give more of the id; nothing "
            "was written."
        )
    if not found:
        near = _nearest(wanted, [row["id"] for row in rows])
        raise Unknown("incident", wanted, near, "List them with: instance-select anomalies")
    return Incident.of_row(found[0])


def today(session: Session) -> date:
    """The day for which the published snapshot was computed."""
    return session.lake.published().as_of.date()


def _columns(opinion: Opinion | None) -> dict[str, Any]:
    return {
        "feedback": opinion and opinion.decision,
        "feedback_id": opinion and opinion.feedback_id,
        "feedback_by": opinion and opinion.by,
        "feedback_reason": opinion and opinion.reason,
        "expected_until": opinion and opinion.until,
        "feedback_is_remembered": bool(opinion and opinion.is_remembered),
    }


def _nearest(wanted: str, ids: Iterable[str]) -> list[str]:
    known = list(ids)
    near = get_close_matches(wanted, known, n=5, cutoff=0.5)
    return [*near, *(one for one in known if one not in near)]
