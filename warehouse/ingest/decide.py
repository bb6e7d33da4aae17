"""Compare a delivery with what is loaded: load it, leave it, or sound the alarm."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from warehouse.ingest.compare import Common, common_charges, lost_days
from warehouse.ingest.decision import (
    Decision,
    Held,
    Policy,
    Seen,
    loaded_before,
    seen,
)
from warehouse.ingest.errors import Conflict
from warehouse.ingest.measure import gaps
from warehouse.ingest.records import Bill, Delivery, Part, Unit, Unread
from warehouse.ingest.settle import units
from warehouse.ingest.sub_account import contradict
from warehouse.ingest.vanished import lost_by_files, refuse_empty, vanished

ALIKE = 0.9  # of what was loaded from a file: a newer version of it has nearly all of its charges
ANOTHER = 0.5  # and with less than that it is another part, though parts may have some alike
SHRUNK = 2  # a period that comes back with less than half of its rows or cost is an alarm


def decide(connection: DuckDBPyConnection, delivery: Delivery, policy: Policy) -> Decision:
    """Decide each account and period; what is refused holds back only what shares a file with it.

    Raises `EmptyDelivery`, and `Conflict` where it is the delivery that can't be judged. Nothing is
    written.
    """
    decision = Decision()
    held, replaced = loaded_before(connection, delivery)
    wanted = units(delivery)
    if not wanted:
        refuse_empty(delivery, policy.accept_empty, held)
    held_of = {
        unit: [row for row in held if _same_claim(row, unit, delivery.sub_account)]
        for unit in wanted
    }
    for unit, parts in wanted.items():
        here = held_of[unit]
        _decide_unit(decision, delivery, unit, parts, here, replaced, policy)
        if decision.status[unit] == "loaded":
            try:
                _refuse_a_rival(unit, parts, here, policy)
                _refuse_a_part(unit, parts, here, policy.unread)
                moved = delivery.manifest and any(
                    r.origin != delivery.manifest.origin for r in here
                )
                if (delivery.manifest is None or moved) and not policy.replace_feed:
                    _judge_what_is_lost(connection, decision, unit, parts, here, delivery)
                elif here and not policy.replace_feed:
                    _warn_of_lost_days(connection, decision, unit, parts)
            except Conflict as error:
                decision.refused[unit] = error
    _hold_back(decision, wanted, held_of, policy.unread)
    while not delivery.manifest and (lost := lost_by_files(delivery, decision, held, policy)):
        decision.refused |= lost
        _hold_back(decision, wanted, held_of, policy.unread)
    for unit in decision.load:
        decision.removed += {row.unit: None for row in held_of[unit]}
    decision.removed += vanished(delivery, decision, held, policy)
    return decision


def _refuse_a_rival(
    unit: Unit, parts: Sequence[tuple[Bill, Part]], here: Sequence[Held], policy: Policy
) -> None:
    others = sorted({row.feed for row in here} - {unit.feed})
    if others and not policy.replace_feed:
        raise Conflict(
            f"{parts[0][0].shown}: billing account {unit.billing_account}, {unit.period:%Y-%m} "
            f"was loaded meanwhile as {others[0]}; expected one feed per account and period. "
            "Nothing of this file was loaded; ingest only one of them."
        )


def _refuse_a_part(
    unit: Unit,
    parts: Sequence[tuple[Bill, Part]],
    here: Sequence[Held],
    unread: Mapping[str, Unread],
) -> None:
    """The rest of a period must not be loaded while one of its files can't be read."""
    folders = {bill.source.found.folder for bill, _ in parts} - {""}  # which manifests have
    before = {row.file for row in here if row.feed == unit.feed and row.origin in unread}
    now = {
        file.shown
        for file in unread.values()
        if file.months and unit.place in file.months and file.folder in folders
    }
    if before or now:
        missing = min(now or before)
        loaded = ", from which" if before else ", another file of"
        was = " was loaded too, was refused this time" if before else ", was refused"
        raise Conflict(
            f"{parts[0][0].shown}: {missing}{loaded} {unit.billing_account}, "
            f"{unit.period:%Y-%m}{was}; expected all files of the "
            "period. Nothing was replaced; see the reason given there."
        )


def _hold_back(
    decision: Decision,
    wanted: Mapping[Unit, Sequence[tuple[Bill, Part]]],
    held_of: Mapping[Unit, Sequence[Held]],
    unread: Mapping[str, Unread],
) -> None:
    """Refuse also what shares a file with a refused unit, since a file is loaded whole or not.

    All of it if a file that was loaded before does not say any more which months it is of.
    """
    unclear = {path for path, file in unread.items() if file.months is None}
    everything = any(row.origin in unclear for u in decision.refused for row in held_of[u])
    for unit in decision.refused:
        decision.status[unit] = "rejected"
    while decision.refused:
        bad = {b.shown: error for u, error in decision.refused.items() for b, _ in wanted[u]}
        more = {
            unit: error
            for unit in decision.load
            for error in [bad[b.shown] for b, _ in wanted[unit] if b.shown in bad]
            or ([*bad.values()] if everything else [])
        }
        if not more:
            break
        decision.refused |= more
        decision.status |= dict.fromkeys(more, "rejected")


