"""Builders of assets as Cloud Asset Inventory gives them, each held against its API's schema."""

from typing import Any
from zlib import crc32

import gcp_discovery as discovery

NUMBERS = {"shop": "111", "lab": "222", "void": "333"}
COMPUTE = "https://www.googleapis.com/compute/v1"
CREATED = "2026-01-02T03:04:05.678-08:00"
SCHEMAS = {"sqladmin": "DatabaseInstance", "aiplatform": "GoogleCloudAiplatformV1Endpoint"}
APIS = {
    "compute": "compute.v1", "storage": "storage.v1", "container": "container.v1",
    "sqladmin": "sqladmin.v1", "dns": "dns.v1", "iam": "iam.v1", "pubsub": "pubsub.v1",
    "spanner": "spanner.v1", "aiplatform": "aiplatform.v1",
}  # fmt: skip


def project(name: str) -> dict[str, Any]:
    number = number_of(name)
    data = {"projectId": name, "projectNumber": number, "lifecycleState": "ACTIVE"}
    discovery.check("cloudresourcemanager.v1", "Project", data)
    return _asset(
        "cloudresourcemanager.googleapis.com/Project", name, "global",
        f"//cloudresourcemanager.googleapis.com/projects/{number}", data,
    )  # fmt: skip


def compute(
    schema: str, path: str, number: int, project: str = "shop", **data: Any
) -> dict[str, Any]:
    """A resource of Compute Engine at a path such as zones/us-central1-a/disks/d-1."""
    place, name = path.split("/")[-3], path.rsplit("/", 1)[1]
    full = {"id": str(number), "name": name, "creationTimestamp": CREATED, **data}
    discovery.check("compute.v1", schema, full)
    return _asset(
        f"compute.googleapis.com/{_asset_type(schema, path)}", project,
        "global" if path.startswith("global/") else place,
        f"//compute.googleapis.com/projects/{project}/{path}", full,
    )  # fmt: skip


def other(
    service: str, schema: str, full_name: str, place: str, /, owner: str = "shop", **data: Any
) -> dict[str, Any]:
    """A resource of another service, by its full name."""
    discovery.check(APIS[service], SCHEMAS.get(service, schema), data)
    return _asset(f"{service}.googleapis.com/{schema}", owner, place, full_name, data)


def link(path: str, project: str = "shop") -> str:
    return f"{COMPUTE}/projects/{project}/{path}"


def instance(name: str, number: int, project: str = "shop", **data: Any) -> dict[str, Any]:
    zone = "zones/us-central1-a"
    looks = {
        "status": "RUNNING",
        "machineType": link(f"{zone}/machineTypes/n2-standard-4", project),
        "lastStartTimestamp": "2026-03-01T00:00:00.000-08:00",
        "labels": {"team": "web"},
    }
    return compute("Instance", f"{zone}/instances/{name}", number, project, **looks | data)


def disk(name: str, number: int, project: str = "shop", **data: Any) -> dict[str, Any]:
    zone = "zones/us-central1-a"
    looks = {
        "status": "READY", "sizeGb": "100",
        "type": link(f"{zone}/diskTypes/pd-balanced", project),
    }  # fmt: skip
    return compute("Disk", f"{zone}/disks/{name}", number, project, **looks | data)


