"""Kinds beyond machines and disks: what networks and managed services say in Resource Graph."""

import json
from datetime import datetime
from typing import Any

import pytest

from clouds.azure.connection import AzureCloud
from tests.clouds.azure.arm import Estate
from tests.clouds.azure.conftest import SHOP

pytestmark = pytest.mark.contract
GROUP = f"/subscriptions/{SHOP}/resourceGroups/Web/providers"
NET = f"{GROUP}/Microsoft.Network"


def found(azure: AzureCloud) -> dict[tuple[str, str], dict[str, Any]]:
    reading = azure.inventory()
    assert list(reading.failed) == []
    return {
        (row["kind"], row["name"]): {**row, "config": json.loads(row["config"])}
        for row in reading.rows.iter_rows(named=True)
    }


def test_gateways_count_the_connections_at_either_end(azure: AzureCloud, estate: Estate) -> None:
    for name in ("Used", "Far", "Idle"):
        estate.put(f"{NET}/virtualNetworkGateways/{name}", location="westeurope", properties={
            "gatewayType": "Vpn", "sku": {"name": "VpnGw1", "tier": "VpnGw1"},
            **({"vpnClientConfiguration": {}} if name == "Far" else {}),
        })  # fmt: skip
    estate.put(f"{NET}/connections/link", location="westeurope", properties={
        "connectionType": "Vnet2Vnet", "connectionStatus": "Connected",
        "virtualNetworkGateway1": {"id": f"{NET}/virtualNetworkGateways/Used"},
        "virtualNetworkGateway2": {"id": f"{NET}/virtualNetworkGateways/Far"},
    })  # fmt: skip
    rows = found(azure)
    told = {name: rows["vpn_gateway", name]["config"] for name in ("Used", "Far", "Idle")}
    assert told == {
        "Used": {"connections": "1", "type": "vpn", "point_to_site": "false"},
        "Far": {"connections": "1", "type": "vpn", "point_to_site": "true"},
        "Idle": {"connections": "0", "type": "vpn", "point_to_site": "false"},
    }
    link = rows["vpn_connection", "link"]
    assert link["member_of"] == f"{NET}/virtualNetworkGateways/Used".lower()
    assert (link["sku"], link["state"]) == ("vnet2vnet", "connected")


def test_rules_of_a_balancer_that_lead_to_nothing_are_counted(
    azure: AzureCloud, estate: Estate
) -> None:
    balancer = f"{NET}/loadBalancers/front"

    def rule(*pools: str) -> dict[str, Any]:
        return {"properties": {"backendAddressPools": [{"id": pool} for pool in pools]}}

    full, empty = f"{balancer}/backendAddressPools/Full", f"{balancer}/backendAddressPools/empty"
    estate.put(balancer, location="westeurope", sku={"name": "Standard", "tier": "Regional"},
               properties={
        "backendAddressPools": [
            {"id": full, "properties": {"backendIPConfigurations": [{"id": "nic"}]}},
            {"id": empty, "properties": {}},
        ],
        "loadBalancingRules": [rule(full.upper()), rule(empty), rule(), rule(empty, full)],
        "outboundRules": [{"id": "out"}],
    })  # fmt: skip
    assert found(azure)["load_balancer", "front"]["config"] == {
        "targets": "1", "tier": "regional", "rules": "4", "rules_without_target": "2",
        "other_rules": "1",
    }  # fmt: skip


def test_application_gateways_say_whether_they_scale(azure: AzureCloud, estate: Estate) -> None:
    estate.put(f"{NET}/applicationGateways/fixed", location="westeurope", properties={
        "sku": {"name": "WAF_v2", "tier": "WAF_v2", "capacity": 3}})  # fmt: skip
    estate.put(f"{NET}/applicationGateways/scaled", location="westeurope", properties={
        "sku": {"name": "Standard_v2", "tier": "Standard_v2"},
        "autoscaleConfiguration": {"minCapacity": 0, "maxCapacity": 10},
    })  # fmt: skip
    rows = found(azure)
    assert rows["load_balancer", "fixed"]["config"] == {
        "targets": "0", "tier": "waf_v2", "capacity": "3", "autoscaling": "false"}  # fmt: skip
    assert rows["load_balancer", "scaled"]["config"] == {
        "targets": "0",
        "tier": "standard_v2",
        "autoscaling": "true",
        "min": "0",
        "max": "10",
    }


