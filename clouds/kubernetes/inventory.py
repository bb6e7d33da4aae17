"""What runs in a Kubernetes cluster, and what it asks for."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl

from clouds.cloud import RESOURCE_SCHEMA, Reading
from clouds.kubernetes.access import Session
from clouds.kubernetes.quantities import GIB, amount, plain
from clouds.sweep import Part, frame, sweep

REGION = "global"  # a cluster is one place; nodes say their zone
ZONE = "topology.kubernetes.io/zone"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
LABEL_REGION = "topology.kubernetes.io/region"

Record = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One list of the API and how to read what it holds."""

    kind: str
    object_kind: str  # as Kubernetes calls it, in lower case: a part of the id
    operation: str  # of the SDK
    permission: str
    parse: Callable[[Record], Row]


def read(session: Session) -> Reading:
    """All resources in the columns of `RESOURCE_SCHEMA`; a kind that is denied is reported."""
    account = session.account()
    parts = [
        Part("kubernetes", account, REGION, listing.kind,
             partial(_read, session, account, listing))
        for listing in LISTINGS
    ]  # fmt: skip
    return sweep(parts, RESOURCE_SCHEMA)


def parse_node(record: Record) -> Row:
    """A machine of the cluster; its cloud bills it, under the id in `provider_id`."""
    labels = record["metadata"].get("labels") or {}
    capacity = record["status"].get("capacity") or {}
    allocatable = record["status"].get("allocatable") or {}
    ready = {each["type"]: each["status"] for each in record["status"].get("conditions") or []}
    state = "ready" if ready.get("Ready") == "True" else "not_ready"
    return {
        "zone": labels.get(ZONE),
        "sku": labels.get(INSTANCE_TYPE),
        "state": "cordoned" if record["spec"].get("unschedulable") else state,
        "config": {
            "provider_id": record["spec"].get("providerID"),
            "region": labels.get(LABEL_REGION),
            "cpu": _cores(capacity.get("cpu")),
            "memory_gib": _gib(capacity.get("memory")),
            "cpu_allocatable": _cores(allocatable.get("cpu")),
            "memory_allocatable_gib": _gib(allocatable.get("memory")),
            "pods": str(capacity["pods"]) if "pods" in capacity else None,
            "arch": (record["status"].get("nodeInfo") or {}).get("architecture"),
            "version": (record["status"].get("nodeInfo") or {}).get("kubeletVersion"),
        },
    }


def parse_namespace(record: Record) -> Row:
    """A namespace."""
    return {"state": str((record.get("status") or {}).get("phase", "Active")).lower()}


def parse_workload(record: Record) -> Row:
    """A Deployment, StatefulSet or DaemonSet: what one replica asks for, and how many there are."""
    spec, status = record["spec"], record.get("status") or {}
    wanted = spec.get("replicas", status.get("desiredNumberScheduled", 1))
    ready = status.get("readyReplicas", status.get("numberReady", 0))
    return {
        "state": "stopped" if wanted == 0 else "running" if ready >= wanted else "degraded",
        "config": {
            "replicas": str(wanted),
            "ready": str(ready),
            **parse_replica(spec["template"]["spec"]),
        },
    }


def parse_replica(pod: Record) -> dict[str, str | None]:
    """Requests and limits of one replica: what the scheduler counts.

    Containers that run side by side add up; one that runs before them counts where it asks for
    more. A request that is not set is that of the limit, as in Kubernetes. Where a container asks
    for nothing, the sum says too little: `containers_without_request` counts them. Where one has no
    limit, the replica has none, and the field is absent.
    """
    before = pod.get("initContainers") or []
    sidecars = [each for each in before if each.get("restartPolicy") == "Always"]
    beside = [*(pod.get("containers") or []), *sidecars]
    alone = [each for each in before if each not in sidecars]
    silent = sum(1 for each in beside if None in (_request(each, "cpu"), _request(each, "memory")))
    found: dict[str, str | None] = {"containers": str(len(beside))}
    for resource, name, unit in (("cpu", "cpu", Decimal(1)), ("memory", "memory_gib", GIB)):
        request = _together(_request(each, resource) for each in beside)
        peak = max((_request(each, resource) or Decimal(0) for each in alone), default=Decimal(0))
        asked = max(request, peak)
        head, _, tail = name.partition("_")
        suffix = f"_{tail}" if tail else ""
        found[f"{head}_request{suffix}"] = plain(asked / unit) if asked else None
        limits = [_limit(each, resource) for each in beside]
        known = [each for each in limits if each is not None]
        is_limited = bool(limits) and len(known) == len(limits)
        found[f"{head}_limit{suffix}"] = (
            plain(sum(known, Decimal(0)) / unit) if is_limited else None
        )
    found["containers_without_request"] = str(silent) if silent else None
    return found


