"""How a cloud's own billing files look: the records that `clouds/<cloud>/billing.py` declares.

A cloud folder with a module `billing` that has `LAYOUTS` is found by the ingestion; nothing else is
needed for a new format. FOCUS needs no layout: it is the target of every mapping.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import clouds


@dataclass(frozen=True)
class Layout:
    """One native format and its mapping to FOCUS.

    The mapping is a select over a relation named `bill`, with one column for each entry of
    `columns` (a decimal if it is one of `numbers`, else text; null where the file lacks it), `tags`
    (JSON object or null) and `file_name`.
    """

    name: str  # as in raw.billing_manifest.layout: aws-cur, gcp-detailed
    cloud: str
    provider: str
    package: str  # where `sql` lies: clouds.aws
    sql: str  # file with the mapping
    columns: Mapping[str, Sequence[str]]  # name in `bill` -> further names it goes by in files
    required: frozenset[str]  # a file without one of these is not of this layout
    numbers: frozenset[str] = frozenset()  # columns whose text must be a number
    times: frozenset[str] = frozenset()  # columns whose text must be a time
    credits: frozenset[str] = frozenset()  # columns whose text must be a JSON list of amounts
    kept: frozenset[str] = frozenset()  # columns that are mapped and kept in x_extra, too
    tag_columns: Sequence[tuple[str, str]] = ()  # prefix of a column -> prefix of the tag's key
    nulls: frozenset[str] = frozenset()  # further texts that mean null in `numbers` and `times`
    variants: Mapping[str, str] = field(default_factory=dict[str, str])  # word in names -> layout
    variant_sql: str | None = None  # file with a select of each variant's evidence, in rows
    records: str | None = None  # JSON documents: path of the array that holds the lines

    def mapping(self) -> str:
        """The SQL that maps `bill` to FOCUS."""
        return _sql(self.package, self.sql)

    def evidence(self) -> str | None:
        """The SQL that counts the rows which speak for each variant."""
        return _sql(self.package, self.variant_sql) if self.variant_sql else None


@dataclass(frozen=True)
class ListedFile:
    """A data file as a manifest names it."""

    key: str  # object key or blob name
    size_bytes: int | None = None  # where the provider says so


@dataclass(frozen=True)
class Manifest:
    """One complete delivery, as its provider describes it."""

    path: Path
    cloud: str
    export: str  # name of the feed: the newest delivery of an export and period wins
    run: str  # id of this delivery
    period: str  # YYYY-MM, empty where the manifest does not say
    files: Sequence[ListedFile]
    submitted_at: datetime | None  # UTC
    root: Path  # the folder whose data files it governs
    origin: str = ""  # tells apart exports of one name that come from different places
    prefix: str = ""  # with which the names of those files begin
    variant: str | None = None  # a word that tells the layout: AmortizedCost
    sub_account: str = (
        ""  # what it is confined to, in lower case; empty = the whole billing account
    )
    """`<SubAccountId>`, or `<SubAccountId>/<resource group>`: exports of different ones add up."""


ManifestReader = Callable[[Path, Mapping[str, Any]], Manifest | None]
"""Reads a parsed JSON file; None if it is not a manifest of this cloud."""


def layouts() -> list[Layout]:
    """Every native layout of every cloud folder."""
    return [layout for module in _modules() for layout in getattr(module, "LAYOUTS", ())]


def manifest_readers() -> list[ManifestReader]:
    """The manifest reader of every cloud folder that has one."""
    return [module.read_manifest for module in _modules() if hasattr(module, "read_manifest")]


def plain(name: str) -> str:
    """A column name without case and punctuation: `lineItem/UnblendedCost` = `line_item_...`.

    >>> plain("lineItem/UnblendedCost") == plain("line_item_unblended_cost")
    True
    """
    return re.sub(r"[^0-9a-z]", "", name.lower())


def _modules() -> list[Any]:
    """Found as files, since asking a package for its modules imports it with its SDK."""
    folders = sorted(
        path.parent.name for root in clouds.__path__ for path in Path(root).glob("*/billing.py")
    )
    return [import_module(f"clouds.{name}.billing") for name in folders]


def _sql(package: str, file: str) -> str:
    return (files(package) / file).read_text()