def test_subnets_say_how_many_addresses_are_taken(azure: AzureCloud, estate: Estate) -> None:
    def subnet(name: str, **facts: Any) -> dict[str, Any]:
        return {"id": f"{NET}/virtualNetworks/net/subnets/{name}", "name": name,
                "properties": facts}  # fmt: skip

    estate.put(f"{NET}/virtualNetworks/net", location="westeurope", properties={"subnets": [
        subnet("some", addressPrefix="10.0.1.0/24", ipConfigurations=[{"id": "a"}, {"id": "b"}]),
        subnet("two", addressPrefixes=["10.0.2.0/28", "fd00::/64"],
               delegations=[{"name": "sql"}]),
    ]})  # fmt: skip
    rows = found(azure)
    assert rows["subnet", "some"]["config"] == {
        "ranges": "10.0.1.0/24", "used": "2", "usable": "251", "delegated": "false"}  # fmt: skip
    assert rows["subnet", "two"]["config"] == {
        "ranges": "10.0.2.0/28 fd00::/64",
        "used": "0",
        "usable": "11",
        "delegated": "true",
    }


def test_circuits_plans_and_private_endpoints_say_whether_they_are_used(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.put(f"{NET}/expressRouteCircuits/line", location="westeurope",
               sku={"name": "Standard_MeteredData"}, properties={
        "serviceProviderProvisioningState": "NotProvisioned",
        "circuitProvisioningState": "Enabled",
        "serviceProviderProperties": {"serviceProviderName": "Equinix"}, "peerings": [],
    })  # fmt: skip
    estate.put(f"{NET}/ddosProtectionPlans/shield", location="westeurope", properties={
        "virtualNetworks": [{"id": "net"}]})  # fmt: skip
    estate.put(f"{NET}/ddosProtectionPlans/spare", location="westeurope")

    def link(status: str) -> dict[str, Any]:
        return {
            "properties": {
                "privateLinkServiceId": f"{GROUP}/Microsoft.Sql/servers/S",
                "privateLinkServiceConnectionState": {"status": status},
            }
        }

    estate.put(f"{NET}/privateEndpoints/good", location="westeurope", properties={
        "privateLinkServiceConnections": [link("Approved")]})  # fmt: skip
    estate.put(
        f"{NET}/privateEndpoints/lost",
        location="westeurope",
        properties={
            "manualPrivateLinkServiceConnections": [link("Approved"), link("Disconnected")]
        },
    )
    rows = found(azure)
    assert rows["circuit", "line"]["config"] == {
        "provider": "Equinix", "provider_state": "notprovisioned", "peerings": "0"}  # fmt: skip
    assert rows["ddos_plan", "shield"]["state"] == "in_use"
    assert rows["ddos_plan", "spare"]["state"] == "available"
    states = {name: rows["private_endpoint", name]["state"] for name in ("good", "lost")}
    assert states == {"good": "approved", "lost": "disconnected"}
    assert rows["private_endpoint", "good"]["attached_to"].endswith("/microsoft.sql/servers/s")


def test_plans_pools_and_accounts_come_out_with_their_facts(
    azure: AzureCloud, estate: Estate
) -> None:
    estate.put(
        f"{GROUP}/Microsoft.Web/serverFarms/plan",
        location="West Europe",
        kind="linux",
        sku={"name": "P1v3", "tier": "PremiumV3", "capacity": 2},
        properties={"numberOfSites": 0, "numberOfWorkers": 2, "elasticScaleEnabled": False},
    )
    estate.put(f"{GROUP}/Microsoft.Sql/servers/s/elasticPools/pool", location="westeurope",
               sku={"name": "GP_Gen5", "tier": "GeneralPurpose", "capacity": 4},
               properties={"state": "Ready", "creationDate": "2026-01-02T03:04:05Z"})  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.DocumentDB/databaseAccounts/docs", location="westeurope",
               kind="GlobalDocumentDB", properties={
        "enableFreeTier": True, "locations": [{"id": "a"}, {"id": "b"}],
        "backupPolicy": {"type": "Periodic"}})  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.DocumentDB/databaseAccounts/burst", location="westeurope",
               properties={"capabilities": [{"name": "EnableServerless"}]})  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.SqlVirtualMachine/sqlVirtualMachines/db", location="westeurope",
               properties={
        "virtualMachineResourceId": f"{GROUP}/Microsoft.Compute/virtualMachines/Db",
        "sqlServerLicenseType": "PAYG", "sqlImageSku": "Standard",
        "sqlImageOffer": "SQL2022-WS2022"})  # fmt: skip
    rows = found(azure)
    assert rows["app_plan", "plan"]["sku"] == "P1v3"
    assert rows["app_plan", "plan"]["config"] == {
        "apps": "0", "tier": "premiumv3", "workers": "2", "autoscaling": "false"}  # fmt: skip
    assert rows["elastic_pool", "pool"]["created_at"] == datetime(2026, 1, 2, 3, 4, 5)
    assert rows["document_account", "docs"]["config"] == {
        "api": "globaldocumentdb",
        "free_tier": "true",
        "regions": "2",
        "backup": "periodic",
    }
    assert rows["document_account", "burst"]["sku"] == "serverless"
    server = rows["sql_machine", "db"]
    assert server["attached_to"] == f"{GROUP}/Microsoft.Compute/virtualMachines/Db".lower()
    assert (server["sku"], server["config"]["licence"]) == ("standard", "payg")


