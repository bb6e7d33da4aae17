"""Microsoft Azure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from clouds.azure.access import PUBLIC, Access
from clouds.azure.connection import AzureCloud
from clouds.azure.exports import places
from clouds.azure.prices import URL
from clouds.cloud import Cloud


def connect(
    *,
    tenant: str | None = None,
    subscriptions: Sequence[str] = (),
    exports: Sequence[Mapping[str, str]] = (),
    bills: str | None = None,
    cost_query: str | None = None,
    endpoint: str = PUBLIC,
    prices_url: str = URL,
    price_regions: Sequence[str] = (),
    currency: str = "USD",
) -> Cloud:
    """Azure with the SDK's own chain of credentials, in `tenant` if it is given.

    `subscriptions`: ids, all that the credentials see if there are none. `exports`: each with
    `account_url`, `container` and `prefix`. `bills`: a folder of exports that somebody else
    brings. `cost_query`: a scope whose cost is asked for where there is no export. `endpoint`:
    Resource Manager of another Azure. `price_regions`: of the retail prices, all if none.
    """
    return AzureCloud(
        Access(tenant, endpoint),
        subscriptions,
        places(exports),
        Path(bills).expanduser() if bills else None,
        cost_query,
        prices_url,
        price_regions,
        currency,
    )
