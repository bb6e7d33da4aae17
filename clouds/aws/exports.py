"""Bring billing exports from S3 into a folder, each delivery whole or not at all.

AWS writes a manifest when all data files of a period are there. We download what the newest
manifest of each period lists to a folder aside, and put it in place of the older delivery with the
manifest last: whoever kills us leaves the old delivery, or one without a manifest, which the
ingestion refuses as incomplete.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from clouds.aws.access import Account
from clouds.aws.billing import read_manifest
from clouds.cloud import Failure
from clouds.errors import CloudError, Unreadable
from clouds.paging import read_anew

STATE = "downloaded.json"
ASIDE = ".arriving"
WORKERS = 8  # files at once
ATTEMPTS = 3  # of one file whose transfer is cut, and of one delivery that changes under us
BLOCK = 1 << 20  # bytes
PAGE = 1000  # objects of one answer; the most that S3 gives
SETTLED = timedelta(hours=6)  # longer than AWS takes to write one delivery
_DELIVERY = re.compile(
    r"^(.*/metadata/billing_period=\d{4}-\d{2})/|^(.*/\d{8}-\d{8})/", re.IGNORECASE
)


Fetched = TypeVar("Fetched")


@dataclass(frozen=True)
class Place:
    """Where exports lie: everything under the prefix, read with one account's credentials."""

    bucket: str
    prefix: str
    account: Account
    region: str | None = None


@dataclass(frozen=True)
class Object:
    """One object as S3 lists it."""

    key: str
    etag: str
    size: int
    modified: datetime  # UTC


@dataclass(frozen=True)
class Delivery:
    """The newest manifest of one export and period, and the objects that it lists."""

    name: str  # bucket and folder of the period
    manifest: Object
    files: Sequence[Object]


class Changed(Unreadable):
    """A newer delivery replaced this one while it was downloaded."""


def mirror(place: Place, folder: Path, now: datetime, anew: Collection[date] = ()) -> list[Failure]:
    """Download what is new at one place into `folder`/`bucket`; returns what could not be read.

    `folder` keeps the state of earlier calls; deliveries of the months in `anew` are downloaded in
    any case. Raises nothing: a place that fails is a failure.
    """
    failed: list[Failure] = []

    def tell(error: CloudError, what: str) -> None:
        reason = f"s3://{place.bucket}/{what}: {error}"
        failed.append(Failure(place.account.id, place.region or "", "bills", reason))

    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / ASIDE, ignore_errors=True)  # of a delivery that was not finished
    try:
        listed = fetch_listing(place)
        manifests = newest_manifests(listed)
    except CloudError as error:
        tell(error, place.prefix)
        return failed
    if not manifests:
        tell(Unreadable("no manifest of an export lies there (yet). AWS delivers the first within "
                        "a day; check bucket and prefix of the source option 'exports'."),
             place.prefix)  # fmt: skip
    for name, manifest in manifests.items():
        try:
            state = _State(folder, f"{place.bucket}/{name}")
            if _month(name) in anew:
                state.doubt()
            _bring(place, folder, name, manifest, listed, now, state)
        except CloudError as error:
            tell(error, manifest.key)
    return failed


def fetch_listing(place: Place) -> dict[str, Object]:
    """Every object under the prefix, by key; begun again once if a page token expires."""

    def read() -> dict[str, Object]:
        pages = place.account.pages(
            "s3", "list_objects_v2", place.region, Bucket=place.bucket, Prefix=place.prefix,
            PaginationConfig={"PageSize": PAGE},
        )  # fmt: skip
        return {found.key: found for page in pages for found in parse_listing(page)}

    return read_anew(read)


def parse_listing(page: Mapping[str, Any]) -> Iterator[Object]:
    """The objects of one page."""
    for entry in page.get("Contents", ()):
        modified = entry["LastModified"].replace(tzinfo=None)
        yield Object(entry["Key"], entry["ETag"], int(entry["Size"]), modified)


def newest_manifests(listed: Mapping[str, Object]) -> dict[str, Object]:
    """The newest manifest of each export and period; a legacy report has copies, one per run."""
    newest: dict[str, Object] = {}
    for found in listed.values():
        delivery = _DELIVERY.match(found.key)
        if delivery is None or not found.key.lower().endswith("-manifest.json"):
            continue
        name = f"{delivery[1] or delivery[2]}/{found.key.rsplit('/', 1)[1]}"
        known = newest.get(name)
        if known is None or _age(known) < _age(found):
            newest[name] = found
    return newest


