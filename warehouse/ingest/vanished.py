"""What an earlier delivery had and this one has not: an alarm, never a deletion unasked."""

from collections.abc import Iterable, Sequence

from clouds.billing import Manifest
from warehouse.ingest.decision import Decision, Held, Policy
from warehouse.ingest.errors import Conflict, EmptyDelivery, IngestError
from warehouse.ingest.records import Delivery, Unit, place_of


def refuse_empty(delivery: Delivery, accept_empty: bool, held: Sequence[Held]) -> None:
    """Raise `EmptyDelivery` for a delivery without rows, unless there were none before."""
    if accept_empty:
        return
    if delivery.manifest is None:
        names = ", ".join(bill.shown for bill in delivery.bills)
        raise EmptyDelivery(
            f"{names}: alarm: a header but no rows; expected charges. Nothing was deleted, since a "
            "delivery without rows never replaces a period; export it again."
        )
    before = [
        row for row in held if _of_export(row, delivery) and row.origin == delivery.manifest.origin
    ]
    if before:
        raise _empty(delivery.shown, before)
    of_export = [row for row in held if _is_named(row, delivery.manifest)]
    elsewhere = [row for row in of_export if _of_export(row, delivery)]
    if elsewhere and not any(row.origin == delivery.manifest.origin for row in of_export):
        rows, first = sum(row.rows for row in elsewhere), elsewhere[0]
        raise EmptyDelivery(
            f"{delivery.shown}: alarm: no rows, and nothing is loaded from this place; expected at "
            f"least one, since an export {delivery.manifest.export} has {rows} rows of "
            f"{first.period:%Y-%m}, loaded from {first.file}. They stay. If the export has moved "
            "here, check it: the period is empty where rows were. If it is another export of that "
            "name, ingest it with --accept-empty."
        )


def vanished(
    delivery: Delivery, decision: Decision, held: Sequence[Held], policy: Policy
) -> list[Unit]:
    """Accounts that an earlier delivery of the same export or file had and this one has not."""
    if delivery.manifest is None:
        return list({row.unit: None for row, _ in _gone_of_files(delivery, decision, held)})
    gone = _gone_of_export(delivery, decision.status, held)
    older = any(
        row.submitted_at and delivery.submitted_at and delivery.submitted_at < row.submitted_at
        for row in gone
    )
    if older:
        return []
    if gone and not policy.accept_empty:
        raise _empty(delivery.shown, gone)
    return list({row.unit: None for row in gone})


def _gone_of_export(delivery: Delivery, wanted: Iterable[Unit], held: Sequence[Held]) -> list[Held]:
    """Exports of one name may lie in several places; a place that moved is known by an account."""
    assert delivery.manifest is not None
    kept = {unit.place for unit in wanted}
    of_export = [row for row in held if _of_export(row, delivery)]
    places = {delivery.manifest.origin} | {row.origin for row in of_export if row.place in kept}
    return [row for row in of_export if row.origin in places and row.place not in kept]


def lost_by_files(
    delivery: Delivery, decision: Decision, held: Sequence[Held], policy: Policy
) -> dict[Unit, IngestError]:
    """Why a loose file can't be loaded that had an account and has it no more, for its units."""
    refused: dict[Unit, IngestError] = {}
    found = _gone_of_files(delivery, decision, held)
    for row, rest in found:
        bill = next(bill for bill in delivery.bills if delivery.origin(bill) == row.origin)
        error: IngestError | None = None
        if rest and not policy.replace_feed:
            error = Conflict(
                f"{row.file}: no rows for {row.billing_account}, {row.period:%Y-%m}, which has "
                f"{row.rows} rows of it and those of {rest}; expected all files of the period. "
                "Nothing was replaced; give them in one call, or drop the period of the account on "
                "purpose with --accept-empty --replace-feed."
            )
        elif not policy.accept_empty:
            error = _empty(bill.shown, [r for r, _ in found if r.origin == row.origin])
        if error:
            places = {place_of(part.billing_account, part.period) for part in bill.parts}
            refused |= {unit: error for unit in decision.load if unit.place in places}
    return refused


def _gone_of_files(
    delivery: Delivery, decision: Decision, held: Sequence[Held]
) -> list[tuple[Held, str | None]]:
    """What a file held of the same months before it was overwritten; other months stay.

    With the name of another file that holds a part of it, and was not given.
    """
    kept = {unit.place for unit in decision.status}
    loaded = {unit.place for unit in decision.load}
    months = {
        (delivery.origin(bill), part.period): bill.source.digest
        for bill in delivery.bills
        if any(place_of(part.billing_account, part.period) in loaded for part in bill.parts)
        for part in bill.parts
    }
    gone = [
        row
        for row in held
        if months.get((row.origin, row.period), row.digest) != row.digest and row.place not in kept
    ]
    rest = {
        (row.feed, row.place): row.file
        for row in reversed(held)
        if (row.origin, row.period) not in months
    }
    return [(row, rest.get((row.feed, row.place))) for row in gone]


def _of_export(row: Held, delivery: Delivery) -> bool:
    manifest = delivery.manifest
    assert manifest is not None
    return _is_named(row, manifest) and f"{row.period:%Y-%m}" == manifest.period


def _is_named(row: Held, manifest: Manifest) -> bool:
    """Whether the row is loaded from an export of that name, of any period and place."""
    return row.feed.endswith(f"/{manifest.export}") and row.cloud == manifest.cloud


def _empty(shown: str, before: Sequence[Held]) -> EmptyDelivery:
    accounts = ", ".join(sorted({row.billing_account for row in before}))
    rows = sum(row.rows for row in before)
    period = f"{before[0].period:%Y-%m}"
    return EmptyDelivery(
        f"{shown}: alarm: no rows for {accounts}, {period}, which has {rows} rows; "
        "expected at least one. Nothing was deleted or changed; check the export, and if the "
        "period is empty on purpose, ingest it with --accept-empty."
    )
