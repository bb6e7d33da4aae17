from collections.abc import Iterator

import pytest

from clouds.azure.access import Access
from clouds.azure.connection import AzureCloud
from clouds.budget import Budget
from tests.clouds.azure.arm import Credential, Estate, Server, allow_http

SHOP = "11111111-1111-1111-1111-111111111111"
LAB = "22222222-2222-2222-2222-222222222222"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An empty Azure with two subscriptions."""
    made = Estate()
    made.add(SHOP, "westeurope", "northeurope")
    made.add(LAB, "westeurope")
    with Server(made) as served:
        yield served


@pytest.fixture
def waits() -> list[float]:
    """Seconds that somebody would have waited."""
    return []


@pytest.fixture
def access(estate: Estate, waits: list[float]) -> Access:
    """Our way to the estate; time passes by counting."""
    return access_to(estate, waits)


@pytest.fixture
def azure(access: Access, estate: Estate) -> AzureCloud:
    return AzureCloud(access, prices_url=f"{estate.url}/api/retail/prices")


def access_to(estate: Estate, waits: list[float], token: str | None = None) -> Access:
    budgets: dict[tuple[str, str], Budget] = {}

    def budget_of(account: str, api: str) -> Budget:
        fast = Budget(api, 1e6, 1e6, clock=lambda: sum(waits), wait=waits.append)
        return budgets.setdefault((account, api), fast)

    return Access(
        endpoint=estate.url,
        credential=Credential(token) if token else Credential(),
        policies=[allow_http()],
        budget_of=budget_of,
    )


def unhurried(account: str, api: str) -> Budget:
    """A budget that never waits."""
    return Budget(api, 1e6, 1e6, wait=lambda _: None)
