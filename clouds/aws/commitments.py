"""Savings plans and reserved instances, by the ids that the bills use."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from clouds.aws.access import GLOBAL, Account
from clouds.aws.inventory.read import enabled_regions
from clouds.aws.place import Payload, Place, Record, utc
from clouds.cloud import COMMITMENT_SCHEMA, Failure, Reading
from clouds.errors import CloudError
from clouds.sweep import Part, frame, sweep

HOUR = 3600  # seconds
NEVER_OWNED = frozenset({"payment-failed", "queued-deleted", "returned"})  # nothing is paid for it
WHOLE_AFTER = Decimal("1e-9")  # dollars per hour; the precision of the column


def commitments(accounts: Sequence[Account], regions: Sequence[str] | None) -> Reading:
    """What is or was owned in all accounts; what could not be read is in `failed`.

    Of an account that could be read in part only there are no rows: what is known of it stays.
    """
    parts: list[Part] = []
    failed: list[Failure] = []
    for account in accounts:
        parts.append(
            _part(account, GLOBAL, "savings_plan", fetch_savings_plans, parse_savings_plans)
        )
        try:
            wanted = enabled_regions(account) if regions is None else regions
        except CloudError as error:
            failed.append(Failure(account.id, "", "reservation", str(error)))
            continue
        for region in wanted:
            parts += [
                _part(account, region, "reservation", fetch_instances, parse_instances),
                _part(account, region, "reservation", fetch_databases, parse_databases),
            ]
    found = sweep(parts, COMMITMENT_SCHEMA)
    failed += found.failed
    lost = [failure.account for failure in failed]
    rows = found.rows.filter(~pl.col("account").is_in(lost)).sort("account", "commitment_id")
    return Reading(rows, found.read, failed)


def fetch_savings_plans(place: Place) -> Iterator[Payload]:
    """Pages of savings plans; the SDK has no paginator for them."""
    given: dict[str, Any] = {}
    while True:
        page = place.call("savingsplans", "describe_savings_plans", **given)
        yield page
        if not page.get("nextToken"):
            return
        given = {"nextToken": page["nextToken"]}


def parse_savings_plans(page: Payload, place: Place) -> Iterator[Record]:
    """One record per savings plan; its hourly cost is what was committed to."""
    for found in _owned(page.get("savingsPlans", ()), "state"):
        yield {
            "cloud": "aws",
            "account": place.account.id,
            "commitment_id": found["savingsPlanArn"],
            "kind": "savings_plan",
            "region": found.get("region") or None,
            "covers": found.get("ec2InstanceFamily") or _other_than_compute(found),
            "hourly_cost": Decimal(found["commitment"]),
            "currency": found["currency"],
            "starts_at": _time(found.get("start")),
            "ends_at": _time(found.get("end")),
        }


def fetch_instances(place: Place) -> Iterator[Payload]:
    """All reserved instances; the API does not page them."""
    return place.pages("ec2", "describe_reserved_instances")


def parse_instances(page: Payload, place: Place) -> Iterator[Record]:
    """One record per reservation of instances; its hourly cost has the upfront payment in it."""
    for found in _owned(page.get("ReservedInstances", ()), "State"):
        recurring = [
            each["Amount"] for each in found.get("RecurringCharges", ())
            if each.get("Frequency") == "Hourly"
        ]  # fmt: skip
        starts_at = utc(found["Start"])
        yield {
            "cloud": "aws",
            "account": place.account.id,
            "commitment_id": place.arn("ec2", f"reserved-instances/{found['ReservedInstancesId']}"),
            "kind": "reservation",
            "region": place.region,
            "covers": found["InstanceType"],
            "quantity": float(found["InstanceCount"]),
            "hourly_cost": _hourly(found, found["InstanceCount"], recurring),
            "currency": found.get("CurrencyCode") or "USD",
            "starts_at": starts_at,
            "ends_at": utc(found.get("End")) or _ends(starts_at, found["Duration"]),
        }


def fetch_databases(place: Place) -> Iterator[Payload]:
    """Pages of reserved database instances."""
    return place.pages("rds", "describe_reserved_db_instances")


def parse_databases(page: Payload, place: Place) -> Iterator[Record]:
    """One record per reservation of databases."""
    for found in _owned(page.get("ReservedDBInstances", ()), "State"):
        recurring = [
            each["RecurringChargeAmount"] for each in found.get("RecurringCharges", ())
            if each.get("RecurringChargeFrequency") == "Hourly"
        ]  # fmt: skip
        starts_at = utc(found["StartTime"])
        yield {
            "cloud": "aws",
            "account": place.account.id,
            "commitment_id": found["ReservedDBInstanceArn"],
            "kind": "reservation",
            "region": place.region,
            "covers": found["DBInstanceClass"],
            "quantity": float(found["DBInstanceCount"]),
            "hourly_cost": _hourly(found, found["DBInstanceCount"], recurring),
            "currency": found.get("CurrencyCode") or "USD",
            "starts_at": starts_at,
            "ends_at": _ends(starts_at, found["Duration"]),
        }


def _part(
    account: Account,
    region: str,
    kind: str,
    fetch: Callable[[Place], Iterator[Payload]],
    parse: Callable[[Payload, Place], Iterator[Record]],
) -> Part:
    place = Place(account, region)

    def read() -> pl.DataFrame:
        records = [each for page in fetch(place) for each in parse(page, place)]
        return frame(COMMITMENT_SCHEMA, records)

    return Part("aws", account.id, region, kind, read)


def _owned(found: Iterable[Payload], state: str) -> Iterator[Payload]:
    """Without those that AWS still lists though they never were in force, or were taken back."""
    return (each for each in found if each.get(state) not in NEVER_OWNED)


def _other_than_compute(plan: Payload) -> str | None:
    """What a plan is for that covers no compute: SageMaker, Database."""
    kind = plan.get("savingsPlanType")
    return None if kind in (None, "Compute", "EC2Instance") else kind


def _hourly(found: Payload, count: int, recurring: Sequence[float]) -> Decimal:
    """What all of them cost in an hour: recurring, and the upfront payment over the term."""
    upfront = Decimal(str(found.get("FixedPrice") or 0)) * HOUR / found["Duration"]
    each = upfront + sum((Decimal(str(amount)) for amount in recurring), Decimal(0))
    return (each * count).quantize(WHOLE_AFTER)


def _ends(starts_at: datetime | None, seconds: int) -> datetime | None:
    return starts_at + timedelta(seconds=seconds) if starts_at else None


def _time(stated: str | None) -> datetime | None:
    return utc(datetime.fromisoformat(stated)) if stated else None
