"""What the command `anomalies` answers: the list of cost incidents, and one of them in full."""

from typing import Any

from rich.console import RenderableType

from app.answer import Answer
from app.dashboard.money import full
from app.errors import BadInput
from app.exact import exact_rows
from app.feedback import with_feedback
from app.rows import read
from app.session import Session
from app.tables import footer, table

MONEY = ("actual", "expected", "impact")
SHORT = 60  # characters of a value in a table
INCIDENTS = """
    select one.*, named.account_name
    from marts.anomaly_now as one
    left join marts.account as named using (cloud, account)"""


def incidents(session: Session, *, is_open: bool, also_expected: bool) -> Answer:
    """All of them, by currency, the most expensive first; the expected ones only on request."""
    wanted = [f"{name}" for name, asked in (("is_open", is_open),) if asked]
    wanted += [] if also_expected else ["not is_expected"]
    where = f"where {' and '.join(wanted)}" if wanted else ""
    rows = read(session, f"{INCIDENTS} {where} order by currency, rank")
    found = with_feedback(session, rows)

    def view() -> list[RenderableType]:
        if not found:
            return ["No anomalies."]
        rows = [
            (
                one["id"], one["starts_on"], one["severity"], _where(one),
                full(one["impact"], one["currency"]), _cause(one), one["reason"], one["feedback"],
            )
            for one in found
        ]  # fmt: skip
        columns = ["id", "since", "severity", "where", ">impact", "cause", "why", "feedback"]
        return [table(columns, rows), footer(session.snapshot)]

    document = {"anomalies": exact_rows(found, MONEY), "snapshot": session.snapshot}
    return Answer(document, view)


def one_incident(session: Session, wanted: str) -> Answer:
    """One of them, with its series, causes and days. Raises `BadInput` if there is none."""
    name = wanted.replace("'", "''")
    found = read(session, f"{INCIDENTS} where starts_with(id, '{name}') order by id")
    if len(found) != 1 or not wanted:
        few = "several begin" if found else "none begins"
        raise BadInput(
            f"There is no anomaly {wanted!r}: {few} with that. List them, with their ids: "
            "instance-select anomalies --expected"
        )
    (one,) = with_feedback(session, found)
    causes, members, days = (
        read(session, f"from models.anomaly_{part} where id = '{one['id']}' order by {order}")
        for part, order in (
            ("cause", "rank"), ("member", "abs(impact) desc, account, service"), ("day", "day"),
        )
    )  # fmt: skip
    document = {
        "anomaly": exact_rows([one], MONEY)[0], "causes": causes,
        "members": exact_rows(members, MONEY), "days": exact_rows(days, MONEY),
        "snapshot": session.snapshot,
    }  # fmt: skip
    return Answer(document, lambda: _in_full(one, causes, members, session.snapshot))


def _in_full(
    one: dict[str, Any],
    causes: list[dict[str, Any]],
    members: list[dict[str, Any]],
    snapshot: int,
) -> list[RenderableType]:
    currency = one["currency"]
    until = f"until {one['ends_on']}" if one["ends_on"] else "still going on"
    lines: list[RenderableType] = [
        f"{_where(one)}: {one['reason']}",
        f"since {one['starts_on']}, {until}; noticed on {one['flagged_on']}; {one['severity']}",
        f"actual {full(one['actual'], currency)}, expected {full(one['expected'], currency)}, "
        f"impact {full(one['impact'], currency)}",
    ]
    if one["feedback"]:
        lines.append(f"{one['feedback']} by {one['feedback_by']}: {one['feedback_reason']}")
    rows = [
        (
            cause["rank"], cause["dimension"], _named(cause["value"], cause["name"]),
            *(full(cause[n], currency)
              for n in ("impact", "quantity_effect", "price_effect", "mix_effect",
                        "unknown_effect")),
            f"{cause['share']:.0%}", _state(cause), cause["changes"],
        )
        for cause in causes
    ]  # fmt: skip
    columns = ["", "what", "which", ">impact", ">quantity", ">price", ">mix", ">not told",
               ">explains", "", "changes at the time"]  # fmt: skip
    lines.append(table(columns, rows, title="Causes"))
    if len(members) > 1:
        series = [
            (m["cloud"], m["account"], m["service"], m["starts_on"], full(m["impact"], currency))
            for m in members
        ]
        lines.append(table(["cloud", "account", "service", "since", ">impact"], series,
                           title="Series"))  # fmt: skip
    return [*lines, "The rows behind it:", one["evidence"], footer(snapshot)]


def _where(one: dict[str, Any]) -> str:
    """By the name of its account; several series as the incident itself calls them."""
    if one["members"] != 1 or one["account_name"] is None:
        return one["scope"]
    return f"{one['service']} in {one['account_name']}"


def _cause(one: dict[str, Any]) -> str:
    if one["cause_value"] is None:
        return ""
    return (
        f"{one['cause']}: {one['cause_dimension']} {_named(one['cause_value'], one['cause_name'])}"
    )


def _state(cause: dict[str, Any]) -> str:
    return "new" if cause["is_new"] else "gone" if cause["is_gone"] else ""


def _named(value: str, name: str | None) -> str:
    return _short(name or value)


def _short(value: str) -> str:
    return value if len(value) <= SHORT else "..." + value[-SHORT:]