def shop() -> list[dict[str, Any]]:
    """One of every kind, with the relations between them."""
    zone, region = "zones/us-central1-a", "regions/us-central1"
    key = "projects/shop/serviceAccounts/bot@shop.iam.gserviceaccount.com"
    return [
        project("shop"),
        instance(
            "web-1", 7001, deletionProtection=True,
            disks=[{"source": link(f"{zone}/disks/web-1"), "boot": True}],
            metadata={"items": [{
                "key": "created-by",
                "value": f"projects/111/{zone}/instanceGroupManagers/web",
            }]},
            labels={"team": 'q"uote', "mood": "😀" * 60}, tags={"items": ["web", "ssh"]},
        ),
        instance("old-1", 7002, status="TERMINATED",
                 lastStopTimestamp="2026-02-01T00:00:00.000-08:00"),
        disk("web-1", 7101, users=[link(f"{zone}/instances/web-1")],
             lastAttachTimestamp="2026-01-02T03:04:06.000-08:00"),
        disk("left", 7102, lastDetachTimestamp="2026-02-03T00:00:00.000-08:00"),
        compute("Snapshot", "global/snapshots/web-1-s", 7201, status="READY",
                storageBytes=str(3 * 2**29), diskSizeGb="100",
                sourceDisk=link(f"{zone}/disks/web-1")),
        compute("Image", "global/images/base", 7202, status="READY",
                archiveSizeBytes=str(2**31), diskSizeGb="10"),
        compute("Address", f"{region}/addresses/spare", 7301, status="RESERVED",
                addressType="EXTERNAL", address="203.0.113.7"),
        compute("InstanceGroupManager", f"{zone}/instanceGroupManagers/web", 7401, targetSize=1,
                status={"isStable": True},
                instanceTemplate=link("global/instanceTemplates/web")),
        compute("Autoscaler", f"{zone}/autoscalers/web", 7402, status="ACTIVE",
                target=link(f"{zone}/instanceGroupManagers/web"),
                autoscalingPolicy={"minNumReplicas": 1, "maxNumReplicas": 5}),
        compute("ForwardingRule", "global/forwardingRules/front", 7501,
                target=link("global/targetHttpsProxies/front")),
        compute("Network", "global/networks/main", 7601),
        compute("Subnetwork", f"{region}/subnetworks/main", 7602, ipCidrRange="10.0.0.0/20",
                network=link("global/networks/main")),
        compute("Firewall", "global/firewalls/ssh", 7603, direction="INGRESS",
                sourceRanges=["0.0.0.0/0"], targetTags=["ssh"],
                network=link("global/networks/main"),
                allowed=[{"IPProtocol": "tcp", "ports": ["22", "8000-8100"]},
                         {"IPProtocol": "icmp"}]),
        compute("Commitment", f"{region}/commitments/three", 7701, status="ACTIVE",
                plan="THIRTY_SIX_MONTH", type="GENERAL_PURPOSE_N2",
                region=link(region), startTimestamp="2026-01-01T00:00:00.000-08:00",
                endTimestamp="2029-01-01T00:00:00.000-08:00",
                resources=[{"type": "VCPU", "amount": "16"},
                           {"type": "MEMORY", "amount": "65536"}]),
        other("sqladmin", "Instance", "//cloudsql.googleapis.com/projects/shop/instances/orders",
              "us-central1", name="orders", project="shop", databaseVersion="POSTGRES_15",
              region="us-central1", gceZone="us-central1-c", state="RUNNABLE", createTime=CREATED,
              settings={"tier": "db-custom-2-8192", "dataDiskSizeGb": "50",
                        "availabilityType": "REGIONAL", "activationPolicy": "ALWAYS",
                        "userLabels": {"env": "prod"}}),
        other("storage", "Bucket", "//storage.googleapis.com/shop-logs", "us",
              name="shop-logs", location="US", storageClass="STANDARD", timeCreated=CREATED,
              versioning={"enabled": True},
              lifecycle={"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}),
        other("container", "Cluster",
              "//container.googleapis.com/projects/shop/locations/us-central1/clusters/apps",
              "us-central1", name="apps", status="RUNNING", createTime=CREATED,
              currentNodeCount=3, currentMasterVersion="1.33.2", resourceLabels={"env": "prod"},
              nodePools=[{"name": "p", "instanceGroupUrls": [
                  link(f"{zone}/instanceGroupManagers/web")]}]),
        other("container", "NodePool",
              "//container.googleapis.com/projects/shop/locations/us-central1/clusters/apps"
              "/nodePools/p", "us-central1", name="p", status="RUNNING",
              autoscaling={"enabled": True, "minNodeCount": 1, "maxNodeCount": 4},
              config={"machineType": "n2-standard-4", "spot": True, "imageType": "COS_CONTAINERD",
                      "resourceLabels": {"env": "prod"}}),
        compute("NodeGroup", f"{zone}/nodeGroups/alone", 7801, status="READY", size=3,
                nodeTemplate=link(f"{region}/nodeTemplates/n2"),
                autoscalingPolicy={"mode": "OFF"}),
        compute("VpnGateway", f"{region}/vpnGateways/branch", 7901,
                network=link("global/networks/main")),
        compute("VpnTunnel", f"{region}/vpnTunnels/branch", 7902, status="ESTABLISHED",
                vpnGateway=link(f"{region}/vpnGateways/branch")),
        compute("TargetVpnGateway", f"{region}/targetVpnGateways/old", 7903, status="READY",
                network=link("global/networks/main")),
        other("pubsub", "Subscription", "//pubsub.googleapis.com/projects/shop/subscriptions/lost",
              "global", name="projects/shop/subscriptions/lost", topic="_deleted-topic_",
              messageRetentionDuration="604800s", state="ACTIVE"),
        other("pubsub", "Snapshot", "//pubsub.googleapis.com/projects/shop/snapshots/last",
              "global", name="projects/shop/snapshots/last", topic="projects/shop/topics/orders",
              expireTime="2026-04-01T00:00:00Z"),
        other("spanner", "Instance", "//spanner.googleapis.com/projects/shop/instances/ledger",
              "us-central1", name="projects/shop/instances/ledger", displayName="Ledger",
              config="projects/shop/instanceConfigs/regional-us-central1", nodeCount=3,
              processingUnits=3000, state="READY", edition="STANDARD", createTime=CREATED,
              instanceType="PROVISIONED"),
        other("aiplatform", "Endpoint",
              "//aiplatform.googleapis.com/projects/shop/locations/us-central1/endpoints/77",
              "us-central1", name="projects/111/locations/us-central1/endpoints/77",
              displayName="scores", createTime=CREATED, deployedModels=[{"id": "1"}]),
        other("dns", "ManagedZone", "//dns.googleapis.com/projects/shop/managedZones/9", "global",
              name="main", dnsName="shop.example.", visibility="public", creationTime=CREATED),
        other("iam", "ServiceAccount",
              "//iam.googleapis.com/projects/shop/serviceAccounts/4242", "global",
              name=key, email="bot@shop.iam.gserviceaccount.com", uniqueId="4242"),
        other("iam", "ServiceAccountKey",
              f"//iam.googleapis.com/{key}/keys/k1", "global", name=f"{key}/keys/k1",
              keyType="USER_MANAGED", validAfterTime="2025-01-01T00:00:00Z",
              validBeforeTime="9999-12-31T23:59:59Z"),
        other("iam", "ServiceAccountKey",
              f"//iam.googleapis.com/{key}/keys/k2", "global", name=f"{key}/keys/k2",
              keyType="SYSTEM_MANAGED"),
    ]  # fmt: skip


def number_of(project: str) -> str:
    """The number of a project: of ours as it stands above, of others made of the name."""
    return NUMBERS.get(project) or str(10**9 + crc32(project.encode()))


def _asset_type(schema: str, path: str) -> str:
    is_global = path.startswith("global/") and schema in ("Address", "ForwardingRule")
    return f"Global{schema}" if is_global else schema


def _asset(
    asset_type: str, project: str, location: str, name: str, data: dict[str, Any]
) -> dict[str, Any]:
    asset = {
        "name": name,
        "assetType": asset_type,
        "resource": {"version": "v1", "location": location, "data": data},
        "ancestors": [f"projects/{number_of(project)}", "organizations/1"],
    }
    discovery.check("cloudasset.v1", "Asset", asset)
    return asset
