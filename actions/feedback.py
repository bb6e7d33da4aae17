"""What people say of cost incidents: confirmed, dismissed, expected until a day; and its memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, cast

from sqlalchemy import Row, func, insert, select, update

from actions import audit
from actions.errors import FeedbackRefused, Unknown
from actions.ledger import Ledger
from actions.tables import feedback as table
from actions.tables import utc
from actions.users import decider

Decision = Literal["confirmed", "dismissed", "expected"]
GROWTH = Decimal("1.5")  # times the dismissed excess per day; above it is another matter
CENT = Decimal("0.01")
SHIFT = timedelta(days=1)  # by which a rerun may date an incident otherwise


@dataclass(frozen=True)
class Series:
    """What an incident is in.

    None where it is spread over several; of those, what is given is that of the largest.
    """

    cloud: str | None
    account: str | None
    service: str | None
    currency: str
    direction: str  # up, down

    @property
    def is_spread(self) -> bool:
        """Whether it names no one series, so that others of it need not be alike."""
        return None in (self.cloud, self.account, self.service)


@dataclass(frozen=True)
class Incident:
    """A cost incident as people judge it."""

    id: str
    series: Series
    starts_on: date
    ends_on: date | None  # exclusive; None = still going on
    excess_day: Decimal | None  # what is too much or too little, per abnormal day

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Incident":
        """From a row of `marts.anomaly_now`, which names the largest of several series."""
        service = None if (row["members"] or 1) > 1 else row["service"]
        series = Series(row["cloud"], row["account"], service, row["currency"], row["direction"])
        impact, days = row["impact"], row["days"]
        excess = (
            (abs(Decimal(str(impact))) / days).quantize(CENT)
            if impact is not None and days
            else None
        )
        return cls(row["id"], series, row["starts_on"], row["ends_on"], excess)


@dataclass(frozen=True)
class Feedback:
    """One thing that somebody said of an incident, and that still holds."""

    id: str
    decision: Decision
    incident_id: str
    series: Series
    starts_on: date
    ends_on: date  # exclusive; as far as the incident was seen
    excess_day: Decimal | None
    until: date | None
    reason: str
    author: str
    created_at: datetime

    def is_about(self, incident: Incident) -> bool:
        """Whether it was said of this incident, also if a rerun dates it a day otherwise.

        By its id it is known whatever series it has now. Without it, those of several series need
        to begin together: on the same days there may be others.
        """
        if incident.id == self.incident_id:
            return True
        if self.series != incident.series:
            return False
        if self.series.is_spread:
            return abs(incident.starts_on - self.starts_on) <= SHIFT
        end = incident.ends_on or date.max
        return incident.starts_on <= self.ends_on and self.starts_on <= end

    def covers(self, incident: Incident, today: date) -> bool:
        """Whether the incident is no more than what was said to be all right."""
        match self.decision:
            case "confirmed":
                return True
            case "dismissed":
                sizes = self.excess_day, incident.excess_day
                if sizes[0] is None or sizes[1] is None:
                    return self.is_about(incident)
                return sizes[1] <= GROWTH * sizes[0]
            case "expected":
                # One that is still going on afterwards is no longer as expected.
                last = (incident.ends_on or today + timedelta(days=1)) - timedelta(days=1)
                return self.until is not None and last < self.until


@dataclass(frozen=True)
class Opinion:
    """What counts for one incident now."""

    decision: Decision
    feedback_id: str
    by: str
    reason: str
    until: date | None
    is_remembered: bool  # said of an earlier incident that this one is like

    @property
    def is_settled(self) -> bool:
        """Whether nobody needs to look at the incident."""
        return self.decision != "confirmed"

    @property
    def sentence(self) -> str:
        """For a reader: who said what, and why."""
        why = f": {self.reason}" if self.reason else ""
        match self.decision:
            case "confirmed":
                return f"confirmed by {self.by}{why}"
            case "dismissed":
                before = " before" if self.is_remembered else ""
                return f"dismissed{before} by {self.by} because {self.reason}"
            case "expected":
                return f"expected until {self.until} by {self.by} because {self.reason}"


def give(
    ledger: Ledger,
    incident: Incident,
    decision: Decision,
    *,
    actor: str,
    now: datetime,
    today: date,
    reason: str = "",
    until: date | None = None,
) -> str:
    """Write what somebody says of an incident and return its id; it holds at once.

    `today` is that of the data: an incident still going on was seen so far. Raises
    `FeedbackRefused`, and as `decider` for somebody who may not.
    """
    reason = reason.strip()
    _check(decision, reason, until, today)
    facts: dict[str, Any] = {
        "decision": decision,
        "incident_id": incident.id,
        **asdict(incident.series),
        "starts_on": incident.starts_on,
        "ends_on": incident.ends_on or max(today, incident.starts_on) + timedelta(days=1),
        "excess_day": incident.excess_day,
        "until": until,
        "reason": reason,
    }
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        count = connection.scalar(select(func.count()).select_from(table)) or 0
        identity = f"f{count + 1}"
        connection.execute(
            insert(table).values(id=identity, author=actor, created_at=utc(now), **facts)
        )
        audit.record(
            connection, at=now, actor=actor, action="feedback", subject=identity, details=facts
        )
    return identity


def lift(ledger: Ledger, feedback_id: str, *, actor: str, now: datetime) -> None:
    """Take back what was said; it counts no more. Raises `Unknown`, and as `decider`."""
    mine = (table.c.id == feedback_id.lower()) & table.c.lifted_at.is_(None)
    with ledger.write() as connection:
        actor = decider(connection, actor, now)
        if connection.execute(update(table).where(mine).values(lifted_at=utc(now))).rowcount == 0:
            alive = (
                select(table.c.id).where(table.c.lifted_at.is_(None)).order_by(table.c.created_at)
            )
            cure = "List them with: instance-select anomaly feedback"
            raise Unknown("feedback", feedback_id, connection.scalars(alive), cure)
        audit.record(
            connection, at=now, actor=actor, action="feedback.lift", subject=feedback_id.lower(),
            details={},
        )  # fmt: skip


def feedback(ledger: Ledger) -> list[Feedback]:
    """All that was said and not taken back, newest first."""
    query = select(table).where(table.c.lifted_at.is_(None))
    with ledger.read() as connection:
        found = [_feedback(row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: int(one.id[1:]), reverse=True)


def opinions(
    incidents: Iterable[Incident], said: Sequence[Feedback], today: date
) -> dict[str, Opinion]:
    """What counts for each incident of which somebody said something, by the id of the incident.

    The newest word about the incident itself counts; failing that the newest about an earlier one
    of its series and direction. `said` is newest first.
    """
    places: dict[Series | str, list[int]] = {}
    for place, one in enumerate(said):
        for key in (one.series, one.incident_id):
            places.setdefault(key, []).append(place)
    found: dict[str, Opinion] = {}
    for incident in incidents:
        own = {*places.get(incident.series, []), *places.get(incident.id, [])}
        opinion = _opinion(incident, [said[place] for place in sorted(own)], today)
        if opinion is not None:
            found[incident.id] = opinion
    return found


def _opinion(incident: Incident, said: Sequence[Feedback], today: date) -> Opinion | None:
    about = [one for one in said if one.is_about(incident)]
    for one in about[:1]:  # an older word about it counts no more
        if one.covers(incident, today):
            return _as_opinion(one, is_remembered=False)
    if incident.series.is_spread:
        return None
    for one in said:
        if one in about or one.starts_on > incident.starts_on:
            continue
        if one.decision == "confirmed":  # people no longer take these for harmless
            return None
        if one.covers(incident, today):
            return _as_opinion(one, is_remembered=True)
    return None


def _as_opinion(one: Feedback, *, is_remembered: bool) -> Opinion:
    return Opinion(one.decision, one.id, one.author, one.reason, one.until, is_remembered)


def _check(decision: Decision, reason: str, until: date | None, today: date) -> None:
    if decision != "confirmed" and not reason:
        raise FeedbackRefused(
            f"No reason was given, and {decision} incidents need one: whoever sees the next one "
            "like it should know why. Give it in a few words; nothing was written."
        )
    if decision == "expected" and (until is None or until <= today):
        told = f"{until}, but the data are of {today} already" if until else "no day"
        raise FeedbackRefused(
            f"Expected until {told}. Give the first day on which it is no longer expected, after "
            f"{today}; nothing was written."
        )


def _feedback(row: Row[Any]) -> Feedback:
    series = Series(row.cloud, row.account, row.service, row.currency, row.direction)
    return Feedback(
        row.id, cast(Decision, row.decision), row.incident_id, series, row.starts_on, row.ends_on,
        row.excess_day, row.until, row.reason, row.author, row.created_at,
    )  # fmt: skip
