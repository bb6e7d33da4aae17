"""A statement as one page of HTML to print or to send: nothing is loaded from elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TypeVar

from app.dashboard.money import UNKNOWN, change, full, percent
from app.showback.statement import Line, Statement, Total, Unit, cost_before
from app.words import cloud_name

KINDS = {
    "own": "Your own",
    "shared": "Your part of what is shared",
    "idle": "Your part of idle clusters",
}
STYLE = """\
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #17212b; background: #fff;
  max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
p { margin: .2rem 0; color: #4a5866; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 1rem 0 .3rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #d6dde3;
  overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
tr.sum td { font-weight: 600; border-top: 2px solid #17212b; border-bottom: 0; }
thead { display: table-header-group; } tr, caption { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; } }
@page { margin: 15mm; }
"""
WHOLE_FROM = 1000  # units of work; of fewer the parts count, such as 0.31 GPU hours
T = TypeVar("T")
Cell = tuple[str, bool]  # text, and whether it is a number


def as_html(statement: Statement) -> str:
    """The whole page."""
    team, month = escape(statement.team), f"{statement.month:%B %Y}"
    parts = "".join(_currency(statement, total) for total in statement.totals)
    running = "" if statement.is_whole else \
        "<p>The month is not billed to its end yet: this is what is billed so far.</p>"  # fmt: skip
    warnings = "".join(f"<p><b>{escape(one)}</b></p>" for one in statement.warnings)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{team}, {month}</title><style>{STYLE}</style></head><body>"
        f"<h1>{team}</h1><p>What it cost in {month}</p>{running}{warnings}{parts}"
        f"{_units(statement.units)}"
        f"<p>Effective cost: prepayments are spread over their use. Computed from snapshot "
        f"{statement.snapshot} of instance.select.</p></body></html>\n"
    )


def _currency(statement: Statement, total: Total) -> str:
    kinds = "".join(
        _kind(KINDS[kind], lines, total.currency, is_compared=statement.is_whole)
        for kind in KINDS
        if (lines := statement.of(total.currency, kind))
    )
    sums = _sums(total, is_compared=statement.is_whole)
    return f"<h2>{escape(total.currency)}</h2>{sums}{kinds}"


def _sums(total: Total, *, is_compared: bool) -> str:
    code = total.currency
    rows = [
        (KINDS[kind], full(amount, code))
        for kind, amount in (("own", total.own), ("shared", total.shared), ("idle", total.idle))
        if kind == "own" or amount
    ]
    rows.append(("Cost", full(total.cost, code)))
    if total.markup:
        rows += [("Mark-up", full(total.markup, code)), ("To pay", full(total.to_pay, code))]
    rows.append(("Month before, cost", full(total.cost_before, code)))
    if is_compared and total.cost_before is not None:
        rows.append(("Change", _change(total.cost, total.cost_before)))
    return _table("Summary", ["", ">"], ([(name, False), (amount, True)] for name, amount in rows))


def _kind(title: str, lines: Sequence[Line], code: str, *, is_compared: bool) -> str:
    shown = Shown(any(line.pool for line in lines), any(line.markup for line in lines), is_compared)
    head = ["Service", "Cloud", "Pool", ">Cost", ">Month before", ">Change", ">Mark-up"]
    body = [shown.of(_line(line)) for line in lines]
    cost, markup = (
        sum((getattr(line, name) for line in lines), Decimal(0)) for name in ("cost", "markup")
    )
    before = cost_before(lines)
    last: list[Cell] = [
        ("Sum", False), ("", False), ("", False), (full(cost, code), True),
        (full(before, code), True), (_change(cost, before), True), (full(markup, code), True),
    ]  # fmt: skip
    return _table(title, shown.of(head), body, shown.of(last))


@dataclass(frozen=True)
class Shown:
    """Which columns of a table of services are not empty, or not misleading."""

    pool: bool
    markup: bool
    change: bool

    def of(self, cells: Sequence[T]) -> list[T]:
        """Of service, cloud, pool, cost, month before, change, mark-up those that are shown."""
        is_shown = (True, True, self.pool, True, True, self.change, self.markup)
        return [cell for cell, shown in zip(cells, is_shown, strict=True) if shown]


def _line(line: Line) -> list[Cell]:
    code, rate = line.currency, (line.markup_percent or Decimal(0)).normalize()
    return [
        (line.service, False), (cloud_name(line.cloud), False), (line.pool or "", False),
        (full(line.cost, code), True), (full(line.cost_before, code), True),
        (_change(line.cost, line.cost_before), True),
        (f"{full(line.markup, code)} ({rate:f}%)", True),
    ]  # fmt: skip


def _units(units: Sequence[Unit]) -> str:
    if not units:
        return ""
    head = ["Unit of work", ">Quantity", ">Cost", ">Cost of one", ">Month before"]
    body: list[list[Cell]] = [
        [
            (unit.unit, False), (_quantity(unit.quantity), True),
            (full(unit.cost, unit.currency), True), (_one(unit.unit_cost, unit.currency), True),
            (_one(unit.unit_cost_before, unit.currency), True),
        ]
        for unit in units
    ]  # fmt: skip
    return f"<h2>Unit costs</h2>{_table('What one of them cost', head, body)}"


def _quantity(quantity: Decimal | None) -> str:
    if quantity is None:
        return "unknown"
    return f"{quantity:,.0f}" if abs(quantity) >= WHOLE_FROM else f"{float(quantity):.4g}"


def _one(amount: Decimal | None, code: str) -> str:
    return "unknown" if amount is None else f"{amount.normalize():,f} {code}"


def _change(now: Decimal, before: Decimal | None) -> str:
    if before is None:
        return UNKNOWN
    if not before:
        return "new" if now else ""
    return percent(change(now, before), 1).replace("-0.0%", "0.0%")


def _table(
    title: str, head: Sequence[str], body: Iterable[Sequence[Cell]], last: Sequence[Cell] = ()
) -> str:
    names = "".join(
        f'<th scope="col"{_class(name.startswith(">"))}>{escape(name.removeprefix(">"))}</th>'
        for name in head
    )
    heading = f"<thead><tr>{names}</tr></thead>" if any(name.strip(">") for name in head) else ""
    sums = f'<tr class="sum">{_cells(last)}</tr>' if last else ""
    rows = "".join(f"<tr>{_cells(cells)}</tr>" for cells in body)
    return f"<table><caption>{escape(title)}</caption>{heading}<tbody>{rows}{sums}</tbody></table>"


def _cells(cells: Sequence[Cell]) -> str:
    return "".join(_written(cells))


def _written(cells: Sequence[Cell]) -> Iterator[str]:
    for text, is_number in cells:
        yield f"<td{_class(is_number)}>{escape(text)}</td>"


def _class(is_number: bool) -> str:
    return ' class="n"' if is_number else ""
