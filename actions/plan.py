"""Freeze recommendations into a plan: the hashed list of changes that is explained and applied.

A plan is observed, checked against the limits and written to the ledger; nothing else happens.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import polars as pl
from sqlalchemy import Connection, Row, func, insert, select, update

from actions import audit
from actions.canonical import digest
from actions.errors import NotAsRecommended, PlanDamaged, PlanRefused, Unknown
from actions.ledger import Ledger
from actions.limits import Fleet, Limits, check_limits, count_fleet
from actions.planned import HEAD, Plan, PlannedChange, Status, Wish, parse
from actions.risk import RISKS, VERBS, altered, risk_of, way_back
from actions.standing import standing_of
from actions.tables import change as change_table
from actions.tables import plan as plan_table
from actions.tables import utc
from actions.users import known_user
from clouds.cloud import ABSENT, Change, Cloud, Observation, Resource, ResourceKind
from clouds.errors import CloudError


def create(
    ledger: Ledger,
    recommendations: pl.DataFrame,
    clouds: Mapping[str, Cloud],
    *,
    author: str,
    now: datetime,
    limits: Limits | None = None,
    fleet: Fleet | None = None,
    title: str | None = None,
) -> Plan:
    """Plan the given rows of `actions.recommendation`, as the resources look right now.

    `fleet` says how many resources there are, from `marts.resource_now`; without it the clouds are
    asked. Raises `PlanRefused` with the resource, what was expected and what to do.
    """
    wishes = [_wish(row, now) for row in recommendations.iter_rows(named=True)]
    snapshots = recommendations["snapshot"].drop_nulls() if len(recommendations) else None
    snapshot = None if snapshots is None or snapshots.is_empty() else cast(int, snapshots.max())
    return create_from(
        ledger, wishes, clouds,
        author=author, now=now, limits=limits, fleet=fleet, title=title, snapshot=snapshot,
    )  # fmt: skip


def create_from(
    ledger: Ledger,
    wishes: Sequence[Wish],
    clouds: Mapping[str, Cloud],
    *,
    author: str,
    now: datetime,
    limits: Limits | None = None,
    fleet: Fleet | None = None,
    title: str | None = None,
    snapshot: int | None = None,
) -> Plan:
    """Plan explicit changes; otherwise as `create`."""
    limits = limits or Limits()
    _check_wishes(wishes)
    planned = [observed(wish, clouds) for wish in wishes]
    counted = fleet if fleet is not None else _ask_fleet(planned, clouds)
    check_limits([item.change for item in planned], counted, limits)
    return freeze(
        ledger, planned, author=author, now=now, limits=limits, title=title, snapshot=snapshot
    )


def freeze(
    ledger: Ledger,
    planned: Sequence[PlannedChange],
    *,
    author: str,
    now: datetime,
    limits: Limits,
    title: str | None = None,
    snapshot: int | None = None,
    undoes_run: str | None = None,
    notes: Sequence[str] = (),
    check: Callable[[Connection], None] = lambda connection: None,
) -> Plan:
    """Write changes down as a plan, in this order. The limits on its size are the caller's.

    `check` may refuse it for what others have planned meanwhile: nobody else writes then. Raises
    `Unknown` for an author that is no user: nobody could tell who may not approve it alone.
    """
    draft = Plan(
        id="",
        title=_one_line(title or "") or _one_line(_title(planned)),
        author=author,
        created_at=utc(now),
        expires_at=utc(now) + timedelta(hours=limits.plan_hours),
        snapshot=snapshot,
        changes=tuple(planned),
        undoes_run=undoes_run,
        notes=tuple(notes),
    )
    with ledger.write() as connection:
        check(connection)
        person = known_user(connection, author, now)
        return _store(connection, replace(draft, author=person.name))


def observed(wish: Wish, clouds: Mapping[str, Cloud]) -> PlannedChange:
    """The wish as a change, if the resource looks as expected and there is a safe way to do it.

    Raises `PlanRefused`.
    """
    resource, verb = wish.resource, wish.verb
    kind = find_kind(clouds, wish.source, resource)
    if verb not in kind.verbs:
        raise PlanRefused(
            f"{wish.source} can't {verb} the {resource.kind} {resource.resource_id}. "
            f"It offers: {', '.join(kind.verbs)}.",
            "Leave this change out, or make it by hand.",
        )
    try:
        look = kind.observe(resource)
    except CloudError as error:
        raise PlanRefused(
            f"{resource.resource_id} can't be looked at: {error}",
            "No plan was made; try again, or leave this resource out.",
        ) from error
    before = _before(wish, look)
    back = way_back(resource.kind, verb, kind.verbs)
    permissions = list(kind.permissions(verb))
    if verb == "delete" and back:
        permissions += [name for name in kind.permissions("snapshot") if name not in permissions]
    change = Change(
        change_id="", resource=resource, verb=verb, before=before, after=wish.after, observed=look,
        risk=risk_of(verb, back, wish.risk), way_back=back, currency=wish.currency,
        saving_month_low=wish.saving_month_low, saving_month_high=wish.saving_month_high,
        permissions=tuple(permissions), backup=wish.backup,
    )  # fmt: skip
    return PlannedChange(
        change, wish.source, wish.name, wish.recommendation_id, wish.reason, wish.undoes
    )


def explain(plan: Plan) -> Iterator[PlannedChange]:
    """The changes in the order in which `apply` makes them: the one list both walk."""
    yield from plan.changes


def load(ledger: Ledger, plan_id: str, now: datetime | None = None) -> Plan:
    """A stored plan; if `now` is given, one that nobody approved in time reads as expired, and one
    whose approvals are not enough any more as lapsed.

    Raises `Unknown`, or `PlanDamaged` if its content is not what its hash names.
    """
    with ledger.read() as connection:
        return read_plan(connection, plan_id, now)


def plans(ledger: Ledger, now: datetime | None = None, newest: int = 100) -> list[Plan]:
    """The newest plans, latest first."""
    query = select(plan_table).order_by(plan_table.c.number.desc()).limit(newest)
    with ledger.read() as connection:
        return [_from_row(connection, row, now) for row in connection.execute(query).all()]


def read_plan(connection: Connection, plan_id: str, now: datetime | None = None) -> Plan:
    """As `load`, inside a transaction of the caller."""
    row = connection.execute(select(plan_table).where(plan_table.c.id == plan_id)).one_or_none()
    if row is None:
        newest = select(plan_table.c.id).order_by(plan_table.c.number.desc())
        raise Unknown("plan", plan_id, connection.scalars(newest))
    return _from_row(connection, row, now)


def set_status(
    connection: Connection, plan_id: str, status: Status, *, actor: str, now: datetime
) -> None:
    """Move a plan on, inside a transaction of the caller."""
    change = update(plan_table).where(plan_table.c.id == plan_id)
    connection.execute(change.values(status=status))
    audit.record(
        connection, at=now, actor=actor, action="plan.status", subject=plan_id,
        details={"status": status},
    )  # fmt: skip


def find_kind(clouds: Mapping[str, Cloud], source: str, resource: Resource) -> ResourceKind:
    """What can change this resource. Raises `PlanRefused` if nothing here can."""
    cloud = clouds.get(source)
    if cloud is None:
        raise PlanRefused(
            f"{resource.resource_id} belongs to the source {source!r}, which is not configured. "
            f"Configured: {', '.join(sorted(clouds)) or 'none'}.",
            "Add it to instance-select.yaml.",
        )
    kind = cloud.kinds.get((resource.cloud, resource.kind))
    if kind is None:
        offered = ", ".join(sorted(name for there, name in cloud.kinds if there == resource.cloud))
        why = cloud.cannot.get(resource.kind) or cloud.cannot.get("change") or "it only reads them"
        raise PlanRefused(
            f"The source {source!r} can't change a {resource.kind} on {resource.cloud}: {why}. "
            f"It changes: {offered or 'nothing there'}.",
            "Make the change by hand.",
        )
    return kind


def _wish(row: Mapping[str, Any], now: datetime) -> Wish:
    if row["status"] != "open":
        because = row.get("missing") or row.get("superseded_by") or row["reason"]
        raise PlanRefused(
            f"Recommendation {row['id']} for {row['resource_id']} is {row['status']} ({because}), "
            "and only open ones can be planned. Choose another, or make the change by hand."
        )
    if (until := row.get("grace_until")) is not None and until > now.date():
        raise PlanRefused(
            f"Recommendation {row['id']} would {row['verb']} {row['resource_id']}, and its owner "
            f"can object until {until}. Ask the owner, and plan it then; if it is wanted: "
            f"instance-select suppress add --resource {row['resource_id']}"
        )
    if row["risk"] in ("R0", "R5"):
        what = "advice that changes nothing" if row["risk"] == "R0" else "work for an engineer"
        raise PlanRefused(
            f"Recommendation {row['id']} for {row['resource_id']} is {what} ({row['risk']}), "
            "so there is nothing to apply. Leave it out of the plan."
        )
    where = Resource(row["cloud"], row["account"], row["region"], row["resource_id"], row["kind"])
    return Wish(
        source=row["source"], resource=where, verb=row["verb"], after=row["after"],
        before=row["before"], risk=row["risk"], currency=row["currency"],
        saving_month_low=row["saving_month_low"], saving_month_high=row["saving_month_high"],
        name=row["resource_name"], recommendation_id=row["id"], reason=row["reason"],
    )  # fmt: skip


def _check_wishes(wishes: Sequence[Wish]) -> None:
    if not wishes:
        raise PlanRefused(
            "The plan would be empty: no recommendation was given. "
            "List them with: instance-select recommendations"
        )
    seen: set[Resource] = set()
    for wish in wishes:
        if wish.verb not in VERBS:
            raise Unknown("verb", str(wish.verb), VERBS)
        if wish.risk is not None and wish.risk not in RISKS:
            raise Unknown("risk class", wish.risk, RISKS)
        if wish.resource in seen:
            raise PlanRefused(
                f"{wish.resource.resource_id} would be changed twice in one plan. "
                "Choose one change for it; make a second plan after the first is verified."
            )
        seen.add(wish.resource)


def _before(wish: Wish, look: Observation) -> str:
    resource_id = wish.resource.resource_id
    found = altered(wish.verb, look)
    expected = ABSENT if wish.verb == "restore" else wish.before
    if expected is None and not look.exists:
        raise PlanRefused(f"{resource_id} does not exist, so it can't be changed.", "Leave it out.")
    if expected is not None and found != expected:
        raise NotAsRecommended(resource_id, wish.verb, repr(expected), repr(found))
    in_use = look.attached_to is not None
    if in_use and wish.verb in ("delete", "release") and wish.resource.kind in ("disk", "address"):
        raise NotAsRecommended(
            resource_id, wish.verb, "attached to nothing", f"attached to {look.attached_to}"
        )
    return found


def _ask_fleet(planned: Sequence[PlannedChange], clouds: Mapping[str, Cloud]) -> Fleet:
    sources = sorted({item.source for item in planned})
    return count_fleet(*(clouds[source].inventory().rows for source in sources))


def _title(planned: Sequence[PlannedChange]) -> str:
    first = planned[0].change
    name = planned[0].name or first.resource.resource_id
    more = f" and {len(planned) - 1} more" if len(planned) > 1 else ""
    return f"{first.verb.capitalize()} {first.resource.kind} {name}{more}"


def _one_line(title: str) -> str:
    """Without line breaks and signs that can't be seen, so that it can't pass for other lines."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in title).split())


