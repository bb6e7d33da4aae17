"""One account of DigitalOcean as a `Cloud`."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import COMMITMENT_SCHEMA, Exports, Finding, Reading, ResourceKind
from clouds.digitalocean import inventory, invoices, metrics, prices
from clouds.digitalocean.access import Session
from clouds.digitalocean.exports import write_months
from clouds.digitalocean.inventory import LISTINGS, Listing
from clouds.digitalocean.permissions import WHERE
from clouds.errors import CloudError, Forbidden, Unauthorized, Unreadable
from clouds.sweep import frame


class DigitalOcean:
    """What one token sees. Nothing is called before it is asked for."""

    name = "digitalocean"

    def __init__(self, session: Session, folder: Path | None = None) -> None:
        """`folder` holds bills that somebody else brings; then none are fetched."""
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = {
            "commitments": "DigitalOcean sells none that its API lists",
            "changes": "not built yet: this release reads DigitalOcean, it changes nothing there",
            "state since": "the API does not say since when a resource has been in its state",
            "disk operations": "monitoring does not count them",
            "metrics of databases and load balancers": "not built yet: only droplets are measured",
        }
        self._session = session
        self._folder = folder

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def examine(self) -> Iterator[Finding]:
        """Who we are, and whether each ability's cheapest call is answered."""
        try:
            told = self._session.identity()
        except CloudError as error:
            yield Finding(self._known(), "credentials", False, str(error), _cure(error))
            return
        account = self._session.account()
        yield Finding(account, "credentials", True, told)
        for ability, calls in self._abilities().items():
            yield _finding(account, ability, calls)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """The months of the invoices, as files in `folder`; or the configured folder as it is."""
        if self._folder is None:
            return write_months(self._session, folder, self.now(), anew)
        if not self._folder.exists():
            raise Unreadable(
                f"The bills of DigitalOcean should be in {self._folder}, which does not exist. "
                "Correct the option 'bills' of the source, or leave it out: then the invoices are "
                "fetched from the API."
            )
        return Exports((self._folder,))

    def inventory(self) -> Reading:
        """Everything that exists now, in the columns of `RESOURCE_SCHEMA`."""
        return inventory.read(self._session)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements of the wanted droplets, a chunk for each."""
        return metrics.read(self._session, wanted, until)

    def offers(self) -> pl.DataFrame:
        """The sizes of droplets, in the columns of `OFFER_SCHEMA`."""
        return prices.parse_offers(prices.fetch_sizes(self._session))

    def prices(self) -> pl.DataFrame:
        """What they cost in each region where they can be had, in the columns of `PRICE_SCHEMA`."""
        return prices.parse_prices(prices.fetch_sizes(self._session), self.now().date())

    def commitments(self) -> Reading:
        """None: see `cannot`."""
        return Reading(frame(COMMITMENT_SCHEMA))

    def invoices(self) -> Reading:
        """The issued invoices, in the columns of `INVOICE_SCHEMA`."""
        return invoices.read(self._session)

    def _known(self) -> str:
        """The account, if it was known before its token was refused."""
        try:
            return self._session.account()
        except CloudError:
            return ""

    def _abilities(self) -> Mapping[str, list[Callable[[], str]]]:
        """For each ability the calls to try; each says what it found."""
        bills = self._try_invoices if self._folder is None else self._try_folder
        listings = [lambda each=each: self._try_list(each) for each in LISTINGS]
        return {
            "bills": [bills],
            "inventory": [*listings, self._try_regions],
            "metrics": [self._try_metrics],
            "prices": [self._try_sizes],
            "invoices": [self._try_balance],
        }

    def _try_invoices(self) -> str:
        total = self._session.call("invoices.list", per_page=1)["meta"]["total"]
        return f"{total} issued invoices"

    def _try_balance(self) -> str:
        """What is owed now: beside the loaded bills it shows whether these are all."""
        balance = self._session.call("balance.get")
        return (
            f"{balance['month_to_date_usage']} USD used this month, balance of the account "
            f"{balance['account_balance']} USD, as of {balance['generated_at']}"
        )

    def _try_folder(self) -> str:
        return f"from {', '.join(str(path) for path in self.bills(Path()).paths)}"

    def _try_list(self, listing: Listing) -> str:
        options = {"per_page": 1} if listing.is_paged else {}
        self._session.call(listing.operation, **options)
        return listing.kind

    def _try_regions(self) -> str:
        self._session.call("regions.list", per_page=1)
        return "region"

    def _try_sizes(self) -> str:
        return f"{self._session.call('sizes.list', per_page=1)['meta']['total']} sizes"

    def _try_metrics(self) -> str:
        found = self._session.call("droplets.list", per_page=1)["droplets"]
        if not found:
            return "there is no droplet to measure"
        end = int(self.now().replace(tzinfo=UTC).timestamp())
        self._session.call(
            "monitoring.get_droplet_memory_total_metrics",
            host_id=str(found[0]["id"]), start=str(end - 3600), end=str(end),
        )  # fmt: skip
        return f"droplet {found[0]['id']} can be measured"


def _finding(account: str, ability: str, calls: list[Callable[[], str]]) -> Finding:
    """All calls of an ability as one finding; it names everything that is missing."""
    told: list[str] = []
    errors: list[CloudError] = []
    for call in calls:
        try:
            told.append(call())
        except CloudError as error:
            errors.append(error)
    if not errors:
        return Finding(account, ability, True, ", ".join(dict.fromkeys(told)))
    scopes = sorted({error.permission for error in errors if isinstance(error, Forbidden)})
    fix = f"Add to the token ({WHERE}): {', '.join(scopes)}" if scopes else _cure(errors[0])
    reasons = list(dict.fromkeys(str(error) for error in errors))
    return Finding(account, ability, False, "; ".join(reasons), fix)


def _cure(error: CloudError) -> str:
    if isinstance(error, Unauthorized):
        return "doctl auth init"
    return "See the message."
