"""The simulated control plane: what the clouds' APIs let one do, and what they refuse.

Every method works inside one transaction of the state and raises before it changes anything.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection, Row
from typing import Any

from clouds.demo import menu
from clouds.demo.fleet import DATABASE_CLASSES
from clouds.demo.identity import new_id
from clouds.demo.rates import RATES
from clouds.demo.schedules import hours_on
from clouds.errors import CloudError, NotOffered, QuotaExceeded, WrongState

BILLED_WHEN_OFF = ("digitalocean",)  # there a machine that is off costs as much as one that runs
SNAPSHOT_SKUS = {"azure": "Standard_LRS"}
SNAPSHOT_FILL = 0.6  # of a disk that holds data

_LOOK = """
select resource.*, workload.cloud, workload.account, workload.region, span.state, span.sku,
  span.size_gib, span.attached_to, span.starts_at, span.schedule, span.rowid as span_row
from resource
join workload using (workload)
left join span on span.resource_id = resource.resource_id and span.ends_at is null
where resource.resource_id = ?
"""


@dataclass(frozen=True)
class Look:
    """One resource as the cloud has it now."""

    row: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.row[name]

    @property
    def exists(self) -> bool:
        """False once it has been deleted."""
        return self.row["span_row"] is not None

    @property
    def facts(self) -> dict[str, str]:
        """The configuration, parsed."""
        return json.loads(self.row["config"])


class Api:
    """The clouds' APIs at one moment, in one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        connection.row_factory = Row
        self._connection = connection
        self._now = now.strftime("%Y-%m-%dT%H:%M:%S")

    def find(self, resource_id: str) -> Look | None:
        """How a resource looks; None if there never was one of that id."""
        found = self._connection.execute(_LOOK, [resource_id]).fetchone()
        return Look(dict(found)) if found else None

    def get(self, resource_id: str) -> Look:
        """How a resource looks. Raises `WrongState` if it is gone."""
        look = self.find(resource_id)
        if look is None or not look.exists:
            raise WrongState(f"{resource_id} does not exist (any more). Nothing was changed.")
        return look

    def stop(self, resource_id: str) -> None:
        """Turn off a machine, or pause a database; on Azure also free what it still holds."""
        look = self.get(resource_id)
        off = "stopped_billed" if look.cloud in BILLED_WHEN_OFF else "stopped"
        if look.state != off:
            self._become(look, state=off, schedule=None)

    def start(self, resource_id: str, state: str = "running") -> None:
        """Turn it on again; a database becomes `available`."""
        look = self.get(resource_id)
        wanted = "available" if look.kind == "database" else state
        if look.state == wanted:
            return
        if look.kind == "instance" and look.state == "stopped":
            self._check_quota(look, look.sku)
        self._become(look, state=wanted)

    def resize(self, resource_id: str, to: str) -> None:
        """Change the type of a machine that is off, or the class of a database, or a disk."""
        look = self.get(resource_id)
        if look.kind == "disk":
            self._resize_disk(look, to)
            return
        if look.kind == "instance" and look.state == "running":
            raise WrongState(
                f"IncorrectInstanceState: {resource_id} is running, and its type can be changed "
                "only while it is stopped. Nothing was changed; stop it first."
            )
        if look.sku == to:
            return
        self._check_offered(look, to)
        if look.kind == "instance" and look.state != "stopped":
            self._check_quota(look, to)
        self._become(look, sku=to)

    def delete(self, resource_id: str) -> None:
        """Delete for good; a machine takes its system disk with it and lets go of the rest."""
        look = self.find(resource_id)
        if look is None or not look.exists:
            return
        if look.kind in ("disk", "address") and look.attached_to:
            raise WrongState(
                f"{look.kind} {resource_id} is attached to {look.attached_to}, and only what is "
                "attached to nothing can be deleted. Nothing was changed; detach it first."
            )
        if look.facts.get("termination_protection") == "true":
            raise WrongState(
                f"OperationNotPermitted: {resource_id} has termination protection. Nothing was "
                "changed; turn the protection off if it really is to go."
            )
        for other in self._attached(resource_id):
            if other.facts.get("boot") == "true":
                self._end(other)
            else:
                self._become(other, attached_to=None, state="available")
        self._end(look)

    def snapshot(self, resource_id: str, token: str) -> str:
        """Take a restore point and return its id; the same token gives the same one."""
        look = self.get(resource_id)
        snapshot_id, name = new_id("snapshot", look.row, sha256(token.encode()).hexdigest())
        attached = [other.row for other in self._attached(resource_id)]
        disks = [row for row in attached if row["kind"] == "disk"]
        size = sum(row["size_gib"] or 0 for row in disks) if disks else look.size_gib or 25.0
        config = {"source": resource_id, "made_by": "instance-select"}
        self._connection.execute(
            "insert or ignore into resource (resource_id, account_index, workload, zone, kind, "
            "name, created_at, tags, agent, config, units, usage, growth, demand_vcpus, base_cpu, "
            "net_peak, net_base, ops_peak, ops_base, connections) "
            "values (?, ?, ?, ?, 'snapshot', ?, ?, ?, 0, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            [snapshot_id, look.account_index, look.workload, look.zone, name, self._now,
             look.tags, json.dumps(config)],
        )  # fmt: skip
        sku = SNAPSHOT_SKUS.get(look.cloud, "standard")
        self._open(snapshot_id, "completed", sku, round(size * SNAPSHOT_FILL, 1), None, None)
        kept = {"look": _span(look.row), "with": [_span(row) | {"boot": "boot" in row["config"]}
                                                  for row in attached]}  # fmt: skip
        self._connection.execute(
            "insert or replace into backup values (?, ?, ?, ?)",
            [snapshot_id, resource_id, self._now, json.dumps(kept)],
        )
        return snapshot_id

    def restore(self, resource_id: str, snapshot_id: str, state: str | None = None) -> None:
        """Bring a deleted resource back from its restore point, with what it had with it."""
        look = self.find(resource_id)
        if look is None:
            raise WrongState(f"{resource_id} was never known. Nothing was restored.")
        if look.exists:
            raise WrongState(f"{resource_id} exists, so it can't be restored. Nothing was changed.")
        found = self._connection.execute(
            "select backup.look from backup join span on span.resource_id = backup.snapshot_id "
            "and span.ends_at is null where snapshot_id = ? and backup.resource_id = ?",
            [snapshot_id, resource_id],
        ).fetchone()
        if found is None:
            raise WrongState(
                f"{snapshot_id} is no snapshot of {resource_id}, or it is gone. Nothing was "
                "changed; name another snapshot."
            )
        kept = json.loads(found["look"])
        was = kept["look"]
        if look.kind == "instance" and (state or was["state"]) != "stopped":
            self._check_quota(look, was["sku"])
        self._revive(was | ({"state": state} if state else {}))
        for other in kept["with"]:
            now = self.find(other["resource_id"])
            if now is None:
                continue
            if not now.exists and other["boot"]:
                self._revive(other)
            elif now.exists and now.state == "available":
                self._become(now, attached_to=resource_id, state="in_use")

    def schedule(self, resource_id: str, schedule: str | None) -> None:
        """Set or take away the hours in which a machine runs."""
        look = self.get(resource_id)
        if look.cloud in BILLED_WHEN_OFF:
            raise NotOffered(
                f"A machine that is off is billed on {look.cloud}, so a schedule would save "
                "nothing. Nothing was changed."
            )
        if schedule is not None:
            try:
                hours_on(schedule)
            except ValueError as error:
                raise CloudError(f"{error} Nothing was changed.") from error
        if look.schedule == schedule:
            return
        state = "running" if schedule is None and look.state == "stopped" else look.state
        self._become(look, schedule=schedule, state=state)

    def newest_backup(self, resource_id: str) -> str | None:
        """The newest restore point that was made through this API and still exists."""
        found = self._connection.execute(
            "select backup.snapshot_id from backup join span on span.resource_id = "
            "backup.snapshot_id and span.ends_at is null where backup.resource_id = ? "
            "order by backup.rowid desc limit 1",
            [resource_id],
        ).fetchone()
        return found["snapshot_id"] if found else None

    def _attached(self, resource_id: str) -> list[Look]:
        rows = self._connection.execute(
            "select resource_id from span where attached_to = ? and ends_at is null "
            "order by resource_id",
            [resource_id],
        ).fetchall()
        return [self.get(row["resource_id"]) for row in rows]

    def _resize_disk(self, look: Look, to: str) -> None:
        offered = RATES.filter((RATES["cloud"] == look.cloud) & (RATES["kind"] == "disk"))["sku"]
        if to in set(offered):
            self._become(look, sku=to)
            return
        try:
            size = float(to)
        except ValueError:
            raise NotOffered(
                f"{look.cloud} has no disk type {to!r}; it has: {', '.join(sorted(set(offered)))}."
                " Nothing was changed."
            ) from None
        if size < (look.size_gib or 0):
            raise WrongState(
                f"Disk {look.resource_id} has {look.size_gib:g} GiB and can't shrink to {size:g}. "
                "Nothing was changed; copy the data to a smaller disk."
            )
        self._become(look, size_gib=size)

    def _check_offered(self, look: Look, sku: str) -> None:
        if look.kind == "database":
            known = {name for name, _, _ in DATABASE_CLASSES[look.cloud]}
        else:
            prices = menu.prices()
            here = (prices["cloud"] == look.cloud) & (prices["region"] == look.region)
            known = set(prices.filter(here)["instance_type"])
            arches = dict(menu.offers().filter(menu.offers()["cloud"] == look.cloud)
                          .select("instance_type", "arch").iter_rows())  # fmt: skip
            if sku in known and arches.get(sku) != arches.get(look.sku):
                raise WrongState(
                    f"{look.resource_id} runs an image for {arches.get(look.sku)}, but {sku} is "
                    f"{arches.get(sku)}. Nothing was changed."
                )
        if sku not in known:
            raise NotOffered(
                f"{look.cloud} does not offer {sku!r} for a {look.kind} in {look.region}. "
                "Nothing was changed; choose a size of that region's price list."
            )

    def _check_quota(self, look: Look, sku: str) -> None:
        """Whether the account may run this machine with this type, next to its others."""
        sizes = _vcpus()
        running = self._connection.execute(
            "select span.sku, span.resource_id from span join resource using (resource_id) "
            "join workload using (workload) where span.ends_at is null and resource.kind = "
            "'instance' and span.state <> 'stopped' and workload.account = ? and region = ?",
            [look.account, look.region],
        ).fetchall()
        used = sum(sizes.get(row["sku"], 0) for row in running
                   if row["resource_id"] != look.resource_id)  # fmt: skip
        limit = self._connection.execute(
            "select vcpus from quota where account = ? and region = ?", [look.account, look.region]
        ).fetchone()
        if limit and used + sizes.get(sku, 0) > limit["vcpus"]:
            raise QuotaExceeded(
                f"VcpuLimitExceeded: {look.account} runs {used:g} of {limit['vcpus']:g} vCPUs in "
                f"{look.region}, and {sku} needs {sizes.get(sku, 0):g} more. Nothing was changed; "
                "ask the provider for a higher quota."
            )

    def _become(self, look: Look, **changes: Any) -> None:
        """End the span that is open and open one that looks different."""
        now = {name: changes.get(name, look.row[name])
               for name in ("state", "sku", "size_gib", "attached_to", "schedule")}  # fmt: skip
        self._connection.execute(
            "update span set ends_at = ? where resource_id = ? and ends_at is null",
            [self._now, look.resource_id],
        )
        self._open(look.resource_id, now["state"], now["sku"], now["size_gib"],
                   now["attached_to"], now["schedule"])  # fmt: skip

    def _open(
        self, resource_id: str, state: str, sku: str, size: float | None, owner: str | None,
        schedule: str | None,
    ) -> None:  # fmt: skip
        self._connection.execute(
            "insert into span values (?, ?, ?, ?, ?, ?, null, ?)",
            [resource_id, state, sku, size, owner, self._now, schedule],
        )

    def _end(self, look: Look) -> None:
        self._connection.execute(
            "update span set ends_at = ? where resource_id = ? and ends_at is null",
            [self._now, look.resource_id],
        )
        self._connection.execute(
            "update resource set deleted_at = ? where resource_id = ?",
            [self._now, look.resource_id],
        )

    def _revive(self, was: dict[str, Any]) -> None:
        self._open(was["resource_id"], was["state"], was["sku"], was["size_gib"],
                   was["attached_to"], was["schedule"])  # fmt: skip
        self._connection.execute(
            "update resource set deleted_at = null where resource_id = ?", [was["resource_id"]]
        )


def _span(row: dict[str, Any]) -> dict[str, Any]:
    names = ("resource_id", "kind", "state", "sku", "size_gib", "attached_to", "schedule")
    return {name: row[name] for name in names}


def _vcpus() -> dict[str, float]:
    return dict(menu.offers().select("instance_type", "vcpus").drop_nulls().iter_rows())