def _store(connection: Connection, draft: Plan) -> Plan:
    number = (connection.scalar(select(func.max(plan_table.c.number))) or 0) + 1
    plan_id = f"p{number}-{digest(f'{number} {draft.body}')[:8]}"
    changes = tuple(
        replace(item, change=replace(item.change, change_id=f"{plan_id}.{position}"))
        for position, item in enumerate(draft.changes, start=1)
    )
    plan = replace(draft, id=plan_id, changes=changes)
    connection.execute(
        insert(plan_table).values(
            number=number, hash=plan.hash, body=plan.body, status=plan.status,
            **{name: getattr(plan, name) for name in HEAD},
        )
    )  # fmt: skip
    rows = [_row(plan_id, position, item) for position, item in enumerate(changes, start=1)]
    connection.execute(insert(change_table), rows)
    details = {"plan": plan_id, "hash": plan.hash, "risk": plan.risk, "changes": len(changes)}
    audit.record(
        connection, at=plan.created_at, actor=plan.author, action="plan.create", subject=plan_id,
        details=details,
    )  # fmt: skip
    return plan


def _row(plan_id: str, position: int, item: PlannedChange) -> dict[str, Any]:
    change, where = item.change, item.change.resource
    return {
        "id": change.change_id, "plan_id": plan_id, "position": position, "source": item.source,
        "recommendation_id": item.recommendation_id, "cloud": where.cloud,
        "account": where.account, "region": where.region, "resource_id": where.resource_id,
        "kind": where.kind, "verb": change.verb, "before": change.before, "after": change.after,
        "risk": change.risk, "currency": change.currency,
        "saving_month_low": change.saving_month_low, "saving_month_high": change.saving_month_high,
    }  # fmt: skip


def _from_row(connection: Connection, row: Row[Any], now: datetime | None) -> Plan:
    found = digest(row.body)
    if found != row.hash:
        raise PlanDamaged(row.id, row.hash, found)
    plan = replace(parse(row.body), status=row.status)
    if now is None:
        return plan
    if plan.status == "proposed" and utc(now) >= plan.expires_at:
        return replace(plan, status="expired")
    if plan.status == "approved" and not standing_of(connection, plan, utc(now)).is_approved:
        return replace(plan, status="lapsed")
    return plan
