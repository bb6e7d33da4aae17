"""The fake of Azure Resource Manager with two subscriptions, for the contract of all clouds."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from contract import SLOW, Asked, Standard, asked
from proxy import Call, Proxy

from clouds.azure import connect
from clouds.azure.connection import AzureCloud
from clouds.budget import Budget
from clouds.cloud import Cloud
from tests.clouds.azure.arm import TOKEN, Credential, Estate, Server, allow_http

SHOP, LAB = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
VOID = "33333333-3333-3333-3333-333333333333"
NEVER: Mapping[str, str] = {
    "deny": "never (a role of Azure holds for a subscription in all its regions)",
}
REGIONS = ("westeurope", "northeurope")
SINCE = datetime(2026, 3, 20, 6)
HOURS = 6
CREATED = datetime(2026, 1, 5, 6)
ODD = 'it\'s "odd" \N{SPARKLES} ' + "x" * 240
PAGE, DISKS = 3, 4


class Emulator:
    """The running fake."""

    secrets: Sequence[str] = (TOKEN,)

    def __init__(self, proxy: Proxy, estate: Estate) -> None:
        self.proxy = proxy
        machines = [_fill(estate, account, region) for account in (SHOP, LAB) for region in REGIONS]
        first = machines[0]
        self.standard = Standard(
            resources=len(machines) * (1 + DISKS),
            created={first.lower(): CREATED},
            sizes={_disk_id(SHOP, REGIONS[0], 0).lower(): 32.0},
            part=(SHOP, REGIONS[0], "disk"),
            measured=(SINCE, SINCE + timedelta(hours=HOURS)),
            averages={(first.lower(), "cpu_percent"): 25.0},
        )

    def connect(self) -> Cloud:
        return self._connected(SHOP, LAB)

    def connect_empty(self) -> Cloud:
        return self._connected(VOID)

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError(NEVER["deny"])

    def throttle(self, status: int, seconds: int) -> None:
        self.proxy.fail(
            lambda call: "ResourceGraph" in call.path,
            status=status, headers={"Retry-After": str(seconds)},
        )  # fmt: skip
        self.proxy.fail(times=float("inf"), delay=SLOW)

    def expire(self, account: str) -> None:
        self.proxy.deny(lambda call: f"/{account}/" in call.path, status=401)

    def heal(self) -> None:
        self.proxy.heal()

    def calls(self) -> Sequence[Asked]:
        return [replace(asked(call, _api(call)), account="tenant") for call in self.proxy.calls]

    def _connected(self, *subscriptions: str) -> Cloud:
        """By our own `connect`; then with a token of the fake, over plain HTTP, and unhurried."""
        cloud = connect(
            subscriptions=subscriptions,
            endpoint=self.proxy.url,
            prices_url=f"{self.proxy.url}/api/retail/prices",
        )
        assert isinstance(cloud, AzureCloud)
        budgets: dict[tuple[str, str], Budget] = {}

        def budget_of(account: str, api: str) -> Budget:
            return budgets.setdefault((account, api), Budget(api, 1000, 1000))

        cloud.access.credential = Credential()
        cloud.access.policies = [allow_http()]
        cloud.access.budget_of = budget_of
        return cloud


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    estate = Estate()
    for account in (SHOP, LAB, VOID):
        estate.add(account, *REGIONS)
    estate.page = PAGE
    estate.prices = [_price()]
    with Server(estate), Proxy(estate.url) as proxy:
        yield Emulator(proxy, estate)


def _fill(estate: Estate, account: str, region: str) -> str:
    """A machine with its measurements, a disk of it, and disks of nobody."""
    group = f"/subscriptions/{account}/resourceGroups/Web/providers/Microsoft.Compute"
    machine = estate.put(
        f"{group}/virtualMachines/front-{region}", location=region, tags={"odd": ODD},
        properties={
            "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
            "storageProfile": {"osDisk": {"osType": "Linux", "createOption": "FromImage"}},
            "timeCreated": "2026-01-05T07:00:00.0000000+01:00",
            "extended": {"instanceView": {"powerState": {"code": "PowerState/running"}}},
        },
    )  # fmt: skip
    for number in range(DISKS):
        owner = machine if number == 0 else None
        estate.put(
            _disk_id(account, region, number), location=region, sku={"name": "Premium_LRS"},
            managedBy=owner,
            properties={"diskSizeGB": 32, "creationData": {"createOption": "Empty"},
                        "timeCreated": "2026-01-05T06:00:00Z"},
        )  # fmt: skip
        estate.metrics[_disk_id(account, region, number).lower()] = [
            _metric("Composite Disk Read Operations/sec", 1),
            _metric("Composite Disk Write Operations/sec", 2),
        ]
    estate.metrics[machine.lower()] = [
        _metric("Percentage CPU", 25),
        _metric("Available Memory Bytes", 4 * 2**30),
        _metric("Network In Total", 600),
        _metric("Network Out Total", 300),
        _metric("Disk Read Operations/Sec", 1),
        _metric("Disk Write Operations/Sec", 2),
    ]
    return machine


def _disk_id(account: str, region: str, number: int) -> str:
    group = f"/subscriptions/{account}/resourceGroups/Web/providers/Microsoft.Compute"
    return f"{group}/disks/disk-{region}-{number}"


def _metric(name: str, value: float) -> dict[str, Any]:
    """The same value in every minute, also of the hours around those that are wanted."""
    data = [
        {"timeStamp": f"{SINCE + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}", "average": value,
         "minimum": value, "maximum": value, "total": 60 * value, "count": 60}
        for hour in range(-2, HOURS + 2)
    ]  # fmt: skip
    return {"name": name, "data": data}


def _price() -> dict[str, Any]:
    return {
        "currencyCode": "USD", "retailPrice": 0.192, "armRegionName": "westeurope",
        "effectiveStartDate": "2025-10-01T00:00:00Z", "meterId": "a", "skuName": "D4s v5",
        "productName": "Virtual Machines Dsv5 Series", "unitOfMeasure": "1 Hour",
        "type": "Consumption", "isPrimaryMeterRegion": True, "armSkuName": "Standard_D4s_v5",
    }  # fmt: skip


def _api(call: Call) -> str:
    for word in ("ResourceGraph", "Insights", "retail"):
        if word in call.path:
            return word
    return "Resource Manager"
