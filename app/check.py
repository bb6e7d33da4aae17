"""One finding of `doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `fix` is what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    fix: str | None = None
