"""Who may approve what: users, their roles, and homes in which names are taken on trust."""

from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from sqlalchemy import Connection, insert, select, update

from actions import audit
from actions.errors import BadName, NotAllowed, Unknown
from actions.ledger import Ledger
from actions.tables import role, setting, user, utc

TRUST = "trust_unknown_users"  # setting of the ledger; only demo homes turn it on
ON_TRUST = "approver"  # the role of a name that is taken on trust


@dataclass(frozen=True)
class User:
    """Somebody with a role; `highest_risk` is None for those who may approve nothing."""

    name: str
    role: str
    highest_risk: str | None

    def may(self, risk: str) -> bool:
        """Whether the role covers changes of this risk class."""
        return self.highest_risk is not None and risk <= self.highest_risk


def add_user(ledger: Ledger, name: str, role_name: str, *, actor: str, now: datetime) -> User:
    """Add a user, or give them another role. Only admins may, once there is one.

    Raises `BadName`, `Unknown` for the role, and `NotAllowed` for the actor and for the last admin.
    """
    _check_name(name)
    with ledger.write() as connection:
        known = list(connection.scalars(select(role.c.name).order_by(role.c.name)))
        if role_name not in known:
            raise Unknown("role", role_name, known)
        _check_admin(connection, actor)
        if role_name != "admin":
            _check_not_last_admin(connection, name)
        _put(connection, _written(connection, name) or name, role_name, actor, now)
        return _require(connection, name)


def users(ledger: Ledger) -> list[User]:
    """Everybody who may still do something, by name."""
    with ledger.read() as connection:
        return active_users(connection)


def remove_user(ledger: Ledger, name: str, *, actor: str, now: datetime) -> User:
    """Take every right from a user; what they approved counts no more. Only admins may.

    Raises `Unknown`, or `NotAllowed` for the actor and for the last admin.
    """
    with ledger.write() as connection:
        _check_admin(connection, actor)
        person = _require(connection, name)
        _check_not_last_admin(connection, name)
        _put(connection, person.name, person.role, actor, now, is_active=False)
        return person


def trust_unknown_users(ledger: Ledger, is_trusted: bool, *, actor: str, now: datetime) -> None:
    """Take names on trust from now on, or stop it. Meant for demo homes without sign-on."""
    with ledger.write() as connection:
        if _is_trusting(connection) == is_trusted:
            return
        _check_admin(connection, actor)
        connection.execute(setting.delete().where(setting.c.name == TRUST))
        connection.execute(insert(setting).values(name=TRUST, value=str(is_trusted).lower()))
        details = {TRUST: is_trusted}
        audit.record(
            connection, at=now, actor=actor, action="setting", subject=TRUST, details=details
        )


def known_user(connection: Connection, name: str, now: datetime) -> User:
    """The user of that name; an unknown one joins as approver where names are taken on trust.

    Raises `Unknown` with the names that are known, or `BadName` for what can't join.
    """
    is_new = _written(connection, name) is None
    if is_new and name.strip() and _is_trusting(connection):
        _check_name(name.strip())
        _put(connection, name.strip(), ON_TRUST, audit.NOBODY, now)
    return _require(connection, name)


def is_same(name: str, other: str) -> bool:
    """Whether two names mean one person: Ada is ada, so that nobody is two people.

    >>> is_same("Ada", "ada "), is_same("Ada", "Adam")
    (True, False)
    """
    return _key(name) == _key(other)


def _check_name(name: str) -> None:
    """What can't be seen would make two people look like one, or one that nobody can name."""
    is_seen = name.isprintable() and any(letter.isalnum() for letter in name)
    if not is_seen or name != name.strip():
        raise BadName(
            f"Found the name {name!r}, expected at least one letter or digit, no space before or "
            "after it, and no line break or other invisible character. Nobody was added."
        )


def _key(name: str) -> str:
    return normalize("NFKC", name).casefold().strip()


def _written(connection: Connection, name: str) -> str | None:
    """The name as the ledger writes it; also of somebody who was removed."""
    everybody = connection.scalars(select(user.c.name).order_by(user.c.added_at, user.c.name))
    return next((known for known in everybody if is_same(known, name)), None)


def _is_trusting(connection: Connection) -> bool:
    return connection.scalar(select(setting.c.value).where(setting.c.name == TRUST)) == "true"


def _require(connection: Connection, name: str) -> User:
    everybody = active_users(connection)
    for known in everybody:
        if is_same(known.name, name):
            return known
    listed = [f"{known.name} ({known.role})" for known in everybody]
    cure = "An admin adds people with: instance-select user add NAME --role approver"
    if not any(known.role == "admin" for known in everybody):
        cure = "Add the first admin with: instance-select user add NAME --role admin"
    raise Unknown("user", name, listed, cure)


def active_users(connection: Connection) -> list[User]:
    """As `users`, inside a transaction of the caller."""
    rows = connection.execute(
        select(user.c.name, role.c.name.label("role"), role.c.highest_risk)
        .join(role, user.c.role == role.c.name)
        .where(user.c.is_active)
        .order_by(user.c.name)
    )
    return [User(row.name, row.role, row.highest_risk) for row in rows]


def decider(connection: Connection, actor: str, now: datetime) -> str:
    """The name of somebody who may say what is silent, harmless or allowed to cost.

    Anybody may in a home that has no users. Raises `NotAllowed` for somebody whose role approves
    nothing, and `Unknown` for whoever is no user, or no longer.
    """
    if not active_users(connection) and not _is_trusting(connection):
        return actor
    person = known_user(connection, actor, now)
    if person.highest_risk is None:
        raise NotAllowed(
            f"{person.name!r} is {person.role}, who may look but silence and decide nothing. "
            "Nothing was written; ask somebody who may approve."
        )
    return person.name


def _check_admin(connection: Connection, actor: str) -> None:
    everybody = active_users(connection)
    admins = [known.name for known in everybody if known.role == "admin"]
    if admins and not any(is_same(actor, admin) for admin in admins):
        raise NotAllowed(
            f"{actor!r} is no admin, and only admins keep the users and their trust. "
            f"Ask one of: {', '.join(admins)}."
        )


def _check_not_last_admin(connection: Connection, name: str) -> None:
    admins = [known.name for known in active_users(connection) if known.role == "admin"]
    if len(admins) == 1 and is_same(admins[0], name):
        raise NotAllowed(
            f"{name!r} is the only admin, and without one anybody could make themselves admin. "
            "Nothing was changed; make somebody else an admin first."
        )


def _put(
    connection: Connection, name: str, role_name: str, actor: str, now: datetime,
    is_active: bool = True,
) -> None:  # fmt: skip
    facts = {"role": role_name, "is_active": is_active, "added_by": actor, "added_at": utc(now)}
    changed = connection.execute(update(user).where(user.c.name == name).values(**facts))
    if changed.rowcount == 0:
        connection.execute(insert(user).values(name=name, **facts))
    details = {"role": role_name, "is_active": is_active}
    audit.record(connection, at=now, actor=actor, action="user", subject=name, details=details)
