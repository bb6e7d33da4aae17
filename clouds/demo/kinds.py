"""What can be changed in the estate: one adapter per cloud and kind, safe to call twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from clouds.cloud import ABSENT, Change, Observation, Resource, ResourceKind, Verb
from clouds.demo.api import BILLED_WHEN_OFF, Api, Look
from clouds.demo.permissions import PERMISSIONS
from clouds.demo.state import State
from clouds.errors import NotOffered, Throttled, WrongState

VERBS: Mapping[str, tuple[Verb, ...]] = {
    "instance": ("stop", "start", "resize", "delete", "restore", "snapshot", "schedule"),
    "disk": ("resize", "delete", "restore", "snapshot"),
    "address": ("release",),
    "snapshot": ("delete",),
    "database": ("stop", "start", "resize", "delete", "restore", "snapshot"),
}
CLOUD_KINDS: Mapping[str, tuple[str, ...]] = {
    "aws": ("instance", "disk", "address", "snapshot", "database"),
    "azure": ("instance", "disk", "address", "snapshot", "database"),
    "gcp": ("instance", "disk", "address", "snapshot", "database"),
    "digitalocean": ("instance", "disk", "address", "snapshot", "database"),
    "onprem": ("instance", "disk", "snapshot"),
}
THROTTLE_EVERY = 31  # calls; the clouds limit how fast one may change things
RETRY_SECONDS = 0.5


def kinds(state: State) -> Mapping[tuple[str, str], ResourceKind]:
    """Every kind of every cloud that the estate lets one change."""
    return {
        (cloud, kind): DemoKind(state, cloud, kind, verbs(cloud, kind))
        for cloud, names in CLOUD_KINDS.items()
        for kind in names
    }


def verbs(cloud: str, kind: str) -> tuple[Verb, ...]:
    """What a cloud can do with a kind; where a pause saves nothing, there is none."""
    missing: tuple[Verb, ...] = ()
    if cloud in BILLED_WHEN_OFF:
        missing = ("schedule",) if kind == "instance" else ("stop", "start")
    return tuple(verb for verb in VERBS[kind] if verb not in missing)


@dataclass
class DemoKind:
    """One kind of resource on one simulated cloud."""

    state: State
    cloud: str
    kind: str
    verbs: tuple[Verb, ...]

    def permissions(self, verb: Verb) -> tuple[str, ...]:
        """The permissions the real cloud would ask for."""
        return PERMISSIONS.get((self.cloud, self.kind), {}).get(verb, ())

    def observe(self, resource: Resource) -> Observation:
        """How it looks now."""
        with self.state.transaction() as connection:
            api = Api(connection, self.state.now())
            look = api.find(resource.resource_id)
            backup = api.newest_backup(resource.resource_id)
        if look is None or not look.exists:
            return Observation(state=ABSENT, backup=backup)
        details = (
            {"termination_protection": "on"} if look.facts.get("termination_protection") else {}
        )
        return Observation(
            state=look.state, sku=look.sku, attached_to=look.attached_to, size_gib=look.size_gib,
            schedule=look.schedule, backup=backup, details=details,
        )  # fmt: skip

    def apply(self, change: Change) -> str | None:
        """Make the change in one transaction; the same `change_id` is made once only."""
        if change.verb not in self.verbs:
            raise NotOffered(
                f"{self.cloud} can't {change.verb} a {self.kind}; it can: {', '.join(self.verbs)}."
            )
        self._count_call(change)
        with self.state.transaction() as connection:
            done = connection.execute(
                "select made from journal where change_id = ?", [change.change_id]
            ).fetchone()
            if done is not None:
                return done[0]
            now = self.state.now()
            api = Api(connection, now)
            look = api.find(change.resource.resource_id)
            if look is not None and look.kind != self.kind:
                raise WrongState(
                    f"{change.resource.resource_id} is a {look.kind}, not a {self.kind}. "
                    "Nothing was changed."
                )
            made = _make(api, change, look)
            connection.execute(
                "insert into journal values (?, ?, ?, ?, ?, ?)",
                [change.change_id, change.resource.resource_id, change.verb, made,
                 now.isoformat(), change.before],
            )  # fmt: skip
            return made

    def _count_call(self, change: Change) -> None:
        """Refuse every so many calls; a refused call counts, so the next one gets through."""
        with self.state.transaction() as connection:
            row = connection.execute("select key, value from meta where key in ('calls', 'seed')")
            values = dict(row.fetchall())
            calls = int(values["calls"]) + 1
            connection.execute("update meta set value = ? where key = 'calls'", [str(calls)])
        digest = sha256(f"{values['seed']}/{calls}".encode()).digest()
        if int.from_bytes(digest[:4]) % THROTTLE_EVERY == 0:
            raise Throttled(f"{self.cloud} {self.kind} {change.verb}", RETRY_SECONDS)


def _make(api: Api, change: Change, look: Look | None) -> str | None:
    """The calls that one change takes; a resize stops and starts what runs."""
    target = change.resource.resource_id
    match change.verb:
        case "stop":
            api.stop(target)
        case "start":
            on = change.after if change.after in ("running", "stopped_billed") else "running"
            api.start(target, on)
        case "resize":
            _resize(api, change, look)
        case "delete":
            return _delete(api, change, look)
        case "release":
            api.delete(target)
        case "snapshot":
            return api.snapshot(target, change.change_id)
        case "restore":
            backup = change.backup or api.newest_backup(target)
            if backup is None:
                raise WrongState(f"There is no snapshot to restore {target} from.")
            api.restore(target, backup, change.after if change.after != ABSENT else None)
        case "schedule":
            api.schedule(target, None if change.after in ("", "none") else change.after)
    return None


def _resize(api: Api, change: Change, look: Look | None) -> None:
    target = change.resource.resource_id
    is_on = look is not None and look.kind == "instance" and look.state == "running"
    schedule = look.schedule if look is not None and is_on else None
    if is_on:
        api.stop(target)
    api.resize(target, change.after)
    if is_on:
        api.start(target)
        if schedule is not None:
            api.schedule(target, schedule)


def _delete(api: Api, change: Change, look: Look | None) -> str | None:
    """Delete what holds data only after a snapshot: the one given, or a new one."""
    target = change.resource.resource_id
    backup = change.backup
    keeps_data = look is not None and look.exists and look.kind in ("instance", "disk", "database")
    if keeps_data and backup is None:
        backup = api.snapshot(target, change.change_id)
    api.delete(target)
    return backup
