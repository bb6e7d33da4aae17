"""What can go wrong with the warehouse.

WarehouseError
├── WrongDuckDB       another DuckDB version than the one our extensions are built for
├── LakeUnreachable   the catalogue can't be opened
├── CatalogLost       the catalogue's server went away while something was done
├── NothingPublished  no pipeline run has published yet
├── OlderTables       what is published was made by an older version of the product
├── NewerTables       the lake was written by a newer version of the product
├── LakeBusy          another process holds the write lock for too long
├── DiskFull          there is no room for a file
├── UnknownTable      no table of that name
├── QueryRefused      SQL that does more than read the lake
└── IngestError       a delivery of bills was refused; see warehouse/ingest/errors.py
"""

import re
from collections.abc import Sequence
from pathlib import Path

LOOK = "Look whether its server runs, and whether the setting 'catalog' is right"

_PASSWORDS = (
    (re.compile(r"(://[^:/@\s]*:)[^\s]*(?=@)"), r"\1***"),  # of an address
    (re.compile(r"(\bpassword\s*=\s*)('(?:\\.|[^'])*'|\S+)", re.IGNORECASE), r"\1***"),  # of libpq
)


def without_passwords(text: str) -> str:
    """The text of an error, whoever made it, without the passwords of addresses in it."""
    for pattern, instead in _PASSWORDS:
        text = pattern.sub(instead, text)
    return text


def _why_unreachable(error: Exception) -> str:
    """Without the address, which DuckDB names up to three times."""
    told = without_passwords(str(error).splitlines()[0])
    return re.sub(r'^.*Unable to connect to Postgres at ".*?": ', "", told)


class WarehouseError(Exception):
    """Base of all errors of this package."""


class WrongDuckDB(WarehouseError):
    """The installed DuckDB can't load the pinned extensions."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(
            f"DuckDB {found} is installed, but the lake needs exactly {expected}, the version its "
            f"extensions are built for. Install it with: pip install 'duckdb=={expected}'"
        )


class LakeUnreachable(WarehouseError):
    """The catalogue can't be opened."""

    def __init__(self, where: str, error: Exception, cure: str | None = None) -> None:
        super().__init__(
            f"The catalogue {without_passwords(where)} can't be opened: "
            f"{_why_unreachable(error)}. {cure or LOOK}."
        )


class CatalogLost(WarehouseError):
    """The catalogue's server went away while something was done."""

    def __init__(self, where: str, doing: str) -> None:
        super().__init__(
            f"The connection to the catalogue {without_passwords(where)} broke off during {doing}. "
            "What was written before is kept, this step is not, or as a whole. Run the command "
            "again when the server is back: nothing is counted twice."
        )


class NothingPublished(WarehouseError):
    """There is no published snapshot to read."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"Nothing is published in {home} yet. Run 'instance-select demo' for a simulated "
            "estate, or 'instance-select ingest PATH' and 'instance-select run' for your own bills."
        )


class OlderTables(WarehouseError):
    """A query of ours asks for what the published snapshot has not."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            "What is published was made by an older version of instance.select and lacks what is "
            f"asked for here ({str(error).splitlines()[0]}). Run 'instance-select run' to bring it "
            "up to date; nothing is lost."
        )


class NewerTables(WarehouseError):
    """The lake has what this version does not know, and would leave behind."""

    def __init__(self, home: Path, unknown: Sequence[str]) -> None:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        super().__init__(
            f"The warehouse in {home} was written by a newer version of instance.select: this one "
            f"does not know {unknown[0]}{more}. Nothing was written. Use the newer version, or "
            "another home."
        )


class LakeBusy(WarehouseError):
    """The write lock could not be had in time."""

    def __init__(self, holder: str, seconds: float) -> None:
        super().__init__(
            f"The warehouse is being written by {holder or 'another process'} for more than "
            f"{seconds:g} seconds. Nothing was changed; try again when it is done."
        )


class DiskFull(WarehouseError):
    """There is no room for a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was not written, since its disk is full or your quota is used up; what was "
            "there before is unchanged. Make room, or name a file on another disk."
        )


class UnknownTable(WarehouseError):
    """No table of that name exists in the lake."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"No table named {name!r}. Known tables: {', '.join(known)}.")


class QueryRefused(WarehouseError):
    """The SQL could do more than read the lake, so it was not run."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"This SQL was not run: {found}. {expected}")


class IngestError(WarehouseError):
    """Base of everything that makes a delivery of bills be refused."""
