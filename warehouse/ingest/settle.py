"""Decide what may be loaded: no charge twice, no version beside another, no unclear choice."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection

from warehouse.ingest.compare import repeated
from warehouse.ingest.discover import refused
from warehouse.ingest.errors import Conflict
from warehouse.ingest.records import Bill, Delivery, LoadedFile, Part, Unit, place_of
from warehouse.ingest.sub_account import Group, losers, told_apart

CLOUDS = ("aws", "azure", "digitalocean", "gcp", "oci", "onprem")
OVERLAP = (
    ", and if each lacks days of the other, one export of the whole month instead of both, or "
    "files whose days do not overlap"
)


@dataclass(frozen=True)
class Settled:
    """Deliveries without conflicts among them, and what became of the other files."""

    deliveries: list[Delivery]
    entries: list[LoadedFile]
    copies: list[tuple[Bill, str]]  # files left out, and the file of the same content that counts


Claim = tuple[str, str, date]  # cloud, account in lower case, period: only one feed may fill it
Holders = Mapping[str, str]  # feeds that fill a claim, and what of the account each is confined to


def settle(
    connection: DuckDBPyConnection,
    deliveries: Sequence[Delivery],
    loaded: Mapping[Claim, Holders],
    replace_feed: bool,
) -> Settled:
    """Take out copies, versions given as chunks, and feeds that overlap.

    `loaded` names the feeds that fill a claim already: they keep their right against newcomers
    unless `replace_feed`.
    """
    unique, copies = _without_copies(_with_clouds(deliveries, loaded))
    reasons: dict[str, str] = {}
    for delivery in unique:
        if delivery.manifest is None:
            reasons |= _versions(connection, delivery)
    reasons |= _overlaps(unique, {} if replace_feed else loaded, reasons)
    _spread(unique, reasons)
    entries: list[LoadedFile] = []
    kept: list[Delivery] = []
    for delivery in unique:
        bad = [bill for bill in delivery.bills if bill.shown in reasons]
        entries += [refused(bill.shown, Conflict(reasons[bill.shown])) for bill in bad]
        good = [bill for bill in delivery.bills if bill.shown not in reasons]
        if good or not bad:
            kept.append(replace(delivery, bills=good))
    return Settled(kept, entries, copies)


def copy_entries(bill: Bill, twin: str, rejected: Collection[str]) -> list[LoadedFile]:
    """What became of a file of the same content as its twin, once that is known of the twin."""
    if twin in rejected:
        error = Conflict(
            f"{bill.shown}: same content as {twin}, which was refused. Nothing of this file was "
            "loaded; see the reason given there."
        )
        return [refused(bill.shown, error)]
    reason = f"{bill.shown}: same content as {twin}, which counts once"
    return [entry(bill, part, "superseded", reason) for part in bill.parts]


def units(delivery: Delivery) -> dict[Unit, list[tuple[Bill, Part]]]:
    """Every feed, account and period of the delivery, with the parts that fill it."""
    found: dict[Unit, list[tuple[Bill, Part]]] = {}
    for (cloud, _, period), parts in _claims(delivery).items():
        account = min(part.billing_account for _, part in parts)
        for bill, part in parts:
            unit = Unit(feed(cloud, bill.layout, delivery), account, period)
            found.setdefault(unit, []).append((bill, part))
    return found


def feed(cloud: str, layout: str, delivery: Delivery) -> str:
    """Name of the feed, as in raw.focus.x_source: `aws/focus-1.2/acme-daily`."""
    name = f"{cloud}/{layout}"
    return f"{name}/{delivery.manifest.export}" if delivery.manifest else name


def _claims(delivery: Delivery) -> dict[Claim, list[tuple[Bill, Part]]]:
    by_account: dict[tuple[str, date], list[tuple[Bill, Part]]] = {}
    for bill in delivery.bills:
        for part in bill.parts:
            place = place_of(part.billing_account, part.period)
            by_account.setdefault(place, []).append((bill, part))
    return {
        (delivery.clouds[account, period], account, period): parts
        for (account, period), parts in by_account.items()
    }


def _with_clouds(deliveries: Sequence[Delivery], loaded: Mapping[Claim, Holders]) -> list[Delivery]:
    """Name the cloud that bills each account: its bill may also hold lines of other providers.

    The cloud that holds the account and period already goes first, then the one of most
    deliveries, then of most rows, so that one account never becomes two because another provider's
    lines grew.
    """
    contents = [_rows_by_cloud(delivery) for delivery in deliveries]
    known = {(account, period, cloud) for cloud, account, period in loaded}
    votes: Counter[tuple[str, date, str]] = Counter()
    rows: Counter[tuple[str, date, str]] = Counter()
    for delivery, content in zip(deliveries, contents, strict=True):
        for place, clouds in content.items():
            votes.update((*place, cloud) for cloud in clouds)
            rows.update({(*place, cloud): count for cloud, count in clouds.items()})
            if delivery.manifest:
                known.add((*place, delivery.manifest.cloud))

    def rank(place: tuple[str, date], cloud: str) -> tuple[bool, bool, int, int, str]:
        claim = (*place, cloud)
        return claim in known, cloud in CLOUDS, votes[claim], rows[claim], cloud

    holders: dict[tuple[str, date], set[str]] = {}
    for cloud, account, period in loaded:
        holders.setdefault((account, period), set()).add(cloud)

    def billed_by(place: tuple[str, date], clouds: Iterable[str]) -> str:
        """A name that is no cloud's, a reseller's or none, is no second account."""
        best = max(clouds, key=lambda cloud: rank(place, cloud))
        holder = holders.get(place, set())
        if len(holder) == 1 and not {best, *holder} <= set(CLOUDS):
            return next(iter(holder))
        return best

    return [
        replace(
            delivery,
            clouds={
                place: delivery.manifest.cloud if delivery.manifest else billed_by(place, clouds)
                for place, clouds in content.items()
            },
        )
        for delivery, content in zip(deliveries, contents, strict=True)
    ]


def _rows_by_cloud(delivery: Delivery) -> dict[tuple[str, date], Counter[str]]:
    found: dict[tuple[str, date], Counter[str]] = {}
    for bill in delivery.bills:
        for part in bill.parts:
            place = place_of(part.billing_account, part.period)
            found.setdefault(place, Counter())[part.cloud] += part.rows
    return found


def _without_copies(
    deliveries: Sequence[Delivery],
) -> tuple[list[Delivery], list[tuple[Bill, str]]]:
    first: dict[tuple[str, str], str] = {}  # what lies beside a file says whose it is
    for delivery in deliveries:
        if delivery.manifest:
            first |= {(b.source.digest, b.source.beside): b.shown for b in delivery.bills}
    copies: list[tuple[Bill, str]] = []
    unique: list[Delivery] = []
    for delivery in deliveries:
        if delivery.manifest:
            unique.append(delivery)
            continue
        kept: list[Bill] = []
        for bill in delivery.bills:
            same = first.setdefault((bill.source.digest, bill.source.beside), bill.shown)
            if same == bill.shown or not bill.parts:  # of no rows there is nothing to count twice
                kept.append(bill)
            else:
                copies.append((bill, same))
        if kept:
            unique.append(replace(delivery, bills=kept))
    return unique, copies


def entry(bill: Bill, part: Part, status: str, reason: str | None = None) -> LoadedFile:
    """The report of one file, account, period and currency."""
    return LoadedFile(
        file=bill.shown,
        status=status,  # type: ignore[arg-type]
        reason=reason,
        provider=part.provider,
        billing_account=part.billing_account,
        period=part.period,
        currency=part.currency,
        rows=part.rows,
        billed_cost=part.billed_cost,
        effective_cost=part.effective_cost,
        list_cost=part.list_cost,
    )


def by_currency(parts: Iterable[tuple[Bill, Part]]) -> list[tuple[Bill, Part]]:
    """The parts added up over providers: one for each file and currency."""
    merged: dict[tuple[str, str], tuple[Bill, list[Part]]] = {}
    for bill, part in parts:
        merged.setdefault((bill.shown, part.currency), (bill, []))[1].append(part)
    return [(bill, _sum(same)) for bill, same in merged.values()]


def _sum(parts: Sequence[Part]) -> Part:
    first = max(parts, key=lambda part: part.rows)
    amounts = ("billed_cost", "effective_cost", "list_cost", "contracted_cost", "credits")
    totals = {
        name: sum(known, Decimal(0))
        if (known := [v for part in parts if (v := getattr(part, name)) is not None])
        else None
        for name in amounts
    }
    return replace(first, rows=sum(part.rows for part in parts), **totals)


def _versions(connection: DuckDBPyConnection, delivery: Delivery) -> dict[str, str]:
    """Loose files that share the rows of a period, or of some days: only one can be meant."""
    reasons: dict[str, str] = {}
    for unit, parts in units(delivery).items():
        bills = list({bill.shown: bill for bill, _ in parts}.values())
        if len(bills) < 2:
            continue
        rows = {bill.shown: sum(p.rows for b, p in parts if b is bill) for bill in bills}
        for same in repeated(connection, unit, bills, rows):
            for bill, twin in ((same.one, same.other), (same.other, same.one)):
                reasons[bill.shown] = (
                    f"{bill.shown}: shares {same.rows} of {same.of} rows{same.where} of "
                    f"{unit.billing_account}, {unit.period:%Y-%m} with {twin.shown}; expected "
                    f"chunks without common rows, so these are versions of one export and adding "
                    "them would count charges twice. Nothing of either was loaded; give only the "
                    f"newest one{OVERLAP if same.days else ''}."
                )
    return reasons


def _overlaps(
    deliveries: Sequence[Delivery], loaded: Mapping[Claim, Holders], reasons: Mapping[str, str]
) -> dict[str, str]:
    """Files of different feeds, or folders, for one account and period."""
    claimed: dict[Claim, dict[Group, list[Bill]]] = {}
    for position, delivery in enumerate(deliveries):
        for claim, parts in _claims(delivery).items():
            for bill, _ in parts:
                if bill.shown in reasons:
                    continue
                group = (feed(claim[0], bill.layout, delivery), position)
                claimed.setdefault(claim, {}).setdefault(group, []).append(bill)
    found: dict[str, str] = {}
    for claim, groups in claimed.items():
        scopes = {group: deliveries[group[1]].sub_account for group in groups}
        for group, (rivals, holder) in losers(scopes, loaded.get(claim, {})).items():
            others = sorted({bill.shown for rival in rivals for bill in groups[rival]})
            for bill in groups[group]:
                text = _overlap(bill, group[0], claim, others, rivals, holder)
                against = [scopes[rival] for rival in rivals]
                against += [loaded[claim][holder]] if holder else []
                found[bill.shown] = text + told_apart(scopes[group], against)
    return found


def _overlap(
    bill: Bill,
    feed_name: str,
    claim: Claim,
    others: Sequence[str],
    groups: Iterable[Group],
    holder: str | None,
) -> str:
    _, plain, period = claim
    accounts = [part.billing_account for part in bill.parts]
    account = next(account for account in accounts if place_of(account, period)[0] == plain)
    feeds = sorted({name for name, _ in groups if name != feed_name})
    also = f"as {' and '.join(feeds)}" if feeds else "again, from another folder,"
    where = f"{also} in {', '.join(others[:3])}" if others else "is loaded already"
    if holder:
        where = f"{holder} is loaded already"
    cure = (
        f"stay with {holder}, or let this feed take the account and period over on purpose "
        "(--replace-feed)"
        if holder
        else "ingest only one of them"
    )
    rivals = {*feeds, *([holder] if holder else [])} - {feed_name}
    if all(_is_export_of(feed_name, rival) for rival in rivals) and rivals:
        cure += (
            "; if each covers other subscriptions or projects, let the provider export the whole "
            "billing account at once, and ingest that"
        )
    return (
        f"{bill.shown}: found billing account {account}, {period:%Y-%m} as {feed_name}, but "
        f"{where}; expected one feed per account and period (one layout, one FOCUS version, actual "
        "or amortized), since each describes the same charges and adding them would count them "
        f"twice. Nothing of this file was loaded; {cure}."
    )


def _is_export_of(one: str, other: str) -> bool:
    """Whether two feeds are exports, by other names, of one cloud and layout."""
    named = [feed_name.split("/", 2) for feed_name in (one, other)]
    return all(len(name) == 3 for name in named) and named[0][:2] == named[1][:2]


def _spread(deliveries: Sequence[Delivery], reasons: dict[str, str]) -> None:
    """Refuse what would be a part only: the other files of a manifest, the other chunks."""
    changed = True
    while changed:
        changed = False
        for delivery in deliveries:
            groups = (
                [list(delivery.bills)]
                if delivery.manifest
                else [[bill for bill, _ in parts] for parts in units(delivery).values()]
            )
            for group in groups:
                bad = next((bill.shown for bill in group if bill.shown in reasons), None)
                for bill in group:
                    if bad and bill.shown not in reasons:
                        reasons[bill.shown] = (
                            f"{bill.shown}: {bad}, another part of the same account and period, "
                            "was refused; expected all parts. Nothing of this file was loaded; "
                            "see the reason given there."
                        )
                        changed = True


def current_feeds(connection: DuckDBPyConnection) -> dict[Claim, dict[str, str]]:
    """Which feeds fill each account and period now, and what of the account each is confined to."""
    rows = connection.execute(
        "select distinct cloud, billing_account, period, source, coalesce(sub_account, '')"
        " from raw.billing_manifest where status = 'loaded'"
    ).fetchall()
    found: dict[Claim, dict[str, str]] = {}
    for cloud, account, period, source, scope in rows:
        found.setdefault((cloud, *place_of(account, period)), {})[source] = scope
    return found
