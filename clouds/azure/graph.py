"""Ask Azure Resource Graph: one API for the resources of every kind, page by page."""

from collections.abc import Mapping, Sequence
from typing import Any

from clouds.azure.access import Access, sdk, understood
from clouds.errors import Forbidden, Unauthorized, Unreadable

PAGE = 1000  # rows; the most that one answer holds


def query(table: str, types: Sequence[str]) -> str:
    """KQL for all resources of some types; ordered by id, so that pages neither miss nor repeat.

    >>> print(query("resources", ["microsoft.compute/disks"]))
    resources
    | where type in~ ('microsoft.compute/disks')
    | project id, name, type, location, zones, kind, sku, managedBy, tags, properties
    | order by id asc
    """
    wanted = ", ".join(f"'{each}'" for each in types)
    return (
        f"{table}\n| where type in~ ({wanted})\n"
        "| project id, name, type, location, zones, kind, sku, managedBy, tags, properties\n"
        "| order by id asc"
    )


def fetch_rows(
    access: Access, subscriptions: Sequence[str], kql: str, permission: str
) -> list[Mapping[str, Any]]:
    """All rows of a query over some subscriptions; begun again once if a page is refused.

    A page token expires, and with it what was read so far. Raises `CloudError`.
    """
    try:
        return _read(access, subscriptions, kql, permission)
    except _LostPage:
        try:
            return _read(access, subscriptions, kql, permission)
        except _LostPage as error:
            raise error.reason from error


class _LostPage(Exception):
    def __init__(self, reason: Unreadable) -> None:
        self.reason = reason


def _read(
    access: Access, subscriptions: Sequence[str], kql: str, permission: str
) -> list[Mapping[str, Any]]:
    models = sdk("azure.mgmt.resourcegraph.models")
    rows: list[Mapping[str, Any]] = []
    token: str | None = None
    while True:
        request = models.QueryRequest(
            subscriptions=list(subscriptions),
            query=kql,
            options=models.QueryRequestOptions(top=PAGE, skip_token=token),
        )
        try:
            with understood(permission):
                answer = access.graph().resources(request)
        except (Unauthorized, Forbidden):
            raise
        except Unreadable as error:
            if token is None:
                raise
            raise _LostPage(error) from error
        rows += answer.data
        token = answer.skip_token
        if token is None:
            break
    if len(rows) < answer.total_records:
        raise Unreadable(
            f"Resource Graph gave {len(rows)} of {answer.total_records} rows "
            "and no further page. Nothing of this kind was kept."
        )
    return rows
