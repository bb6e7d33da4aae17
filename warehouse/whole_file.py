"""Write a file whole or not at all, and tell a full disk from other errors."""

import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from warehouse.errors import DiskFull

_FULL = re.compile(
    r"no space left|disk quota|file too large|out of disk|max_temp_directory"
    r"|database or disk is full",
    re.IGNORECASE,
)


def is_full(error: Exception) -> bool:
    """Whether the error of the system or of a library says that there is no room."""
    return bool(_FULL.search(str(error)))


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """A place beside `path` to write to; at the end it becomes `path`, with the rights that had.

    Readers of `path` see the old file or the new one, never a part. Raises `DiskFull`.
    """
    target = path.resolve()  # a link stays one
    try:
        if target.exists() and not target.is_file():  # a device or a pipe
            yield target
        else:
            with _replacing(target) as partial:
                yield partial
    except Exception as error:
        if is_full(error):
            raise DiskFull(path) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write it as UTF-8. Raises `DiskFull`."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def _replacing(target: Path) -> Generator[Path]:
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield partial
        with suppress(FileNotFoundError):
            shutil.copymode(target, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
