"""Requirements as a Karpenter NodePool: the labels that its nodes must carry."""

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

import yaml

from models.errors import BadRequirement
from models.selection.requirements import Range, Requirements

MOST_TYPES = 100  # Karpenter itself launches one of the 60 cheapest
ARCHES = {"x86_64": "amd64", "arm64": "arm64"}
PREFIXES = {"aws": "karpenter.k8s.aws", "azure": "karpenter.azure.com"}
CLASSES = {
    "aws": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
    "azure": {"group": "karpenter.azure.com", "kind": "AKSNodeClass", "name": "default"},
    "gcp": {"group": "karpenter.k8s.gcp", "kind": "GCENodeClass", "name": "default"},
}
LABELS: Mapping[str, Mapping[str, tuple[str, float]]] = {  # label, and its units in ours
    "aws": {
        "vcpus": ("instance-cpu", 1),
        "memory_gib": ("instance-memory", 1024),
        "gpus": ("instance-gpu-count", 1),
        "network_gbps": ("instance-network-bandwidth", 1000),
    },
    "azure": {"vcpus": ("sku-cpu", 1), "memory_gib": ("sku-memory", 1024)},
}
ON_ALL_NODES = ("vcpus", "memory_gib")  # a node that lacks a label is below no limit of it


def node_pool(asked: Requirements, offers: Sequence[Mapping[str, Any]]) -> str:
    """A NodePool in YAML for the offers that fit, the cheapest first; all are of one cloud.

    The types are listed by name, as Karpenter has no label for much of what can be asked for; the
    ranges that it has labels for stand beside them. Raises `BadRequirement`.
    """
    clouds = sorted({str(offer["cloud"]) for offer in offers})
    if len(clouds) != 1 or clouds[0] not in CLASSES:
        raise BadRequirement(
            f"A NodePool is of one cloud out of {', '.join(CLASSES)}; what fits is of "
            f"{', '.join(clouds) or 'none'}. Give --cloud."
        )
    cloud = clouds[0]
    pool = {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "selected"},
        "spec": {
            "template": {
                "spec": {
                    "nodeClassRef": CLASSES[cloud],
                    "requirements": _requirements(cloud, asked, offers),
                }
            }
        },
    }
    return yaml.safe_dump(pool, sort_keys=False)


def _requirements(
    cloud: str, asked: Requirements, offers: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    types = _distinct(offers, "instance_type")
    if len(types) > MOST_TYPES:
        types = types[:MOST_TYPES]
    kept = [offer for offer in offers if offer["instance_type"] in set(types)]
    spot = {str(one["price_type"]).startswith("spot") for one in kept}
    capacity = [name for is_spot, name in ((True, "spot"), (False, "on-demand")) if is_spot in spot]
    listed = {
        "kubernetes.io/os": [asked.os],
        "kubernetes.io/arch": [ARCHES[one] for one in _distinct(kept, "arch") if one in ARCHES],
        "karpenter.sh/capacity-type": capacity,
        "topology.kubernetes.io/region": _distinct(kept, "region"),
        "node.kubernetes.io/instance-type": types,
    }
    found: list[dict[str, Any]] = [
        {"key": key, "operator": "In", "values": values} for key, values in listed.items() if values
    ]
    for name, (label, unit) in LABELS.get(cloud, {}).items():
        wanted = asked.ranges.get(name)
        if wanted is not None and (wanted.low or name in ON_ALL_NODES):
            found += _limits(f"{PREFIXES[cloud]}/{label}", wanted, unit)
    return found


def _limits(key: str, wanted: Range, unit: float) -> list[dict[str, Any]]:
    """Karpenter compares whole numbers by more than and less than."""
    limits: list[dict[str, Any]] = []
    if wanted.low:
        more = [str(ceil(round(wanted.low * unit, 6)) - 1)]
        limits.append({"key": key, "operator": "Gt", "values": more})
    if wanted.high is not None:
        less = [str(floor(round(wanted.high * unit, 6)) + 1)]
        limits.append({"key": key, "operator": "Lt", "values": less})
    return limits


def _distinct(offers: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    return list(dict.fromkeys(str(one[column]) for one in offers if one[column] is not None))
