"""One source of AWS accounts as a `Cloud`."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import polars as pl

from clouds.aws import commitments, cost_explorer, exports, metrics, prices
from clouds.aws.access import Account, Role, accounts_of, payer_of
from clouds.aws.inventory import read
from clouds.cloud import (
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    Exports,
    Failure,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError, Forbidden, Unreadable
from clouds.sweep import frame

CANNOT: Mapping[str, str] = {
    "changes": "not built yet: this release reads AWS and changes nothing there",
    "invoices": "AWS hands out invoices as documents only; totals come with the bills",
    "offers": "not read from AWS; the packaged catalogue serves",
}
NO_BILLS = "no bills are set: give the source option 'exports', 'bills' or 'cost_explorer'"
SEE = "See the message."
POLICY = "Add the permission {} to the role; 'instance-select permissions --cloud aws' prints all."


@dataclass(frozen=True)
class Options:
    """What a source says about its AWS accounts."""

    profile: str | None = None
    regions: tuple[str, ...] | None = None  # null = all that are enabled
    roles: tuple[Role, ...] = ()
    exports: tuple[Mapping[str, str], ...] = ()
    bills: Path | None = None
    cost_explorer: bool = False
    endpoint_url: str | None = None


@dataclass
class AwsCloud:
    """The accounts of one source. Nothing is asked before a method needs it."""

    options: Options
    clock: Callable[[], datetime] = field(
        default=lambda: datetime.now(UTC).replace(tzinfo=None), repr=False
    )
    name: str = "aws"
    kinds: Mapping[tuple[str, str], ResourceKind] = field(
        default_factory=dict[tuple[str, str], ResourceKind]
    )
    cannot: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.options
        has_bills = given.exports or given.bills or given.cost_explorer
        self.cannot = CANNOT if has_bills else {**CANNOT, "bills": NO_BILLS}

    def now(self) -> datetime:
        """The time now, UTC."""
        return self.clock()

    def examine(self) -> Iterator[Finding]:
        """Who we are in each account, then the cheapest call of each ability."""
        try:
            accounts = self._accounts
        except CloudError as error:
            yield Finding("", "credentials", False, str(error), SEE)
            return
        for account in accounts:
            try:
                identity = account.call("sts", "get_caller_identity", account.region)
            except CloudError as error:
                yield Finding(account.id, "credentials", False, str(error), SEE)
                continue
            yield Finding(account.id, "credentials", True, str(identity["Arn"]))
            for ability, attempt in _ATTEMPTS.items():
                yield _examined(account.id, ability, lambda a=account, t=attempt: t(a))
        yield from self._examine_bills()

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """Bring new exports into `folder`, and name the local folder of exports.

        Raises `Unreadable` if the local folder is set but missing.
        """
        paths: list[Path] = []
        failed: list[Failure] = []
        if self.options.bills is not None:
            if not self.options.bills.exists():
                raise Unreadable(
                    f"The billing exports of {self.name} should be in {self.options.bills}, which "
                    "does not exist. Correct the source option 'bills', or create the folder."
                )
            paths.append(self.options.bills)
        for entry in self.options.exports:
            paths.append(folder / entry["bucket"])
            try:
                failed += exports.mirror(self._place(entry), folder, self.now(), anew)
            except CloudError as error:
                failed.append(Failure(entry.get("account", ""), "", "bills", str(error)))
        if self.options.cost_explorer:
            payer = self._accounts_or_failure(failed)
            if payer is not None:
                failed += cost_explorer.write_months(payer, folder, self.now(), anew)
            paths.append(folder / cost_explorer.FOLDER)
        there = [path for path in dict.fromkeys(paths) if _holds_bills(path)]
        return Exports(there, failed)

    def inventory(self) -> Reading:
        """Everything that exists now in all accounts and their enabled regions."""
        return read.inventory(self._accounts, self.options.regions)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hourly measurements from CloudWatch of instances, disks and databases."""
        return metrics.metrics(self._accounts, wanted, until)

    def offers(self) -> pl.DataFrame:
        """Nothing: see `cannot`."""
        return frame(OFFER_SCHEMA)

    def prices(self) -> pl.DataFrame:
        """List prices, spot prices and savings plan rates of the regions."""
        account = self._accounts[0]
        regions = self.options.regions or read.enabled_regions(account)
        return prices.prices(account, regions, self.now())

    def commitments(self) -> Reading:
        """Savings plans and reserved instances, running and ended."""
        return commitments.commitments(self._accounts, self.options.regions)

    def invoices(self) -> Reading:
        """Nothing: see `cannot`."""
        return Reading(frame(INVOICE_SCHEMA))

    @cached_property
    def _accounts(self) -> Sequence[Account]:
        given = self.options
        return accounts_of(given.profile, given.endpoint_url, given.roles)

    @cached_property
    def _payer(self) -> Account:
        return payer_of(self.options.profile, self.options.endpoint_url)

    def _place(self, entry: Mapping[str, str]) -> exports.Place:
        """Where exports lie; read with the credentials of its `account`, else with our own."""
        account, wanted = self._payer, entry.get("account")
        if wanted:
            known = {each.id: each for each in self._accounts}
            if wanted not in known:
                raise Unreadable(
                    f"The source option 'exports' names the account {wanted}, which is not among "
                    f"its accounts: {', '.join(known)}. Add it to 'accounts', or take it out."
                )
            account = known[wanted]
        return exports.Place(entry["bucket"], entry["prefix"], account, entry.get("region"))

    def _accounts_or_failure(self, failed: list[Failure]) -> Account | None:
        """The account that Cost Explorer is asked in: the first of the source."""
        try:
            return self._accounts[0]
        except CloudError as error:
            failed.append(Failure("", "", "bills", str(error)))
            return None

    def _examine_bills(self) -> Iterator[Finding]:
        if self.options.bills is not None:
            there = self.options.bills.exists()
            fix = None if there else "Create the folder, or correct the option 'bills'."
            yield Finding("", "bills", there, f"from {self.options.bills}", fix)
        for entry in self.options.exports:
            account = entry.get("account", "")
            yield _examined(account, "bills", lambda e=entry: _listed(self._place(e)))
        if self.options.cost_explorer:
            payer = self._accounts[0]
            yield _examined(payer.id, "bills", lambda: _cost_explorer(payer, self.now()))
        if "bills" in self.cannot:
            yield Finding("", "bills", False, self.cannot["bills"], "Add one of the options.")


