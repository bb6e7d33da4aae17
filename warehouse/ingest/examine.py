"""Check the bytes of one file and say what it is: Parquet, JSON or delimited text with its header.

Every byte is read once, to its end. Nothing here needs a database, so several files can be examined
at once.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from blake3 import blake3
from isal import isal_zlib

from warehouse.ingest.errors import NotReadable, first_line, no_space
from warehouse.ingest.lines import content
from warehouse.ingest.records import Found, Source
from warehouse.sql_text import literal, quoted

Algorithm = Literal["blake3", "sha256"]
BLAKE3 = "blake3:"  # with which its digests begin; those of SHA-256 are bare

CHUNK = 1 << 20
_ISAL = cast(type[Exception], isal_zlib.error)  # its stubs take it for an instance
DAMAGED = (EOFError, _ISAL, gzip.BadGzipFile)
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Header:
    """The first line of delimited text."""

    names: tuple[str, ...]  # unique, also without case
    delimiter: str


@dataclass(frozen=True)
class Examined:
    """The bytes of one file, found whole, under a name that DuckDB does not expand."""

    found: Found
    path: Path
    compression: str
    digest: str  # of the content, so that a packed copy counts as the same file
    size_bytes: int
    staged: Path  # where its rows go if they are text
    kind: str  # parquet, json or csv
    header: Header | None  # of csv

    @property
    def shown(self) -> str:
        """The path as given."""
        return self.found.shown

    def rows(self, names: Sequence[str], beside: str = "{}") -> Source:
        """Its rows once they are staged: columns of text. Raises `NotReadable`."""
        return Source(
            found=self.found,
            digest=self.digest,
            size_bytes=self.size_bytes,
            relation=parquet(self.staged),
            columns={name: quoted(name) for name in names},
            types=dict.fromkeys(names, "VARCHAR"),
            clean=frozenset(names),
            beside=_sidecar(self.found) if beside == "{}" else beside,
        )


def examine(staging: Path, found: Found, number: int, algorithm: Algorithm) -> Examined:
    """Read a file to its end. Raises `NotReadable` or `NoSpace`."""
    try:
        return _examine(staging, found, number, algorithm)
    except OSError as error:
        raise unreadable(found.shown, error) from error


def parquet(path: Path) -> str:
    """A table function over a Parquet file, with file_row_number."""
    options = "file_row_number = true, hive_partitioning = false"
    return f"read_parquet({literal(str(path))}, {options})"


def unreadable(shown: str, error: OSError) -> NotReadable | Exception:
    """What to say of a file that the system does not let us read, or copy."""
    return no_space(shown, error) or NotReadable(
        shown, f"the file can't be read ({error})", "a readable file", "check its permissions"
    )


def wrong_encoding(shown: str, line: int | str) -> NotReadable:
    """What to say of text that is in another encoding from that line on."""
    return NotReadable(
        shown, f"line {line} is not UTF-8 text", "UTF-8 (with or without a byte order mark)",
        "convert it, for example with: iconv -f LATIN1 -t UTF-8",
    )  # fmt: skip


def _examine(staging: Path, found: Found, number: int, algorithm: Algorithm) -> Examined:
    size = found.path.stat().st_size
    if size == 0:
        raise NotReadable(
            found.shown, "the file is empty (0 bytes)", "a header and rows", "export it again"
        )
    with _whole_gzip(found):
        path, compression = _unpack(staging, found, number)
        head, digest = _digest(path, compression, algorithm)
    kind = _kind(found.shown, head)
    header = _header(found.shown, path, compression) if kind == "csv" else None
    staged = staging / f"rows{number}.parquet"
    return Examined(found, path, compression, digest, size, staged, kind, header)


def _digest(path: Path, compression: str, algorithm: Algorithm) -> tuple[bytes, str]:
    """The beginning of the content, and the digest of all of it."""
    with content(path, compression) as file:
        head = file.read(CHUNK)
        digest = blake3(head) if algorithm == "blake3" else hashlib.sha256(head)
        while block := file.read(CHUNK):
            digest.update(block)
    return head, (BLAKE3 if algorithm == "blake3" else "") + digest.hexdigest()


def _unpack(staging: Path, found: Found, number: int) -> tuple[Path, str]:
    """A name without characters that DuckDB would expand, and the compression."""
    with found.path.open("rb") as file:
        magic = file.read(4)
    plain = staging / f"in{number}"
    if magic[:2] == b"\x1f\x8b":
        with content(found.path, "gzip") as file:
            is_parquet = file.read(4) == b"PAR1"
            if is_parquet:
                file.seek(0)
                with plain.open("wb") as target:
                    shutil.copyfileobj(file, target, CHUNK)
                return plain, "none"
        plain.symlink_to(found.path.resolve())
        return plain, "gzip"
    if magic == b"PK\x03\x04":
        _unzip(found, plain)
        return plain, "none"
    plain.symlink_to(found.path.resolve())
    return plain, "none"


@contextmanager
def _whole_gzip(found: Found) -> Generator[None]:
    """DuckDB reads a truncated gzip file without complaint, so it is read to its end here."""
    try:
        yield
    except DAMAGED as error:
        raise NotReadable(
            found.shown,
            f"the gzip stream is truncated or damaged ({first_line(error)})",
            "a complete gzip file",
            "copy or export it again",
        ) from error


def _unzip(found: Found, plain: Path) -> None:
    try:
        with zipfile.ZipFile(found.path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise NotReadable(
                    found.shown, f"a zip archive of {len(names)} files", "one file in it",
                    "unpack it and ingest the folder",
                )  # fmt: skip
            with archive.open(names[0]) as file, plain.open("wb") as target:
                shutil.copyfileobj(file, target, CHUNK)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise NotReadable(
            found.shown, f"a damaged zip archive ({error})", "a complete one", "copy it again"
        ) from error


def _kind(shown: str, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    return "json" if _text(shown, head).lstrip()[:1] in ("{", "[") else "csv"


def _text(shown: str, head: bytes) -> str:
    """The beginning of a text file. Raises `NotReadable` if it is not UTF-8."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotReadable(
            shown, "the text is UTF-16", "UTF-8",
            "convert it, for example with: iconv -f UTF-16 -t UTF-8",
        )  # fmt: skip
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) == CHUNK:  # cut inside a character
            return head[: error.start].decode("utf-8-sig")
        line = head[: error.start].count(b"\n") + 1
        raise wrong_encoding(shown, line) from error


def _header(shown: str, path: Path, compression: str) -> Header:
    with content(path, compression) as raw:
        lines = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            first = lines.readline()
            while first and first.count('"') % 2:
                first += lines.readline()
        except UnicodeDecodeError as error:
            raise wrong_encoding(shown, 1) from error
    outside = re.sub(r'"[^"]*"', "", first)
    delimiter = max(DELIMITERS, key=outside.count)
    names = next(csv.reader(io.StringIO(first), delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        raise NotReadable(shown, "the first line is blank", "a header", "export it again")
    seen: set[str] = set()
    unique: list[str] = []
    for position, name in enumerate(names, start=1):
        name = name.strip() or f"column_{position}"
        while name.lower() in seen:
            name += "_2"
        seen.add(name.lower())
        unique.append(name)
    return Header(tuple(unique), delimiter)


def _sidecar(found: Found) -> str:
    """The JSON file beside it, if there is one."""
    if found.beside is None:
        return "{}"
    try:
        return json.dumps(json.loads(found.beside.read_text("utf-8-sig")))
    except ValueError as error:
        raise NotReadable(
            found.shown, f"{found.beside.name} beside it is not valid JSON ({error})",
            "a JSON object about the file", "correct it or take it away",
        ) from error  # fmt: skip