def test_clusters_endpoints_and_backups_come_out_with_their_facts(
    azure: AzureCloud, estate: Estate
) -> None:
    vault = f"{GROUP}/Microsoft.RecoveryServices/vaults/v/backupFabrics/Azure"
    estate.put(f"{vault}/protectionContainers/c/protectedItems/vm", properties={
        "protectionState": "ProtectionStopped", "lastBackupTime": "2026-01-02T03:04:05.123Z",
        "workloadType": "VM", "sourceResourceId": f"{GROUP}/Microsoft.Compute/virtualMachines/Gone",
    })  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.Synapse/workspaces/w/bigDataPools/spark", location="westeurope",
               properties={"nodeSize": "Medium", "nodeCount": 3, "autoPause": {"enabled": False},
                           "autoScale": {"enabled": True}})  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.Kusto/clusters/adx", location="westeurope",
               sku={"name": "Standard_E8ads_v5", "capacity": 4}, properties={
                   "state": "Running"})  # fmt: skip
    workspace = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/w"
    estate.put(f"{workspace}/onlineEndpoints/scores", location="westeurope",
               properties={"provisioningState": "Succeeded"})  # fmt: skip
    estate.put(f"{GROUP}/Microsoft.ContainerService/managedClusters/k8s", location="westeurope",
               properties={"agentPoolProfiles": [
        {"name": "front", "count": 3, "vmSize": "Standard_D4s_v5", "mode": "User",
         "osType": "Linux", "enableAutoScaling": True, "minCount": 1, "maxCount": 5,
         "scaleSetPriority": "Spot", "powerState": {"code": "Running"}}]})  # fmt: skip
    rows = found(azure)
    backup = rows["backup_item", "vm"]
    assert (backup["state"], backup["sku"]) == ("protectionstopped", "vm")
    assert backup["config"]["last_backup_at"] == "2026-01-02 03:04:05.123000"
    assert rows["spark_pool", "spark"]["config"] == {
        "auto_pause": "false", "autoscaling": "true", "nodes": "3"}  # fmt: skip
    assert rows["analytics_cluster", "adx"]["config"] == {"nodes": "4", "autoscaling": "false"}
    assert rows["ml_endpoint", "scores"]["state"] == "active"
    pool = rows["node_pool", "front"]
    cluster = f"{GROUP}/Microsoft.ContainerService/managedClusters/k8s".lower()
    assert (pool["resource_id"], pool["member_of"]) == (f"{cluster}/agentpools/front", cluster)
    assert (pool["sku"], pool["state"]) == ("Standard_D4s_v5", "active")
    assert pool["config"] == {
        "nodes": "3", "autoscaling": "true", "min": "1", "max": "5", "mode": "user", "os": "linux",
        "spot": "true",
    }  # fmt: skip


def test_machines_say_where_their_disks_and_licences_come_from(
    azure: AzureCloud, estate: Estate
) -> None:
    compute = f"{GROUP}/Microsoft.Compute"
    estate.put(
        f"{compute}/virtualMachines/old",
        location="westeurope",
        properties={
            "storageProfile": {
                "imageReference": {"publisher": "MicrosoftWindowsServer"},
                "osDisk": {
                    "osType": "Windows",
                    "createOption": "FromImage",
                    "vhd": {"uri": "https://a.blob.core.windows.net/vhds/old.vhd"},
                },
            }
        },
    )
    estate.put(f"{compute}/virtualMachines/new", location="westeurope", properties={
        "licenseType": "Windows_Server", "storageProfile": {
            "osDisk": {"osType": "Windows", "createOption": "FromImage",
                       "managedDisk": {"id": f"{compute}/disks/new"}}}})  # fmt: skip
    estate.put(f"{compute}/virtualMachineScaleSets/fleet", location="westeurope", properties={
        "orchestrationMode": "Uniform", "virtualMachineProfile": {"storageProfile": {
            "osDisk": {"diffDiskSettings": {"option": "Local"}}}}})  # fmt: skip
    rows = found(azure)
    assert rows["instance", "old"]["config"] == {
        "os": "windows",
        "publisher": "microsoftwindowsserver",
        "managed_disk": "false",
    }
    assert rows["instance", "new"]["config"] == {
        "os": "windows", "license": "Windows_Server", "managed_disk": "true"}  # fmt: skip
    assert rows["scaling_group", "fleet"]["config"]["ephemeral_os_disk"] == "true"
