import json
from datetime import datetime
from typing import Any

import pytest
from gcp_emulator import Google, Refusal
from gcp_estate import disk, instance, project

from clouds.cloud import RESOURCE_SCHEMA
from clouds.gcp.access import Access
from clouds.gcp.commitments import parse_commitments, read_commitments
from clouds.gcp.inventory import KINDS, read_inventory

pytestmark = pytest.mark.contract

SHOP = ["projects/shop"]
ZONE = "//compute.googleapis.com/projects/shop/zones/us-central1-a"
REGION = "//compute.googleapis.com/projects/shop/regions/us-central1"
GLOBAL = "//compute.googleapis.com/projects/shop/global"
CREATED = datetime(2026, 1, 2, 11, 4, 5, 678000)


def by_id(access: Access, parents: list[str] = SHOP) -> dict[str, dict[str, Any]]:
    rows = read_inventory(access, parents).rows.iter_rows(named=True)
    return {row["resource_id"]: row for row in rows}


def test_one_resource_of_each_kind_becomes_exact_rows(access: Access) -> None:
    found = by_id(access)
    assert found[f"{ZONE}/instances/7001"] == {
        "cloud": "gcp", "account": "shop", "region": "us-central1", "zone": "us-central1-a",
        "resource_id": f"{ZONE}/instances/7001", "kind": "instance", "name": "web-1",
        "sku": "n2-standard-4", "state": "running", "state_since": datetime(2026, 3, 1, 8),
        "created_at": CREATED, "attached_to": None,
        "member_of": f"{ZONE}/instanceGroupManagers/7401", "size_gib": None,
        "tags": json.dumps({"mood": "😀" * 60, "team": 'q"uote'}, ensure_ascii=False),
        "config": '{"network_tags": "web ssh", "os": "linux", "termination_protection": "true"}',
    }  # fmt: skip
    short = {
        key.rpartition("/projects/shop/")[2] or key: (
            row["kind"], row["region"], row["sku"], row["state"], row["attached_to"],
            row["member_of"], row["size_gib"], json.loads(row["config"]),
        )
        for key, row in found.items() if "/instances/7001" not in key
    }  # fmt: skip
    web = f"{ZONE}/instanceGroupManagers/7401"
    bot = "//iam.googleapis.com/projects/shop/serviceAccounts/4242"
    cluster = "//container.googleapis.com/projects/shop/locations/us-central1/clusters/apps"
    us = "us-central1"
    assert short == {
        "zones/us-central1-a/instances/7002":
            ("instance", us, "n2-standard-4", "stopped", None, None, None, {"os": "linux"}),
        "zones/us-central1-a/disks/7101":
            ("disk", us, "pd-balanced", "in_use", f"{ZONE}/instances/7001", None, 100.0,
             {"boot": "true"}),
        "zones/us-central1-a/disks/7102":
            ("disk", us, "pd-balanced", "available", None, None, 100.0, {"boot": "false"}),
        "global/snapshots/7201":
            ("snapshot", "global", "standard", "completed", None, None, 1.5,
             {"source": f"{ZONE}/disks/7101"}),
        "global/images/7202": ("image", "global", None, "active", None, None, 2.0, {}),
        "regions/us-central1/addresses/7301":
            ("address", us, "static", "available", None, None, None, {}),
        "zones/us-central1-a/instanceGroupManagers/7401":
            ("scaling_group", us, "web", "stable", None, cluster, None,
             {"desired": "1", "max": "5", "min": "1"}),
        "zones/us-central1-a/autoscalers/7402":
            ("autoscaler", us, None, "active", web, None, None, {"max": "5", "min": "1"}),
        "global/forwardingRules/7501":
            ("load_balancer", "global", "application", "active", None, None, None, {}),
        "global/networks/7601": ("network", "global", None, "active", None, None, None, {}),
        "regions/us-central1/subnetworks/7602":
            ("subnet", us, None, "active", None, f"{GLOBAL}/networks/7601", None,
             {"range": "10.0.0.0/20"}),
        "global/firewalls/7603":
            ("security_group", "global", None, "active", None, f"{GLOBAL}/networks/7601", None,
             {"direction": "ingress", "sources": "0.0.0.0/0", "target_tags": "ssh",
              "open_ports": "22,8000-8100"}),
        "regions/us-central1/commitments/7701":
            ("commitment", us, "GENERAL_PURPOSE_N2", "active", None, None, None,
             {"ends_at": "2029-01-01T00:00:00.000-08:00", "plan": "THIRTY_SIX_MONTH"}),
        "instances/orders":
            ("database", us, "db-custom-2-8192", "available", None, None, 50.0,
             {"engine": "postgres", "multi_az": "true"}),
        "//storage.googleapis.com/shop-logs":
            ("bucket", "us", "standard", "active", None, None, None,
             {"lifecycle": "expire", "versioning": "true"}),
        "locations/us-central1/clusters/apps":
            ("cluster", us, "standard", "active", None, None, None,
             {"nodes": "3", "version": "1.33.2"}),
        "locations/us-central1/clusters/apps/nodePools/p":
            ("node_pool", us, "n2-standard-4", "active", None, cluster, None,
             {"autoscaling": "true", "max": "4", "min": "1", "mode": "user", "os": "linux",
              "spot": "true"}),
        "zones/us-central1-a/nodeGroups/7801":
            ("node_group", us, "n2", "ready", None, None, None,
             {"autoscaling": "false", "nodes": "3"}),
        "regions/us-central1/vpnGateways/7901":
            ("vpn_gateway", us, "ha", "active", None, None, None, {"connections": "1"}),
        "regions/us-central1/vpnTunnels/7902":
            ("vpn_connection", us, None, "established", None, f"{REGION}/vpnGateways/7901", None,
             {}),
        "regions/us-central1/targetVpnGateways/7903":
            ("vpn_gateway", us, "classic", "active", None, None, None, {"connections": "0"}),
        "subscriptions/lost":
            ("subscription", "global", "subscription", "active", None, None, None,
             {"retention": "604800s", "topic": "_deleted-topic_"}),
        "snapshots/last":
            ("subscription", "global", "snapshot", "active", None, None, None,
             {"topic": "projects/shop/topics/orders"}),
        "instances/ledger":
            ("spanner", us, "regional-us-central1", "ready", None, None, None,
             {"autoscaling": "false", "edition": "standard", "processing_units": "3000"}),
        "locations/us-central1/endpoints/77":
            ("ml_endpoint", us, None, "active", None, None, None, {"models": "1"}),
        "managedZones/9":
            ("dns_zone", "global", None, "active", None, None, None, {"visibility": "public"}),
        "serviceAccounts/4242":
            ("service_account", "global", None, "active", None, None, None, {}),
        "serviceAccounts/bot@shop.iam.gserviceaccount.com/keys/k1":
            ("access_key", "global", None, "active", bot, None, None,
             {"expires_at": "9999-12-31T23:59:59Z"}),
    }  # fmt: skip


