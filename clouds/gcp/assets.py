"""Turn the assets of Cloud Asset Inventory into resources, one function for each type."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from clouds.gcp import services
from clouds.gcp.facts import Payload, asset_name, flag, gib, last, moment, number, whole
from clouds.ports import ALL, listed, parsed

PROJECT = "cloudresourcemanager.googleapis.com/Project"
_ZONE = re.compile(r"^(.+\d)-[a-z]$")
_STATES = {  # Google's word -> ours; any other is taken in lower case
    "instance": {"TERMINATED": "stopped", "SUSPENDED": "suspended"},
    "cluster": {"RUNNING": "active"},
    "snapshot": {"READY": "completed"},
    "image": {"READY": "active"},
    "node_pool": {"RUNNING": "active"},
    "vpn_gateway": {"READY": "active"},
}


def parse_projects(assets: Iterable[Payload]) -> dict[str, str]:
    """The project id of each project number, of projects that are not about to be deleted."""
    found: dict[str, str] = {}
    for asset in assets:
        data = _data(asset)
        state = data.get("lifecycleState") or data.get("state") or "ACTIVE"
        if asset.get("assetType") == PROJECT and state == "ACTIVE":
            number = str(data.get("projectNumber") or data.get("name", "")).removeprefix(
                "projects/"
            )
            found[number] = str(data["projectId"])
    return found


def parse_asset(asset: Payload, projects: Mapping[str, str]) -> dict[str, Any] | None:
    """One resource for `relate`, its relations by Google's names; null if it is not of our kinds.

    `projects` gives the project ids by number.
    """
    if asset.get("assetType") not in PARSERS or not asset.get("resource"):
        return None
    kind, parse = PARSERS[asset["assetType"]]
    data = _data(asset)
    location = str(asset["resource"].get("location") or data.get("location") or "global").lower()
    zone = _ZONE.match(location)
    looks = parse(data)
    if looks is None:
        return None
    config = {key: value for key, value in looks.pop("config", {}).items() if value is not None}
    tags = {
        str(key): str(value) for key, value in looks.pop("tags", data.get("labels") or {}).items()
    }
    return {
        "cloud": "gcp",
        "account": account_of(asset, projects),
        "region": zone.group(1) if zone else location,
        "zone": location if zone else None,
        "resource_id": resource_id(asset),
        "kind": kind,
        "name": last(str(data.get("name") or asset["name"])),
        "state": _state(kind, data),
        "created_at": moment(
            data.get("creationTimestamp") or data.get("timeCreated") or data.get("createTime")
        ),
        **looks,
        "full_name": str(asset["name"]),
        "tags": json.dumps(tags, ensure_ascii=False, sort_keys=True),
        "config": json.dumps(config, ensure_ascii=False, sort_keys=True),
    }


def account_of(asset: Payload, projects: Mapping[str, str]) -> str:
    """The id of the project that owns it."""
    number = next((a for a in asset.get("ancestors", ()) if a.startswith("projects/")), "")
    number = number.removeprefix("projects/")
    named = re.search(r"/projects/([^/]+)", str(asset["name"]))
    return projects.get(number) or (named.group(1) if named else number)


def resource_id(asset: Payload) -> str:
    """The name under which bills and measurements know it.

    Those of Compute Engine end in the number of the resource, not in its name, which a later
    resource may have again.
    """
    name, number = str(asset["name"]), _data(asset).get("id")
    if name.startswith("//compute.googleapis.com/") and number:
        return f"{name.rpartition('/')[0]}/{number}"
    return name


def _data(asset: Payload) -> Payload:
    return asset.get("resource", {}).get("data", {})


def _state(kind: str, data: Payload) -> str:
    told = data.get("status") or data.get("state")
    if not isinstance(told, str):
        return "active"
    return _STATES.get(kind, {}).get(told, told.lower())


def _instance(data: Payload) -> dict[str, Any]:
    is_running = data.get("status") == "RUNNING"
    since = data.get("lastStartTimestamp") if is_running else data.get("lastStopTimestamp")
    licenses = [word for disk in data.get("disks", ()) for word in disk.get("licenses", ())]
    items = {
        item.get("key"): item.get("value") for item in data.get("metadata", {}).get("items", ())
    }
    scheduling = data.get("scheduling", {})
    is_spot = scheduling.get("provisioningModel") == "SPOT" or scheduling.get("preemptible")
    return {
        "sku": last(str(data.get("machineType", ""))) or None,
        "state_since": moment(since),
        "member_of": asset_name(items.get("created-by")),
        "config": {
            "os": "windows" if any("windows" in word for word in licenses) else "linux",
            "termination_protection": "true" if data.get("deletionProtection") else None,
            "spot": "true" if is_spot else None,
            "network_tags": " ".join(data.get("tags", {}).get("items", ())) or None,
        },
    }


def _disk(data: Payload) -> dict[str, Any]:
    users = data.get("users") or []
    looks: dict[str, Any] = {
        "sku": last(str(data.get("type", ""))) or None,
        "size_gib": number(data.get("sizeGb")),
        "attached_to": asset_name(users[0]) if users else None,
        "config": {"attachments": str(len(users)) if len(users) > 1 else None},
    }
    if data.get("status", "READY") == "READY":
        since = data.get("lastAttachTimestamp" if users else "lastDetachTimestamp")
        looks |= {"state": "in_use" if users else "available", "state_since": moment(since)}
    return looks


def _snapshot(data: Payload) -> dict[str, Any]:
    return {
        "sku": str(data.get("snapshotType", "STANDARD")).lower(),
        "size_gib": gib(data.get("storageBytes")),
        "config": {"source": asset_name(data.get("sourceDisk"))},
    }


def _image(data: Payload) -> dict[str, Any]:
    return {
        "size_gib": gib(data.get("archiveSizeBytes")),
        "config": {"source": asset_name(data.get("sourceDisk"))},
    }


def _address(data: Payload) -> dict[str, Any]:
    users = data.get("users") or []
    is_internal = data.get("addressType") == "INTERNAL"
    return {
        "sku": "internal" if is_internal else "static",
        "state": "in_use" if data.get("status") == "IN_USE" else "available",
        "attached_to": asset_name(users[0]) if users else None,
    }


def _scaling_group(data: Payload) -> dict[str, Any]:
    return {
        "sku": last(str(data.get("instanceTemplate", ""))) or None,
        "state": "stable" if data.get("status", {}).get("isStable") else "updating",
        "config": {"desired": whole(data.get("targetSize", 0))},
    }


def _autoscaler(data: Payload) -> dict[str, Any]:
    policy = data.get("autoscalingPolicy", {})
    return {
        "attached_to": asset_name(data.get("target")),
        "config": {
            "min": whole(policy.get("minNumReplicas")),
            "max": whole(policy.get("maxNumReplicas")),
        },
    }


def _load_balancer(data: Payload) -> dict[str, Any]:
    behind = str(data.get("target") or data.get("backendService") or "")
    is_application = "/targetHttp" in behind
    return {"sku": "application" if is_application else "network", "state": "active"}


def _database(data: Payload) -> dict[str, Any]:
    settings = data.get("settings", {})
    runs = data.get("state") == "RUNNABLE"
    is_stopped = settings.get("activationPolicy") == "NEVER"
    zone = data.get("gceZone")
    return {
        **({"zone": zone} if zone else {}),
        **({"state": "stopped" if is_stopped else "available"} if runs else {}),
        "sku": settings.get("tier"),
        "size_gib": number(settings.get("dataDiskSizeGb")),
        "tags": settings.get("userLabels") or {},
        "config": {
            "engine": str(data.get("databaseVersion", "")).partition("_")[0].lower() or None,
            "multi_az": flag(settings.get("availabilityType") == "REGIONAL"),
        },
    }


def _bucket(data: Payload) -> dict[str, Any]:
    rules = data.get("lifecycle", {}).get("rule") or []
    actions = {str(rule.get("action", {}).get("type")) for rule in rules}
    tier, expire = "SetStorageClass" in actions, "Delete" in actions
    lifecycle = "-and-".join([*["tier"] * tier, *["expire"] * expire])
    return {
        "sku": str(data.get("storageClass", "")).lower() or None,
        "config": {
            "lifecycle": lifecycle or "none",
            "versioning": flag(data.get("versioning", {}).get("enabled")),
        },
    }


def _cluster(data: Payload) -> dict[str, Any]:
    is_autopilot = data.get("autopilot", {}).get("enabled")
    return {
        "sku": "autopilot" if is_autopilot else "standard",
        "tags": data.get("resourceLabels") or {},
        "config": {
            "nodes": whole(data.get("currentNodeCount")),
            "version": data.get("currentMasterVersion"),
        },
    }


def _security_group(data: Payload) -> dict[str, Any]:
    return {
        "member_of": asset_name(data.get("network")),
        "state": "disabled" if data.get("disabled") else "active",
        "config": {
            "direction": str(data.get("direction", "INGRESS")).lower(),
            "sources": ", ".join(data.get("sourceRanges", ())) or None,
            "target_tags": " ".join(data.get("targetTags", ())) or None,
            "open_ports": listed(_open_ports(data)),
        },
    }


def _open_ports(rule: Payload) -> Iterator[tuple[int, int]]:
    """The TCP ports at which a rule lets everybody in."""
    sources = set(rule.get("sourceRanges", ()))
    is_inbound = rule.get("direction", "INGRESS") == "INGRESS"
    if not is_inbound or not sources & {"0.0.0.0/0", "::/0"}:
        return
    for allowed in rule.get("allowed", ()):
        if allowed.get("IPProtocol") in ("tcp", "6"):
            yield from map(parsed, allowed.get("ports", ("all",)))
        elif allowed.get("IPProtocol") == "all":
            yield ALL


def _subnet(data: Payload) -> dict[str, Any]:
    return {
        "member_of": asset_name(data.get("network")),
        "state": "active",
        "config": {"range": data.get("ipCidrRange")},
    }


def _dns_zone(data: Payload) -> dict[str, Any]:
    return {
        "name": data.get("dnsName"),
        "config": {"visibility": str(data.get("visibility", "PUBLIC")).lower()},
    }


def _service_account(data: Payload) -> dict[str, Any]:
    return {
        "name": data.get("email"),
        "state": "disabled" if data.get("disabled") else "active",
        "tags": {},
    }


def _access_key(data: Payload) -> dict[str, Any] | None:
    """Keys that Google itself makes and rotates are nobody's to look after."""
    if data.get("keyType") != "USER_MANAGED":
        return None
    owner = re.search(r"serviceAccounts/([^/]+)", str(data.get("name", "")))
    return {
        "created_at": moment(data.get("validAfterTime")),
        "state": "disabled" if data.get("disabled") else "active",
        "attached_to": owner.group(1) if owner else None,
        "tags": {},
        "config": {"expires_at": data.get("validBeforeTime")},
    }


