import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from clouds.azure.connection import AzureCloud
from clouds.cloud import RESOURCE_SCHEMA
from clouds.errors import Unauthorized
from tests.clouds.azure.arm import Estate
from tests.clouds.azure.conftest import LAB, SHOP, access_to

pytestmark = pytest.mark.contract
GROUP = f"/subscriptions/{SHOP}/resourceGroups/Web/providers"
VM = f"{GROUP}/Microsoft.Compute/virtualMachines/Front-1"


def machine(resource_id: str = VM, power: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "resource_id": resource_id,
        "location": "westeurope",
        "zones": ["2"],
        "tags": {"team": "web"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
            "storageProfile": {"osDisk": {"osType": "Linux", "createOption": "FromImage"}},
            "timeCreated": "2026-02-03T04:05:06.1234567+00:00",
            "extended": {"instanceView": {"powerState": {"code": f"PowerState/{power}"}}},
        },
        **more,
    }


def disk(name: str, owner: str | None = None, **facts: Any) -> dict[str, Any]:
    return {
        "resource_id": f"{GROUP}/Microsoft.Compute/disks/{name}",
        "location": "westeurope",
        "sku": {"name": "Premium_LRS", "tier": "Premium"},
        "managedBy": owner,
        "properties": {
            "diskSizeGB": 128,
            "creationData": {"createOption": "Empty"},
            "timeCreated": "2026-01-02T03:04:05+00:00",
            "diskState": "Attached" if owner else "Unattached",
            **facts,
        },
    }


def rows(azure: AzureCloud) -> list[dict[str, Any]]:
    return azure.inventory().rows.to_dicts()


def test_a_small_estate_comes_out_as_exact_rows(azure: AzureCloud, estate: Estate) -> None:
    estate.put(**machine())
    estate.put(**disk("Data", VM, LastOwnershipUpdateTime="2026-02-03T05:00:00.0000000+00:00"))
    estate.put(
        f"{GROUP}/Microsoft.Compute/snapshots/Old", location="West Europe",
        sku={"name": "Standard_LRS"},
        properties={
            "diskSizeGB": 64, "incremental": True, "timeCreated": "2025-05-01T00:00:00Z",
            "creationData": {"createOption": "Copy",
                             "sourceResourceId": f"{GROUP}/Microsoft.Compute/disks/Data"},
        },
    )  # fmt: skip
    estate.put(
        f"{GROUP}/Microsoft.Network/publicIPAddresses/Door", location="westeurope",
        sku={"name": "Standard"},
        properties={
            "publicIPAllocationMethod": "Static", "ipAddress": "192.0.2.7",
            "ipConfiguration": {
                "id": f"{GROUP}/Microsoft.Network/networkInterfaces/Nic/ipConfigurations/one"},
        },
    )  # fmt: skip
    group = GROUP.lower()
    common = {"cloud": "azure", "account": SHOP, "region": "westeurope", "zone": None,
              "state_since": None, "created_at": None, "attached_to": None, "member_of": None,
              "size_gib": None, "tags": "{}"}  # fmt: skip
    assert rows(azure) == [
        {**common, "resource_id": f"{group}/microsoft.network/publicipaddresses/door",
         "kind": "address", "name": "Door", "sku": "static", "state": "in_use",
         "attached_to": f"{group}/microsoft.network/networkinterfaces/nic",
         "config": '{"ip":"192.0.2.7","tier":"standard"}'},
        {**common, "resource_id": f"{group}/microsoft.compute/disks/data", "kind": "disk",
         "name": "Data", "sku": "Premium_LRS", "state": "in_use", "attached_to": VM.lower(),
         "state_since": datetime(2026, 2, 3, 5), "created_at": datetime(2026, 1, 2, 3, 4, 5),
         "size_gib": 128.0, "config": '{"boot":"false"}'},
        {**common, "resource_id": VM.lower(), "kind": "instance", "name": "Front-1", "zone": "2",
         "sku": "Standard_D4s_v5", "state": "running", "tags": '{"team":"web"}',
         "created_at": datetime(2026, 2, 3, 4, 5, 6, 123456), "config": '{"os":"linux"}'},
        {**common, "resource_id": f"{group}/microsoft.compute/snapshots/old", "kind": "snapshot",
         "name": "Old", "sku": "Standard_LRS", "state": "completed", "size_gib": 64.0,
         "created_at": datetime(2025, 5, 1), "config": json.dumps(
             {"incremental": "true", "source": f"{group}/microsoft.compute/disks/data"},
             separators=(",", ":"))},
    ]  # fmt: skip


