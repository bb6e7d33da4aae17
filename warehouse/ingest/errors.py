"""Why a file or a delivery of bills is refused.

IngestError
├── NothingThere       the path does not exist, or the folder holds no bills
├── NotReadable        truncated, damaged, empty or in another encoding
├── UnknownFormat      the columns are those of no format we know, or some are missing
├── OtherDataset       FOCUS, but not Cost and Usage
├── BadValue           a value that can't be what its column says
├── UnknownCurrency    not an ISO 4217 code
├── BrokenManifest     the manifest and the files do not agree
├── OutOfScope         lines of another subscription than the manifest says
├── Conflict           two feeds, versions or exports for one account and period
├── EmptyDelivery      no rows for a period that had rows
│   └── StillLoaded    one file of several has no rows, but had some
└── NoSpace            the disk is full
"""

from collections.abc import Collection, Sequence

from warehouse.errors import IngestError
from warehouse.whole_file import is_full

__all__ = [
    "BadValue",
    "BrokenManifest",
    "Conflict",
    "EmptyDelivery",
    "IngestError",
    "NoSpace",
    "NotReadable",
    "NothingThere",
    "OtherDataset",
    "OutOfScope",
    "StillLoaded",
    "UnknownCurrency",
    "UnknownFormat",
    "first_line",
    "no_space",
]


class NothingThere(IngestError):
    """There is nothing to ingest at that path."""


class NotReadable(IngestError):
    """The bytes are not what the file claims to be."""

    def __init__(self, file: str, found: str, expected: str, cure: str) -> None:
        self.file = file
        super().__init__(f"{file}: {found}; expected {expected}. Nothing was loaded; {cure}.")


class UnknownFormat(IngestError):
    """The header is that of no format we know."""

    def __init__(
        self,
        file: str,
        found: Sequence[str],
        known: Sequence[str],
        closest: str | None = None,
        missing: Collection[str] = (),
    ) -> None:
        self.file = file
        shown = ", ".join(found[:8]) + (f", ... ({len(found)} columns)" if len(found) > 8 else "")
        near = (
            f"; the closest is {closest}, which also needs {', '.join(missing)}" if closest else ""
        )
        super().__init__(
            f"{file}: wrong header: found the columns {shown}; expected those of {', '.join(known)}"
            f"{near}. Nothing of this file was loaded; export it again in one of these formats."
        )


class OtherDataset(IngestError):
    """A dataset of FOCUS that holds no charges."""

    def __init__(self, file: str, dataset: str, what: str) -> None:
        self.file = file
        self.dataset = dataset
        super().__init__(
            f"{file}: found FOCUS {what}, which hold no charges (dataset {dataset}); expected the "
            "dataset Cost and Usage (CostAndUsage), the only one of FOCUS that is read. Nothing of "
            "this file was loaded; take it out of the given paths, and ingest the Cost and Usage "
            "export."
        )


class BadValue(IngestError):
    """One value can't be read as what its column holds."""

    CURE = "correct the value or export the file again"

    def __init__(
        self,
        file: str,
        place: str,
        column: str,
        value: str,
        expected: str,
        rows: int,
        type_: str = "",
        cure: str = CURE,
    ) -> None:
        self.file = file
        self.column = column
        of_type = f" of type {type_}" if type_ else ""
        more = f" ({rows} rows in all)" if rows > 1 else ""
        super().__init__(
            f"{file}, {place}, column {column}{of_type}: found {value!r}, "
            f"expected {expected}{more}. Nothing of this file was loaded; {cure}."
        )


class UnknownCurrency(IngestError):
    """A billing currency that is not in ISO 4217."""

    def __init__(self, file: str, place: str, column: str, value: str | None, rows: int) -> None:
        self.file = file
        super().__init__(
            f"{file}, {place}, column {column}: found the currency {value!r} ({rows} rows), "
            "expected an ISO 4217 code such as USD, EUR or JPY. Nothing of this file was loaded; "
            "correct the export's currency."
        )


class BrokenManifest(IngestError):
    """A manifest names what is not there, or not as it says."""

    def __init__(self, manifest: str, found: str, cure: str) -> None:
        self.manifest = manifest
        super().__init__(f"{manifest}: {found}. Nothing of this period was changed; {cure}.")


class OutOfScope(IngestError):
    """An export of a part of a billing account holds charges of another part."""

    def __init__(self, file: str, manifest: str, scope: str, rows: int, other: str) -> None:
        self.file = file
        super().__init__(
            f"{file}: {rows} rows are of {other}, but {manifest} says that this is an export of "
            f"{scope}; expected its charges only, since those of others may be in their own "
            "exports too. Nothing of this delivery was loaded; export it again, or export the "
            "whole billing account and ingest only that."
        )


class Conflict(IngestError):
    """Loading it would count the same charges twice."""


class EmptyDelivery(IngestError):
    """A delivery without rows would delete a period."""


class StillLoaded(EmptyDelivery):
    """A file without rows, of which an earlier version is loaded and stays."""

    def __init__(self, file: str, rows: int) -> None:
        self.file = file
        super().__init__(
            f"{file}: alarm: a header but no rows; expected charges, as {rows} rows of it are "
            "loaded. They stay, since a file without rows never replaces a period; export it again."
        )


class NoSpace(IngestError):
    """The disk is full."""


def no_space(place: str, error: Exception) -> NoSpace | None:
    """The error as `NoSpace` if that is what it is."""
    if not is_full(error):
        return None
    return NoSpace(
        f"{place}: the disk is full ({first_line(error)}). Nothing of this delivery was loaded"
        " and nothing was replaced; free some space in the home folder and ingest it again."
    )


def first_line(error: Exception) -> str:
    """What another program's error says, without its pictures."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