def _commitment(data: Payload) -> dict[str, Any]:
    return {
        "sku": data.get("type"),
        "state_since": moment(data.get("startTimestamp")),
        "config": {"plan": data.get("plan"), "ends_at": data.get("endTimestamp")},
    }


def _plain(data: Payload) -> dict[str, Any]:
    return {"state": "active"}


COMMITMENT = "compute.googleapis.com/Commitment"
PARSERS: Mapping[str, tuple[str, Callable[[Payload], dict[str, Any] | None]]] = {
    **services.PARSERS,
    "compute.googleapis.com/Instance": ("instance", _instance),
    "compute.googleapis.com/Disk": ("disk", _disk),
    "compute.googleapis.com/RegionDisk": ("disk", _disk),
    "compute.googleapis.com/Snapshot": ("snapshot", _snapshot),
    "compute.googleapis.com/Image": ("image", _image),
    "compute.googleapis.com/Address": ("address", _address),
    "compute.googleapis.com/GlobalAddress": ("address", _address),
    "compute.googleapis.com/InstanceGroupManager": ("scaling_group", _scaling_group),
    "compute.googleapis.com/Autoscaler": ("autoscaler", _autoscaler),
    "compute.googleapis.com/ForwardingRule": ("load_balancer", _load_balancer),
    "compute.googleapis.com/GlobalForwardingRule": ("load_balancer", _load_balancer),
    "compute.googleapis.com/Firewall": ("security_group", _security_group),
    "compute.googleapis.com/Network": ("network", _plain),
    "compute.googleapis.com/Subnetwork": ("subnet", _subnet),
    COMMITMENT: ("commitment", _commitment),
    "sqladmin.googleapis.com/Instance": ("database", _database),
    "storage.googleapis.com/Bucket": ("bucket", _bucket),
    "container.googleapis.com/Cluster": ("cluster", _cluster),
    "dns.googleapis.com/ManagedZone": ("dns_zone", _dns_zone),
    "iam.googleapis.com/ServiceAccount": ("service_account", _service_account),
    "iam.googleapis.com/ServiceAccountKey": ("access_key", _access_key),
}
