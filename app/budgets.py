"""Budgets of the ledger beside how they stand, for answers."""

from typing import Any

from app.dashboard.money import between, chance, full
from app.rows import read
from app.session import Session

STANDING = (
    "starts_on", "ends_on", "spent", "expected", "lo80", "hi80", "lo95", "hi95",
    "breach_probability", "breach_on", "status", "reason",
)  # fmt: skip
NEW = "not computed yet: it was set after the last run"


def joined(session: Session, budgets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per budget that holds; what the published run does not know yet is null."""
    known = {one["id"]: one for one in read(session, "from marts.budget_now")}
    nothing = {**dict.fromkeys(STANDING), "status": "unknown", "reason": NEW}
    return [
        {**one, **{name: known.get(one["id"], nothing)[name] for name in STANDING}}
        for one in budgets
    ]


def rows(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Cells of the table that `budget list` shows."""
    return [
        (
            one["id"], one["name"], scope(one), one["period"],
            full(one["amount"], one["currency"]), full(one["spent"], one["currency"]),
            full(one["expected"], one["currency"]),
            between(one["lo80"], one["hi80"], one["currency"]),
            chance(one["breach_probability"]), one["breach_on"],
            one["reason"] or one["status"].replace("_", " "),
        )
        for one in found
    ]  # fmt: skip


def scope(one: dict[str, Any]) -> str:
    """Whose costs count, in words."""
    parts = [one[name] for name in ("cloud", "account", "service") if one[name]]
    return " / ".join(parts) or "everything"