def test_the_other_kinds_come_out_with_their_facts(azure: AzureCloud, estate: Estate) -> None:
    network = f"{GROUP}/Microsoft.Network/virtualNetworks/net"
    scale_set = f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets/fleet"
    estate.put(scale_set, location="westeurope", sku={"name": "Standard_D2s_v5", "capacity": 3})
    estate.put(
        f"{scale_set}/virtualMachines/0",
        location="westeurope",
        sku={"name": "Standard_D2s_v5"},
        properties={"instanceView": {"powerState": {"code": "PowerState/running"}}},
    )
    estate.put(
        network,
        location="westeurope",
        properties={
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {
                    "id": f"{network}/subnets/a",
                    "name": "a",
                    "properties": {"addressPrefix": "10.0.1.0/24"},
                }
            ],
        },
    )
    estate.put(
        f"{GROUP}/Microsoft.Sql/servers/s/databases/shop",
        location="westeurope",
        sku={"name": "GP_Gen5"},
        properties={
            "status": "Paused",
            "currentServiceObjectiveName": "GP_S_Gen5_2",
            "maxSizeBytes": 34359738368,
            "zoneRedundant": False,
        },
    )
    estate.put(
        f"{GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/pg",
        location="westeurope",
        sku={"name": "Standard_D2ds_v5"},
        properties={
            "state": "Ready",
            "storage": {"storageSizeGB": 64},
            "version": "16",
            "highAvailability": {"mode": "ZoneRedundant"},
        },
    )
    estate.put(
        f"{GROUP}/Microsoft.Network/loadBalancers/lb",
        location="westeurope",
        sku={"name": "Standard"},
        properties={
            "backendAddressPools": [
                {"properties": {"backendIPConfigurations": [{"id": "a"}, {"id": "b"}]}}
            ]
        },
    )
    estate.put(
        f"{GROUP}/Microsoft.ContainerService/managedClusters/k8s",
        location="westeurope",
        sku={"tier": "Standard"},
        properties={
            "powerState": {"code": "Running"},
            "agentPoolProfiles": [{"name": "front", "count": 3}],
        },
    )
    estate.put(
        f"{GROUP}/Microsoft.Network/dnsZones/example.org",
        location="global",
        properties={"numberOfRecordSets": 7},
    )
    estate.put(
        f"{GROUP}/Microsoft.Web/sites/job",
        location="westeurope",
        kind="functionapp,linux",
        properties={"state": "Running"},
    )
    estate.put(f"{GROUP}/Microsoft.Web/sites/page", location="westeurope", kind="app")
    estate.put(f"{VM}/providers/Microsoft.Advisor/recommendations/r1", properties={
        "category": "Cost", "impact": "High", "resourceMetadata": {"resourceId": VM},
        "extendedProperties": {"annualSavingsAmount": "120", "savingsCurrency": "EUR"},
    })  # fmt: skip
    found = {(row["kind"], row["name"]): row for row in rows(azure)}
    assert set(found) == {
        ("advice", "r1"), ("cluster", "k8s"), ("database", "pg"), ("database", "shop"),
        ("dns_zone", "example.org"), ("function", "job"), ("instance", "0"),
        ("load_balancer", "lb"), ("network", "net"), ("node_pool", "front"),
        ("scaling_group", "fleet"), ("subnet", "a"),
    }  # fmt: skip
    assert found["instance", "0"]["member_of"] == scale_set.lower()
    assert found["subnet", "a"]["member_of"] == network.lower()
    paused = found["database", "shop"]
    assert (paused["state"], paused["sku"], paused["size_gib"]) == ("stopped", "GP_S_Gen5_2", 32.0)
    assert json.loads(found["database", "pg"]["config"]) == {
        "engine": "postgres", "multi_az": "true", "version": "16"}  # fmt: skip
    assert json.loads(found["load_balancer", "lb"]["config"])["targets"] == "2"
    assert found["dns_zone", "example.org"]["region"] == "global"
    assert found["advice", "r1"]["attached_to"] == VM.lower()


@pytest.mark.parametrize(
    ("power", "state"),
    [("running", "running"), ("stopped", "stopped_billed"), ("deallocated", "stopped"),
     ("deallocating", "stopping")],
)  # fmt: skip
def test_power_states_say_whether_the_machine_is_billed(
    azure: AzureCloud, estate: Estate, power: str, state: str
) -> None:
    estate.put(**machine(power=power))
    assert [row["state"] for row in rows(azure)] == [state]


