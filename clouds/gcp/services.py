"""Turn the assets of managed services and of VPN into resources, one function for each type."""

from collections.abc import Callable, Mapping
from typing import Any

from clouds.gcp.facts import Payload, asset_name, flag, last, whole


def _node_pool(data: Payload) -> dict[str, Any]:
    looks, scale = data.get("config", {}), data.get("autoscaling", {})
    return {
        "sku": looks.get("machineType"),
        "tags": looks.get("resourceLabels") or {},
        "config": {
            "autoscaling": flag(scale.get("enabled")),
            "min": whole(scale.get("totalMinNodeCount", scale.get("minNodeCount"))),
            "max": whole(scale.get("totalMaxNodeCount", scale.get("maxNodeCount"))),
            "spot": flag(looks.get("spot") or looks.get("preemptible")),
            "mode": "user",
            "os": "windows" if "windows" in str(looks.get("imageType", "")).lower() else "linux",
        },
    }


def _node_group(data: Payload) -> dict[str, Any]:
    """Machines of Compute Engine that serve one tenant."""
    policy = data.get("autoscalingPolicy", {})
    return {
        "sku": last(str(data.get("nodeTemplate", ""))) or None,
        "config": {
            "nodes": whole(data.get("size")),
            "autoscaling": flag(policy.get("mode") in ("ON", "ONLY_SCALE_OUT")),
            "min": whole(policy.get("minNodes")),
            "max": whole(policy.get("maxNodes")),
        },
    }


def _vpn_gateway(data: Payload) -> dict[str, Any]:
    return {"sku": "ha", "state": "active"}


def _classic_gateway(data: Payload) -> dict[str, Any]:
    return {"sku": "classic"}


def _vpn_tunnel(data: Payload) -> dict[str, Any]:
    return {"member_of": asset_name(data.get("vpnGateway") or data.get("targetVpnGateway"))}


def _subscription(data: Payload) -> dict[str, Any]:
    """A subscription of Pub/Sub, or a snapshot; the topic may be `_deleted-topic_`."""
    return {
        "sku": "snapshot" if "expireTime" in data else "subscription",
        "config": {
            "topic": data.get("topic"),
            "retention": data.get("messageRetentionDuration"),
        },
    }


def _spanner(data: Payload) -> dict[str, Any]:
    units = data.get("processingUnits") or int(data.get("nodeCount") or 0) * 1000
    return {
        "sku": last(str(data.get("config", ""))) or None,
        "config": {
            "processing_units": whole(units),
            "autoscaling": flag("autoscalingConfig" in data),
            "edition": str(data.get("edition", "")).lower() or None,
            "free": "true" if data.get("instanceType") == "FREE_INSTANCE" else None,
        },
    }


def _ml_endpoint(data: Payload) -> dict[str, Any]:
    return {
        "name": data.get("displayName"),
        "state": "active",
        "config": {"models": str(len(data.get("deployedModels") or []))},
    }


PARSERS: Mapping[str, tuple[str, Callable[[Payload], dict[str, Any] | None]]] = {
    "container.googleapis.com/NodePool": ("node_pool", _node_pool),
    "compute.googleapis.com/NodeGroup": ("node_group", _node_group),
    "compute.googleapis.com/VpnGateway": ("vpn_gateway", _vpn_gateway),
    "compute.googleapis.com/TargetVpnGateway": ("vpn_gateway", _classic_gateway),
    "compute.googleapis.com/VpnTunnel": ("vpn_connection", _vpn_tunnel),
    "pubsub.googleapis.com/Subscription": ("subscription", _subscription),
    "pubsub.googleapis.com/Snapshot": ("subscription", _subscription),
    "spanner.googleapis.com/Instance": ("spanner", _spanner),
    "aiplatform.googleapis.com/Endpoint": ("ml_endpoint", _ml_endpoint),
}