def parse_manifest(place: Place, manifest: Object, content: bytes) -> list[str]:
    """The keys that a manifest lists. Raises `Unreadable` if it is not one that we know."""
    try:
        read = read_manifest(Path("/", place.bucket, manifest.key), json.loads(content))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise Unreadable(f"the manifest can't be understood ({error}); export it again") from error
    if read is None:
        raise Unreadable("not a manifest of Data Exports or of a Cost and Usage Report")
    return [file.key for file in read.files]


def _month(name: str) -> date | None:
    """The billing month of a delivery's folder."""
    found = re.search(r"billing_period=(\d{4})-(\d{2})|/(\d{4})(\d{2})\d{2}-\d{8}", name.lower())
    year, month = [part for part in found.groups() if part] if found else (None, None)
    return date(int(year), int(month), 1) if year and month else None


def _age(manifest: Object) -> tuple[datetime, str, int]:
    """Runs kept side by side have their time in the key; the copy at the top has none, and wins."""
    return (
        manifest.modified,
        manifest.key if "/metadata/" in manifest.key else "",
        -len(manifest.key),
    )


def _bring(
    place: Place, folder: Path, name: str, manifest: Object, listed: Mapping[str, Object],
    now: datetime, state: "_State",
) -> None:  # fmt: skip
    """Download one delivery and put it in place, again if it is replaced meanwhile."""
    for attempt in range(1, ATTEMPTS + 1):
        if state.holds(manifest) and all(
            _local(folder, place, key).exists() for key in state.objects()
        ):
            return
        try:
            delivery = _resolve(place, name, manifest, listed, now)
            _download(place, folder, delivery, state)
            _swap(place, folder, delivery, state)
        except Changed:
            if attempt == ATTEMPTS:
                raise
            listed = fetch_listing(place)
            manifest = newest_manifests(listed).get(name, manifest)
        else:
            return


def _resolve(
    place: Place, name: str, manifest: Object, listed: Mapping[str, Object], now: datetime
) -> Delivery:
    """The objects of a delivery. Raises `Unreadable` unless it is complete."""
    content = _whole(lambda: b"".join(_blocks(place, manifest)))
    stated = parse_manifest(place, manifest, content)
    keys = [key if key in listed else key.removeprefix(f"{place.bucket}/") for key in stated]
    missing = [key for key in keys if key not in listed]
    if missing:
        raise Unreadable(
            f"the manifest lists {missing[0]}, which is not there"
            f" ({len(missing)} of {len(keys)} are missing). The delivery loaded before stays; "
            "the next run tries again."
        )
    late = [listed[key] for key in keys if listed[key].modified > manifest.modified]
    if any(now - found.modified < SETTLED for found in late):
        raise Unreadable(
            f"{late[0].key} is newer than its manifest: AWS is writing the next delivery. "
            "The delivery loaded before stays; the next run tries again."
        )
    return Delivery(name, manifest, [listed[key] for key in keys])


def _download(place: Place, folder: Path, delivery: Delivery, state: "_State") -> None:
    """Bring every object that is not there yet aside, several at once."""
    aside = folder / ASIDE / place.bucket
    wanted = [
        found
        for found in (*delivery.files, delivery.manifest)
        if not state.holds(found) or not _local(folder, place, found.key).exists()
    ]

    def fetch(found: Object) -> None:
        _fetch_file(place, found, _under(aside, found.key))

    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            list(pool.map(fetch, wanted))
        except CloudError:
            pool.shutdown(cancel_futures=True)
            raise
    now = place.account.call(
        "s3", "head_object", place.region, Bucket=place.bucket, Key=delivery.manifest.key
    )
    if (now["ETag"], now["LastModified"].replace(tzinfo=None)) != (
        delivery.manifest.etag, delivery.manifest.modified
    ):  # fmt: skip
        raise Changed("a newer delivery arrived while this one was downloaded, again and again")


