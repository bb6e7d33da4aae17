"""What the tests of each cloud offer, so that `test_contract.py` can try it.

`tests/clouds/<cloud>/emulator.py` holds

    NEVER: Mapping[str, str]  # fault or ability -> why the cloud has none; may be left out

    @contextmanager
    def for_contract(folder: Path) -> Generator[Emulator]: ...

`folder` is empty and its own. Both are imported by path, with the file's folder on sys.path.
"""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Protocol

from proxy import Call

from clouds.cloud import Cloud

HERE = Path(__file__).parent
SLOW = 0.25  # seconds
FAULTS = ("empty", "deny", "throttle", "expire")  # what NEVER may name, besides abilities
ABILITIES = ("credentials", "bills", "inventory", "metrics", "offers", "prices", "commitments",
             "invoices")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One call that the cloud got, and when its answer went out; seconds of one clock."""

    at: float
    answered_at: float
    account: str
    api: str  # what shares one budget: ec2, compute, ...
    status: int


@dataclass(frozen=True)
class Standard:
    """What is in the standard estate; a cloud without an inventory has none.

    It has two accounts, regions and kinds wherever the cloud can; more resources of one kind than
    fit on a page; and one tag with quotes, an emoji and as many characters as the cloud allows.
    """

    resources: int  # in the inventory
    created: Mapping[str, datetime]  # resource_id -> when, UTC, of some of them
    part: tuple[str, str, str]  # account, region, kind of a part that holds something
    measured: tuple[datetime, datetime]  # [since, until) in which something was measured, UTC
    sizes: Mapping[str, float] = field(default_factory=dict[str, float])
    """resource_id -> GiB, of some of them."""
    averages: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """resource_id and metric -> its average in each hour of `measured`."""


class Emulator(Protocol):
    """One running emulator with a standard estate and an empty account."""

    standard: Standard
    secrets: Sequence[str]  # all that may appear nowhere: keys, tokens, passwords

    def connect(self) -> Cloud:
        """Connected to the standard estate, through `clouds/<cloud>`'s own `connect`."""
        ...

    def connect_empty(self) -> Cloud:
        """Connected to an account with nothing in it."""
        ...

    def deny(self, account: str, region: str, kind: str) -> None:
        """Refuse to show this kind there; an empty kind is all that belongs to the region."""
        ...

    def throttle(self, status: int, seconds: int) -> None:
        """Answer the next call of the inventory so, with `Retry-After: seconds`.

        Until `heal`, all other answers take `SLOW` seconds, so that calls which were under way are
        told from those that don't wait.
        """
        ...

    def expire(self, account: str) -> None:
        """Refuse the credentials of this account, as if they had expired."""
        ...

    def heal(self) -> None:
        """End all faults."""
        ...

    def calls(self) -> Sequence[Asked]:
        """Every call of this emulator so far."""
        ...


def asked(call: Call, api: str) -> Asked:
    """A call that a `proxy.Proxy` has recorded and answered."""
    assert call.answered_at is not None
    assert call.status is not None
    return Asked(call.at, call.answered_at, call.account, api, call.status)


def emulator_file(cloud: str) -> Path:
    """The file to write for a cloud."""
    return HERE / cloud / "emulator.py"


def has_emulator(cloud: str) -> bool:
    """Whether the file is there and is for this contract."""
    file = emulator_file(cloud)
    return file.exists() and "def for_contract(" in file.read_text()


def never(cloud: str) -> Mapping[str, str]:
    """Which faults the emulator can't make, which abilities the cloud lacks, and why.

    One that can't be imported fails in the tests of its cloud, not in those of all.
    """
    try:
        return getattr(emulator_module(cloud), "NEVER", {})
    except ImportError:
        return {}


def emulator_module(cloud: str) -> ModuleType:
    """The emulator of a cloud."""
    return module_at(emulator_file(cloud))


def module_at(file: Path) -> ModuleType:
    """Import it under a name of its own: all clouds have an `emulator.py`."""
    name = f"{file.stem}_of_{file.parent.name}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    sys.modules[name] = module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def started(cloud: str, folder: Path) -> Generator[Emulator]:
    """The emulator of a cloud while the block lasts."""
    folder.mkdir(parents=True)
    with emulator_module(cloud).for_contract(folder) as emulator:
        yield emulator
