"""The tables of the ledger: who decided what, when, and what came of it."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Money(TypeDecorator[Decimal]):
    """An exact decimal as text, since SQLite would make a float of it."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Text as written, without exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """The decimal again."""
        return None if value is None else Decimal(value)


def utc(moment: datetime) -> datetime:
    """UTC without a time zone, the only form of time in the ledger."""
    if moment.tzinfo is None:
        return moment
    return (moment - (moment.utcoffset() or moment - moment)).replace(tzinfo=None)


metadata = MetaData()

setting = Table(
    "setting", metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)  # fmt: skip

role = Table(
    "role", metadata,
    Column("name", String(50), primary_key=True),
    Column("highest_risk", String(2)),  # null: may approve nothing
    Column("meaning", Text, nullable=False),
)  # fmt: skip

user = Table(
    "user", metadata,
    Column("name", String(200), primary_key=True),
    Column("role", ForeignKey("role.name"), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("added_by", String(200), nullable=False),
    Column("added_at", DateTime, nullable=False),
)  # fmt: skip

plan = Table(
    "plan", metadata,
    Column("id", String(32), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),  # the order in which plans were made
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON; the hash is of exactly these bytes
    Column("title", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("snapshot", Integer),
    Column("status", String(20), nullable=False),
    Column("undoes_run", String(32)),  # the run that this plan puts back
)  # fmt: skip

change = Table(
    "change", metadata,
    Column("id", String(40), primary_key=True),
    Column("plan_id", ForeignKey("plan.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("recommendation_id", String(64)),
    Column("source", Text, nullable=False),
    Column("cloud", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("kind", String(50), nullable=False),
    Column("verb", String(20), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("risk", String(2), nullable=False),
    Column("currency", String(3)),
    Column("saving_month_low", Money),
    Column("saving_month_high", Money),
    UniqueConstraint("plan_id", "position"),
)  # fmt: skip

approval = Table(
    "approval", metadata,
    Column("id", String(40), primary_key=True),
    Column("plan_id", ForeignKey("plan.id"), nullable=False, index=True),
    Column("hash", String(64), nullable=False),  # of the plan that was looked at
    Column("user", ForeignKey("user.name"), nullable=False),
    Column("role", String(50), nullable=False),  # at that time
    Column("decision", String(10), nullable=False),  # approved, rejected
    Column("reason", Text),
    Column("at", DateTime, nullable=False),
    Column("expires_at", DateTime),
)  # fmt: skip

run = Table(
    "run", metadata,
    Column("id", String(40), primary_key=True),
    Column("plan_id", ForeignKey("plan.id"), nullable=False, index=True),
    Column("actor", String(200), nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),  # null: running, or interrupted
    Column("status", String(20), nullable=False),  # running, applied, partly_applied, failed
)  # fmt: skip

run_change = Table(
    "run_change", metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("change_id", ForeignKey("change.id"), primary_key=True),
    Column("intent_at", DateTime),  # null: the change was never begun
    Column("backup", Text),  # what a delete can be restored from
    Column("outcome", String(10)),  # applied, already, drifted, refused, failed; null: not known
    Column("reason", Text),
    Column("looks", Text),  # JSON of the resource after the change
    Column("finished_at", DateTime),
)  # fmt: skip

saving = Table(
    "saving", metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("change_id", ForeignKey("change.id"), primary_key=True),
    Column("window_days", Integer, primary_key=True),  # 7 and 30 days after the change
    Column("currency", String(3)),
    Column("promised_month_low", Money),
    Column("promised_month_high", Money),
    Column("cost_month_before", Money),  # the counterfactual: run rate before the change
    Column("cost_month_after", Money),  # with what commitments have unused since
    Column("saved_month", Money),
    Column("verdict", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("measured_at", DateTime, nullable=False),
)  # fmt: skip

suppression = Table(
    "suppression", metadata,
    Column("id", String(40), primary_key=True),
    Column("check", String(100)),  # null in any of these seven: every one
    Column("cloud", Text),
    Column("account", Text),
    Column("kind", String(50)),
    Column("resource_id", Text),
    Column("team", Text),
    Column("env", Text),
    Column("until", Date),  # first day on which it no longer holds; null = for ever
    Column("reason", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("lifted_at", DateTime),
)  # fmt: skip

budget = Table(
    "budget", metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("cloud", Text),  # null in any of these three: all of them
    Column("account", Text),
    Column("service", Text),
    Column("currency", String(3), nullable=False),
    Column("period", String(10), nullable=False),  # month, quarter, year; calendar ones
    Column("amount", Money, nullable=False),  # effective cost allowed in each period
    Column("author", String(200), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
)  # fmt: skip

feedback = Table(
    "feedback", metadata,
    Column("id", String(40), primary_key=True),
    Column("decision", String(10), nullable=False),  # confirmed, dismissed, expected
    Column("incident_id", String(64), nullable=False),  # as it was called when this was said
    Column("cloud", Text),  # null in any of these three: the incident is spread over several
    Column("account", Text),
    Column("service", Text),
    Column("currency", String(3), nullable=False),
    Column("direction", String(4), nullable=False),  # up, down
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),  # exclusive; as far as it was seen
    Column("excess_day", Money),  # how much too much or too little per day; null = unknown
    Column("until", Date),  # of expected: first day on which it no longer is
    Column("reason", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("lifted_at", DateTime),
)  # fmt: skip

episode = Table(
    "alert_episode", metadata,
    Column("id", String(40), primary_key=True),
    Column("rule", String(100), nullable=False),
    Column("kind", String(20), nullable=False),  # budget, anomaly, freshness, forecast_breach
    Column("cause", Text, nullable=False, index=True),  # budget and period, series, source
    Column("level", Integer),  # of budget: the highest share crossed, percent
    Column("starts_on", Date),  # of anomaly: the days, by which it is known again
    Column("ends_on", Date),  # exclusive; as far as it was seen
    Column("opened_at", DateTime, nullable=False),
    Column("told_at", DateTime, nullable=False),  # when the last message about it was made
    Column("closed_at", DateTime),  # null: still going on
)  # fmt: skip

alert = Table(
    "alert", metadata,
    Column("id", String(40), primary_key=True),  # random; also the key of idempotency
    Column("number", Integer, nullable=False, unique=True),  # the order in which they were made
    Column("key", Text, nullable=False),
    Column("channel", String(100), nullable=False),
    Column("episode_id", ForeignKey("alert_episode.id"), index=True),  # null: digest
    Column("rule", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("phase", String(10), nullable=False),  # started, again, over, digest
    Column("is_critical", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # JSON of the message
    Column("status", String(10), nullable=False, index=True),
    # queued, held (by quiet hours), sent, digested, failed (for good), withdrawn
    Column("after_id", String(40)),  # goes out only after this one did
    Column("digest_id", String(40)),  # the message that it was summed up in
    Column("created_at", DateTime, nullable=False),
    Column("next_try_at", DateTime, nullable=False),
    Column("first_try_at", DateTime),
    Column("attempts", Integer, nullable=False),
    Column("claim", String(40)),  # of the process that is sending it
    Column("claimed_until", DateTime),
    Column("delivered", Text),  # JSON list of recipients that have it, of those that are several
    Column("last_error", Text),
    Column("sent_at", DateTime),
    UniqueConstraint("key", "channel"),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3, ... no gap
    Column("at", DateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(50), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip

audit_head = Table(
    "audit_head", metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("number", Integer, nullable=False),  # of the newest event, so that a cut-off end shows
    Column("hash", String(64), nullable=False),
)  # fmt: skip