def test_every_kind_that_is_read_is_in_the_shop(access: Access) -> None:
    assert sorted({row["kind"] for row in by_id(access).values()}) == KINDS


def test_two_reads_of_an_unchanged_shop_are_equal(access: Access) -> None:
    order = ["kind", "resource_id"]
    first, second = (read_inventory(access, SHOP).rows.sort(order) for _ in range(2))
    assert first.equals(second)
    assert list(first.schema.items()) == list(RESOURCE_SCHEMA.items())


def test_a_resource_with_the_name_of_a_deleted_one_is_another(
    google: Google, access: Access
) -> None:
    google.assets.append(disk("left", 9999))
    names = [row["name"] for row in by_id(access).values() if row["kind"] == "disk"]
    assert sorted(names) == ["left", "left", "web-1"]


def test_all_pages_are_read(google: Google, access: Access) -> None:
    google.assets += [disk(f"d-{number}", 100_000 + number) for number in range(2500)]
    google.page = 700
    found = read_inventory(access, SHOP)
    assert found.rows.filter(kind="disk").height == 2502
    assert list(found.failed) == []


def test_all_regions_of_a_project_are_read_also_those_with_nothing_in_them(access: Access) -> None:
    assert list(read_inventory(access, SHOP).read) == [
        ("gcp", "shop", ""), ("gcp", "shop", "global"), ("gcp", "shop", "us"),
        ("gcp", "shop", "us-central1"),
    ]  # fmt: skip


def test_an_empty_project_is_read_and_empty(google: Google, access: Access) -> None:
    google.assets = [project("shop")]
    found = read_inventory(access, SHOP)
    assert found.rows.is_empty()
    assert (list(found.read), list(found.failed)) == ([("gcp", "shop", "")], [])


