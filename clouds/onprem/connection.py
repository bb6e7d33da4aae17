"""Your own machines as a `Cloud`: libvirt hosts, Prometheus and a rate card, each optional."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    PRICE_SCHEMA,
    RESOURCE_SCHEMA,
    Exports,
    Failure,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError, Unreadable
from clouds.onprem import inventory, metrics, prices
from clouds.onprem.access import Host
from clouds.onprem.domains import Domain
from clouds.onprem.examine import examine
from clouds.onprem.exports import Folders, write_months
from clouds.onprem.history import Guest, remember
from clouds.onprem.hypervisors import servers
from clouds.onprem.queries import Queries
from clouds.onprem.rate_card import RateCard, read_rate_card
from clouds.prometheus import Prometheus, shown
from clouds.sweep import frame

_CANNOT = {
    "commitments": "your own machines are bought, not committed to; the rate card spreads the cost",
    "invoices": "nobody issues invoices for your own machines; the rate card is the bill",
    "changes": "not built yet: this release reads your own machines and does not change them",
}
_NO_HOSTS = "no hypervisors are set: give the source option 'hosts'"


@dataclass(frozen=True)
class Options:
    """What a source in instance-select.yaml gives, validated."""

    account: str
    hosts: Sequence[Host]
    prometheus: Prometheus | None
    queries: Queries
    rate_card: Path | None
    bills: Path | None


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class OnPrem:
    """One site, or several, under one account name."""

    name = "onprem"

    def __init__(self, options: Options, clock: Callable[[], datetime] = _utc_now) -> None:
        """Connects to nothing; each reading does, and closes what it opened."""
        self.options, self._clock = options, clock
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = _CANNOT

    def __repr__(self) -> str:
        hosts = ", ".join(f"{host.name}={shown(host.uri)}" for host in self.options.hosts)
        return f"OnPrem({self.options.account}: {hosts})"

    def now(self) -> datetime:
        """The time now, UTC."""
        return self._clock()

    def examine(self) -> Iterator[Finding]:
        """Whether each host, Prometheus and the rate card answer as they should."""
        options = self.options
        card = options.rate_card
        return examine(options.account, options.hosts, options.prometheus, card, options.bills)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """See what runs now, and write the charges of the days that are over into `folder`.

        What is seen today is charged from tomorrow on. A host that can't be asked is a failure;
        its whole cost is charged all the same, as not observed.
        """
        options = self.options
        paths = [options.bills] if options.bills else []
        if options.bills and not options.bills.exists():
            raise Unreadable(
                f"The billing exports of onprem should be in {options.bills}, which does not "
                "exist. Correct the option 'bills' of the source, or create the folder."
            )
        if options.rate_card is None:
            return Exports(paths)
        card = read_rate_card(options.rate_card)
        folders, now = Folders(folder), self.now()
        failed = self._observe(card, folders, now)
        write_months(card, folders, now, options.account, self._regions(card))
        made = [folders.bills] if folders.bills.exists() else []
        return Exports([*paths, *made], failed)

    def inventory(self) -> Reading:
        """Hosts, machines, disks, pools, networks, and what Prometheus watches."""
        options = self.options
        if not options.hosts:
            failure = Failure(account="", region="", kind="", reason=_NO_HOSTS)
            return Reading(frame(RESOURCE_SCHEMA), failed=(failure,))
        return inventory.read(options.hosts, options.prometheus, options.account)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements of machines and hosts, from Prometheus."""
        options = self.options
        if options.prometheus is None or wanted.is_empty():
            return iter(())
        names = metrics.fetch_names(options.hosts, options.account)
        return metrics.read(options.prometheus, options.queries, names, wanted, until)

    def offers(self) -> pl.DataFrame:
        """The sizes in use and smaller ones; raises while a host can't be asked, to keep these."""
        if self.options.rate_card is None:  # a size without a price is no offer
            return frame(OFFER_SCHEMA)
        return prices.offers(prices.sizes(self._domains()))

    def prices(self) -> pl.DataFrame:
        """What these sizes cost by the rate card."""
        options = self.options
        if options.rate_card is None:
            return frame(PRICE_SCHEMA)
        card = read_rate_card(options.rate_card)
        found = prices.sizes(self._domains())
        return prices.prices(card, self.now().date(), found, self._regions(card), options.account)

    def commitments(self) -> Reading:
        """None."""
        return Reading(frame(COMMITMENT_SCHEMA))

    def invoices(self) -> Reading:
        """None."""
        return Reading(frame(INVOICE_SCHEMA))

    def _observe(self, card: RateCard, folders: Folders, now: datetime) -> list[Failure]:
        """Keep what runs on the hosts now; a host without rates is said, since it costs nothing."""
        options = self.options
        rated = {host.name for host in card.hosts}
        failed: list[Failure] = []
        with servers(options.hosts) as opened:
            for server in opened:
                host = server.host
                try:
                    guests = [_guest(domain) for domain in server.domains() if domain.is_active]
                except CloudError as error:
                    failed.append(Failure(options.account, host.region, "host", str(error)))
                    continue
                remember(folders.history, now.date(), {host.name: guests})
                if host.name not in rated:
                    reason = f"{host.name} is not in the rate card, so what it costs is unknown"
                    failed.append(Failure(options.account, host.region, "host", reason))
        return failed

    def _domains(self) -> list[Domain]:
        with servers(self.options.hosts) as opened:
            return [domain for server in opened for domain in server.domains()]

    def _regions(self, card: RateCard) -> Mapping[str, str]:
        """Host -> region: as configured for the connection, else as the rate card says."""
        carded = {host.name: host.region for host in card.hosts if host.region}
        return carded | {host.name: host.region for host in self.options.hosts}


def _guest(domain: Domain) -> Guest:
    return Guest(domain.resource_id, domain.name, domain.vcpus, domain.memory_mib, domain.tags)