def _judge_what_is_lost(
    connection: DuckDBPyConnection,
    decision: Decision,
    unit: Unit,
    parts: Sequence[tuple[Bill, Part]],
    here: Sequence[Held],
    delivery: Delivery,
) -> None:
    """Without a manifest, a file that has none of the charges it replaces may be one more part.

    Each loaded file that is not given again is judged by itself. If less than half of its charges
    come back, they are another part, unless the file was overwritten; that, a rest that is missing
    and days that are missing are alarms.
    """
    bills = list({bill.shown: bill for bill, _ in parts}.values())
    kept = {bill.source.digest for bill in bills}
    overwritten = {delivery.origin(bill) for bill in delivery.bills if bill.parts}
    lost = {row.file: row for row in here if row.feed == unit.feed and row.digest not in kept}
    if not lost:
        return
    for common in common_charges(connection, unit, bills, sorted(lost)):
        if common.days == 0 or (
            _is_another(common) and lost[common.file].origin not in overwritten
        ):
            raise _another_part(unit, bills, common)
        if common.charges < ALIKE * common.loaded:
            _alarm(
                decision,
                unit,
                f"{common.charges} of {common.loaded} charges in common with what was loaded from "
                f"{common.file} before; if this is another part of the period, ingest all parts in "
                "one call",
            )
        if common.lost_days:
            _alarm(
                decision,
                unit,
                f"{common.lost_days} days of {common.file}, which was loaded before, have no "
                "charges any more",
            )


def _is_another(common: Common) -> bool:
    """Whether the charges are others, though parts of one report may name theirs alike.

    A newer version restates costs; how much of what was used and where, it mostly does not.
    """
    if common.charges < ANOTHER * common.loaded:
        return True
    alike = common.charges >= ALIKE * common.loaded and not common.vague
    return common.same < ANOTHER * common.loaded and not alike


def _warn_of_lost_days(
    connection: DuckDBPyConnection,
    decision: Decision,
    unit: Unit,
    parts: Sequence[tuple[Bill, Part]],
) -> None:
    """A period grows day by day: one that ends earlier than before is not complete."""
    lost = lost_days(connection, unit, list({bill.shown: bill for bill, _ in parts}.values()))
    if lost:
        _alarm(
            decision,
            unit,
            f"{len(lost)} days of what was loaded before ({', '.join(map(str, lost[:3]))}"
            f"{', ...' if len(lost) > 3 else ''}) have no charges any more",
        )


def _another_part(unit: Unit, bills: Sequence[Bill], common: Common) -> Conflict:
    has = (
        f"{min(common.charges, common.same)} of {common.loaded} charges in common with these"
        if common.days
        else "charges of other days only"
    )
    return Conflict(
        f"{', '.join(bill.shown for bill in bills[:3])}: {unit.billing_account}, "
        f"{unit.period:%Y-%m} is loaded from {common.file}, which has {has}; expected a newer "
        "version of the same bill, not another part of it. Nothing was replaced; give all parts of "
        "the period in one call (their folder), or replace it on purpose with --replace-feed."
    )


def _same_claim(row: Held, unit: Unit, scope: str) -> bool:
    """Whether a row fills what the unit would; other subscriptions of the account do not."""
    is_there = (row.cloud, row.place) == (unit.feed.split("/")[0], unit.place)
    return is_there and (row.feed == unit.feed or contradict(row.sub_account, scope))


