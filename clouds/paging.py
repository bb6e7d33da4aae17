"""Begin a listing again whose page token is no longer known."""

from collections.abc import Callable
from typing import TypeVar

from clouds.errors import StalePage

Answer = TypeVar("Answer")


def read_anew(read: Callable[[], Answer]) -> Answer:
    """A whole listing, begun again once: `read` starts at the first page each time it is called.

    Raises `StalePage` if that happens twice.
    """
    try:
        return read()
    except StalePage:
        return read()
