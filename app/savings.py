"""The ledger of savings: what each applied change promised, and what the bills say it saved."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich.console import RenderableType

from actions.ledger import Ledger
from actions.run import Run, put_back, runs
from actions.verify import savings
from app.answer import Answer
from app.dashboard.money import between, full
from app.session import Session
from app.tables import table
from warehouse.errors import NothingPublished


def ledger_of_savings(session: Session) -> Answer:
    """One entry per applied change, and sums per currency; never across currencies.

    What was put back saves nothing any more and is in no sum; putting it back is no promise.
    """
    measured: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in savings(session.ledger):
        measured.setdefault((row["run_id"], row["change_id"]), []).append(row)
    entries = [
        {
            "run": run.id,
            "plan": run.plan_id,
            "change_id": step.planned.change.change_id,
            "resource_id": step.planned.change.resource.resource_id,
            "verb": step.planned.change.verb,
            "applied_at": step.finished_at,
            "currency": step.planned.change.currency,
            "promised_month_low": step.planned.change.saving_month_low,
            "promised_month_high": step.planned.change.saving_month_high,
            "measured": measured.get((run.id, step.planned.change.change_id), []),
            "is_reverted": step.planned.change.change_id in reverted,
        }
        for run in runs(session.ledger)
        for reverted in [_reverted(session.ledger, run, measured)]
        for step in run.steps
        if step.is_ours and step.planned.undoes is None
    ]
    totals = _totals(entries)
    try:
        snapshot = session.snapshot
    except NothingPublished:
        snapshot = None
    document = {"savings": entries, "totals": totals, "snapshot": snapshot}
    return Answer(document, lambda: _view(entries, totals))


def _reverted(
    ledger: Ledger, run: Run, measured: dict[tuple[str, str], list[dict[str, Any]]]
) -> set[str]:
    """Changes of the run that were put back, by a plan or, as verify has seen, by somebody."""
    with ledger.read() as connection:
        undone = put_back(connection, run.id)
    found = {
        change_id
        for (run_id, change_id), rows in measured.items()
        if run_id == run.id and any(row["verdict"] == "reverted" for row in rows)
    }
    return undone | found


def settled(entry: dict[str, Any]) -> Decimal | None:
    """What was saved a month, over the longest window that has been measured."""
    known = [row for row in entry["measured"] if row["saved_month"] is not None]
    return max(known, key=lambda row: row["window_days"])["saved_month"] if known else None


def _totals(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["currency"] is None:
            continue
        total = sums.setdefault(
            entry["currency"],
            {
                "currency": entry["currency"],
                "promised_month_low": Decimal(0),
                "promised_month_high": Decimal(0),
                "saved_month": Decimal(0),
                "changes": 0,
                "changes_measured": 0,
                "changes_reverted": 0,
            },
        )
        if entry["is_reverted"]:
            total["changes_reverted"] += 1
            continue
        saved = settled(entry)
        total["promised_month_low"] += entry["promised_month_low"] or 0
        total["promised_month_high"] += entry["promised_month_high"] or 0
        total["saved_month"] += saved or 0
        total["changes"] += 1
        total["changes_measured"] += saved is not None
    return list(sums.values())


def _view(entries: list[dict[str, Any]], totals: list[dict[str, Any]]) -> Iterable[RenderableType]:
    if not entries:
        return ["Nothing has been applied yet, so nothing was saved."]
    rows = [
        (
            entry["run"],
            entry["verb"],
            entry["resource_id"],
            between(
                entry["promised_month_low"], entry["promised_month_high"], entry["currency"] or ""
            ),
            full(settled(entry), entry["currency"] or ""),
            "put back"
            if entry["is_reverted"]
            else "; ".join(
                f"{row['window_days']} days: {row['verdict']}" for row in entry["measured"]
            ),
        )
        for entry in entries
    ]
    columns = ["run", "did", "resource", ">promised a month", ">saved a month", "verdict"]
    lines = [
        f"{total['currency']}: promised "
        f"{between(total['promised_month_low'], total['promised_month_high'], total['currency'])}"
        f" a month, measured {full(total['saved_month'], total['currency'])} over "
        f"{total['changes_measured']} of {total['changes']} changes; "
        f"{total['changes_reverted']} put back, which count no more"
        for total in totals
    ]
    return [table(columns, rows), *lines]