def test_a_machine_without_a_known_power_state_is_in_no_known_state(
    azure: AzureCloud, estate: Estate
) -> None:
    unknown = machine()
    del unknown["properties"]["extended"]
    estate.put(**unknown)
    assert [row["state"] for row in rows(azure)] == [None]


def test_all_pages_are_read_and_two_readings_are_equal(azure: AzureCloud, estate: Estate) -> None:
    estate.page = 7
    for number in range(40):
        estate.put(**disk(f"disk-{number:02}"))
    first = azure.inventory()
    assert first.rows["name"].to_list() == [f"disk-{number:02}" for number in range(40)]
    assert azure.inventory().rows.equals(first.rows)


def test_a_page_token_that_expires_begins_the_query_again(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.page = 7
    for number in range(20):
        estate.put(**disk(f"disk-{number:02}"))
    estate.fail(lambda _, body: '"$skipToken": "14"' in body, 400)
    found = azure.inventory()
    assert found.rows.height == 20
    assert list(found.failed) == []


def test_an_empty_subscription_was_read_in_all_its_regions(azure: AzureCloud) -> None:
    found = azure.inventory()
    assert found.rows.is_empty()
    assert found.rows.schema == pl.Schema(dict(RESOURCE_SCHEMA))
    assert set(found.read) == {
        ("azure", SHOP, "westeurope"), ("azure", SHOP, "northeurope"), ("azure", SHOP, "global"),
        ("azure", LAB, "westeurope"), ("azure", LAB, "global"),
    }  # fmt: skip


def test_a_kind_that_no_role_allows_is_reported_although_azure_hides_it(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.put(**machine())
    estate.roles[SHOP] = [{"actions": ["*/read"], "notActions": ["Microsoft.Compute/disks/*"]}]
    found = azure.inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == (SHOP, "", "disk")
    assert "Microsoft.Compute/disks/read is missing" in failure.reason
    assert found.rows["kind"].to_list() == ["instance"]


def test_a_subscription_that_is_denied_leaves_the_others(azure: AzureCloud, estate: Estate) -> None:
    estate.put(**machine())
    estate.fail(lambda path, _: f"{LAB}/providers/Microsoft.Authorization" in path, 403, times=99,
                code="AuthorizationFailed")  # fmt: skip
    found = azure.inventory()
    assert found.rows.height == 1
    assert {account for _, account, _ in found.read} == {SHOP}
    [failure] = found.failed
    assert (failure.account, failure.kind) == (LAB, "")
    assert "AuthorizationFailed" in failure.reason


def test_a_resource_that_cannot_be_understood_fails_its_kind_only(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.put(**machine())
    estate.put(f"{GROUP}/Microsoft.Storage/storageAccounts/odd", location="westeurope",
               properties={"creationTime": "long ago"})  # fmt: skip
    found = azure.inventory()
    assert found.rows["kind"].to_list() == ["instance"]
    assert [failure.kind for failure in found.failed] == ["bucket"]


def test_throttling_is_obeyed_by_everybody(
    azure: AzureCloud, estate: Estate, waits: list[float]
) -> None:
    estate.put(**machine())
    estate.fail(lambda path, _: "ResourceGraph" in path, 429, headers={"Retry-After": "4"})
    assert azure.inventory().rows.height == 1
    assert sum(waits) >= 4


def test_a_glitch_is_repeated(azure: AzureCloud, estate: Estate) -> None:
    estate.put(**machine())
    estate.fail(lambda path, _: "ResourceGraph" in path, 502, times=2)
    found = azure.inventory()
    assert found.rows.height == 1
    assert list(found.failed) == []


def test_expired_credentials_are_said_once_and_tell_no_token(
    estate: Estate, waits: list[float]
) -> None:
    azure = AzureCloud(access_to(estate, waits, token="old-secret"), [SHOP, LAB])
    with pytest.raises(Unauthorized, match="expired") as told:
        azure.inventory()
    assert "old-secret" not in f"{told.value!r} {azure!r}"


def test_tags_may_hold_anything(azure: AzureCloud, estate: Estate) -> None:
    tags = {'say "it\'s"': "x" * 256, "team 🚀": "ä'\"\\", "empty": None}
    estate.put(**machine(tags=tags))
    [row] = rows(azure)
    assert json.loads(row["tags"]) == {**tags, "empty": ""}
