"""Find the bills under the given paths: deliveries with a manifest, and loose files.

A file that a manifest governs is read only through it, so that versions kept side by side and
half-written deliveries are never counted.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from clouds.billing import ListedFile, Manifest, layouts, manifest_readers
from warehouse.ingest.errors import BrokenManifest, IngestError, NothingThere, NotReadable
from warehouse.ingest.records import Found, LoadedFile
from warehouse.ingest.walk import DATA, incomplete, undated, walk

LARGEST_NOTE = 1 << 20  # bytes
_PERIOD_FOLDER = re.compile(r"[a-z_]+=\d{4}-\d{2}|\d{8}-\d{8}")
_EXPORT_DATA = re.compile(r"(.*)/data/([a-z_]+=\d{4}-\d{2})/", re.I)


@dataclass(frozen=True)
class Listing:
    """A manifest whose files are all there."""

    manifest: Manifest
    shown: str
    files: Sequence[Found]


@dataclass
class Discovered:
    """What lies under the given paths."""

    listings: list[Listing] = field(default_factory=list[Listing])
    loose: list[Found] = field(default_factory=list[Found])
    settled: list[LoadedFile] = field(default_factory=list[LoadedFile])
    ignored: list[str] = field(default_factory=list[str])  # files of no kind that holds bills


def discover(paths: Sequence[Path]) -> Discovered:
    """Sort everything under the paths into deliveries, loose files and what is refused already."""
    result = Discovered()
    files: dict[Path, Found] = {}
    for path in sorted(set(paths), key=str):
        try:
            for found in _under(path, result):
                if (shown := _in_utf8(found.shown)) != found.shown:
                    error = NotReadable(
                        shown, "a name that is not UTF-8 text", "one that is", "rename the file"
                    )
                    result.settled.append(refused(shown, error))
                    continue
                files.setdefault(found.path.resolve(), found)
        except IngestError as error:
            result.settled.append(refused(str(path), error))
    _add_manifests_beside(files, result)
    given = set(files)
    manifests, broken = _manifests(files, result)
    governed = _governed(manifests, files)
    _settle_manifests(manifests, governed, given, result)
    _refuse_beside(broken, files, governed, result)
    taken = {path.resolve() for manifest, _ in manifests for path in (manifest.path,)}
    loose = [
        found
        for path, found in files.items()
        if path not in governed and path not in taken and not _is_manifest_name(found.path)
    ]
    result.loose = _with_sidecars(_without_odd_parts(loose, result))
    return result


def _without_odd_parts(loose: Sequence[Found], result: Discovered) -> list[Found]:
    """Take out numbered parts of a delivery that is not whole, since no manifest says it is."""
    lacking = incomplete([found.path for found in loose])
    for found in loose:
        if found.path in lacking:
            number, missing = lacking[found.path]
            error = BrokenManifest(
                found.shown,
                f"its name says that it is part {number} of a delivery, but part {missing} was not "
                "given, and no manifest that lists the parts was given either",
                "ingest the whole folder of the delivery, with its manifest",
            )
            result.settled.append(refused(found.shown, error))
    return [found for found in loose if found.path not in lacking]


def refused(shown: str, error: Exception, period: date | None = None) -> LoadedFile:
    """The entry of a refused file."""
    return LoadedFile(file=shown, status="rejected", reason=str(error), period=period)


def _under(path: Path, result: Discovered) -> Iterable[Found]:
    try:
        path.stat()
    except FileNotFoundError as error:
        text = f"{path} does not exist; expected a file or a folder with bills."
        raise NothingThere(text) from error
    except OSError as error:
        raise _closed(path, error) from error
    if path.is_file():
        return [Found(str(path), path, undated(path.parent))]
    walked = walk(path)
    result.ignored += map(_in_utf8, walked.ignored)
    for folder, error in walked.unreadable:
        result.settled.append(refused(_in_utf8(str(folder)), _closed(folder, error)))
    if not walked.files and not walked.unreadable:
        raise NothingThere(
            f"{path}: no bills in this folder; expected files ending in {', '.join(DATA)}. "
            "Name the folder into which the provider's export is delivered."
        )
    return [Found(str(file), file, undated(file.parent)) for file in walked.files]


def _closed(path: Path, error: OSError) -> NotReadable:
    return NotReadable(
        _in_utf8(str(path)), f"can't be read ({error.strerror})", "a folder that can be read",
        "let the user that ingests read it (chmod u+rx), or take it out of the given folder",
    )  # fmt: skip


def _in_utf8(path: str) -> str:
    """The path in a form that can be stored and printed; other bytes are written as escapes."""
    return path.encode("utf-8", "backslashreplace").decode()


def _is_manifest_name(path: Path) -> bool:
    return path.name.lower().endswith("manifest.json")


def _add_manifests_beside(files: dict[Path, Found], result: Discovered) -> None:
    """For data of AWS exports, take the manifests that lie beside it in `metadata`, given or not.

    Data of a period that has none yet is refused, if the export has some; without any it is loose.
    """
    periods: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        if found := _EXPORT_DATA.match(path.as_posix()):
            periods.setdefault((Path(found[1], "metadata"), found[2]), []).append(path)
    for (metadata, folder), data in periods.items():
        known = [file for file in sorted(metadata.rglob("*.json")) if _is_manifest_name(file)]
        there = [file for file in known if _is_of_period(file.relative_to(metadata), folder)]
        for file in there:
            files.setdefault(file.resolve(), Found(str(file), file, ""))
        for path in data if known and not there else ():
            shown, text = files.pop(path).shown, folder[-len("YYYY-MM") :]
            error = BrokenManifest(
                shown,
                f"the export has no manifest for {text} yet, so its delivery is not complete",
                "ingest it again when the provider has written the manifest",
            )
            result.settled.append(refused(shown, error, month(text)))


def _is_of_period(manifest: Path, folder: str) -> bool:
    return manifest.parts[0].lower() == folder.lower()


def _manifests(
    files: dict[Path, Found], result: Discovered
) -> tuple[list[tuple[Manifest, str]], list[Found]]:
    """Manifests with the path to show, and the manifests that are damaged."""
    manifests: list[tuple[Manifest, str]] = []
    broken: list[Found] = []
    for found in list(files.values()):
        if not _is_manifest_name(found.path):
            continue
        try:
            manifests.append((_dated(_read_manifest(found)), found.shown))
        except IngestError as error:
            result.settled.append(refused(found.shown, error))
            broken += [found] if isinstance(error.__cause__, Exception) else []
    for manifest, shown in manifests:  # its files may lie outside the given paths
        if not manifest.root.is_dir():
            continue
        base = Path(shown).parent
        for file in sorted(manifest.root.rglob("*")):
            if file.suffix.lower() in DATA and file.is_file():
                files.setdefault(
                    file.resolve(), Found(_shown(file, manifest.path.parent, base), file, "")
                )
    return manifests, broken


def _refuse_beside(
    broken: list[Found], files: dict[Path, Found], governed: set[Path], result: Discovered
) -> None:
    """A damaged manifest means an incomplete delivery: its files are not read as loose ones."""
    for manifest in broken:
        folder = manifest.path.resolve().parent
        head, found, tail = folder.as_posix().rpartition("/metadata/")
        roots = [folder, Path(f"{head}/data/{tail}")] if found else [folder]
        for path, file in files.items():
            if path in governed or _is_manifest_name(file.path):
                continue
            if any(path.is_relative_to(root) for root in roots):
                governed.add(path)
                error = BrokenManifest(
                    file.shown, f"its manifest {manifest.shown} is damaged", "copy both again"
                )
                result.settled.append(refused(file.shown, error))


def _shown(file: Path, folder: Path, shown_folder: Path) -> str:
    if file.is_relative_to(folder):
        return str(shown_folder / file.relative_to(folder))
    return str(file)


def _read_manifest(found: Found) -> Manifest:
    try:
        content = json.loads(found.path.read_text("utf-8-sig"))
    except (ValueError, OSError) as error:
        raise BrokenManifest(
            found.shown, f"the manifest is not valid JSON ({error})", "copy it again"
        ) from error
    for read in manifest_readers():
        try:
            manifest = read(found.path, content) if isinstance(content, dict) else None
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise BrokenManifest(
                found.shown, f"the manifest can't be understood ({error})", "export it again"
            ) from error
        if manifest is not None:
            return manifest
    raise BrokenManifest(
        found.shown,
        "not a manifest we know; expected one of AWS Data Exports (dataFiles), of an AWS Cost and "
        "Usage Report (reportKeys, assemblyId) or of Azure Cost Management (runInfo, blobs)",
        "check that the whole export folder was copied",
    )


def _dated(manifest: Manifest) -> Manifest:
    """With the time when the file was written, where the provider does not say when it did."""
    if manifest.submitted_at:
        return manifest
    written = datetime.fromtimestamp(manifest.path.stat().st_mtime, UTC).replace(tzinfo=None)
    return replace(manifest, submitted_at=written)


def _governed(manifests: list[tuple[Manifest, str]], files: dict[Path, Found]) -> set[Path]:
    governed: set[Path] = set()
    for manifest, _ in manifests:
        root = manifest.root.resolve()
        prefix = manifest.prefix.lower()
        governed |= {
            path
            for path, found in files.items()
            if path.is_relative_to(root)
            and found.path.name.lower().startswith(prefix)
            and not _is_manifest_name(found.path)
        }
    return governed


def _settle_manifests(
    manifests: list[tuple[Manifest, str]],
    governed: set[Path],
    given: set[Path],
    result: Discovered,
) -> None:
    """Keep the newest delivery of each export and period; say what became of all other files."""
    by_period: dict[tuple[str, str, str, str], list[tuple[Manifest, str]]] = {}
    for manifest, shown in manifests:
        key = (manifest.cloud, manifest.export, manifest.period, manifest.origin)
        by_period.setdefault(key, []).append((manifest, shown))
    files = {path: path for path in governed}
    spoken_for: set[Path] = set()
    older: list[tuple[Manifest, Manifest, str]] = []
    for deliveries in by_period.values():
        deliveries.sort(
            key=lambda pair: (pair[0].submitted_at or datetime.min, -len(pair[1]), pair[1])
        )
        newest, shown = deliveries[-1]
        try:
            found = [_locate(newest, listed, files, shown) for listed in newest.files]
            result.listings.append(Listing(newest, shown, found))
            spoken_for |= {file.path.resolve() for file in found}
        except IngestError as error:
            result.settled.append(refused(shown, error, month(newest.period)))
            spoken_for |= _present(newest, files)
        older += [(old, newest, path) for old, path in deliveries[:-1] if old.run != newest.run]
    for old, newest, shown in older:
        for path in sorted(_present(old, files) - spoken_for):
            reason = f"{shown}: run {old.run} is older than run {newest.run} of the same period"
            entry = _shown(path, old.path.resolve().parent, Path(shown).parent)
            result.settled.append(LoadedFile(entry, "superseded", reason, period=month(old.period)))
            spoken_for.add(path)
    _settle_unlisted(manifests, sorted(governed & given - spoken_for), result)


def _settle_unlisted(
    manifests: list[tuple[Manifest, str]], paths: list[Path], result: Discovered
) -> None:
    for path in paths:
        manifest, shown = next(
            pair for pair in manifests if path.is_relative_to(pair[0].root.resolve())
        )
        entry = _shown(path, manifest.path.resolve().parent, Path(shown).parent)
        reason = f"the newest manifest {shown} does not list it: a leftover of an earlier delivery"
        result.settled.append(LoadedFile(entry, "superseded", reason))


def _present(manifest: Manifest, files: dict[Path, Path]) -> set[Path]:
    return {path for listed in manifest.files if (path := _match(manifest, listed, files))}


def _locate(manifest: Manifest, listed: ListedFile, files: dict[Path, Path], shown: str) -> Found:
    path = _match(manifest, listed, files)
    if path is None:
        raise BrokenManifest(
            shown,
            f"the manifest lists {listed.key!r}, which is not there",
            "copy the whole delivery again",
        )
    size = path.stat().st_size
    entry = _shown(path, manifest.path.resolve().parent, Path(shown).parent)
    if listed.size_bytes is not None and listed.size_bytes != size:
        raise BrokenManifest(
            shown,
            f"{entry} has {size} bytes, but the manifest says {listed.size_bytes} bytes",
            "the copy is incomplete or the file is still being written: copy it again",
        )
    return Found(entry, path, "")


def _match(manifest: Manifest, listed: ListedFile, files: dict[Path, Path]) -> Path | None:
    """The file with the longest common end of its path; a bare name only below the root."""
    wanted = [part.lower() for part in Path(listed.key).parts]
    if not wanted:
        return None
    marks = _marks(wanted)
    best: dict[int, list[Path]] = {}
    for path in files:
        if path.name.lower() != wanted[-1]:
            continue
        parts = [part.lower() for part in path.parts]
        if marks and (found := _marks(parts)) and not marks & found:
            continue  # a file of that name, but of another period
        common = 0
        while common < min(len(wanted), len(parts)) and wanted[-1 - common] == parts[-1 - common]:
            common += 1
        best.setdefault(common, []).append(path)
    if not best:
        return None
    candidates = best[max(best)]
    near = [path for path in candidates if path.is_relative_to(manifest.root.resolve())]
    if max(best) == 1:  # in the folder of another run lies another version of that name
        root = manifest.root.resolve()
        near = [p for p in near if p.parent == root or p.parent.name.lower() in wanted]
        if not near:
            return None
    return sorted(near or candidates, key=lambda path: (len(path.parts), str(path)))[0]


def _marks(parts: Sequence[str]) -> set[str]:
    """The folders of a path that name a period: `billing_period=2026-02`, `20260201-20260301`."""
    return {part for part in parts[:-1] if _PERIOD_FOLDER.fullmatch(part)}


def month(text: str) -> date | None:
    """First day of a month written as YYYY-MM."""
    found = re.match(r"(\d{4})-(\d{2})", text)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _with_sidecars(files: list[Found]) -> list[Found]:
    """Pair each file with the JSON file of its name, which is then no bill of its own."""
    by_path = {found.path: found for found in files}
    sidecars: dict[Path, Path] = {}
    for found in files:
        stem = found.path.name.split(".")[0] if found.path.suffix == ".gz" else found.path.stem
        for name in (f"{stem}.json", f"{stem}.summary.json"):
            beside = found.path.with_name(name)
            if found.path.suffix != ".json" and beside in by_path and _is_note(beside):
                sidecars[found.path] = beside
    taken = set(sidecars.values())
    return [
        Found(found.shown, found.path, found.folder, sidecars.get(found.path))
        for found in sorted(files, key=lambda found: found.shown)
        if found.path not in taken
    ]


def _is_note(path: Path) -> bool:
    """Whether a JSON file says something about a bill and is none itself."""
    if path.stat().st_size > LARGEST_NOTE:
        return False
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except ValueError:
        return True  # refused with the bill that it stands beside
    held = {layout.records for layout in layouts() if layout.records}
    return isinstance(content, dict) and not held & content.keys()
