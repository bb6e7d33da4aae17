"""Read everything that exists in all enabled regions of all accounts."""

from collections.abc import Iterator, Sequence

import polars as pl

from clouds.aws.access import GLOBAL, Account
from clouds.aws.inventory import (
    compute,
    containers,
    data,
    identity,
    jobs,
    links,
    network,
    stores,
)
from clouds.aws.place import Place, Reader, Record
from clouds.cloud import RESOURCE_SCHEMA, Failure, Reading
from clouds.errors import CloudError, Unauthorized
from clouds.sweep import Part, frame, sweep

READERS: tuple[Reader, ...] = (
    *compute.READERS, *network.READERS, *data.READERS, *containers.READERS, *identity.READERS,
    *stores.READERS, *jobs.READERS, *links.READERS,
)  # fmt: skip
ROWS = 5_000  # records that are held as Python objects


def inventory(accounts: Sequence[Account], regions: Sequence[str] | None) -> Reading:
    """All resources; what could not be read is in `failed`."""
    parts: list[Part] = []
    failed: list[Failure] = []
    for account in accounts:
        try:
            enabled = enabled_regions(account)
        except CloudError as error:
            kind = "" if isinstance(error, Unauthorized) else "region"
            failed.append(Failure(account.id, "", kind, str(error)))
            if kind == "" or regions is None:
                continue
            enabled = list(regions)
        wanted = enabled if regions is None else [each for each in regions if each in enabled]
        failed += [_not_enabled(account, each) for each in regions or () if each not in wanted]
        parts += [
            part(account, region, reader)
            for reader in READERS
            for region in (wanted if reader.where == "region" else [GLOBAL])
        ]
    found = sweep(parts, RESOURCE_SCHEMA)
    return Reading(_with_groups(found.rows), found.read, [*failed, *found.failed])


def enabled_regions(account: Account) -> list[str]:
    """The regions that are switched on in the account."""
    answer = account.call("ec2", "describe_regions")
    return sorted(each["RegionName"] for each in answer["Regions"])


def part(account: Account, region: str, reader: Reader) -> Part:
    """One kind in one region of one account."""
    return Part(
        "aws", account.id, region, reader.kind, lambda: _read(Place(account, region), reader)
    )


def _read(place: Place, reader: Reader) -> pl.DataFrame:
    """The rows of one part; only a few thousand of them are Python objects at a time."""
    frames: list[pl.DataFrame] = []
    held: list[Record] = []
    for each in _records(place, reader):
        held.append(each)
        if len(held) == ROWS:
            frames.append(frame(RESOURCE_SCHEMA, held))
            held = []
    return pl.concat([*frames, frame(RESOURCE_SCHEMA, held)])


def _records(place: Place, reader: Reader) -> Iterator[Record]:
    for payload in reader.fetch(place):
        yield from reader.parse(payload, place)


def _with_groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Instances know their scaling group by its name; put its id there, null if it is unknown."""
    scope = ("account", "region")
    groups = rows.filter(pl.col("kind") == "scaling_group").select(
        *scope, pl.col("name").alias("member_of"), pl.col("resource_id").alias("group_id")
    )
    is_named = (pl.col("kind") == "instance") & ~pl.col("member_of").str.starts_with("arn:")
    return (
        rows.join(groups, on=[*scope, "member_of"], how="left", maintain_order="left")
        .with_columns(pl.when(is_named).then("group_id").otherwise("member_of").alias("member_of"))
        .select(list(RESOURCE_SCHEMA))
        .sort("account", "region", "kind", "resource_id")
    )


def _not_enabled(account: Account, region: str) -> Failure:
    return Failure(
        account.id, region, "",
        f"the region {region} is not enabled in this account; enable it or take it out of the "
        "source option 'regions'",
    )  # fmt: skip
