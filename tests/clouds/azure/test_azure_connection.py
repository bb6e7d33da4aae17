import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from clouds import load as load_cloud
from clouds.azure import cost_query
from clouds.azure.access import Access
from clouds.azure.connection import AzureCloud
from clouds.azure.permissions import READS, WRITES, policy
from clouds.cloud import Finding
from clouds.demo.permissions import PERMISSIONS
from tests.clouds.azure.arm import Call, Estate
from tests.clouds.azure.conftest import LAB, SHOP, access_to
from tests.clouds.azure.test_azure_metrics import NOON, VM, wanted
from tests.clouds.azure.test_azure_metrics import machine as measured
from tests.warehouse.ingest.bills import lake_in, load, query

pytestmark = pytest.mark.contract
SCOPE = f"/subscriptions/{SHOP}"
NOW = datetime(2026, 3, 20, 12)
CALLS: Mapping[str, str] = {
    "/subscriptions": "Microsoft.Resources/subscriptions/read",
    "*/locations": "Microsoft.Resources/subscriptions/locations/read",
    "*/providers/microsoft.authorization/permissions": "Microsoft.Authorization/permissions/read",
    "*/providers/microsoft.insights/metrics": "Microsoft.Insights/metrics/read",
    "*/providers/microsoft.costmanagement/query": "Microsoft.CostManagement/query/read",
    "/providers/microsoft.capacity/reservations": "Microsoft.Capacity/reservations/read",
    "/providers/microsoft.billingbenefits/savingsplans":
        "Microsoft.BillingBenefits/savingsPlans/read",
}  # fmt: skip
"""The permission that Azure asks for, by the path of the call, in its documentation."""
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"


def needed(call: Call) -> list[str]:
    """The permissions of one call; a query needs those of the types it asks for."""
    path = call.path.lower()
    if path == "/providers/microsoft.resourcegraph/resources":
        types = json.loads(call.body)["query"].split("in~ (")[1].split(")")[0]
        return [f"{each.strip().strip(chr(39))}/read" for each in types.split(",")]
    if "/retail/" in path:
        return []
    return [name for pattern, name in CALLS.items() if fnmatchcase(path, pattern)]


def costs(estate: Estate, *rows: tuple[int, str, str, float, float]) -> None:
    """Day, resource, service, actual and amortized cost."""
    estate.cost_columns = [("Cost", "Number"), ("UsageDate", "Number"), ("ResourceId", "String"),
                           ("ServiceName", "String"), ("Currency", "String")]  # fmt: skip
    for at, kind in ((3, "ActualCost"), (4, "AmortizedCost")):
        estate.costs[kind] = [[row[at], row[0], row[1], row[2], "EUR"] for row in rows]


def test_a_whole_read_needs_exactly_the_permissions_that_the_role_has(
    azure: AzureCloud, estate: Estate, tmp_path: Path
) -> None:
    measured(estate)
    costs(estate)
    azure.cost_scope = SCOPE
    azure.bills(tmp_path)
    azure.inventory()
    list(azure.metrics(wanted(VM), NOON + timedelta(hours=1)))
    azure.prices()
    azure.commitments()
    list(azure.examine())
    used = {permission for call in estate.calls for permission in needed(call)}
    assert all(needed(call) or "/retail/" in call.path for call in estate.calls)
    assert used | {BLOBS} == {each for group in READS.values() for each in group}


def test_the_roles_are_valid_custom_roles() -> None:
    read, write = json.loads(policy(write=False)), json.loads(policy(write=True))
    assert all(action.endswith("/read") for action in read["Actions"])
    assert read["DataActions"] == [BLOBS]
    assert not set(read["Actions"]) & set(write["Actions"])
    for role in (read, write):
        assert role["IsCustom"]
        assert role["AssignableScopes"]


def test_changes_ask_for_the_permissions_that_the_simulated_azure_asks_for() -> None:
    simulated = {
        kind: {name for names in verbs.values() for name in names if not name.endswith("/read")}
        for (cloud, kind), verbs in PERMISSIONS.items()
        if cloud == "azure"
    }
    ours = {kind: set(names) for kind, names in WRITES.items()}
    assert set().union(*simulated.values()) == set().union(*ours.values())
    assert set(simulated) == set(ours)


def found(azure: AzureCloud) -> dict[tuple[str, str], Finding]:
    return {(each.account, each.ability): each for each in azure.examine()}


def test_everything_that_may_be_read_is_found_well(azure: AzureCloud, estate: Estate) -> None:
    estate.prices = [{"currencyCode": "USD", "armRegionName": "westeurope"}]
    told = found(azure)
    assert all(finding.ok for finding in told.values()), told
    assert {(SHOP, "inventory"), (SHOP, "metrics"), (LAB, "inventory"), ("", "commitments"),
            ("", "credentials"), ("", "prices")} <= set(told)  # fmt: skip


