"""The least that readers and changes need, as a custom role of Azure."""

import json
from collections.abc import Mapping, Sequence

from clouds.azure.commitments import PLANS_PERMISSION, RESERVATIONS_PERMISSION
from clouds.azure.cost_query import PERMISSION as COST_QUERY
from clouds.azure.exports import PERMISSION as BLOBS
from clouds.azure.grants import PERMISSION as GRANTS
from clouds.azure.inventory import LOCATIONS, SOURCES, SUBSCRIPTIONS
from clouds.azure.metrics import PERMISSION as METRICS

READS: Mapping[str, Sequence[str]] = {
    "bills": (BLOBS, COST_QUERY),
    "inventory": (
        SUBSCRIPTIONS,
        LOCATIONS,
        GRANTS,
        *dict.fromkeys(each for source in SOURCES for each in source.permissions),
    ),
    "metrics": (METRICS,),
    "prices": (),
    "commitments": (RESERVATIONS_PERMISSION, PLANS_PERMISSION),
}
"""By ability, in Azure's names; the price list is public."""

WRITES: Mapping[str, Sequence[str]] = {
    "instance": (
        "Microsoft.Compute/virtualMachines/deallocate/action",
        "Microsoft.Compute/virtualMachines/start/action",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/delete",
        "Microsoft.DevTestLab/schedules/write",
    ),
    "disk": ("Microsoft.Compute/disks/write", "Microsoft.Compute/disks/delete"),
    "address": ("Microsoft.Network/publicIPAddresses/delete",),
    "snapshot": ("Microsoft.Compute/snapshots/write", "Microsoft.Compute/snapshots/delete"),
    "database": (
        "Microsoft.Sql/servers/databases/pause/action",
        "Microsoft.Sql/servers/databases/resume/action",
        "Microsoft.Sql/servers/databases/write",
        "Microsoft.Sql/servers/databases/delete",
        "Microsoft.Sql/servers/databases/export/action",
    ),
}
"""By kind: what changes will need. This release changes nothing on Azure."""

DATA = (BLOBS,)  # permissions on data, which a role lists apart
ELSEWHERE = (RESERVATIONS_PERMISSION, PLANS_PERMISSION)
"""Belong to the tenant; a role of a subscription can't grant them."""


READER = (
    "Reads costs and resources. Of the tenant, so apart, by the roles Reservations Reader and "
    f"Savings plan Reader: {', '.join(ELSEWHERE)}"
)


def policy(write: bool) -> str:
    """The custom role that reads everything, or the one that makes changes, as JSON.

    For `az role definition create --role-definition role.json`. Reservations and savings plans are
    granted apart: with the built-in roles 'Reservations Reader' and 'Savings plan Reader'.
    """
    wanted = {each for group in (WRITES if write else READS).values() for each in group}
    actions = sorted(wanted - set(DATA) - set(ELSEWHERE))
    name = "instance.select writer" if write else "instance.select reader"
    role = {
        "Name": name,
        "IsCustom": True,
        "Description": "Makes approved changes." if write else READER,
        "Actions": actions,
        "NotActions": [],
        "DataActions": sorted(wanted & set(DATA)),
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/<id of a subscription>"],
    }
    return json.dumps(role, indent=2)
