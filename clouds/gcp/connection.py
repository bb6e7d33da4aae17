"""Google Cloud as a `Cloud`: what it can tell, for some projects, a folder or an organisation."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from clouds import offers as catalogue
from clouds.cloud import (
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    RESOURCE_SCHEMA,
    Exports,
    Failure,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError, Forbidden, Unauthorized, Unreadable
from clouds.gcp.access import TIMEOUT, Access
from clouds.gcp.commitments import read_commitments
from clouds.gcp.exports import Table, fetch_exports, look
from clouds.gcp.inventory import fetch_projects, read_inventory
from clouds.gcp.metrics import METRICS, fetch_series, read_metrics
from clouds.gcp.permissions import ACCOUNT_LEVEL
from clouds.gcp.prices import fetch_skus, read_prices
from clouds.sweep import frame

CANNOT = {
    "offers": "not read from Google Cloud; the packaged catalogue serves",
    "invoices": "Google offers no API for issued invoices; the export's invoice month is the bill",
    "spot history": "Google publishes today's spot prices only",
    "changes": "not built yet: this release reads Google Cloud, it does not change it",
}
_NO_PARENT = "no projects are set: give the source option 'projects', 'folder' or 'organization'"
_NO_BILLS = "no export is set: give the source option 'exports' or a folder 'bills'"


class GoogleCloud:
    """One connected source."""

    name = "gcp"

    def __init__(
        self,
        access: Access,
        parents: Sequence[str],
        exports: Sequence[Table] = (),
        billing_account: str | None = None,
        files: Path | None = None,
    ) -> None:
        """`parents` are projects/ID, folders/NUMBER, organizations/NUMBER; `files` holds bills."""
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = CANNOT
        self._access = access
        self._parents = parents
        self._exports = exports
        self._billing_account = billing_account
        self._files = files

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def examine(self) -> Iterator[Finding]:
        """Who we are, then the cheapest call of each ability; refused accounts are said once."""
        try:
            yield Finding("", "credentials", True, self._access.identity())
        except CloudError as error:
            yield Finding("", "credentials", False, str(error), "See the message.")
            return
        has_bills = bool(self._exports) or self._files is not None
        fix = "Add the option, unless another source reads it."
        if not self._parents:
            yield Finding("", "inventory", has_bills, _NO_PARENT, fix)
        if not has_bills:
            yield Finding("", "bills", bool(self._parents), _NO_BILLS, fix)
        refused: set[str] = set()
        for account, ability, tried in self._trials():
            if account in refused or (refused and not account):
                continue
            try:
                detail = tried()
            except CloudError as error:
                yield Finding(account, ability, False, str(error), _fix(error, account))
                if isinstance(error, Unauthorized):
                    refused.add(account)
            else:
                yield Finding(account, ability, True, detail)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """The folder of the option `bills`, and the tables of `exports` brought into `folder`."""
        given = [] if self._files is None else [self._folder()]
        brought = fetch_exports(self._access, self._exports, folder, anew)
        return Exports([*given, *brought.paths], brought.failed)

    def inventory(self) -> Reading:
        """Everything that exists now."""
        if not self._parents:
            return Reading(frame(RESOURCE_SCHEMA), failed=[Failure("", "", "", _NO_PARENT)])
        return read_inventory(self._access, self._parents)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements of machines and databases."""
        return read_metrics(self._access, wanted, until)

    def offers(self) -> pl.DataFrame:
        """Nothing: see `cannot`."""
        return frame(OFFER_SCHEMA)

    def prices(self) -> pl.DataFrame:
        """List prices in US dollars, as of today, where they can be composed."""
        of_ours = pl.col("cloud") == self.name
        machines, known = catalogue.offers().filter(of_ours), catalogue.prices().filter(of_ours)
        account = self._parents[0] if self._parents else "catalogue"
        return read_prices(self._access, account, machines, known, self.now().date())

    def commitments(self) -> Reading:
        """Committed use of all projects."""
        return read_commitments(self._access, self._parents)

    def invoices(self) -> Reading:
        """Nothing, see `cannot`."""
        return Reading(frame(INVOICE_SCHEMA))

    def _folder(self) -> Path:
        """The folder of the option `bills`. Raises `Unreadable` if it is missing."""
        if self._files is None or not self._files.exists():
            raise Unreadable(
                f"The billing exports of gcp should be in {self._files}, which does not exist. "
                "Correct the option 'bills' of the source, or create the folder."
            )
        return self._files

    def _trials(self) -> Iterator[tuple[str, str, Callable[[], str]]]:
        if self._files is not None:
            yield "", "bills", lambda: f"from {self._folder()}"
        for table in self._exports:
            yield table.account, "bills", lambda table=table: _told_table(self._access, table)
        for parent in self._parents:
            account = parent.removeprefix("projects/")
            yield account, "inventory", lambda parent=parent: self._try_inventory(parent)
            if account != parent:
                yield account, "metrics", lambda account=account: self._try_metrics(account)
        yield "", "prices", self._try_prices
        if self._billing_account:
            yield "", "invoices", self._try_billing_account

    def _try_inventory(self, parent: str) -> str:
        return f"projects: {', '.join(sorted(fetch_projects(self._access, parent).values()))}"

    def _try_metrics(self, account: str) -> str:
        until = self.now().replace(minute=0, second=0, microsecond=0)
        source = METRICS["instance"][0].sources[0]
        since = until - timedelta(hours=1)
        list(fetch_series(self._access, account, source, "instance_id", ["0"], "ALIGN_MEAN",
                          since, until))  # fmt: skip
        return "can be read"

    def _try_prices(self) -> str:
        next(fetch_skus(self._access, "catalogue"), None)
        return "can be read"

    def _try_billing_account(self) -> str:
        client = self._access.client("cloudbilling")
        name = f"billingAccounts/{self._billing_account}"
        found = self._access.call(
            str(self._billing_account), "cloudbilling", ACCOUNT_LEVEL,
            lambda: client.get_billing_account(name=name, retry=None, timeout=TIMEOUT),
        )  # fmt: skip
        return f"{found.display_name}, {'open' if found.open_ else 'closed'}; {CANNOT['invoices']}"


def _told_table(access: Access, table: Table) -> str:
    found = look(access, table)
    return f"{table.name} has {found.num_rows} lines, changed {found.modified:%Y-%m-%d %H:%M} UTC"


def _fix(error: CloudError, account: str) -> str:
    if isinstance(error, Forbidden):
        where = account or "the billing account"
        return (
            f"Grant {error.permission} on {where}: 'instance-select permissions --cloud gcp' "
            "prints the role for 'gcloud iam roles create --file'."
        )
    return "See the message."
