"""A folder of Oracle's cost reports, which is all that is read of it, for the contract."""

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from contract import HERE, Asked, Standard

from clouds.cloud import Cloud
from clouds.oci import connect

NEVER: Mapping[str, str] = {
    **dict.fromkeys(("deny", "throttle", "expire"), "never (files are read, nothing is called)"),
    **dict.fromkeys(
        ("inventory", "metrics", "offers", "prices", "commitments", "invoices"),
        "not built yet: a reader of more than bills",
    ),
}
SAMPLE = HERE.parent / "samples" / "oci_cost_report_no_tags.csv.gz"


class Emulator:
    """A folder with a report in it, and an empty one."""

    secrets: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        self._full, self._void = folder / "full", folder / "void"
        for each in (self._full, self._void):
            each.mkdir()
        shutil.copy(SAMPLE, self._full)

    @property
    def standard(self) -> Standard:
        raise NotImplementedError(NEVER["inventory"])

    def connect(self) -> Cloud:
        return connect(bills=str(self._full))

    def connect_empty(self) -> Cloud:
        return connect(bills=str(self._void))

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError(NEVER["deny"])

    def throttle(self, status: int, seconds: int) -> None:
        raise NotImplementedError(NEVER["throttle"])

    def expire(self, account: str) -> None:
        raise NotImplementedError(NEVER["expire"])

    def heal(self) -> None: ...

    def calls(self) -> Sequence[Asked]:
        return ()


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    yield Emulator(folder)
