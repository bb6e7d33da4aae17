"""Parts of a billing account: the subscription or resource group that a delivery is confined to.

A scope is empty for the whole account, else `<SubAccountId>` or `<SubAccountId>/<resource group>`,
as in `clouds.billing.Manifest.sub_account`.
"""

from collections.abc import Collection, Mapping, Sequence

from duckdb import DuckDBPyConnection

from warehouse.ingest.errors import OutOfScope
from warehouse.ingest.records import Bill

AZURE = "azure"

Group = tuple[str, int]  # the feed of a delivery, and its position among the deliveries


def contradict(one: str, other: str) -> bool:
    """Whether the charges of two scopes are partly the same: one scope lies within the other.

    >>> contradict("", "sub-1"), contradict("sub-1", "sub-1/web"), contradict("sub-1", "sub-2")
    (True, True, False)
    """
    parts, others = (scope.split("/") if scope else [] for scope in (one, other))
    shorter = min(len(parts), len(others))
    return parts[:shorter] == others[:shorter]


def losers(
    scopes: Mapping[Group, str], held: Mapping[str, str]
) -> dict[Group, tuple[list[Group], str | None]]:
    """Which groups of files of one account and period may not be loaded: their rivals, the holder.

    `scopes` says what each group covers, `held` what each feed that is loaded covers. Who is loaded
    keeps its right, and its rivals lose; of those left, all that contradict each other lose, since
    nobody can know which is meant.
    """
    rivals = {
        group: [other for other in scopes if other != group and contradict(scopes[other], scope)]
        for group, scope in scopes.items()
    }
    holders = {
        group: [feed for feed in held if feed != group[0] and contradict(held[feed], scope)]
        for group, scope in scopes.items()
    }
    safe = {
        group
        for group in scopes
        if group[0] in held and all(other[0] != group[0] for other in rivals[group])
    }
    lost = {group for group in scopes if group not in safe and holders[group]}
    lost |= {
        group for group in scopes if group not in safe and any(r not in lost for r in rivals[group])
    }
    return {
        group: (rivals[group], _holder(group, held, holders)) for group in scopes if group in lost
    }


def _holder(
    group: Group, held: Mapping[str, str], holders: Mapping[Group, Sequence[str]]
) -> str | None:
    return group[0] if group[0] in held else min(holders[group], default=None)


def told_apart(scope: str, others: Sequence[str]) -> str:
    """A sentence for the refusal of a feed whose rivals cover more or less of the account."""
    different = sorted({other for other in others if other != scope})
    if not different:
        return ""
    return (
        f" This is an export of {named(scope)}, the other one of {named(different[0])}: of one "
        "billing account ingest either the whole, or exports of subscriptions that do not overlap."
    )


def named(scope: str) -> str:
    """A scope in words."""
    subscription, _, group = scope.partition("/")
    if group:
        return f"the resource group {group} of {subscription}"
    return f"the subscription {subscription}" if subscription else "the whole billing account"


def with_plain_sub_accounts(select: str, clouds: Collection[str]) -> str:
    """The rows of a bill with Azure's subscriptions as the inventory writes them: see `macros.sql`.

    Bills of other clouds stay as they are, at no cost.
    """
    if AZURE not in clouds or " as SubAccountId" not in select:
        return select
    plain = "subscription(SubAccountId)"
    if len(set(clouds)) > 1:
        plain = f"if(cloud_of(ProviderName) = '{AZURE}', {plain}, SubAccountId)"
    return f"select * replace ({plain} as SubAccountId) from ({select}) as line"


def refuse_lines_of_others(
    connection: DuckDBPyConnection, bill: Bill, scope: str, manifest: str
) -> None:
    """An export of one subscription must hold its lines only. Raises `OutOfScope`.

    A line without a resource group is taken for one of the group that was exported.
    """
    if not scope or not bill.parts:
        return
    subscription, _, group = scope.partition("/")
    others = "lower(SubAccountId) is distinct from $subscription"
    given = {"subscription": subscription}
    if group and " as ResourceId" in bill.select:
        others += " or nullif(resource_group(ResourceId), '') <> $group"
        given["group"] = group
    row = connection.execute(
        "select count(*), any_value(concat_ws(' ', coalesce(SubAccountId, '(none)'),"
        f" nullif(resource_group({_resource(bill)}), ''))) from ({bill.select}) as line"
        f" where {others}",
        given,
    ).fetchone()
    if row and row[0]:
        raise OutOfScope(bill.shown, manifest, named(scope), row[0], row[1])


def _resource(bill: Bill) -> str:
    return "ResourceId" if " as ResourceId" in bill.select else "null"