def parse_autoscaler(record: Record) -> Row:
    """A HorizontalPodAutoscaler; a member of the workload that it scales."""
    spec, status = record["spec"], record.get("status") or {}
    target = spec["scaleTargetRef"]
    at_most, now = spec["maxReplicas"], status.get("currentReplicas", 0)
    namespace = record["metadata"]["namespace"]
    return {
        "state": "at_maximum" if now >= at_most else "active",
        "attached_to": f"{namespace}/{target['kind'].lower()}/{target['name']}",
        "config": {
            "minimum": str(spec.get("minReplicas", 1)),
            "maximum": str(at_most),
            "replicas": str(now),
            "metrics": ",".join(sorted(_metric(each) for each in spec.get("metrics") or [])),
        },
    }


def parse_claim(record: Record) -> Row:
    """A PersistentVolumeClaim; its disk is billed by the cluster's cloud."""
    status = record.get("status") or {}
    given = (status.get("capacity") or {}).get("storage")
    asked = ((record["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    size = given or asked
    return {
        "sku": record["spec"].get("storageClassName"),
        "state": str(status.get("phase", "Pending")).lower(),
        "size_gib": float(amount(size) / GIB) if size else None,
        "config": {"volume": record["spec"].get("volumeName"),
                   "access": ",".join(record["spec"].get("accessModes") or [])},
    }  # fmt: skip


def parse_volume(record: Record) -> Row:
    """A PersistentVolume: `released` once its claim is gone, though its disk is billed on.

    `handle` is the disk's id at the cloud: one that a driver (CSI) gave, or that Kubernetes itself
    made in earlier days; `claim` the one that is gone.
    """
    spec, status = record["spec"], record.get("status") or {}
    size = (spec.get("capacity") or {}).get("storage")
    wanted = spec.get("claimRef") or {}
    claim = f"{wanted.get('namespace')}/persistentvolumeclaim/{wanted.get('name')}"
    is_bound = status.get("phase") == "Bound"
    return {
        "sku": spec.get("storageClassName"),
        "state": str(status.get("phase", "Pending")).lower(),
        "state_since": _time(status.get("lastPhaseTransitionTime")),
        "attached_to": claim if is_bound else None,
        "size_gib": float(amount(size) / GIB) if size else None,
        "config": {
            "reclaim": str(spec.get("persistentVolumeReclaimPolicy", "Retain")).lower(),
            "driver": (spec.get("csi") or {}).get("driver"),
            "handle": _handle(spec),
            "claim": claim if wanted and not is_bound else None,
        },
    }


def _handle(spec: Record) -> str | None:
    places = (("csi", "volumeHandle"), ("awsElasticBlockStore", "volumeID"),
              ("gcePersistentDisk", "pdName"), ("azureDisk", "diskURI"))  # fmt: skip
    found = (str((spec.get(place) or {}).get(field) or "") for place, field in places)
    # As in aws://eu-west-1a/vol-1, which the oldest clusters wrote.
    return next((re.sub(r"^aws://.*/", "", each) for each in found if each), None)


def parse_quota(record: Record) -> Row:
    """A ResourceQuota: each limit and how much of it is used, as Kubernetes writes them.

    `used_share` is that of the limit of which the largest part is used, which is `tightest`.
    """
    status = record.get("status") or {}
    hard: Mapping[str, str] = status.get("hard") or record["spec"].get("hard") or {}
    used: Mapping[str, str] = status.get("used") or {}
    is_full = any(
        amount(used[name]) >= amount(limit) for name, limit in hard.items() if name in used
    )
    shares = {
        name: amount(used[name]) / amount(limit)
        for name, limit in hard.items()
        if name in used and amount(limit)
    }
    tightest = max(sorted(shares), key=shares.__getitem__, default=None)
    return {
        "state": "full" if is_full else "active",
        "config": {
            "tightest": tightest,
            "used_share": None if tightest is None else plain(round(shares[tightest], 3)),
            **{f"hard.{name}": str(value) for name, value in hard.items()},
            **{f"used.{name}": str(value) for name, value in used.items()},
        },
    }


LISTINGS = (
    Listing("node", "node", "CoreV1Api.list_node", "list nodes", parse_node),
    Listing("namespace", "namespace", "CoreV1Api.list_namespace", "list namespaces",
            parse_namespace),
    Listing("workload", "deployment", "AppsV1Api.list_deployment_for_all_namespaces",
            "list deployments.apps", parse_workload),
    Listing("workload", "statefulset", "AppsV1Api.list_stateful_set_for_all_namespaces",
            "list statefulsets.apps", parse_workload),
    Listing("workload", "daemonset", "AppsV1Api.list_daemon_set_for_all_namespaces",
            "list daemonsets.apps", parse_workload),
    Listing("hpa", "horizontalpodautoscaler",
            "AutoscalingV2Api.list_horizontal_pod_autoscaler_for_all_namespaces",
            "list horizontalpodautoscalers.autoscaling", parse_autoscaler),
    Listing("pvc", "persistentvolumeclaim",
            "CoreV1Api.list_persistent_volume_claim_for_all_namespaces",
            "list persistentvolumeclaims", parse_claim),
    Listing("volume", "persistentvolume", "CoreV1Api.list_persistent_volume",
            "list persistentvolumes", parse_volume),
    Listing("quota", "resourcequota", "CoreV1Api.list_resource_quota_for_all_namespaces",
            "list resourcequotas", parse_quota),
)  # fmt: skip


def resource_id(object_kind: str, namespace: str | None, name: str) -> str:
    """The address of an object, such as `shop/deployment/web`; made again, it has the same."""
    return f"{namespace}/{object_kind}/{name}" if namespace else f"{object_kind}/{name}"


def _read(session: Session, account: str, listing: Listing) -> pl.DataFrame:
    rows = [_row(account, listing, each) for each in session.items(listing)]
    return frame(RESOURCE_SCHEMA, list({row["resource_id"]: row for row in rows}.values()))


def _row(account: str, listing: Listing, record: Record) -> Row:
    about = record["metadata"]
    namespace = about.get("namespace")
    parsed = listing.parse(record)
    config = {
        "object": listing.object_kind, "namespace": namespace, "uid": about.get("uid"),
        **parsed.get("config", {}),
    }  # fmt: skip
    return {
        "cloud": "kubernetes",
        "account": account,
        "region": REGION,
        "kind": listing.kind,
        "resource_id": resource_id(listing.object_kind, namespace, about["name"]),
        "name": about["name"],
        "created_at": _time(about.get("creationTimestamp")),
        "member_of": f"namespace/{namespace}" if namespace else None,
        **parsed,
        "tags": _object(about.get("labels") or {}),
        "config": _object(config),
    }


def _object(values: Mapping[str, str | None]) -> str:
    """A JSON object of strings; what is unknown is left out."""
    known = {key: value for key, value in values.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _time(text: str | None) -> datetime | None:
    found = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    return found.astimezone(UTC).replace(tzinfo=None) if found else None


def _cores(text: str | None) -> str | None:
    return plain(amount(text)) if text is not None else None


def _gib(text: str | None) -> str | None:
    return plain(amount(text) / GIB) if text is not None else None


def _limit(container: Record, resource: str) -> Decimal | None:
    text = ((container.get("resources") or {}).get("limits") or {}).get(resource)
    return amount(text) if text is not None else None


def _request(container: Record, resource: str) -> Decimal | None:
    text = ((container.get("resources") or {}).get("requests") or {}).get(resource)
    return amount(text) if text is not None else _limit(container, resource)


def _together(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((each for each in amounts if each is not None), Decimal(0))


def _metric(metric: Record) -> str:
    source = metric.get(metric["type"][0].lower() + metric["type"][1:]) or {}
    return str(source.get("name") or (source.get("metric") or {}).get("name") or metric["type"])
