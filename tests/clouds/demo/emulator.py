"""The simulated estate as an emulator: nothing is called, so nothing can be refused."""

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from contract import Asked, Standard

from clouds.cloud import Cloud
from clouds.demo import connect, estate
from clouds.demo.fleet import HIDDEN_KINDS
from clouds.demo.state import State

NEVER: Mapping[str, str] = dict.fromkeys(
    ("deny", "throttle", "expire"), "never (the simulated estate has no calls and no credentials)"
)
NOW = datetime(2026, 3, 20)


class Demo:
    """A small estate, and a copy of it in which there is nothing."""

    secrets: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        self._full, self._void = folder / "full", folder / "void"
        estate.create(self._full, resources=60, months=1, as_of=NOW)
        shutil.copytree(self._full, self._void)
        with State(self._void).transaction() as connection:
            for table in ("workload", "resource", "span", "commitment", "invoice"):
                connection.execute(f"delete from {table}")
        shutil.rmtree(self._void / "bills")
        self.standard = _standard(State(self._full))

    def connect(self) -> Cloud:
        return connect(str(self._full))

    def connect_empty(self) -> Cloud:
        return connect(str(self._void))

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError

    def throttle(self, status: int, seconds: int) -> None:
        raise NotImplementedError

    def expire(self, account: str) -> None:
        raise NotImplementedError

    def heal(self) -> None: ...

    def calls(self) -> Sequence[Asked]:
        return ()


def _standard(state: State) -> Standard:
    exists = pl.col("deleted_at").is_null() & ~pl.col("kind").is_in(HIDDEN_KINDS)
    made = state.table("resource").filter(exists)
    first = made.row(0, named=True)
    spans = state.table("span").filter(pl.col("ends_at").is_null() & (pl.col("size_gib") > 0))
    sized = spans.join(made, on="resource_id", how="semi").row(0, named=True)
    return Standard(
        resources=made.height,
        created={first["resource_id"]: first["created_at"]},
        sizes={sized["resource_id"]: sized["size_gib"]},
        part=("", "", first["kind"]),
        measured=(NOW - timedelta(hours=6), NOW),
        averages={},  # drawn at random
    )


@contextmanager
def for_contract(folder: Path) -> Generator[Demo]:
    yield Demo(folder)