def _decide_unit(
    decision: Decision,
    delivery: Delivery,
    unit: Unit,
    parts: Sequence[tuple[Bill, Part]],
    here: Sequence[Held],
    replaced: Mapping[Seen, datetime],
    policy: Policy,
) -> None:
    loaded = {row.digest: row.file for row in here if row.feed == unit.feed}
    given = {bill.source.digest for bill, _ in parts}
    times = [row.submitted_at for row in here if row.feed == unit.feed and row.submitted_at]
    newest = max(times, default=None)
    submitted = delivery.submitted_at
    month = f"{unit.billing_account}, {unit.period:%Y-%m}"
    if loaded and given == set(loaded) and not policy.replace_feed:
        decision.status[unit] = "unchanged"
        decision.reason[unit] = f"{month} is loaded with exactly this content"
        if newest and submitted and submitted > newest:
            decision.confirmed += {
                row.unit: None for row in here
            }  # what was delivered in between is older than this
    elif newest and submitted and submitted < newest:
        decision.status[unit] = "superseded"
        decision.reason[unit] = (
            f"{month} is loaded from a delivery of {newest:%Y-%m-%d %H:%M:%S}; this one is older, "
            f"of {submitted:%Y-%m-%d %H:%M:%S}"
        )
    elif (
        delivery.manifest is None
        and given < set(loaded)
        and not (policy.replace_feed or _overwritten(delivery, unit, here))
    ):
        decision.status[unit] = "unchanged"
        rest = ", ".join(sorted(file for sha, file in loaded.items() if sha not in given)[:3])
        decision.reason[unit] = f"{month} is loaded with this content and that of {rest}"
    elif (back := _given_back(delivery, unit, given, here, replaced)) and not policy.replace_feed:
        decision.status[unit] = "superseded"
        when = max(replaced[seen(unit, sha)] for sha in back)
        decision.reason[unit] = (
            f"{month} was loaded with this content on {when:%Y-%m-%d %H:%M:%S} and replaced by "
            f"{', '.join(sorted(set(loaded.values()))[:3])} since; to go back to it on purpose, "
            "ingest it with --replace-feed"
        )
    else:
        decision.status[unit] = "loaded"
        _explain(decision, unit, parts, here)
        _warn_of_blanks(decision, unit, parts)
        if missing := gaps(parts):
            _alarm(decision, unit, missing)


def _given_back(
    delivery: Delivery,
    unit: Unit,
    given: set[str],
    here: Sequence[Held],
    replaced: Mapping[Seen, datetime],
) -> set[str]:
    """Loose content that was replaced before, if nothing else is new and nothing loaded is kept.

    A file that has its old content again where it lay is the provider's own way back.
    """
    loaded = {row.digest for row in here if row.feed == unit.feed}
    news = given - loaded
    is_old = bool(news and loaded) and all(seen(unit, sha) in replaced for sha in news)
    if delivery.manifest or not is_old or given >= loaded or _overwritten(delivery, unit, here):
        return set()
    return news


def _overwritten(delivery: Delivery, unit: Unit, here: Sequence[Held]) -> bool:
    """Whether a file from which the unit is loaded has other content now."""
    now = {delivery.origin(bill): bill.source.digest for bill in delivery.bills if bill.parts}
    return any(
        row.feed == unit.feed and now.get(row.origin, row.digest) != row.digest for row in here
    )


def _explain(
    decision: Decision, unit: Unit, parts: Sequence[tuple[Bill, Part]], here: Sequence[Held]
) -> None:
    if not here:
        return
    before, after = sum(row.rows for row in here), sum(part.rows for _, part in parts)
    cost_before = sum((row.billed_cost or Decimal(0) for row in here), Decimal(0))
    cost_after = sum((part.billed_cost or Decimal(0) for _, part in parts), Decimal(0))
    names = ", ".join(sorted({row.file for row in here})[:3])
    when = max(row.loaded_at for row in here)
    feeds = {row.feed for row in here} - {unit.feed}
    of_feed = f" of {', '.join(sorted(feeds))}" if feeds else ""
    reason = f"replaces {before} rows{of_feed} from {names}, loaded {when:%Y-%m-%d %H:%M:%S}"
    one_currency = len({part.currency for _, part in parts}) == 1
    decision.reason[unit] = reason
    for currency in sorted({row.currency for row in here}):
        old = sum((r.billed_cost or Decimal(0) for r in here if r.currency == currency), Decimal(0))
        own = [part.billed_cost for _, part in parts if part.currency == currency]
        new = sum((cost for cost in own if cost is not None), Decimal(0))
        if new < 0 < old or (old and new == -old and before == after):
            _alarm(
                decision,
                unit,
                f"the billed cost turned from {old.normalize():f} to {new.normalize():f} "
                f"{currency}; check whether the export writes charges with the other sign now",
            )
    fewer = after * SHRUNK < before
    if fewer or (one_currency and abs(cost_after) * SHRUNK < abs(cost_before)):
        _alarm(
            decision,
            unit,
            f"the period shrank from {before} to {after} rows"
            f" and its billed cost from {cost_before.normalize():f} to {cost_after.normalize():f}",
        )


def _warn_of_blanks(decision: Decision, unit: Unit, parts: Sequence[tuple[Bill, Part]]) -> None:
    """A cost that is missing is not zero: it is in no total, and that is said."""
    blank = sum(part.blank for _, part in parts)
    if not blank:
        return
    names = ", ".join(sorted({bill.shown for bill, part in parts if part.blank})[:3])
    _alarm(
        decision,
        unit,
        f"{blank} rows of {names} have no BilledCost or no EffectiveCost, which FOCUS requires; "
        "they are kept, but their cost is unknown and in no total",
    )


def _alarm(decision: Decision, unit: Unit, found: str) -> None:
    for texts in (decision.note, decision.reason):
        texts[unit] = f"alarm: {found}" + (f"; {texts[unit]}" if unit in texts else "")
