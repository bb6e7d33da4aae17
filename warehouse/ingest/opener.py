"""Open and add up the files of deliveries: those of one header together, the others one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from duckdb import DuckDBPyConnection

from warehouse.ingest.discover import Listing, refused
from warehouse.ingest.errors import IngestError, NotReadable
from warehouse.ingest.examine import Algorithm, Examined, examine
from warehouse.ingest.measure import measure, months
from warehouse.ingest.read import read
from warehouse.ingest.records import Bill, Delivery, Found, LoadedFile, Source, Unread
from warehouse.ingest.sub_account import refuse_lines_of_others
from warehouse.ingest.together import fits, read_together

Progress = Callable[[str], None]
WORKERS = 4  # files examined at once; unpacking and digesting run beside each other


class Opener:
    """Opens and measures files; refused ones become entries."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        staging: Path,
        progress: Progress,
        entries: list[LoadedFile],
        algorithm: Algorithm,
    ) -> None:
        self.connection = connection
        self.staging = staging
        self.progress = progress
        self.entries = entries
        self.algorithm: Algorithm = algorithm
        self.unread: dict[str, Unread] = {}  # by absolute path
        self._numbers = count(1)  # of the files in the staging folder

    def delivery(self, listing: Listing) -> Delivery | None:
        """The files of one manifest: all of them, or none."""
        empty = [found for found in listing.files if found.path.stat().st_size == 0]
        filled = [found for found in listing.files if found not in empty]
        bills: dict[int, Bill] = {}
        for position, outcome in self._outcomes(filled, listing):
            if isinstance(outcome, IngestError):
                self._refuse(listing, filled[position], outcome)
                return None
            bills[position] = outcome
        ordered = [bills[position] for position in sorted(bills)]
        return Delivery(ordered, listing.manifest, listing.shown, empty)

    def loose(self, files: Sequence[Found]) -> list[Delivery]:
        """Files without a manifest: those of one layout and folder are chunks of one delivery."""
        groups: dict[tuple[str, str], list[Bill]] = {}
        outcomes = dict(self._outcomes(files, None))
        for position, found in enumerate(files):
            outcome = outcomes[position]
            if isinstance(outcome, IngestError):
                self.entries.append(refused(found.shown, outcome))
            else:
                groups.setdefault((outcome.layout, found.folder), []).append(outcome)
        return [Delivery(bills) for bills in groups.values()]

    def _refuse(self, listing: Listing, found: Found, error: IngestError) -> None:
        self.entries.append(refused(found.shown, error))
        self.entries += [
            refused(other.shown, NotReadable(
                other.shown, f"{found.shown} of the same manifest was refused",
                "all files of a delivery", "see the reason given there",
            ))
            for other in listing.files if other.shown != found.shown
        ]  # fmt: skip

    def _outcomes(
        self, files: Sequence[Found], listing: Listing | None
    ) -> Iterator[tuple[int, Bill | IngestError]]:
        """The bill of each file, by its position, or why it is refused, as soon as that is known.

        Damaged files come first: they are found before any row is read.
        """
        whole: dict[int, Examined] = {}
        for position, given in enumerate(self._examine(files)):
            if isinstance(given, IngestError):
                self._remember(files[position])
                yield position, given
            else:
                whole[position] = given
        for positions in _alike(whole):
            yield from self._bills({position: whole[position] for position in positions}, listing)

    def _examine(self, files: Sequence[Found]) -> Iterator[Examined | IngestError]:
        def each(found: Found, number: int) -> Examined | IngestError:
            try:
                return examine(self.staging, found, number, self.algorithm)
            except IngestError as error:
                return error

        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                for found, result in zip(files, pool.map(each, files, self._numbers), strict=True):
                    self.progress(f"reading {found.shown}")
                    yield result
            finally:
                pool.shutdown(cancel_futures=True)

    def _bills(
        self, files: Mapping[int, Examined], listing: Listing | None
    ) -> Iterator[tuple[int, Bill | IngestError]]:
        """Files that are alike, in one pass; if that fails, in two passes of half of them each."""
        positions, given = list(files), list(files.values())
        can_share = fits(given[0])
        bills = read_together(self.connection, given, listing) if can_share else None
        if bills is not None:
            for position, bill in zip(positions, bills, strict=True):
                yield position, self._in_scope(bill, listing)
        elif len(given) == 1 or not can_share:
            for position in positions:
                yield position, self._alone(files[position], listing)
        else:
            middle = len(positions) // 2
            for half in (positions[:middle], positions[middle:]):
                yield from self._bills({position: files[position] for position in half}, listing)

    def _alone(self, given: Examined, listing: Listing | None) -> Bill | IngestError:
        """One file, with everything that may be said of it."""
        source: Source | None = None
        try:
            source = read(self.connection, given)
            bill = measure(self.connection, source, listing.manifest.variant if listing else None)
        except IngestError as error:
            self._remember(given.found, source)
            return error
        return self._in_scope(bill, listing)

    def _in_scope(self, bill: Bill, listing: Listing | None) -> Bill | IngestError:
        """The bill, unless its manifest says that it is an export of something else."""
        if listing is None:
            return bill
        try:
            scope = listing.manifest.sub_account
            refuse_lines_of_others(self.connection, bill, scope, listing.shown)
        except IngestError as error:
            self._remember(bill.source.found, bill.source)
            return error
        return bill

    def _remember(self, found: Found, source: Source | None = None) -> None:
        """A refused file, and the months that it would have been of, as far as they are known."""
        known = months(self.connection, source) if source else None
        self.unread[str(found.path.resolve())] = Unread(found.shown, found.folder, known)


def _alike(files: Mapping[int, Examined]) -> Iterable[list[int]]:
    """Positions of the files that one pass may read, by what they must have in common."""
    groups: dict[object, list[int]] = {}
    seen: set[str] = set()
    for position, given in files.items():
        is_single = given.header is None or bool(given.found.beside) or given.shown in seen
        key = position if is_single else (given.header, given.compression)
        groups.setdefault(key, []).append(position)
        seen.add(given.shown)
    return groups.values()
