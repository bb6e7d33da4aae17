"""Read what Azure Resource Graph says about one resource of each kind: pure, payload in, row out.

Ids are in lower case, as in Azure's bills; sizes in GiB; times naive UTC; what Azure does not say
is null.
"""

from collections.abc import Callable, Sequence

from clouds.azure.facts import (
    Record,
    Row,
    at,
    flag,
    gib_of,
    id_of,
    lower,
    record,
    state_of,
    text,
    time,
)

Shape = Callable[[Row], Record | list[Record] | None]
Gather = Callable[[Sequence[Row]], list[Record]]

POWER = {
    "running": "running",
    "starting": "starting",
    "stopping": "stopping",
    "deallocating": "stopping",
    "stopped": "stopped_billed",  # the guest is off, the machine is still reserved and billed
    "deallocated": "stopped",
}
DATABASE = {
    "online": "available",
    "ready": "available",
    "succeeded": "available",
    "paused": "stopped",
    "stopped": "stopped",
}


def instance(row: Row) -> Record:
    """A virtual machine, alone or of a scale set."""
    facts = row["properties"]
    power = at(facts, "extended", "instanceView", "powerState", "code") or at(
        facts, "instanceView", "powerState", "code"
    )
    set_id = at(facts, "virtualMachineScaleSet", "id")
    if set_id is None and "/virtualmachinescalesets/" in str(row["id"]).lower():
        set_id = "/".join(str(row["id"]).split("/")[:9])
    return record(
        row,
        sku=at(facts, "hardwareProfile", "vmSize") or at(row, "sku", "name"),
        state=POWER.get(str(power).rpartition("/")[2].lower()) if power else None,
        created_at=time(facts.get("timeCreated")),
        member_of=id_of(set_id),
        config={
            "os": lower(at(facts, "storageProfile", "osDisk", "osType")),
            "priority": lower(facts.get("priority")),
            "license": facts.get("licenseType"),
            "publisher": lower(at(facts, "storageProfile", "imageReference", "publisher")),
            "managed_disk": _is_managed(at(facts, "storageProfile", "osDisk")),
        },
    )


def _is_managed(system_disk: Row | None) -> str | None:
    """Whether the system disk is a resource of its own; a blob of a storage account has a `vhd`."""
    if not system_disk or not ("managedDisk" in system_disk or system_disk.get("vhd")):
        return None
    return flag(bool(system_disk.get("managedDisk")))


def disk(row: Row) -> Record:
    """A managed disk; `boot` says whether an operating system is on it."""
    facts = row["properties"]
    shared = facts.get("managedByExtended") or [None]
    owner = row.get("managedBy") or facts.get("managedBy") or shared[0]
    return record(
        row,
        sku=at(row, "sku", "name"),
        state="in_use" if owner else "available",
        state_since=time(facts.get("LastOwnershipUpdateTime")),
        created_at=time(facts.get("timeCreated")),
        attached_to=id_of(owner),
        size_gib=gib_of(facts.get("diskSizeGB"), facts.get("diskSizeBytes")),
        config={
            "boot": flag(facts.get("osType") is not None),
            "iops": text(facts.get("diskIOPSReadWrite")),
            "throughput_mib_s": text(facts.get("diskMBpsReadWrite")),
            "tier": facts.get("tier"),
            "attachments": text(len(shared)) if len(shared) > 1 else None,
        },
    )


def snapshot(row: Row) -> Record:
    """A snapshot of a disk."""
    facts = row["properties"]
    is_done = facts.get("completionPercent") in (None, 100, 100.0)
    return record(
        row,
        sku=at(row, "sku", "name"),
        state="completed" if is_done else "pending",
        created_at=time(facts.get("timeCreated")),
        size_gib=gib_of(facts.get("diskSizeGB"), facts.get("diskSizeBytes")),
        config={
            "source": id_of(at(facts, "creationData", "sourceResourceId")),
            "incremental": flag(facts.get("incremental")),
        },
    )


def image(row: Row) -> Record:
    """A managed image, or one version of an image of a gallery."""
    facts = row["properties"]
    storage = facts.get("storageProfile") or {}
    disks = [storage.get("osDisk") or storage.get("osDiskImage"), *(storage.get("dataDisks") or [])]
    sizes = [each.get("diskSizeGB") or each.get("sizeInGB") for each in disks if each]
    known = [float(size) for size in sizes if size is not None]
    return record(
        row,
        sku="standard",
        state="active",
        created_at=time(at(facts, "publishingProfile", "publishedDate")),
        size_gib=sum(known) if known and len(known) == len(sizes) else None,
        config={"source": id_of(at(facts, "sourceVirtualMachine", "id"))},
    )


