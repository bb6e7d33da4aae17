"""Bring Cost Management exports from Blob storage into a folder, one complete delivery at a time.

The manifest of a delivery is the only authority: it lists the files, names the export and the
period. Of each export and period only the newest delivery is kept.
"""

import json
import os
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from clouds.azure.access import Access, later_page, sdk, understood
from clouds.azure.facts import time
from clouds.cloud import Exports, Failure
from clouds.errors import CloudError, NotOffered, Unauthorized, Unreadable
from clouds.paging import read_anew

PERMISSION = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
MANIFEST = "manifest.json"
KNOWN = "known.json"  # what is mirrored, beside the mirror
PARTIAL = ".partial"
ATTEMPTS = 3  # where something is replaced while it is read
PAGE = 5000  # blobs of one answer; the most that Azure gives


@dataclass(frozen=True)
class Place:
    """Where exports are delivered."""

    account_url: str
    container: str
    prefix: str = ""

    @property
    def name(self) -> str:
        """Storage account and container, for reports and as the folder of the mirror."""
        url = urlsplit(self.account_url)
        account = url.path.strip("/") or url.netloc.split(":")[0].split(".")[0]
        return f"{account}/{self.container}"


@dataclass(frozen=True)
class Blob:
    """A blob as its container lists it."""

    name: str
    etag: str
    size: int


@dataclass(frozen=True)
class Delivery:
    """What a manifest says."""

    manifest: str
    etag: str
    export: str  # resourceId and type, in lower case
    start: str
    submitted: str
    files: tuple[tuple[str, int | None], ...]  # name and size, where it is told

    @property
    def period(self) -> tuple[str, str]:
        """The export and the period it fills: of equal ones the newest counts."""
        return self.export, self.start

    @property
    def age(self) -> tuple[datetime, str]:
        """By what the newest is chosen."""
        return time(self.submitted) or datetime.min, self.manifest


@dataclass
class Mirror:
    """What is known of one place: manifests that were read, and files that are here by ETag."""

    deliveries: dict[str, Delivery]
    etags: dict[str, str]
    kept: dict[str, list[str]]  # manifest -> the files of the delivery that is here


def places(exports: Sequence[Mapping[str, str]]) -> list[Place]:
    """The places named in the source option `exports`. Raises `NotOffered` for one with a key."""
    found: list[Place] = []
    for each in exports:
        place = Place(each["account_url"].rstrip("/"), each["container"], each.get("prefix", ""))
        if urlsplit(each["account_url"]).query:
            raise NotOffered(
                f"The export of {place.name} is given with a signature in its address. Give the "
                "address alone; Azure's own credential chain signs in."
            )
        found.append(place)
    return found


def fetch_exports(
    access: Access, exports: Sequence[Place], folder: Path, anew: Collection[date] = ()
) -> Exports:
    """Mirror the newest deliveries of every place below `folder`; what fails leaves the rest.

    Deliveries of the months in `anew` are downloaded even if they are here.
    """
    failed: list[Failure] = []
    paths: list[Path] = []
    for place in exports:
        blobs = folder / "blobs" / place.name
        known = folder / "known" / place.name / KNOWN
        try:
            failed += [Failure(place.name, "", "bills", str(problem))
                       for problem in _bring_all(access, place, blobs, known, anew)]  # fmt: skip
        except Unauthorized as error:
            refused = Failure("", "", "", str(error))
            failed += [] if refused in failed else [refused]
        except CloudError as error:
            failed.append(Failure(place.name, "", "bills", str(error)))
        if blobs.is_dir():
            paths.append(blobs)
    return Exports(paths, failed)


def count_manifests(access: Access, place: Place) -> int:
    """How many deliveries there are, old ones included. Raises `CloudError`."""
    client = access.container(place.account_url, place.container)
    names = (PurePosixPath(blob.name).name.lower() for blob in _list(client, place))
    return sum(name == MANIFEST for name in names)


