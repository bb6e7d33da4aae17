"""Azure as a `Cloud`: what the readers of this folder read with one set of credentials."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from clouds.azure import commitments, cost_query, exports, inventory, metrics, prices
from clouds.azure.access import Access
from clouds.azure.grants import PERMISSION as GRANTS
from clouds.azure.grants import fetch_grants
from clouds.azure.permissions import DATA, ELSEWHERE, READS
from clouds.cloud import (
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    Exports,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError, Unreadable
from clouds.sweep import frame

CANNOT = {
    "offers": "not read from Azure; the packaged catalogue serves",
    "invoices": "Azure's invoices need a role on the billing account; the bills name their invoice",
    "percentiles of metrics": "Azure Monitor offers none",
    "changes": "not built yet: this release changes nothing on Azure",
}
NO_BILLS = "give the source option 'exports', 'cost_query' or 'bills'"
FIX_ROLE = "Add {} to the role; 'instance-select permissions --cloud azure' prints it."


@dataclass
class AzureCloud:
    """The subscriptions that one set of credentials sees."""

    access: Access
    subscriptions: Sequence[str] = ()  # empty: all
    places: Sequence[exports.Place] = ()
    folder: Path | None = None  # of exports that somebody else brings
    cost_scope: str | None = None
    prices_url: str = prices.URL
    price_regions: Sequence[str] = ()  # empty: all
    currency: str = "USD"
    name: str = "azure"
    kinds: Mapping[tuple[str, str], ResourceKind] = field(
        default_factory=dict[tuple[str, str], ResourceKind]
    )

    cannot: Mapping[str, str] = field(default_factory=lambda: dict(CANNOT))

    def __post_init__(self) -> None:
        """Without a place to take bills from, say so."""
        if not (self.places or self.folder or self.cost_scope):
            self.cannot = {**CANNOT, "bills": NO_BILLS}

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def examine(self) -> Iterator[Finding]:
        """Who we are, what our roles lack in each subscription, and each other place tried."""
        yield from self._signed_in()
        if self.folder:
            yield self._tried("", "bills", lambda: f"from {self._given()}")
        yield self._tried("", "prices", self._one_price)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """The newest exports, mirrored below `folder`; the given folder; or the query's answer."""
        given = [self._given()] if self.folder else []
        found = [exports.fetch_exports(self.access, self.places, folder, anew)]
        if self.cost_scope:
            found.append(
                cost_query.fetch_costs(self.access, self.cost_scope, folder, self.now(), anew)
            )
        paths = [*given, *(path for each in found for path in each.paths)]
        failed = dict.fromkeys(failure for each in found for failure in each.failed)
        return Exports(paths, list(failed))

    def inventory(self) -> Reading:
        """Everything that exists in the subscriptions."""
        return inventory.inventory(self.access, self._subscriptions())

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements from Azure Monitor."""
        return metrics.metrics(self.access, wanted, until)

    def offers(self) -> pl.DataFrame:
        """Nothing: see `cannot`."""
        return frame(OFFER_SCHEMA)

    def prices(self) -> pl.DataFrame:
        """Retail prices of virtual machines."""
        budget = self.access.budget_of("public", "retail prices")
        return prices.prices(
            self.prices_url, self.currency, self.price_regions, self.now().date(), budget
        )

    def commitments(self) -> Reading:
        """Reservations and savings plans."""
        return commitments.commitments(self.access)

    def invoices(self) -> Reading:
        """Nothing; see `cannot`."""
        return Reading(frame(INVOICE_SCHEMA))

    def _signed_in(self) -> Iterator[Finding]:
        """What needs credentials; nothing more once they are refused."""
        try:
            yield Finding("", "credentials", True, self.access.identity())
            subscriptions = self._subscriptions()
        except CloudError as error:
            yield Finding("", "credentials", False, str(error), "Sign in to Azure again.")
            return
        if not subscriptions:
            fix = "Assign the role in a subscription, and name the tenant if there are several."
            yield Finding("", "inventory", False, "the credentials see no subscription", fix)
        for one in subscriptions:
            yield from self._roles(one)
        for place in self.places:
            yield self._tried(place.name, "bills", lambda place=place: self._exports_at(place))
        if scope := self.cost_scope:
            yield self._tried(scope, "bills", lambda: self._costs_of(scope))
        yield self._tried("", "commitments", self._owned)

    def _subscriptions(self) -> list[str]:
        if self.subscriptions:
            return [one.lower() for one in self.subscriptions]
        return inventory.subscriptions_of(self.access)

    def _given(self) -> Path:
        assert self.folder
        if not self.folder.exists():
            raise Unreadable(
                f"The billing exports of azure should be in {self.folder}, which does not exist. "
                "Correct the option 'bills' of the source, or create the folder."
            )
        return self.folder

    def _roles(self, subscription: str) -> Iterator[Finding]:
        try:
            grants = fetch_grants(self.access, subscription)
        except CloudError as error:
            yield Finding(subscription, "inventory", False, str(error), FIX_ROLE.format(GRANTS))
            return
        for ability in ("inventory", "metrics"):
            lacks = [each for each in READS[ability] if each not in (*DATA, *ELSEWHERE)
                     and not grants.allow(each)]  # fmt: skip
            detail = f"no role allows {', '.join(lacks)}" if lacks else "the roles allow it"
            fix = FIX_ROLE.format(", ".join(lacks)) if lacks else None
            yield Finding(subscription, ability, not lacks, detail, fix)

    def _tried(self, account: str, ability: str, attempt: Callable[[], str]) -> Finding:
        try:
            return Finding(account, ability, True, attempt())
        except CloudError as error:
            return Finding(account, ability, False, str(error), "See the message.")

    def _exports_at(self, place: exports.Place) -> str:
        return f"{exports.count_manifests(self.access, place)} manifests"

    def _costs_of(self, scope: str) -> str:
        month = self.now().date().replace(day=1)
        return f"{cost_query.count_lines(self.access, scope, month)} lines this month"

    def _one_price(self) -> str:
        budget = self.access.budget_of("public", "retail prices")
        item = next(prices.fetch_items(self.prices_url, self.currency, "westeurope", budget), None)
        if item is None:
            raise Unreadable("The list of retail prices is empty for westeurope.")
        return f"retail prices in {item.get('currencyCode')}"

    def _owned(self) -> str:
        found = commitments.commitments(self.access)
        if found.failed:
            raise Unreadable("; ".join(failure.reason for failure in found.failed))
        return f"{found.rows.height} reservations and savings plans"
