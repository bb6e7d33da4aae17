"""A cloud that is known by its bills so far: exports in a folder, and who we are there."""

from collections.abc import Callable, Collection, Iterator, Mapping
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

_NOT_YET = "not built yet: this release reads the bills of {cloud}, not its {ability}"
_NO_FOLDER = "no folder of billing exports is set: give the source option 'bills'"
_ABILITIES = ("inventory", "metrics", "offers", "prices", "commitments", "invoices", "changes")


class BillsOnly:
    """One connected account of which only the bills are read.

    Everything else is empty, and `cannot` says why; an inventory that was not read closes no
    resource.
    """

    def __init__(self, name: str, folder: Path | None, identify: Callable[[], str]) -> None:
        """`folder` holds the exports; `identify` says who we are there, or raises `CloudError`."""
        self.name = name
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = {
            ability: _NOT_YET.format(cloud=name, ability=ability) for ability in _ABILITIES
        }
        if folder is None:
            self.cannot = {**self.cannot, "bills": _NO_FOLDER}
        self._folder = folder
        self._identify = identify

    def examine(self) -> Iterator[Finding]:
        """Who the credentials say we are, and whether the folder of exports is there."""
        try:
            yield Finding("", "credentials", True, self._identify())
        except CloudError as error:
            yield Finding("", "credentials", False, str(error), "See the message.")
        try:
            paths = [str(path) for path in self.bills(Path()).paths]
            yield Finding("", "bills", True, f"from {', '.join(paths) or 'nowhere'}")
        except CloudError as error:
            yield Finding("", "bills", False, str(error), "See the message.")

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """The folder of exports. Raises `Unreadable` if it is set but missing."""
        if self._folder is None:
            return Exports(())
        if not self._folder.exists():
            raise Unreadable(
                f"The billing exports of {self.name} should be in {self._folder}, which does not "
                "exist. Correct the option 'bills' of the source, or create the folder."
            )
        return Exports((self._folder,))

    def inventory(self) -> Reading:
        """Nothing, as a reading that failed with the reason."""
        failure = Failure(account="", region="", kind="", reason=self.cannot["inventory"])
        return Reading(pl.DataFrame(schema=dict(RESOURCE_SCHEMA)), failed=(failure,))

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Nothing."""
        return iter(())

    def offers(self) -> pl.DataFrame:
        """Nothing."""
        return pl.DataFrame(schema=dict(OFFER_SCHEMA))

    def prices(self) -> pl.DataFrame:
        """Nothing."""
        return pl.DataFrame(schema=dict(PRICE_SCHEMA))

    def commitments(self) -> Reading:
        """Nothing."""
        return Reading(pl.DataFrame(schema=dict(COMMITMENT_SCHEMA)))

    def invoices(self) -> Reading:
        """Nothing."""
        return Reading(pl.DataFrame(schema=dict(INVOICE_SCHEMA)))


def exports(bills: str | None) -> Path | None:
    """The folder named by the source option `bills`."""
    return Path(bills).expanduser() if bills else None
