"""A ledger, a cloud and people, made in one line each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from file_cloud import FileCloud

from actions.approve import approve
from actions.ledger import Ledger
from actions.limits import Limits
from actions.plan import create_from
from actions.planned import Plan, Wish
from actions.users import add_user
from clouds.cloud import Resource, Verb

NOW = datetime(2026, 11, 1, 12)
ANYTHING = Limits(max_fleet_share=1.0, max_changes=1000)


@dataclass
class Office:
    """A ledger with four people, and the cloud they work on."""

    ledger: Ledger
    cloud: FileCloud
    now: datetime = NOW
    limits: Limits = field(default_factory=lambda: ANYTHING)

    @property
    def clouds(self) -> dict[str, FileCloud]:
        return {"demo": self.cloud}

    def wish(self, resource: Resource, verb: Verb, after: str, **more: Any) -> Wish:
        money = {"currency": "USD", "saving_month_low": Decimal(5), "saving_month_high": Decimal(9)}
        return Wish("demo", resource, verb, after, **{**money, **more})

    def plan(self, *wishes: Wish, author: str = "ann", **more: Any) -> Plan:
        arguments = {"author": author, "now": self.now, "limits": self.limits, **more}
        return create_from(self.ledger, wishes, self.clouds, **arguments)

    def approved(self, *wishes: Wish, by: Sequence[str] = ("bob",)) -> Plan:
        plan = self.plan(*wishes)
        for name in by:
            approve(self.ledger, plan.id, plan.hash, name, now=self.now)
        return plan

    def later(self, hours: float) -> datetime:
        self.now += timedelta(hours=hours)
        return self.now


def staffed(ledger: Ledger, folder: Path) -> Office:
    people = (("root", "admin"), ("rita", "admin"), ("bob", "approver"), ("olga", "operator"),
              ("ann", "approver"), ("vic", "viewer"))  # fmt: skip
    for name, role in people:
        add_user(ledger, name, role, actor="root", now=NOW)
    return Office(ledger, FileCloud(folder / "cloud.sqlite"))