def test_an_organisation_is_one_listing_of_all_its_projects(google: Google, access: Access) -> None:
    google.assets += [project("lab"), instance("lab-1", 8001, "lab")]
    found = read_inventory(access, ["organizations/1"])
    assert {("gcp", "lab", ""), ("gcp", "shop", "")} < set(found.read)
    assert found.rows.filter(account="lab")["name"].to_list() == ["lab-1"]
    assert len(google.calls) == 2


def test_a_kind_that_is_denied_leaves_the_rest_and_is_reported(
    google: Google, access: Access
) -> None:
    google.denied_types = {"compute.googleapis.com/Snapshot"}
    found = read_inventory(access, SHOP)
    assert found.rows.filter(kind="snapshot").is_empty()
    assert found.rows.filter(kind="disk").height == 2
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("shop", "", "snapshot")
    assert "cloudasset.assets.listResource is missing" in failure.reason


def test_a_kind_that_is_denied_in_an_organisation_is_reported_for_each_project(
    google: Google, access: Access
) -> None:
    google.assets.append(project("lab"))
    google.denied_types = {"compute.googleapis.com/Snapshot"}
    failed = read_inventory(access, ["organizations/1"]).failed
    assert [(each.account, each.kind) for each in failed] == [
        ("lab", "snapshot"), ("shop", "snapshot"),
    ]  # fmt: skip


def test_a_project_that_is_denied_leaves_the_others(google: Google, access: Access) -> None:
    google.assets += [project("lab"), instance("lab-1", 8001, "lab")]
    google.denied_parents = {"projects/shop"}
    found = read_inventory(access, ["projects/shop", "projects/lab"])
    assert found.rows["name"].to_list() == ["lab-1"]
    assert {account for _, account, _ in found.read} == {"lab"}
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("shop", "", "")


def test_expired_credentials_are_said_once_for_a_project(google: Google, access: Access) -> None:
    google.always = Refusal(401, "Request had invalid authentication credentials.")
    found = read_inventory(access, SHOP)
    [failure] = found.failed
    assert (failure.account, failure.kind) == ("shop", "")
    assert "gcloud auth application-default login" in failure.reason
    assert len(google.calls) == 1
    assert list(found.read) == []


@pytest.mark.parametrize("code", [429, 503])
def test_a_throttled_call_is_made_again_after_the_pause_that_is_asked(
    google: Google, access: Access, code: int
) -> None:
    google.refusals = [Refusal(code, "slow down", {"Retry-After": "1"})]
    started = datetime.now()
    found = read_inventory(access, SHOP)
    assert (datetime.now() - started).total_seconds() >= 1
    assert found.rows.height == 29
    assert len(google.calls) == 3


def test_a_pause_in_the_details_is_obeyed_and_too_long_a_one_ends_the_reading(
    google: Google, access: Access
) -> None:
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"}
    google.refusals = [Refusal(429, "slow down", details=(retry,))]
    [failure] = read_inventory(access, SHOP).failed
    assert "3600 seconds" in failure.reason
    assert len(google.calls) == 1


def test_commitments_are_read_with_family_and_vcpus(access: Access) -> None:
    found = read_commitments(access, SHOP)
    assert found.rows.rows() == [
        ("gcp", "shop", "projects/shop/regions/us-central1/commitments/three", "committed_use",
         "us-central1", "n2", 16.0, None, None, datetime(2026, 1, 1, 8), datetime(2029, 1, 1, 8))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "ends_at"),
    [("ACTIVE", datetime(2029, 1, 1)), ("CANCELLED", datetime(2026, 3, 1)),
     ("EXPIRED", datetime(2029, 1, 1))],
)  # fmt: skip
def test_a_commitment_that_was_merged_into_another_ended_then(
    status: str, ends_at: datetime
) -> None:
    data = {"status": status, "region": "r", "endTimestamp": "2029-01-01T00:00:00Z"}
    asset = {
        "name": "//compute.googleapis.com/projects/1/regions/r/commitments/c",
        "ancestors": ["projects/1"], "updateTime": "2026-03-01T00:00:00Z",
        "resource": {"data": data},
    }  # fmt: skip
    (found,) = parse_commitments([asset], {"1": "shop"})
    assert found["ends_at"] == ends_at
