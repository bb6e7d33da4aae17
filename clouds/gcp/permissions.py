"""What a role must allow for us to read, and apart from it to change: the names Google gives."""

from collections.abc import Mapping, Sequence

ACCOUNT_LEVEL = "billing.accounts.get"  # of the billing account, no part of a project's role

READS: Mapping[str, Sequence[str]] = {  # ability -> what its calls need; prices need nothing
    "inventory": ("cloudasset.assets.listResource",),
    "commitments": ("cloudasset.assets.listResource",),
    "metrics": ("monitoring.timeSeries.list",),
    "bills": ("bigquery.jobs.create", "bigquery.tables.get", "bigquery.tables.getData"),
    "invoices": (ACCOUNT_LEVEL,),
}
WRITES: Mapping[tuple[str, str], Sequence[str]] = {  # kind and verb, as the demo cloud asks for
    ("instance", "stop"): ("compute.instances.stop",),
    ("instance", "start"): ("compute.instances.start",),
    ("instance", "resize"): (
        "compute.instances.stop", "compute.instances.setMachineType", "compute.instances.start",
    ),
    ("instance", "delete"): ("compute.instances.delete",),
    ("instance", "snapshot"): ("compute.disks.createSnapshot", "compute.snapshots.create"),
    ("instance", "restore"): (
        "compute.instances.create", "compute.disks.create", "compute.snapshots.useReadOnly",
    ),
    ("instance", "schedule"): (
        "compute.resourcePolicies.create", "compute.instances.addResourcePolicies",
    ),
    ("disk", "resize"): ("compute.disks.resize",),
    ("disk", "delete"): ("compute.disks.delete",),
    ("disk", "snapshot"): ("compute.disks.createSnapshot", "compute.snapshots.create"),
    ("disk", "restore"): ("compute.disks.create", "compute.snapshots.useReadOnly"),
    ("address", "release"): ("compute.addresses.delete",),
    ("snapshot", "delete"): ("compute.snapshots.delete",),
    ("database", "stop"): ("cloudsql.instances.update",),
    ("database", "start"): ("cloudsql.instances.update",),
    ("database", "resize"): ("cloudsql.instances.update",),
    ("database", "delete"): ("cloudsql.instances.delete",),
    ("database", "snapshot"): ("cloudsql.backupRuns.create",),
    ("database", "restore"): ("cloudsql.instances.create", "cloudsql.instances.restoreBackup"),
}  # fmt: skip


def policy(write: bool) -> str:
    """A custom role for `gcloud iam roles create --file`: to read, or apart from it to change.

    What belongs to the billing account is no part of a project's role; a comment names it.
    """
    if write:
        names = sorted({name for names in WRITES.values() for name in names})
        return _role("changer", "Changes what an approved plan names.", names)
    names = sorted({name for names in READS.values() for name in names} - {ACCOUNT_LEVEL})
    note = (
        f"# Apart from it, on the billing account: {ACCOUNT_LEVEL}, as in roles/billing.viewer.\n"
    )
    return note + _role("reader", "Reads bills, inventory, metrics and commitments.", names)


def _role(word: str, description: str, names: Sequence[str]) -> str:
    lines = [
        f"title: instance-select {word}",
        f"description: {description}",
        "stage: GA",
        "includedPermissions:",
        *[f"- {name}" for name in names],
    ]
    return "\n".join(lines) + "\n"
