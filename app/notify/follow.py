"""Follow each cause from its beginning to its end, and write the messages that are due about it.

An episode is one cause of one rule while it lasts. It is told once when it begins, once more for
each higher level, again after the rule's time, and once when it is over; all that once more if it
goes on after all.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from actions.ledger import Ledger
from actions.old_messages import WAITING
from actions.tables import alert, episode, utc
from app.notify.finding import Finding
from app.notify.judge import Judged
from app.notify.message import Message
from app.notify.outbox import Draft, put, withdraw
from pipelines.alert_settings import RuleSettings

ONE_PER_PERIOD = ("budget",)  # kinds whose cause can't begin anew: its name has the period in it
OF_A_PERIOD = (*ONE_PER_PERIOD, "forecast_breach")  # kinds whose cause vanishes with its period
UNHEARD = (*WAITING, "sent", "digested")  # states of a beginning that got out, or still may


def follow(ledger: Ledger, judged: Sequence[Judged], now: datetime) -> list[Draft]:
    """Compare what the rules found with what was told, and queue the rest; what was queued.

    It is one transaction, so that two processes never tell the same.
    """
    now = utc(now)
    with ledger.write() as connection:
        return follow_in(connection, judged, now)


def follow_in(connection: Connection, judged: Sequence[Judged], now: datetime) -> list[Draft]:
    """The same inside the caller's transaction."""
    return [
        draft for one in judged for draft in _Rule(connection, one.rule, now).follow(one.findings)
    ]


