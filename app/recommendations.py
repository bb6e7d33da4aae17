"""What the command `recommendations` answers: the list, advice apart, and one of them in full."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.console import RenderableType

from actions.check import SAVING
from app.answer import Answer, plain
from app.dashboard.money import between, full, full_range
from app.errors import BadInput
from app.known import require_check, require_cloud
from app.rows import read, run_query
from app.session import Session
from app.tables import footer, table
from app.words import NO_INVENTORY, counted

Row = dict[str, Any]
ALL_DIGITS = 100_000  # from here on a number is whole for a reader
NEWER: Row = dict.fromkeys(("effort", "harm", "undo", "grace_until"))


def recommendations(
    session: Session, *, status: str | None, check: str | None, cloud: str | None
) -> Answer:
    """All that agree with what is given, one currency after the other, the largest saving first.

    Without a status the table shows the open ones.
    """
    wanted = {"status": status, "check": check, "cloud": cloud}
    everything = read(session, "from marts.recommendation_now order by currency, rank, id")
    require_check(check)
    require_cloud(cloud, (one["cloud"] for one in everything))
    found = [
        one
        for one in everything
        if all(value is None or one[name] == value for name, value in wanted.items())
    ]
    savings = [one for one in found if _saves(one)]
    advice = [one for one in found if not _saves(one)]

    def view() -> list[RenderableType]:
        unjudged = [one for one in found if one["status"] == "insufficient_data"]
        shown = [one for one in savings if status or one["status"] == "open"]
        shown = unjudged if status == "insufficient_data" else shown  # of advice, too
        told = [one for one in advice if one["status"] == "advice"]
        if status == "advice":
            return [_advice(told), footer(session.snapshot)] if told else ["No advice."]
        rest = _also([] if status else unjudged, told)
        if not shown:
            return [_none(session), *rest]
        hint = "Make a plan: instance-select plan create --recommendation ID"
        hints = [hint] if any(one["status"] == "open" for one in shown) else []
        return [_list(shown), *hints, *rest, footer(session.snapshot)]

    document = {"recommendations": savings, "advice": advice, "snapshot": session.snapshot}
    return Answer(document, view)


def one_recommendation(session: Session, wanted: str) -> Answer:
    """One of them, with the facts it rests on. Raises `BadInput` if there is none."""
    name = wanted.replace("'", "''")
    where = f"where starts_with(id, '{name}') order by id"
    found = read(session, f"from marts.recommendation_now {where}")
    if len(found) != 1 or not wanted:
        few = "several begin" if found else "none begins"
        raise BadInput(
            f"There is no recommendation {wanted!r}: {few} with that. List them, with their ids: "
            "instance-select recommendations"
        )
    # What an older version published lacks the newer columns.
    (one,) = [{**NEWER, **row} for row in found]
    facts = run_query(session, one["evidence"])
    snapshot = session.snapshot
    document = {"recommendation": one, "facts": facts.document, "snapshot": snapshot}
    return Answer(document, lambda: [*_in_full(one), _facts(facts.document), footer(snapshot)])


def _also(unjudged: list[Row], advice: list[Row]) -> list[str]:
    """What the table of open ones leaves out."""
    told: list[str] = []
    if unjudged:
        told.append(
            f"{counted(len(unjudged), 'possible finding')} can't be judged, since something that "
            "has to be known is missing: --status insufficient_data"
        )
    if advice:
        save = "saves nothing, but is" if len(advice) == 1 else "save nothing, but are"
        told.append(f"{counted(len(advice), 'finding')} {save} worth knowing: --status advice")
    return told


def _none(session: Session) -> str:
    if read(session, "from raw.resource limit 1"):
        return "No recommendations."
    return f"No recommendations: there is no inventory. {NO_INVENTORY}"


def _saves(one: Row) -> bool:
    return one.get("about", SAVING) == SAVING


def _list(found: list[Row]) -> RenderableType:
    rows = [
        (
            one["id"], one["verb"], _name(one), one["cloud"],
            between(one["saving_month_low"], one["saving_month_high"], one["currency"]),
            one["risk"], _because(one),
        )
        for one in found
    ]  # fmt: skip
    return table(["id", "do", "resource", "cloud", ">saves a month", "risk", "because"], rows)


def _because(one: Row) -> str:
    return f"{one['reason']}; missing: {one['missing']}" if one["missing"] else one["reason"]


def _advice(found: list[Row]) -> RenderableType:
    rows = [
        (one["id"], one["about"], _name(one), one["cloud"], one["title"], one["reason"])
        for one in sorted(found, key=lambda one: (one["about"], one["title"], one["resource_id"]))
    ]
    return table(["id", "about", "resource", "cloud", "advice", "because"], rows)


def _name(one: Row) -> str:
    """What its owner calls it; an id of Azure or Google fills three lines."""
    return one["resource_name"] or one["resource_id"]


def _in_full(one: Row) -> list[RenderableType]:
    saves = None
    if one["saving_month_high"] is not None:
        low, high = one["saving_month_low"], one["saving_month_high"]
        saves = f"{full_range(low, high, one['currency'])} a month"
    costs = None if one["cost_month"] is None else f"{full(one['cost_month'], one['currency'])}"
    told = {
        "resource": f"{_name(one)} ({one['kind']}), {one['cloud']} "
        f"{one['account']} {one['region'] or ''}".rstrip(),
        "id of the cloud": one["resource_id"] if one["resource_id"] != _name(one) else None,
        "status": one["status"] + (f": {one['missing']}" if one["missing"] else ""),
        "because": one["reason"],
        "change": f"{one['verb']}: {one['before']} -> {one['after']}",
        "costs now": costs and f"{costs} a month",
        "saves": saves,
        "risk": one["risk"],
        "not before": one["grace_until"]
        and f"{one['grace_until']}: until then its owner can object",
        "effort": one["effort"],
        "what could go wrong": one["harm"],
        "how to undo": one["undo"],
    }
    width = max(map(len, told))
    return [one["title"], *(f"{name:{width}}  {value}" for name, value in told.items() if value)]


def _facts(facts: Mapping[str, Any]) -> RenderableType:
    """What it rests on, as far as a reader needs digits; all of them are in the document."""
    return table(facts["columns"], ([_readable(cell) for cell in row] for row in facts["rows"]))


def _readable(cell: Any) -> Any:
    """A number with six digits or all that are before the point, everything else as it is.

    >>> _readable(1.5140000000000042), _readable(Decimal("1351.951178")), _readable(12345678.9)
    ('1.514', '1351.95', '12345679')
    """
    if not isinstance(cell, float | Decimal):
        return plain(cell)
    return f"{cell:.0f}" if abs(cell) >= ALL_DIGITS else f"{cell:.6g}"
