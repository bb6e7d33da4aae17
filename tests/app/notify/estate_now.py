"""A published snapshot in memory, with the tables that rules read."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from importlib.resources import files
from typing import Any

import duckdb
from builders import Watch, alerts

from actions.feedback import Incident, feedback, give
from actions.ledger import Ledger
from app.notify.finding import Place
from app.notify.follow import follow
from app.notify.judge import judge
from app.notify.outbox import Draft

TODAY = date(2026, 11, 25)
MARTS = """
create table marts.account (cloud varchar, account varchar, account_name varchar);
insert into marts.account values ('aws', '123', 'shop');
create table marts.freshness (
    source varchar, cloud varchar, billing_account varchar, what varchar, until timestamp,
    late_after_hours double, failed varchar
);
create table marts.monthly_cost (cloud varchar, billing_account varchar, account varchar);
insert into marts.monthly_cost values ('aws', '999', '123'), ('aws', '999', '456');
"""
BUDGETS = """
create table marts.budget_now (
    id varchar, name varchar, cloud varchar, account varchar, service varchar, currency varchar,
    period varchar, amount decimal(38, 18), starts_on date, ends_on date, spent decimal(38, 18),
    expected double, lo80 double, hi80 double, lo95 double, hi95 double,
    breach_probability double, breach_on date, status varchar
);
"""
INCIDENT: dict[str, Any] = {
    "id": "i1", "cloud": "aws", "account": "123", "service": "AmazonEC2", "currency": "USD",
    "starts_on": date(2026, 11, 20), "ends_on": None, "direction": "up", "days": 5,
    "actual": 600.0, "expected": 100.0, "impact": 500.0, "score": 9.0, "resource_id": "i-1",
    "reason": "i-1 is new", "is_open": True, "rank": 1, "members": 1,
}  # fmt: skip
BUDGET: dict[str, Any] = {
    "id": "b1", "name": "Shop", "cloud": "aws", "currency": "USD", "period": "month",
    "amount": 1000, "starts_on": date(2026, 11, 1), "ends_on": date(2026, 12, 1), "spent": 100,
    "expected": 900.0, "lo80": 800.0, "hi80": 1000.0, "breach_probability": 0.1,
    "status": "within",
}  # fmt: skip
AGE: dict[str, Any] = {
    "source": "company", "cloud": "aws", "billing_account": "999", "what": "bills",
    "until": datetime(2026, 11, 24, 12), "late_after_hours": 72.0,
}  # fmt: skip


class Estate:
    """The snapshot, its clock, and what one rule says of it to one channel."""

    def __init__(self, ledger: Ledger, rule: Mapping[str, Any]) -> None:
        self.ledger = ledger
        self.clock = Watch(datetime(2026, 11, 25, 12))
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as lake")
        self.connection.execute("use lake")
        for schema in ("models", "marts"):
            self.connection.execute(f"create schema {schema}")
        ddl = (files("warehouse") / "schema" / "models_anomaly.sql").read_text()
        self.connection.execute(ddl.replace("models.anomaly", "marts.anomaly_now", 1))
        ddl = (files("warehouse") / "schema" / "models_anomaly_member.sql").read_text()
        self.connection.execute(ddl)
        for column in ("is_open boolean", "rank integer"):
            self.connection.execute(f"alter table marts.anomaly_now add column {column}")
        self.connection.execute(MARTS)
        self.rule = {"name": "r", "channels": ["hook"], **rule}
        self.page: str | None = "https://c.example/"
        self.held = ["b1"]  # budgets that the ledger holds

    def has_budgets(self) -> "Estate":
        self.connection.execute(BUDGETS)
        return self

    def now(self, table: str, *rows: Mapping[str, Any], schema: str = "marts") -> "Estate":
        """Replace a table."""
        self.connection.execute(f"delete from {schema}.{table}")
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" for _ in row)
            self.connection.execute(
                f"insert into {schema}.{table} ({names}) values ({marks})", list(row.values())
            )
        return self

    def incidents(self, *changes: Mapping[str, Any]) -> "Estate":
        return self.now("anomaly_now", *({**INCIDENT, **change} for change in changes))

    def series(self, *changes: Mapping[str, Any]) -> "Estate":
        """Series of the incident, in services of the same account if not said otherwise."""
        names = ("id", "cloud", "account", "service", "currency", "starts_on", "direction", "days",
                 "actual", "expected", "impact")  # fmt: skip
        one = {name: INCIDENT[name] for name in names}
        rows = ({**one, "flagged_on": date(2026, 11, 20), **change} for change in changes)
        return self.now("anomaly_member", *rows, schema="models")

    def budgets(self, *changes: Mapping[str, Any]) -> "Estate":
        return self.now("budget_now", *({**BUDGET, **change} for change in changes))

    def ages(self, *changes: Mapping[str, Any]) -> "Estate":
        return self.now("freshness", *({**AGE, **change} for change in changes))

    def told(self) -> list[Draft]:
        """What is queued now."""
        drafts, _ = self.looked()
        return drafts

    def looked(self) -> tuple[list[Draft], Sequence[str]]:
        settings = alerts(rules=(dict(self.rule),), page=self.page)
        place = Place(
            self.connection, TODAY, self.clock(), feedback(self.ledger), settings.page, self.held
        )  # fmt: skip
        judged, notes = judge(place, settings.rules)
        return follow(self.ledger, judged, self.clock()), notes

    def say(self, decision: Any, **change: Any) -> None:
        incident = Incident.of_row({**INCIDENT, **change})
        until = date(2027, 1, 1) if decision == "expected" else None
        give(
            self.ledger, incident, decision,
            actor="ann", now=self.clock(), today=TODAY, reason="planned", until=until,
        )  # fmt: skip

    def close(self) -> None:
        with suppress(duckdb.Error):
            self.connection.close()


def phases(drafts: list[Draft]) -> list[str]:
    return [draft.phase for draft in drafts]
