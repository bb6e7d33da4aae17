"""Who may say what is silent, harmless or allowed to cost, and who keeps the users."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from staff import NOW, Office

from actions import audit, budget
from actions.budget import end_budget, set_budget
from actions.errors import ActionError, NotAllowed, Unknown
from actions.feedback import Incident, Series, give
from actions.feedback import lift as take_back
from actions.ledger import Ledger, open_ledger
from actions.suppress import Scope, lift, suppress
from actions.users import add_user, remove_user, users

INCIDENT = Incident(
    "i1", Series("aws", "shop", "AmazonEC2", "USD", "up"), date(2026, 10, 1), None, Decimal(100)
)
SAID: dict[str, Callable[[Ledger, str], object]] = {
    "suppress": lambda ledger, who: suppress(
        ledger, Scope("gp2_volume"), reason="r", actor=who, now=NOW
    ),
    "lift a suppression": lambda ledger, who: lift(ledger, "s1", actor=who, now=NOW),
    "dismiss": lambda ledger, who: give(
        ledger, INCIDENT, "dismissed", actor=who, now=NOW, today=NOW.date(), reason="r"
    ),
    "take it back": lambda ledger, who: take_back(ledger, "f1", actor=who, now=NOW),
    "set a budget": lambda ledger, who: set_budget(
        ledger, "all", budget.Scope(), amount=Decimal(10) ** 9, currency="USD", period="month",
        actor=who, now=NOW,
    ),
    "end a budget": lambda ledger, who: end_budget(ledger, "all", actor=who, now=NOW),
}  # fmt: skip


@pytest.mark.parametrize(
    ("who", "refused", "why"),
    [
        ("Vic", NotAllowed, "'vic' is viewer, who may look but silence and decide nothing"),
        ("bob", Unknown, "No user named 'bob'"),
        ("mallory", Unknown, "No user named 'mallory'"),
    ],
    ids=["a viewer", "somebody removed", "a stranger"],
)
@pytest.mark.parametrize("said", SAID)
def test_who_may_decide_nothing_neither_silences_nor_lifts_anything(
    office: Office, said: str, who: str, refused: type[ActionError], why: str
) -> None:
    for name in ("suppress", "dismiss", "set a budget"):
        SAID[name](office.ledger, "Ann")
    remove_user(office.ledger, "bob", actor="root", now=NOW)
    before = audit.events(office.ledger)
    with pytest.raises(refused, match=why):
        SAID[said](office.ledger, who)
    assert audit.events(office.ledger) == before
    assert {event.actor for event in before[1:4]} == {"ann"}


def test_anybody_may_silence_in_a_home_without_users(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    for said in SAID.values():
        said(ledger, "ann")
    assert {event.actor for event in audit.events(ledger)} == {"ann"}


def test_the_last_admin_keeps_the_role_so_that_nobody_takes_it(office: Office) -> None:
    add_user(office.ledger, "rita", "viewer", actor="root", now=NOW)
    with pytest.raises(NotAllowed, match="'Root' is the only admin"):
        add_user(office.ledger, "Root", "approver", actor="root", now=NOW)
    with pytest.raises(NotAllowed, match="Ask one of: root"):
        add_user(office.ledger, "vic", "admin", actor="vic", now=NOW)
    add_user(office.ledger, "root", "admin", actor="root", now=NOW)
    add_user(office.ledger, "ann", "admin", actor="root", now=NOW)
    add_user(office.ledger, "root", "approver", actor="root", now=NOW)
    assert [one.name for one in users(office.ledger) if one.role == "admin"] == ["ann"]