def parse_manifest(blob: Blob, content: bytes) -> Delivery:
    """What a manifest says. Raises `Unreadable`."""
    try:
        told = json.loads(content)
        run, config = told["runInfo"], told["exportConfig"]
        files = tuple(
            (str(each["blobName"]), None if (size := each.get("byteCount")) is None else int(size))
            for each in told["blobs"]
        )
        kind = config.get("type") or ""
        return Delivery(
            blob.name, blob.etag, f"{config['resourceId']}/{kind}".lower(),
            str(run["startDate"])[:10], str(run.get("submittedTime") or ""), files,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"{blob.name} is no manifest of a Cost Management export "
            f"({type(error).__name__}: {error}); what was delivered before stays."
        ) from error


def newest(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The newest delivery of each export and period, oldest period first."""
    found: dict[tuple[str, str], Delivery] = {}
    for delivery in sorted(deliveries, key=lambda each: each.age):
        found[delivery.period] = delivery
    return sorted(found.values(), key=lambda each: (each.start, each.export))


class Replaced(Unreadable):
    """A newer delivery took the place of this one while it was read."""


def _bring_all(
    access: Access, place: Place, folder: Path, state: Path, anew: Collection[date]
) -> list[CloudError]:
    """What could not be brought; what was replaced meanwhile is looked for anew."""
    problems: list[CloudError] = []
    for _ in range(ATTEMPTS):
        problems = list(_mirror(access, place, folder, state, anew))
        if not any(isinstance(problem, Replaced) for problem in problems):
            break
    return problems


def _mirror(
    access: Access, place: Place, folder: Path, state: Path, anew: Collection[date]
) -> Iterator[CloudError]:
    """Bring what is new; yields why something could not be brought."""
    client = access.container(place.account_url, place.container)
    listed = {blob.name: blob for blob in _list(client, place)}
    mirror = _load(state)
    for left in folder.rglob(f"*{PARTIAL}") if folder.is_dir() else ():
        left.unlink()
    for blob in listed.values():
        if PurePosixPath(blob.name).name.lower() != MANIFEST:
            continue
        known = mirror.deliveries.get(blob.name)
        if known is None or known.etag != blob.etag:
            try:
                mirror.deliveries[blob.name] = parse_manifest(blob, _content(client, blob))
            except Unauthorized:
                raise
            except Unreadable as error:
                mirror.deliveries.pop(blob.name, None)
                yield error
    mirror.deliveries = {name: each for name, each in mirror.deliveries.items() if name in listed}
    for delivery in newest(list(mirror.deliveries.values())):
        if delivery.start[:7] in {f"{month:%Y-%m}" for month in anew}:
            for name in (delivery.manifest, *(name for name, _ in delivery.files)):
                mirror.etags.pop(name, None)
        try:
            if _is_here(delivery, folder, mirror):
                continue
            _bring(client, delivery, listed, folder, mirror)
        except Unauthorized:
            raise
        except CloudError as error:
            yield error
        _save(state, mirror)
    _save(state, mirror)


def _is_here(delivery: Delivery, folder: Path, mirror: Mirror) -> bool:
    names = [delivery.manifest, *(name for name, _ in delivery.files)]
    return mirror.etags.get(delivery.manifest) == delivery.etag and all(
        inside(folder, name).is_file() for name in names
    )


def _bring(
    client: Any, delivery: Delivery, listed: Mapping[str, Blob], folder: Path, mirror: Mirror
) -> None:
    """All files of a delivery, then its manifest, then away with the one it replaces."""
    wanted = [_listed(delivery, name, size, listed) for name, size in delivery.files]
    manifest = listed[delivery.manifest]
    partial: list[tuple[Blob, Path]] = []
    for blob in (*wanted, manifest):
        path = inside(folder, blob.name)
        if mirror.etags.get(blob.name) == blob.etag and path.is_file():
            continue
        temporary = path.with_name(path.name + PARTIAL)
        _download(client, blob, temporary)
        partial.append((blob, path))
    for blob, path in partial:
        os.replace(path.with_name(path.name + PARTIAL), path)
        mirror.etags[blob.name] = blob.etag
    mirror.kept[delivery.manifest] = [blob.name for blob in wanted]
    _drop_older(delivery, folder, mirror)


def _drop_older(delivery: Delivery, folder: Path, mirror: Mirror) -> None:
    """Remove what an older delivery of the period left here, its manifest last."""
    older = [
        name
        for name in mirror.kept
        if name != delivery.manifest
        and (known := mirror.deliveries.get(name)) is not None
        and known.period == delivery.period
    ]
    needed = {file for name, files in mirror.kept.items() if name not in older for file in files}
    for name in older:
        for file in (*mirror.kept.pop(name), name):
            if file not in needed:
                inside(folder, file).unlink(missing_ok=True)
                mirror.etags.pop(file, None)


def _listed(delivery: Delivery, name: str, size: int | None, listed: Mapping[str, Blob]) -> Blob:
    blob = listed.get(name)
    if blob is None:
        raise Unreadable(
            f"{delivery.manifest} lists {name}, which is not there (yet). What was delivered "
            "before stays; the next run looks again."
        )
    if size is not None and blob.size != size:
        raise Unreadable(
            f"{delivery.manifest} says that {name} has {size} bytes, but it has {blob.size}. What "
            "was delivered before stays; the next run looks again."
        )
    return blob


def _list(client: Any, place: Place) -> list[Blob]:
    """All blobs of a place; begun again once if a page token expires."""

    def read() -> list[Blob]:
        found: list[Blob] = []
        pages = client.list_blobs(
            name_starts_with=place.prefix or None, results_per_page=PAGE
        ).by_page()
        while True:
            with later_page(is_later=bool(found)), understood(PERMISSION):
                page = next(pages, None)
                if page is None:
                    return found
                found += [Blob(each.name, each.etag, each.size) for each in page]

    return read_anew(read)


def _content(client: Any, blob: Blob) -> bytes:
    with _unchanged(blob):
        return client.download_blob(blob.name, **_only(blob)).readall()


def _download(client: Any, blob: Blob, path: Path) -> None:
    """Into a temporary file, which is left for nobody if the line is cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _unchanged(blob), path.open("wb") as file:
            client.download_blob(blob.name, **_only(blob)).readinto(file)
        if path.stat().st_size != blob.size:
            raise Unreadable(f"{blob.name} came with {path.stat().st_size} of {blob.size} bytes.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _only(blob: Blob) -> dict[str, Any]:
    return {"etag": blob.etag, "match_condition": sdk("azure.core").MatchConditions.IfNotModified}


@contextmanager
def _unchanged(blob: Blob) -> Generator[None]:
    """A blob that is replaced or removed while it is read leaves what was delivered before."""
    errors = sdk("azure.core.exceptions")
    with understood(PERMISSION):
        try:
            yield
        except (errors.ResourceModifiedError, errors.ResourceNotFoundError) as error:
            raise Replaced(
                f"{blob.name} was replaced while it was read. What was delivered before stays; "
                "the next run looks again."
            ) from error


def inside(folder: Path, name: str) -> Path:
    """The path of a blob in the mirror. Raises `Unreadable` for a name that leads out of it."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or "\\" in name:
        raise Unreadable(f"A manifest lists {name!r}, which leads out of the folder; not followed.")
    return path


def _load(state: Path) -> Mirror:
    try:
        told = json.loads(state.read_text())
    except (FileNotFoundError, ValueError):
        return Mirror({}, {}, {})
    deliveries: dict[str, Delivery] = {}
    for name, each in told["deliveries"].items():
        files = tuple((str(file), size) for file, size in each.pop("files"))
        deliveries[name] = Delivery(**each, files=files)
    return Mirror(deliveries, told["etags"], told["kept"])


def _save(state: Path, mirror: Mirror) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    temporary = state.with_name(state.name + PARTIAL)
    temporary.write_text(json.dumps(asdict(mirror)))
    os.replace(temporary, state)