def scaling_group(row: Row) -> Record:
    """A scale set of virtual machines."""
    facts = row["properties"]
    profile = facts.get("virtualMachineProfile")
    return record(
        row,
        sku=at(row, "sku", "name"),
        state="active",
        created_at=time(facts.get("timeCreated")),
        config={
            "desired": text(at(row, "sku", "capacity")),
            "orchestration": lower(facts.get("orchestrationMode")),
            "ephemeral_os_disk": flag(
                at(profile, "storageProfile", "osDisk", "diffDiskSettings") is not None
            )
            if profile
            else None,
        },
    )


def sql_database(row: Row) -> Record:
    """A database of Azure SQL, alone or of an elastic pool."""
    facts = row["properties"]
    return record(
        row,
        sku=facts.get("currentServiceObjectiveName") or at(row, "sku", "name"),
        state=state_of(facts.get("status"), DATABASE),
        created_at=time(facts.get("creationDate")),
        member_of=id_of(facts.get("elasticPoolId")),
        size_gib=gib_of(None, facts.get("maxSizeBytes")),
        config={"engine": "mssql", "multi_az": flag(facts.get("zoneRedundant"))},
    )


def server_database(row: Row) -> Record:
    """A flexible server of PostgreSQL or MySQL."""
    facts = row["properties"]
    engine = "postgres" if "postgresql" in str(row["type"]).lower() else "mysql"
    mode = at(facts, "highAvailability", "mode")
    return record(
        row,
        sku=at(row, "sku", "name"),
        state=state_of(facts.get("state"), DATABASE),
        member_of=id_of(facts.get("sourceServerResourceId")),
        size_gib=gib_of(at(facts, "storage", "storageSizeGB"), None),
        config={
            "engine": engine,
            "multi_az": flag(str(mode).lower() == "zoneredundant") if mode else None,
            "version": facts.get("version"),
        },
    )


def bucket(row: Row) -> Record:
    """A storage account; how much it holds only Azure Monitor knows."""
    facts = row["properties"]
    return record(
        row,
        sku=at(row, "sku", "name"),
        state="active",
        created_at=time(facts.get("creationTime")),
        config={"type": row.get("kind"), "access_tier": lower(facts.get("accessTier"))},
    )


def cluster(row: Row) -> Record:
    """A Kubernetes cluster (AKS); its machines are in the scale sets of `node_group`."""
    facts = row["properties"]
    counts = [pool.get("count") for pool in facts.get("agentPoolProfiles") or []]
    power = lower(at(facts, "powerState", "code"))
    return record(
        row,
        sku=lower(at(row, "sku", "tier")),
        state={"running": "active", "stopped": "stopped"}.get(power or "", power),
        config={
            "version": facts.get("kubernetesVersion"),
            "nodes": str(sum(counts)) if None not in counts else None,
            "node_group": facts.get("nodeResourceGroup"),
        },
    )


def function(row: Row) -> Record | None:
    """A function app; other web apps are none."""
    if "functionapp" not in str(row.get("kind")).lower():
        return None
    facts = row["properties"]
    return record(
        row,
        sku=lower(facts.get("sku")),
        state={"running": "active"}.get(str(facts.get("state")).lower(), "stopped"),
        config={"plan": id_of(facts.get("serverFarmId"))},
    )


def log_group(row: Row) -> Record:
    """A workspace of Log Analytics."""
    facts = row["properties"]
    return record(
        row,
        sku=lower(at(facts, "sku", "name")),
        state="active",
        created_at=time(facts.get("createdDate")),
        config={"retention_days": text(facts.get("retentionInDays"))},
    )


def advice(row: Row) -> Record:
    """A recommendation of Azure Advisor, as it stands: a fact, not our advice."""
    facts = row["properties"]
    more = facts.get("extendedProperties") or {}
    return record(
        row,
        state="active",
        created_at=None,
        attached_to=id_of(at(facts, "resourceMetadata", "resourceId")),
        config={
            "category": lower(facts.get("category")),
            "impact": lower(facts.get("impact")),
            "problem": at(facts, "shortDescription", "problem"),
            "solution": at(facts, "shortDescription", "solution"),
            "saving_year": text(more.get("annualSavingsAmount")),
            "currency": more.get("savingsCurrency"),
        },
    )
