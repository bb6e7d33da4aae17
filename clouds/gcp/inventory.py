"""Everything that exists, from Cloud Asset Inventory: one listing for each project or parent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import polars as pl

from clouds.cloud import RESOURCE_SCHEMA, Failure, Reading
from clouds.errors import CloudError, Throttled, Unauthorized, Unreadable
from clouds.gcp.access import Access, sdk
from clouds.gcp.assets import PARSERS, PROJECT, parse_asset, parse_projects
from clouds.gcp.facts import Payload
from clouds.gcp.relations import relate
from clouds.paging import read_anew
from clouds.sweep import Part, frame, sweep

PERMISSION = "cloudasset.assets.listResource"
PAGE = 1000  # assets; the most that one call gives
KINDS = sorted({kind for kind, _ in PARSERS.values()})


def fetch_assets(access: Access, parent: str, types: Sequence[str]) -> Iterator[Payload]:
    """The assets of these types under a project, folder or organisation, as JSON."""
    as_json = sdk("google.protobuf.json_format").MessageToDict
    method = access.client("cloudasset").list_assets
    request = {
        "parent": parent,
        "asset_types": list(types),
        "content_type": "RESOURCE",
        "page_size": PAGE,
    }
    for page in access.pages(parent, "cloudasset", PERMISSION, method, request):
        for asset in page.assets:
            yield as_json(asset)


def fetch_projects(access: Access, parent: str) -> dict[str, str]:
    """The project id of each project number under the parent."""
    return read_anew(lambda: parse_projects(fetch_assets(access, parent, [PROJECT])))


def read_inventory(access: Access, parents: Sequence[str]) -> Reading:
    """Resources in the columns of `RESOURCE_SCHEMA`; a scope without a region covers all
    regions of a project, also those in which nothing is left.

    A listing that is refused as a whole is tried again kind by kind, so that the kinds that can be
    read are.
    """
    listings = [_Listing(access, parent) for parent in parents]
    parts = [
        Part("gcp", _account(listing.parent), "", kind, _reader(listing, kind))
        for listing in listings
        for kind in KINDS
    ]
    found = sweep(parts, RESOURCE_SCHEMA)
    projects = {_account(each.parent): sorted(each.projects.values()) for each in listings}
    read = [(cloud, each, "") for cloud, account, _ in found.read for each in projects[account]]
    read += found.rows.select("cloud", "account", "region").unique().sort(pl.all()).rows()
    return replace(found, read=read, failed=_condensed(found.failed, projects))


@dataclass
class _Listing:
    """What one parent holds: listed once, by whichever kind asks first."""

    access: Access
    parent: str

    def __post_init__(self) -> None:
        self.projects: dict[str, str] = {}
        self._lock = Lock()
        self._rows: dict[str, list[dict[str, Any]]] | None = None
        self._errors: dict[str, CloudError] = {}

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The resources of one kind. Raises the `CloudError` that kept them from being read."""
        with self._lock:
            if self._rows is None and "" not in self._errors:
                self._list()
        error = self._errors.get("") or self._errors.get(kind)
        if error is not None:
            raise error
        return (self._rows or {}).get(kind, [])

    def _list(self) -> None:
        try:
            self.projects = fetch_projects(self.access, self.parent)
            if not self.projects:
                raise Unreadable(
                    f"Cloud Asset Inventory knows no active project under {self.parent}. Check the "
                    "source's options 'projects', 'folder' and 'organization'."
                )
            assets = self._assets()
        except CloudError as error:
            self._errors[""] = error
            return
        rows = [row for row in (parse_asset(each, self.projects) for each in assets) if row]
        self._rows = {kind: [] for kind in KINDS}
        for row in relate(rows, assets, self.projects):
            self._rows[row["kind"]].append(row)

    def _assets(self) -> list[Payload]:
        try:
            return read_anew(lambda: list(fetch_assets(self.access, self.parent, list(PARSERS))))
        except (Unauthorized, Throttled):
            raise
        except CloudError:
            return [asset for kind in KINDS for asset in self._alone(kind)]

    def _alone(self, kind: str) -> list[Payload]:
        types = [name for name, (made, _) in PARSERS.items() if made == kind]
        try:
            return read_anew(lambda: list(fetch_assets(self.access, self.parent, types)))
        except (Unauthorized, Throttled):
            raise
        except CloudError as error:
            self._errors[kind] = error
            return []


def _reader(listing: _Listing, kind: str) -> Any:
    def read() -> pl.DataFrame:
        rows = [{name: row.get(name) for name in RESOURCE_SCHEMA} for row in listing.of(kind)]
        return frame(RESOURCE_SCHEMA, rows)

    return read


def _account(parent: str) -> str:
    """A project by its id; a folder or organisation by its whole name."""
    return parent.removeprefix("projects/")


def _condensed(failed: Sequence[Failure], projects: Mapping[str, Sequence[str]]) -> list[Failure]:
    """One failure where every kind failed, and for each project where a kind of a folder did."""
    condensed: list[Failure] = []
    for account in dict.fromkeys(each.account for each in failed):
        own = [each for each in failed if each.account == account]
        if len(own) == len(KINDS):
            own = [Failure(account, "", "", own[0].reason)]
        elif own[0].kind:
            names = projects.get(account) or [account]
            own = [replace(each, account=name) for each in own for name in names]
        condensed += own
    return condensed
