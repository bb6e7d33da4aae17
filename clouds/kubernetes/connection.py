"""One Kubernetes cluster as a `Cloud`."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    OFFER_SCHEMA,
    PRICE_SCHEMA,
    Exports,
    Finding,
    Reading,
    ResourceKind,
)
from clouds.errors import CloudError, Forbidden
from clouds.kubernetes import inventory, metrics
from clouds.kubernetes.access import Session
from clouds.kubernetes.inventory import LISTINGS
from clouds.prometheus import Prometheus, shown
from clouds.sweep import frame

BILLED = "the nodes and volumes of a cluster are billed by the cloud that they are in"


class Kubernetes:
    """What one context sees of one cluster. Nothing is called before it is asked for."""

    name = "kubernetes"

    def __init__(self, session: Session, prometheus: str | None = None) -> None:
        self.kinds: Mapping[tuple[str, str], ResourceKind] = {}
        self.cannot: Mapping[str, str] = {
            **dict.fromkeys(("bills", "offers", "prices", "commitments", "invoices"), BILLED),
            "changes": "not built yet: this release reads a cluster, it changes nothing there",
        }
        if prometheus is None:
            self.cannot = {
                **self.cannot,
                "metrics": "the cluster's own metrics API knows only this moment: give the source "
                "option 'prometheus'",
            }
        self._session = session
        self._prometheus = prometheus

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC).replace(tzinfo=None)

    def examine(self) -> Iterator[Finding]:
        """Whether the cluster answers, lets us list everything, and Prometheus is there."""
        try:
            account = self._session.account()
            yield Finding(account, "credentials", True, f"version {self._session.version()}")
        except CloudError as error:
            yield Finding(self._known(), "credentials", False, str(error), "See the message.")
            return
        yield self._try_lists(account)
        if self._prometheus is not None:
            yield self._try_prometheus(account, self._prometheus)

    def bills(self, folder: Path, anew: Collection[date] = ()) -> Exports:
        """None: see `cannot`."""
        return Exports(())

    def inventory(self) -> Reading:
        """Everything that exists now, in the columns of `RESOURCE_SCHEMA`."""
        return inventory.read(self._session)

    def metrics(self, wanted: pl.DataFrame, until: datetime) -> Iterator[Reading]:
        """Hours of what a replica of the wanted workloads used, if there is a Prometheus."""
        if self._prometheus is None:
            return iter(())
        server = Prometheus(self._prometheus, self.name, self._session.account())
        return metrics.read(server, wanted, until)

    def offers(self) -> pl.DataFrame:
        """None: see `cannot`."""
        return frame(OFFER_SCHEMA)

    def prices(self) -> pl.DataFrame:
        """None: see `cannot`."""
        return frame(PRICE_SCHEMA)

    def commitments(self) -> Reading:
        """None: see `cannot`."""
        return Reading(frame(COMMITMENT_SCHEMA))

    def invoices(self) -> Reading:
        """None: see `cannot`."""
        return Reading(frame(INVOICE_SCHEMA))

    def _known(self) -> str:
        try:
            return self._session.account()
        except CloudError:
            return ""

    def _try_lists(self, account: str) -> Finding:
        errors: list[CloudError] = []
        for listing in LISTINGS:
            try:
                self._session.first(listing)
            except CloudError as error:
                errors.append(error)
        if not errors:
            kinds = dict.fromkeys(listing.kind for listing in LISTINGS)
            return Finding(account, "inventory", True, ", ".join(kinds))
        missing = [error.permission for error in errors if isinstance(error, Forbidden)]
        fix = f"Add to the ClusterRole: {', '.join(missing)}" if missing else "See the message."
        return Finding(account, "inventory", False, "; ".join(map(str, errors)), fix)

    def _try_prometheus(self, account: str, url: str) -> Finding:
        try:
            version = Prometheus(url, self.name, account).version()
        except CloudError as error:
            return Finding(account, "metrics", False, str(error), "See the message.")
        return Finding(account, "metrics", True, f"Prometheus {version} at {shown(url)}")