def _fetch_file(place: Place, found: Object, target: Path) -> None:
    """Download one object, again if the transfer is cut. Raises `Unreadable` or `Changed`."""
    target.parent.mkdir(parents=True, exist_ok=True)

    def write() -> None:
        with target.open("wb") as file:
            for block in _blocks(place, found):
                file.write(block)
        if (size := target.stat().st_size) != found.size:
            raise _Cut(f"{found.key} has {found.size} bytes, but {size} came")

    _whole(write)


class _Cut(Unreadable):
    """A transfer ended before its end."""


def _whole(fetch: Callable[[], Fetched]) -> Fetched:
    """What a transfer brings, begun anew if it is cut. Raises `Unreadable` in the end."""
    for _ in range(ATTEMPTS - 1):
        with suppress(_Cut):
            return fetch()
    try:
        return fetch()
    except _Cut as error:
        raise Unreadable(f"{error}, {ATTEMPTS} times. Check the network.") from error


def _blocks(place: Place, found: Object) -> Iterator[bytes]:
    """The content of one object, of exactly the version that was listed."""
    try:
        answer = place.account.call(
            "s3", "get_object", place.region, Bucket=place.bucket, Key=found.key, IfMatch=found.etag
        )
    except Unreadable as error:
        if "PreconditionFailed" in str(error) or "NoSuchKey" in str(error):
            raise Changed(f"{found.key} was replaced while it was downloaded") from error
        raise
    body = answer["Body"]
    try:
        yield from body.iter_chunks(BLOCK)
    except CloudError:
        raise
    except Exception as error:  # of urllib3 or botocore, whichever notices
        raise _Cut(f"the transfer of {found.key} was cut ({type(error).__name__})") from error
    finally:
        body.close()


def _swap(place: Place, folder: Path, delivery: Delivery, state: "_State") -> None:
    """Put what was downloaded in place of the older delivery, the manifest last."""
    manifest = _local(folder, place, delivery.manifest.key)
    for key in state.objects():  # without its manifest the older delivery counts as incomplete
        if key.lower().endswith("-manifest.json"):
            _local(folder, place, key).unlink(missing_ok=True)
    manifest.unlink(missing_ok=True)
    kept = {found.key for found in delivery.files}
    for key in state.objects():
        if key not in kept:
            _local(folder, place, key).unlink(missing_ok=True)
    state.forget()
    aside = folder / ASIDE / place.bucket
    for found in (*delivery.files, delivery.manifest):
        arrived = _under(aside, found.key)
        if arrived.exists():
            target = _local(folder, place, found.key)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(arrived, target)
    state.keep(delivery)


def _local(folder: Path, place: Place, key: str) -> Path:
    return _under(folder / place.bucket, key)


def _under(root: Path, key: str) -> Path:
    """The file of a key. Raises `Unreadable` for a key that would lead out of the folder."""
    path = root / key
    if ".." in path.parts or not path.is_relative_to(root):
        raise Unreadable(f"the key {key!r} leads out of the folder; it is not downloaded")
    return path


class _State:
    """Which delivery of one export and period lies in the folder, kept in a small JSON file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / STATE
        self._name = name
        self._kept: dict[str, str] = self._read().get(name, {})  # key -> version

    def holds(self, found: Object) -> bool:
        """Whether this version of an object was put in place."""
        return self._kept.get(found.key) == _version(found)

    def objects(self) -> list[str]:
        """The objects of the delivery that was put in place."""
        return list(self._kept)

    def doubt(self) -> None:
        """Hold nothing for the version that lies in the bucket, but know what to clear away."""
        self._kept = dict.fromkeys(self._kept, "")

    def keep(self, delivery: Delivery) -> None:
        """Remember that a delivery is in place."""
        objects = (*delivery.files, delivery.manifest)
        self._kept = {found.key: _version(found) for found in objects}
        self._write({**self._read(), self._name: self._kept})

    def forget(self) -> None:
        """Remember that no delivery is whole: it is about to be replaced."""
        self._kept = {}
        self._write({key: kept for key, kept in self._read().items() if key != self._name})

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            return json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}  # everything is downloaded again

    def _write(self, content: Mapping[str, Mapping[str, str]]) -> None:
        fresh = self._file.with_name(f".{STATE}")
        fresh.write_text(json.dumps(content, indent=1, sort_keys=True))
        os.replace(fresh, self._file)


def _version(found: Object) -> str:
    return f"{found.etag} {found.size} {found.modified:%Y-%m-%dT%H:%M:%S}"