def _examined(account: str, ability: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(account, ability, True, attempt())
    except Forbidden as error:
        return Finding(account, ability, False, str(error), POLICY.format(error.permission))
    except CloudError as error:
        return Finding(account, ability, False, str(error), SEE)


def _listed(place: exports.Place) -> str:
    found = exports.newest_manifests(exports.fetch_listing(place))
    where = f"s3://{place.bucket}/{place.prefix}"
    if not found:
        raise Unreadable(f"{where} holds no manifest yet; AWS delivers the first within a day")
    return f"{where}: {len(found)} deliveries"


def _cost_explorer(payer: Account, now: datetime) -> str:
    last_month = cost_explorer.months(now)[-2]
    next(iter(cost_explorer.fetch_month(payer, last_month, now)))
    return "Cost Explorer answers"


def _regions(account: Account) -> str:
    return f"{len(read.enabled_regions(account))} regions"


def _instances(account: Account) -> str:
    account.call("ec2", "describe_instances", account.region, MaxResults=5)
    return f"{_regions(account)}, instances can be listed"


def _measured(account: Account) -> str:
    account.call("cloudwatch", "list_metrics", account.region, Namespace="AWS/EC2")
    return "CloudWatch can be listed"


def _priced(account: Account) -> str:
    page = account.call("pricing", "get_products", ServiceCode="AmazonEC2", MaxResults=1)
    return f"the Price List answers, {len(page.get('PriceList', ()))} product asked for"


def _committed(account: Account) -> str:
    account.call("ec2", "describe_reserved_instances", account.region)
    account.call("savingsplans", "describe_savings_plans", maxResults=1)
    return "savings plans and reservations can be listed"


_ATTEMPTS: Mapping[str, Callable[[Account], str]] = {
    "inventory": _instances, "metrics": _measured, "prices": _priced, "commitments": _committed,
}  # fmt: skip


def _holds_bills(path: Path) -> bool:
    return path.is_file() or any(
        each.is_file() and not each.name.startswith(".") for each in path.rglob("*")
    )
