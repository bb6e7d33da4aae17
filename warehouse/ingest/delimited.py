"""Read delimited text with DuckDB: one file with every mistake named, or many files at once."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace

import duckdb
from duckdb import DuckDBPyConnection

from warehouse.ingest.errors import NotReadable, first_line, no_space
from warehouse.ingest.examine import CHUNK, Examined, wrong_encoding
from warehouse.ingest.lines import CsvSource, content, line_of_odd_quote
from warehouse.sql_text import literal

_LINE = re.compile(r"CSV Error on Line: (\d+)")


def rows_of(files: Sequence[Examined]) -> str:
    """A table function over files of one header and compression: text columns, nulls as nulls."""
    header = files[0].header
    assert header is not None
    paths = ", ".join(literal(str(file.path)) for file in files)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.names)
    return (
        f"read_csv([{paths}], header = true, auto_detect = false,"
        f" delim = {literal(header.delimiter)}, quote = '\"', escape = '\"',"
        f" nullstr = ['', 'NULL'], compression = '{files[0].compression}', columns = {{{types}}})"
    )


def read_alone(connection: DuckDBPyConnection, given: Examined) -> CsvSource:
    """Stage the rows of one file as text, in order. Raises `NotReadable` or `NoSpace`."""
    header = given.header
    assert header is not None
    query = f"select * from {rows_of([given])}"
    try:
        connection.execute(f"copy ({query}) to {literal(str(given.staged))} (format parquet)")
    except duckdb.Error as error:
        even = None if no_space(given.shown, error) else _with_even_lines(given)
        if even:
            return read_alone(connection, even)
        raise no_space(given.shown, error) or _bad_csv(given, header.delimiter, error) from error
    staged = given.rows(header.names)
    return CsvSource(
        **vars(staged),
        path=given.path,
        compression=given.compression,
        delimiter=header.delimiter,
    )


def _with_even_lines(given: Examined) -> Examined | None:
    """A copy in which every line ends alike, which DuckDB needs; None if they do already."""
    even = given.staged.with_suffix(".csv")
    if given.path == even:
        return None
    with content(given.path, given.compression) as file, even.open("wb") as target:
        text = io.TextIOWrapper(file, "latin-1")  # any bytes pass it unchanged
        for part in iter(lambda: text.read(CHUNK), ""):
            target.write(part.encode("latin-1"))
        is_mixed = isinstance(text.newlines, tuple)
    return replace(given, path=even, compression="none") if is_mixed else None


def _bad_csv(given: Examined, delimiter: str, error: Exception) -> NotReadable:
    shown, message = given.shown, str(error)
    line = found.group(1) if (found := _LINE.search(message)) else "?"
    if "unicode" in message.lower():
        return wrong_encoding(shown, line)
    wanted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if wanted:
        what, expected = f"line {line} has {wanted[2]} columns", f"{wanted[1]}, as in the header"
    elif "quote" in message.lower() and (
        odd := line_of_odd_quote(given.path, given.compression, delimiter)
    ):
        what = f"line {odd} goes on after the end of a quoted text"
        expected = "a delimiter there; a quote inside of quoted text is written twice"
    elif "quote" in message.lower():
        what, expected = f"line {line} opens a quote that is never closed", "a closing quote"
    else:
        what, expected = (
            f"line {line} can't be parsed ({first_line(error)})",
            "comma-separated text",
        )
    return NotReadable(shown, what, expected, "the file may be truncated: copy or export it again")