def test_a_missing_permission_is_named_with_what_to_do(azure: AzureCloud, estate: Estate) -> None:
    estate.roles[LAB] = [{"actions": ["Microsoft.Compute/*/read"], "notActions": []}]
    finding = found(azure)[LAB, "metrics"]
    assert not finding.ok
    assert "Microsoft.Insights/metrics/read" in finding.detail
    assert "Microsoft.Insights/metrics/read" in str(finding.fix)


def test_expired_credentials_are_one_finding(estate: Estate, waits: list[float]) -> None:
    estate.prices = [{"currencyCode": "USD", "armRegionName": "westeurope"}]
    access = access_to(estate, waits, token="old-secret")
    azure = AzureCloud(access, prices_url=f"{estate.url}/api/retail/prices")
    refused = [finding for finding in azure.examine() if not finding.ok]
    assert len(refused) == 1
    assert [failure.account for failure in azure.commitments().failed] == [""]
    assert refused[0].ability == "credentials"
    assert "old-secret" not in repr(refused)


def test_connecting_makes_no_call_and_shows_no_secret() -> None:
    cloud = load_cloud("azure", tenant="t", subscriptions=[SHOP], cost_query=SCOPE)
    assert cloud.name == "azure"
    assert "bills" not in cloud.cannot
    assert "bills" in load_cloud("azure").cannot
    shown = repr(Access(credential="s3cret", blob_credential="k3y"))
    assert "s3cret" not in shown
    assert "k3y" not in shown


def test_a_folder_of_bills_is_handed_over_as_it_is(tmp_path: Path) -> None:
    cloud = load_cloud("azure", bills=str(tmp_path))
    assert list(cloud.bills(tmp_path / "home").paths) == [tmp_path]


def test_queried_costs_are_loaded_as_bills_and_replaced_when_they_change(
    access: Access, estate: Estate, tmp_path: Path
) -> None:
    estate.page = 1
    vm = f"/subscriptions/{SHOP}/resourceGroups/Web/providers/Microsoft.Compute/VMs/Front"
    costs(
        estate,
        (20260227, vm, "Virtual Machines", 5.25, 5.25),
        (20260301, vm, "Virtual Machines", 0.1, 4),
        (20260301, "", "Reservations", 100, 0),
        (20260302, vm, "Virtual Machines", 0.2, 4),
    )
    lake = lake_in(tmp_path)

    def read(now: datetime) -> list[tuple[Any, ...]]:
        fetched = cost_query.fetch_costs(access, SCOPE, tmp_path / "exports", now)
        assert list(fetched.failed) == []
        report = load(lake, *fetched.paths)
        assert {entry.status for entry in report.loaded} <= {"loaded", "unchanged"}
        return query(lake, "select month(BillingPeriodStart), count(*), sum(BilledCost),"
                     " sum(EffectiveCost) from raw.focus group by 1 order by 1")  # fmt: skip

    assert read(NOW) == [
        (2, 1, Decimal("5.25"), Decimal("5.25")),
        (3, 3, Decimal("100.3"), Decimal(8)),
    ]
    ids = query(lake, "select distinct SubAccountId, ResourceId from raw.focus order by 2")
    assert ids == [(SHOP, vm.lower()), (SHOP, None)]
    assert read(NOW + timedelta(days=1)) == read(NOW)
    estate.costs["ActualCost"].append([1.0, 20260303, vm, "Virtual Machines", "EUR"])
    assert read(NOW + timedelta(days=2))[1] == (3, 4, Decimal("101.3"), Decimal(8))


def test_costs_that_may_not_be_queried_are_a_failure(
    access: Access, estate: Estate, tmp_path: Path
) -> None:
    estate.fail(lambda path, _: "CostManagement" in path, 403, times=9)
    fetched = cost_query.fetch_costs(access, SCOPE, tmp_path, NOW)
    [failure] = fetched.failed
    assert "Microsoft.CostManagement/query/read is missing" in failure.reason
    assert list(fetched.paths) == []


def test_the_pause_that_cost_management_asks_for_is_kept(
    access: Access, estate: Estate, tmp_path: Path, waits: list[float]
) -> None:
    costs(estate)
    estate.fail(lambda path, _: "CostManagement" in path, 429, headers={
        "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after": "11"})  # fmt: skip
    assert list(cost_query.fetch_costs(access, SCOPE, tmp_path, NOW).failed) == []
    assert sum(waits) >= 11
