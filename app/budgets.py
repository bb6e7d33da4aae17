"""Budgets of the ledger beside how they stand, for answers."""

from typing import Any

from actions.budget import Scope
from app.dashboard.money import between, chance, full
from app.known import first_unknown, nearest_first
from app.rows import read
from app.session import Session
from warehouse.errors import NothingPublished, OlderTables

STANDING = (
    "starts_on", "ends_on", "spent", "expected", "lo80", "hi80", "lo95", "hi95",
    "breach_probability", "breach_on", "status", "reason",
)  # fmt: skip
BILLED = "select distinct cloud, account, service, currency from marts.monthly_cost"
BILLED_TO = BILLED.replace("account", "billing_account as account")
MONEY = ("spent", "expected", "lo80", "hi80", "lo95", "hi95")
NEW = "not computed yet: it was set after the last run"


def joined(session: Session, budgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per budget that holds; what the published run does not know yet is null."""
    known = {one["id"]: one for one in read(session, "from marts.budget_now where not is_over")}
    nothing = {**dict.fromkeys(STANDING), "status": "unknown", "reason": NEW}
    return [
        {**one, **{name: known.get(one["id"], nothing)[name] for name in STANDING}}
        for one in budgets
    ]


def unmatched(
    session: Session, scope: Scope, currency: str | None = None, *, of_payers: bool = False
) -> str | None:
    """A word of warning if nothing that is published has cost anything in that scope.

    `of_payers` lets the account also be one that pays the bills of others.
    """
    try:
        found = read(session, BILLED + (f" union {BILLED_TO}" if of_payers else ""))
    except (NothingPublished, OlderTables):
        return None
    asked = {**vars(scope), "currency": currency}
    wanted = {name: value for name, value in asked.items() if value}
    if (problem := first_unknown(wanted, found)) is None:
        return None
    name, value, known = problem
    return (
        f"Note: nothing has been billed with the {name} {value!r} yet. "
        f"Known: {nearest_first(value, known)}."
    )


def rows(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Cells of the table that `budget list` shows."""
    return [
        (
            one["id"], one["name"], scope(one), one["period"],
            full(one["amount"], one["currency"]), full(one["spent"], one["currency"]),
            full(one["expected"], one["currency"]),
            between(one["lo80"], one["hi80"], one["currency"]),
            chance(one["breach_probability"]), one["breach_on"],
            _standing(one),
        )
        for one in found
    ]  # fmt: skip


def _standing(one: dict[str, Any]) -> str:
    told = None if one["status"] == "unknown" else one["status"].replace("_", " ")
    return "; ".join(filter(None, [told, one["reason"]])) or "unknown"


def scope(one: dict[str, Any]) -> str:
    """Whose costs count, in words."""
    parts = [one[name] for name in ("cloud", "account", "service") if one[name]]
    return " / ".join(parts) or "everything"
