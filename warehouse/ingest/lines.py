"""The lines of a CSV file: on which of them a row begins."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from isal import igzip

from warehouse.ingest.records import Source

LONGEST = 1 << 30  # characters of one field; Python's own limit is far below what DuckDB reads


@dataclass(frozen=True, kw_only=True)
class CsvSource(Source):
    """A CSV file, checked and open to SQL, and where its text lies."""

    path: Path
    compression: str
    delimiter: str

    def line_of(self, row: int) -> int:
        """The line on which a row begins, as a text editor counts, the first row being 0.

        Blank lines are no rows and quoted text may hold line ends, so the text is read again up to
        there. It is asked once, to word a refusal.
        """
        csv.field_size_limit(LONGEST)
        with content(self.path, self.compression) as file:
            text = io.TextIOWrapper(file, "utf-8-sig", newline="")
            records = csv.reader(text, delimiter=self.delimiter, skipinitialspace=True)
            line, seen = 1, -1  # the header is no row
            for record in records:
                if record and seen == row:
                    break
                seen += bool(record)
                line = records.line_num + 1
        return line


def line_of_odd_quote(path: Path, compression: str, delimiter: str) -> int | None:
    """The line on which text goes on after its closing quote; None if a quote is never closed."""
    csv.field_size_limit(LONGEST)
    with content(path, compression) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        records = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            for _ in records:
                continue
        except csv.Error as error:
            return records.line_num if "expected after" in str(error) else None
    return None


def content(path: Path, compression: str) -> IO[bytes]:
    """The bytes of a file, unpacked."""
    return cast(IO[bytes], igzip.open(path)) if compression == "gzip" else path.open("rb")
