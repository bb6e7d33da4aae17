"""Which resource belongs to which: names as Google gives them become ids of the same inventory."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clouds.gcp.assets import resource_id
from clouds.gcp.facts import Payload, asset_name, whole

_GROUP = "/instanceGroupManagers/"


def relate(
    rows: Sequence[dict[str, Any]], assets: Iterable[Payload], projects: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The same resources with ids where they had names; a name that nothing has stays a name.

    Disks learn from their instance whether they are its boot disk, groups from their cluster that
    they belong to it, and from their autoscaler between which sizes they move.
    """
    links = _Links(projects)
    for asset in assets:
        links.learn(asset)
    return [_related(row, links) for row in rows]


class _Links:
    """What the assets say about each other, by full resource name."""

    def __init__(self, projects: Mapping[str, str]) -> None:
        self.projects = projects
        self.ids: dict[str, str] = {}
        self.boot: dict[str, str] = {}  # disk -> whether it boots its instance
        self.cluster: dict[str, str] = {}  # group -> cluster
        self.bounds: dict[str, dict[str, str]] = {}  # group -> min and max
        self.tunnels: Counter[str] = Counter()  # gateway -> how many go through it

    def learn(self, asset: Payload) -> None:
        data = asset.get("resource", {}).get("data", {})
        name = str(asset["name"])
        self.ids[name] = resource_id(asset)
        if asset["assetType"] == "iam.googleapis.com/ServiceAccount":
            for alias in (data.get("email"), data.get("uniqueId")):
                self.ids[str(alias)] = name
        for disk in data.get("disks", ()):
            if "source" in disk:
                self.boot[self.named(asset_name(disk["source"]))] = str(
                    bool(disk.get("boot"))
                ).lower()
        for pool in data.get("nodePools", ()):
            for url in pool.get("instanceGroupUrls", ()):
                group = self.named(asset_name(url)).replace("/instanceGroups/", _GROUP)
                self.cluster[group] = name
        if asset["assetType"] == "compute.googleapis.com/VpnTunnel":
            gateway = data.get("vpnGateway") or data.get("targetVpnGateway")
            self.tunnels[self.named(asset_name(gateway))] += 1
        if asset["assetType"] == "compute.googleapis.com/Autoscaler":
            bounds = data["autoscalingPolicy"]
            self.bounds[self.named(asset_name(data.get("target")))] = {
                word: str(whole(bounds[key]))
                for word, key in (("min", "minNumReplicas"), ("max", "maxNumReplicas"))
                if key in bounds
            }

    def named(self, name: str | None) -> str:
        """The full name with the id of its project, which Google partly writes as a number."""
        found = re.sub(
            r"/projects/(\d+)/",
            lambda number: f"/projects/{self.projects.get(number.group(1), number.group(1))}/",
            name or "",
        )
        return found

    def id_of(self, name: str | None) -> str | None:
        return None if name is None else self.ids.get(self.named(name), self.named(name))


def _related(row: dict[str, Any], links: _Links) -> dict[str, Any]:
    config = json.loads(row["config"])
    name = row.pop("full_name")
    if row["kind"] == "disk" and name in links.boot:
        config["boot"] = links.boot[name]
    elif row["kind"] == "disk" and row.get("attached_to") is None:
        config["boot"] = "false"  # nothing starts from it
    if row["kind"] == "scaling_group":
        config |= links.bounds.get(name, {})
        row["member_of"] = links.cluster.get(name)
    if row["kind"] == "vpn_gateway":
        config["connections"] = str(links.tunnels[name])
    if row["kind"] == "node_pool":
        row["member_of"] = name.partition("/nodePools/")[0]
    if "source" in config:
        config["source"] = links.id_of(config["source"])
    return {
        **row,
        "attached_to": links.id_of(row.get("attached_to")),
        "member_of": links.id_of(row.get("member_of")),
        "config": json.dumps(config, ensure_ascii=False, sort_keys=True),
    }
