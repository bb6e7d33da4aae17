"""Read many accounts, regions and kinds at once: what fails is reported, the rest is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import polars as pl

from clouds.cloud import Failure, Reading
from clouds.errors import CloudError, Unauthorized
from clouds.paging import read_anew

WORKERS = 8  # threads; most of the time is waiting


@dataclass(frozen=True)
class Part:
    """One kind of thing in one region of one account, and how to read it."""

    cloud: str
    account: str
    region: str
    kind: str
    read: Callable[[], pl.DataFrame]

    @property
    def scope(self) -> tuple[str, str, str]:
        """What may close resources that are missing once it has been read."""
        return self.cloud, self.account, self.region


def sweep(parts: Sequence[Part], schema: Mapping[str, pl.DataType]) -> Reading:
    """All rows of all parts; see `sweep_in_chunks`."""
    chunks = list(sweep_in_chunks(parts, schema))
    rows = pl.concat([frame(schema), *(chunk.rows for chunk in chunks)])
    failed = [failure for chunk in chunks for failure in chunk.failed]
    read = [scope for chunk in chunks for scope in chunk.read]
    return Reading(rows, read, failed)


def sweep_in_chunks(parts: Sequence[Part], schema: Mapping[str, pl.DataType]) -> Iterator[Reading]:
    """The rows of each part as soon as it is read; scopes and failures come last.

    Credentials that are refused end their account: one failure says so, and nothing of it counts
    as read. Any other `CloudError` is a failure of its part alone. A part whose page token has
    expired is begun again, once.
    """
    refused: dict[str, Failure] = {}
    failed: list[Failure] = []

    def read(part: Part) -> pl.DataFrame:
        if part.account in refused:
            return frame(schema)
        try:
            return read_anew(part.read)
        except Unauthorized as error:  # noted here: whoever collects the rows may be slower
            refused.setdefault(part.account, Failure(part.account, "", "", str(error)))
            return frame(schema)

    with ThreadPoolExecutor(WORKERS) as pool:
        running = {pool.submit(read, part): part for part in parts}
        for done in as_completed(running):
            part = running[done]
            try:
                rows = done.result()
            except CloudError as error:
                failed.append(Failure(part.account, part.region, part.kind, str(error)))
            else:
                yield Reading(rows.select(pl.col(name).cast(schema[name]) for name in schema))
    failed = [each for each in failed if each.account not in refused]
    yield Reading(frame(schema), _read(parts, failed, refused), [*refused.values(), *failed])


def frame(
    schema: Mapping[str, pl.DataType], records: Sequence[Mapping[str, Any]] = ()
) -> pl.DataFrame:
    """Records as a frame with exactly these columns; what a record lacks is null."""
    return pl.DataFrame(list(records), schema=dict(schema))


def _read(
    parts: Sequence[Part], failed: Sequence[Failure], refused: Mapping[str, Failure]
) -> list[tuple[str, str, str]]:
    """The scopes of which something was read."""
    lost = {(failure.account, failure.region, failure.kind) for failure in failed}
    return list(
        dict.fromkeys(
            part.scope
            for part in parts
            if part.account not in refused and (part.account, part.region, part.kind) not in lost
        )
    )
