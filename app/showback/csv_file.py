"""A statement as comma-separated text, every digit of it, for a spreadsheet or another program."""

import csv
from io import StringIO

from app.answer import plain
from app.showback.statement import Statement

COLUMNS = (
    "month", "team", "currency", "kind", "pool", "cloud", "service", "cost", "cost_before",
    "markup_percent", "markup", "unit", "quantity", "unit_cost", "unit_cost_before", "is_whole",
    "warnings",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def as_csv(statement: Statement) -> str:
    """One line per service, then one per unit of work (kind `unit`, not part of the sum)."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    head = {
        "month": f"{statement.month:%Y-%m}", "team": statement.team,
        "is_whole": str(statement.is_whole).lower(),  # of the month: billed to its end
        "warnings": " ".join(statement.warnings),
    }  # fmt: skip
    for line in statement.lines:
        writer.writerow(_written({**head, **vars(line)}))
    for unit in statement.units:
        writer.writerow(_written({**head, "kind": "unit", **vars(unit)}))
    return text.getvalue()


def _written(row: dict[str, object]) -> list[object]:
    return [_text(row.get(name)) for name in COLUMNS]


def _text(value: object) -> object:
    """Names of others are never taken for a formula; numbers are written in full."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else plain(value)
