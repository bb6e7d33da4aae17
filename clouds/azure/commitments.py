"""What has been committed to: reservations and savings plans that the credentials see."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from clouds.azure.access import Access
from clouds.azure.facts import place, time
from clouds.cloud import COMMITMENT_SCHEMA, Failure, Reading
from clouds.errors import CloudError, Unauthorized, Unreadable
from clouds.sweep import frame

API_VERSION = "2022-11-01"  # of both providers
RESERVATIONS = "/providers/Microsoft.Capacity/reservations"
RESERVATIONS_PERMISSION = "Microsoft.Capacity/reservations/read"
PLANS = "/providers/Microsoft.BillingBenefits/savingsPlans"
PLANS_PERMISSION = "Microsoft.BillingBenefits/savingsPlans/read"

FAILED = frozenset({"Failed", "BillingFailed"})
REPLACED = frozenset({"Cancelled", "Split", "Merged"})  # Azure lists them with their old last day
Facts = Mapping[str, Any]
Parse = Callable[[Mapping[str, Any]], dict[str, Any]]


def commitments(access: Access) -> Reading:
    """Reservations and savings plans, in the columns of `COMMITMENT_SCHEMA`.

    They belong to a tenant, not to a subscription; `account` is the single subscription that one
    applies to, or its billing scope. One kind that can't be read leaves the other.
    """
    records: list[dict[str, Any]] = []
    failed: list[Failure] = []
    for kind, path, permission, parse in (
        ("reservation", RESERVATIONS, RESERVATIONS_PERMISSION, parse_reservation),
        ("savings_plan", PLANS, PLANS_PERMISSION, parse_savings_plan),
    ):
        try:
            found = access.get_all(path, API_VERSION, permission)
            records += _parsed(found, parse, kind)
        except Unauthorized as error:
            failed.append(Failure("", "", "", str(error)))
            break
        except CloudError as error:
            failed.append(Failure("", "", kind, str(error)))
    rows = frame(COMMITMENT_SCHEMA, records).sort("commitment_id")
    return Reading(pl.DataFrame(rows), failed=failed)


def parse_reservation(item: Mapping[str, Any]) -> dict[str, Any]:
    """A reservation; the API does not say what it costs, so `hourly_cost` is unknown."""
    facts = item["properties"]
    return {
        "cloud": "azure",
        "account": _account(facts),
        "commitment_id": item["id"],
        "kind": "reservation",
        "region": place(item["location"]) if item.get("location") else None,
        "covers": (item.get("sku") or {}).get("name"),
        "quantity": float(facts["quantity"]) if facts.get("quantity") is not None else None,
        "starts_at": time(facts.get("effectiveDateTime") or facts.get("purchaseDateTime")),
        "ends_at": _ends(facts),
    }


def parse_savings_plan(item: Mapping[str, Any]) -> dict[str, Any]:
    """A savings plan for compute: so much money an hour."""
    facts = item["properties"]
    commitment = facts.get("commitment") or {}
    is_hourly = str(commitment.get("grain")).lower() == "hourly"
    amount = commitment.get("amount")
    return {
        "cloud": "azure",
        "account": _account(facts),
        "commitment_id": item["id"],
        "kind": "savings_plan",
        "hourly_cost": Decimal(str(amount)) if is_hourly and amount is not None else None,
        "currency": commitment.get("currencyCode"),
        "starts_at": time(facts.get("effectiveDateTime") or facts.get("purchaseDateTime")),
        "ends_at": _ends(facts),
    }


def _parsed(items: Sequence[Mapping[str, Any]], parse: Parse, kind: str) -> list[dict[str, Any]]:
    try:
        return [parse(item) for item in items if _is_known(item["properties"])]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unreadable(
            f"Azure describes a {kind} in a way that can't be read ({type(error).__name__}: "
            f"{error}). None was kept."
        ) from error


def _is_known(facts: Facts) -> bool:
    """Whether it is or was owned, and it can be told until when."""
    state = facts.get("provisioningState")
    return state not in FAILED and (state not in REPLACED or bool(facts.get("lastUpdatedDateTime")))


def _ends(facts: Facts) -> datetime | None:
    """Its last day; what was cancelled, split or merged ended with that, its last change."""
    told = [time(facts.get("expiryDateTime") or facts.get("expiryDate"))]
    if facts.get("provisioningState") in REPLACED:
        told.append(time(facts["lastUpdatedDateTime"]))
    return min((each for each in told if each), default=None)


def _account(facts: Facts) -> str | None:
    """The subscription it applies to or is billed to, as an id; else the billing scope."""
    scopes = (facts.get("appliedScopes") or [None]) or [None]
    single = (facts.get("appliedScopeProperties") or {}).get("subscriptionId")
    scope = single or scopes[0] or facts.get("billingScopeId")
    parts = str(scope or "").lower().strip("/").split("/")
    return (parts[1] if parts[0] == "subscriptions" and len(parts) > 1 else scope) or None