class _Rule:
    """One rule in one transaction."""

    def __init__(self, connection: Connection, rule: RuleSettings, now: datetime) -> None:
        self._connection = connection
        self._rule = rule
        self._now = now
        known = select(episode).where(episode.c.rule == rule.name, episode.c.kind == rule.kind)
        newest = known.order_by(episode.c.opened_at.desc(), episode.c.id)
        self._of_cause: dict[str, list[Row[Any]]] = {}
        for row in connection.execute(newest):
            self._of_cause.setdefault(row.cause, []).append(row)

    def follow(self, findings: Sequence[Finding]) -> list[Draft]:
        drafts: list[Draft] = []
        seen: set[str] = set()
        for finding in findings:
            known = self._known(finding)
            if known is not None:
                seen.add(known.id)
                drafts += self._go_on(known, finding)
            elif finding.may_start and not finding.is_silenced:
                drafts += self._begin(finding)
        for row in [row for rows in self._of_cause.values() for row in rows]:
            if row.id not in seen:
                drafts += self._vanished(row)
        return [draft for draft in drafts if put(self._connection, draft, self._now)]

    def _known(self, finding: Finding) -> Row[Any] | None:
        """The episode that the finding goes on with, if there is one."""
        for row in self._of_cause.get(finding.cause, []):
            if finding.starts_on is not None:
                if _touch(row, finding.starts_on, finding.ends_on):
                    return row
            elif row.closed_at is None or self._rule.kind in ONE_PER_PERIOD:
                return row
        return None

    def _begin(self, finding: Finding) -> list[Draft]:
        identity = uuid4().hex
        self._connection.execute(
            insert(episode).values(
                id=identity, rule=self._rule.name, kind=self._rule.kind, cause=finding.cause,
                level=finding.level, starts_on=finding.starts_on, ends_on=finding.ends_on,
                opened_at=self._now, told_at=self._now,
                closed_at=self._now if finding.is_over else None,
            )
        )  # fmt: skip
        return self._drafts(identity, "started", _level(finding), finding, finding.message)

    def _go_on(self, known: Row[Any], finding: Finding) -> list[Draft]:
        days = {"starts_on": finding.starts_on, "ends_on": finding.ends_on}
        if finding.is_silenced:
            withdraw(self._connection, known.id, "Somebody said that it is fine.", self._now)
            self._change(known, **days, closed_at=known.closed_at or self._now)
            return []
        if known.closed_at is not None and finding.starts_on is not None:
            return self._take_up(known, finding, days)
        is_worse = finding.level is not None and finding.level > (known.level or 0)
        if is_worse and finding.may_start and not finding.is_over:
            self._change(known, **days, level=finding.level, told_at=self._now, closed_at=None)
            return self._drafts(known.id, "started", _level(finding), finding, finding.message)
        if finding.is_over:
            self._change(known, **days, closed_at=known.closed_at or self._now)
            over = finding.end or finding.message.over()
            return [] if known.closed_at else self._end(known, over)
        if self._is_due_again(known) and finding.may_start:
            self._change(known, **days, told_at=self._now, closed_at=None)
            return self._drafts(known.id, "again", self._at(), finding, finding.message.again())
        self._change(known, **days, closed_at=None)
        return []

    def _take_up(self, known: Row[Any], finding: Finding, days: dict[str, Any]) -> list[Draft]:
        """An incident that was over, or that somebody called fine, and may be told anew."""
        had_ended = known.ends_on is not None
        if not finding.may_start:
            return []
        if finding.is_over:
            self._change(known, **days)
        else:
            level = max(known.level or 0, finding.level or 0) or None
            self._change(known, **days, level=level, told_at=self._now, closed_at=None)
        everybody = had_ended and not finding.is_over
        unheard = self._unheard(known, finding)
        drafts = self._drafts(known.id, "started", self._at(), finding, finding.message)
        return [draft for draft in drafts if everybody or draft.channel in unheard]

    def _unheard(self, known: Row[Any], finding: Finding) -> set[str]:
        """Channels whose messages were withdrawn, or that heard last that what goes on is over."""
        of_episode = select(alert.c.channel, alert.c.phase, alert.c.status)
        rows = self._connection.execute(
            of_episode.where(alert.c.episode_id == known.id).order_by(alert.c.number)
        ).all()
        last = {row.channel: row.phase for row in rows if row.status != "withdrawn"}
        stale = (None,) if finding.is_over else (None, "over")
        return {row.channel for row in rows if last.get(row.channel) in stale}

    def _vanished(self, known: Row[Any]) -> list[Draft]:
        if known.starts_on is not None and known.ends_on is None:
            # Else every later incident of the series would be taken for this one.
            self._change(known, ends_on=max(known.starts_on, self._now.date()))
        if known.closed_at is not None:
            return []
        self._change(known, closed_at=self._now)
        if self._rule.kind in OF_A_PERIOD:  # the period ended, or the budget was changed
            if (
                self._rule.kind not in ONE_PER_PERIOD
            ):  # what may happen is past; what was spent is not
                withdraw(self._connection, known.id, "The period or the budget ended.", self._now)
            return []
        body = self._connection.scalar(
            select(alert.c.body)
            .where(alert.c.episode_id == known.id, alert.c.phase == "started")
            .order_by(alert.c.number.desc())
        )
        if body is None:
            return []
        over = Message.from_json(body).over(
            "The newest data no longer show it. Nothing is left to do; this closes the alert."
        )
        return self._end(known, over)

    def _end(self, known: Row[Any], over: Message) -> list[Draft]:
        """One message to each channel that was, or still will be, told of the beginning."""
        told = self._connection.execute(
            select(alert.c.id, alert.c.channel)
            .where(
                alert.c.episode_id == known.id, alert.c.phase == "started",
                alert.c.status.in_(UNHEARD),
            )
            .order_by(alert.c.number)
        ).all()  # fmt: skip
        return [
            Draft(
                f"{self._rule.name}/{known.cause}/{known.id}/over {newest}", channel,
                self._rule.name, self._rule.kind, "over", over, is_critical=False,
                episode_id=known.id, after_id=newest,
            )
            for channel, newest in {row.channel: row.id for row in told}.items()
        ]  # fmt: skip

    def _drafts(
        self, episode_id: str, phase: str, detail: str, finding: Finding, message: Message
    ) -> list[Draft]:
        key = f"{self._rule.name}/{finding.cause}/{episode_id}/{phase}{detail}"
        return [
            Draft(
                key, channel, self._rule.name, self._rule.kind, phase, message,
                finding.is_critical, episode_id,
            )
            for channel in dict.fromkeys(self._rule.channels)
        ]  # fmt: skip

    def _at(self) -> str:
        """What tells a message that may be repeated from the one before."""
        return f" {self._now:%Y-%m-%dT%H:%M:%S}"

    def _is_due_again(self, known: Row[Any]) -> bool:
        hours = self._rule.repeat_after_hours
        return hours is not None and self._now >= known.told_at + timedelta(hours=hours)

    def _change(self, known: Row[Any], **values: Any) -> None:
        self._connection.execute(update(episode).where(episode.c.id == known.id).values(**values))


def _touch(row: Row[Any], starts_on: date, ends_on: date | None) -> bool:
    """Whether the days meet: a rerun may date an incident a day earlier."""
    return starts_on <= (row.ends_on or date.max) and row.starts_on <= (ends_on or date.max)


def _level(finding: Finding) -> str:
    return f" {finding.level}" if finding.level is not None else ""
