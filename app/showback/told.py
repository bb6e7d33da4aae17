"""What the commands `allocation` and `showback` answer."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from rich.console import RenderableType

from app.answer import Answer, decimal_text
from app.dashboard.money import UNKNOWN, full, percent
from app.errors import BadInput
from app.session import Session
from app.showback.asked import Rows, ask, is_whole, months, try_rules
from app.showback.csv_file import as_csv
from app.showback.html_file import as_html
from app.showback.statement import Statement, statement, warnings
from app.tables import footer, table
from warehouse.whole_file import write_text

NOBODY = "(nobody)"


def show_teams(session: Session, wanted: date | None) -> Answer:
    """Each team of a month, and what nobody pays."""
    with _reading(session) as connection:
        month = _month(connection, wanted)
        found = ask(connection, "teams", month=month) if month else []
        units = ask(connection, "units", month=month, team=None) if month else []
        whole = is_whole(connection, month) if month else True
        untold = warnings(connection, month) if month else ()
    document = {
        "month": month, "is_whole": whole, "rules": _rules_from(session), "teams": _paying(found),
        "unallocated": _nobody(found), "units": units, "warnings": untold,
        "snapshot": session.snapshot,
    }  # fmt: skip

    def view() -> list[RenderableType]:
        if not found:
            return ["Nothing is billed yet. Load bills: instance-select ingest PATH"]
        assert month is not None
        told = [f"{full(one['cost'], one['currency'])} ({percent(one['share'], 1)}) nobody pays: "
                f"{full(one['unallocated'], one['currency'])} no rule fits, "
                f"{full(one['idle'], one['currency'])} is idle, "
                f"{full(one['shared'], one['currency'])} is shared by no team."
                for one in _nobody(found)]  # fmt: skip
        columns = ["team", ">own", ">shared", ">idle", ">cost", ">share", ">mark-up"]
        rows = [
            (
                one["team"],
                *(full(one[name], one["currency"]) for name in ("own", "shared", "idle", "cost")),
                percent(one["share"], 1),
                full(one["markup"], one["currency"]),
            )
            for one in _paying(found)
        ]
        lines = [table(columns, rows, title=_titled(month, whole)), *told, _hint(session)]
        return [*lines, *unit_lines(units), *untold, footer(session.snapshot)]

    return Answer(document, view)


def show_trial(session: Session, file: Path, wanted: date | None) -> Answer:
    """What other rules would change; nothing is written."""
    from pipelines.settings import load_rules

    rules = load_rules(file, session.settings.home).compiled()
    as_of = session.lake.published().as_of
    with _reading(session) as connection:
        month = _month(connection, wanted)
        try_rules(connection, rules, as_of)
        caught = ask(connection, "rules", month=month)
        moved = ask(connection, "moved", month=month)
        whole = is_whole(connection, month) if month else True
        untold = warnings(connection, month) if month else ()
    fitting = {one["rule"] for one in caught}
    idle = [rule.name for rule in rules.rules if rule.name not in fitting]
    document = {
        "month": month, "is_whole": whole, "rules": caught, "rules_that_match_nothing": idle,
        "teams": moved, "warnings": untold, "snapshot": session.snapshot,
    }  # fmt: skip

    def view() -> list[RenderableType]:
        if month is None:
            return ["Nothing is billed yet, so that no rule fits anything."]
        order = {rule.name: number for number, rule in enumerate(rules.rules)}
        by_rule = [
            (one["rule"], full(one["cost"], one["currency"]), one["services"], _largest(one))
            for one in sorted(caught, key=lambda one: (order[one["rule"]], one["currency"] or ""))
        ]
        by_team = [
            (
                one["team"] or NOBODY,
                *(full(one[name], one["currency"]) for name in ("cost_now", "cost_tried")),
                full(one["change"], one["currency"]) if one["change"] else "",
            )
            for one in moved
        ]
        return [
            table(["rule", ">catches", ">services", "the costliest"], by_rule,
                  title=f"Rules of {file}, {_titled(month, whole)}"),
            f"Rules that match nothing in this month: {', '.join(idle) or 'none'}",
            table(["team", ">pays now", ">would pay", ">change"], by_team),
            "Nothing was written. To let these rules hold, put them into instance-select.yaml; "
            "they count from the next run on.",
            *untold,
            footer(session.snapshot),
        ]  # fmt: skip

    return Answer(document, view)


def show_statement(session: Session, team: str, wanted: date | None, out: Path | None) -> Answer:
    """The statement of a team, on the screen or in a file."""
    with _reading(session) as connection:
        month = _month(connection, wanted)
        if month is None:
            raise BadInput("Nothing is billed yet. Load bills: instance-select ingest PATH")
        found = statement(connection, team, month, session.snapshot)
    if out is not None:
        write_text(out, as_html(found) if out.suffix == ".html" else as_csv(found))
    document = {
        **asdict(found),
        "file": None if out is None else str(out),
        "totals": [{**asdict(one), "to_pay": one.to_pay} for one in found.totals],
    }

    def view() -> list[RenderableType]:
        if out is not None:
            wrote = f"Wrote the statement of {team} for {month:%B %Y} to {out}."
            return [wrote, *found.warnings]
        return _statement_lines(found)

    return Answer({"statement": document, "snapshot": session.snapshot}, view)


def _statement_lines(found: Statement) -> list[RenderableType]:
    rows = [
        (
            line.kind, line.pool, line.service, line.cloud, full(line.cost, line.currency),
            full(line.cost_before, line.currency), full(line.markup, line.currency),
        )
        for line in found.lines
    ]  # fmt: skip
    before = "the month before cost" if found.is_whole else "the whole month before cost"
    sums = [
        f"{full(one.cost, one.currency)} and {full(one.markup, one.currency)} mark-up: "
        f"{full(one.to_pay, one.currency)}; {before} "
        f"{full(one.cost_before, one.currency)}."
        for one in found.totals
    ]
    columns = ["kind", "pool", "service", "cloud", ">cost", ">month before", ">mark-up"]
    title = f"{found.team}, {_titled(found.month, found.is_whole)}"
    return [table(columns, rows, title=title), *sums,
            *unit_lines([vars(unit) for unit in found.units]), *found.warnings,
            footer(found.snapshot)]  # fmt: skip


def _titled(month: date, is_whole: bool) -> str:
    return f"{month:%B %Y}{'' if is_whole else ' so far'}"


def _reading(session: Session) -> AbstractContextManager[DuckDBPyConnection]:
    return session.lake.reader(session.snapshot)


def _month(connection: DuckDBPyConnection, wanted: date | None) -> date | None:
    """The month asked for, else the newest. Raises `BadInput` if nothing is billed in it."""
    known = months(connection)
    if wanted is None:
        return known[0] if known else None
    if wanted not in known:
        listed = ", ".join(f"{month:%Y-%m}" for month in known) or "none"
        raise BadInput(f"Nothing is billed in {wanted:%Y-%m}. Months with bills: {listed}.")
    return wanted


def _paying(found: Rows) -> Rows:
    return [one for one in found if one["team"] is not None]


def _nobody(found: Rows) -> Rows:
    """Of each currency; the column team is left out."""
    return [{name: value for name, value in one.items() if name not in ("team", "own", "markup")}
            for one in found if one["team"] is None]  # fmt: skip


def _rules_from(session: Session) -> str:
    allocation = session.settings.allocation
    return "settings" if allocation is not None and allocation.rules else "tag or label team"


def _hint(session: Session) -> str:
    if _rules_from(session) == "settings":
        return "By the rules of the settings as of the last run."
    return (
        "There are no rules yet: whoever the tag or label `team` names pays. Write your own under "
        "'allocation:' in instance-select.yaml, and try them: instance-select allocation test FILE"
    )


def _largest(one: dict[str, Any]) -> str:
    return "; ".join(
        f"{each['service']} in {each['account']} {full(each['cost'], one['currency'])}"
        for each in one["largest"]
    )


def unit_lines(units: Sequence[dict[str, Any]]) -> list[RenderableType]:
    """What one unit of work cost; a month in which none was counted is unknown, not zero."""
    rows = [
        (
            one["unit"], one["team"] or "all", _counted(one["quantity"]),
            full(one["cost"], one["currency"]), _short(one["unit_cost"]),
            _short(one["unit_cost_before"]), one["currency"],
        )
        for one in units
    ]  # fmt: skip
    columns = ["unit", "team", ">quantity", ">cost", ">cost of one", ">month before", "currency"]
    return [table(columns, rows)] if rows else []


def _counted(quantity: Decimal | None) -> str | None:
    return UNKNOWN if quantity is None else decimal_text(quantity)


def _short(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:.6g}"
