"""Walk a given folder: every file once, links followed where it is safe, nothing skipped unsaid."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

DATA = (".csv", ".gz", ".parquet", ".json", ".jsonl", ".ndjson", ".tsv", ".zip")
_DATED = re.compile(r"^(\d{1,8}|\d{4}-\d{2}(-\d{2})?|\d{8}-\d{8}|(year|month|day|date)=.*)$", re.I)
_PARTS = (  # how providers number the files of one delivery: the name, and the first number
    (re.compile(r"()part_(\d+)_\d{4}\.(csv|parquet|snappy)", re.I), 0),  # Azure
    (re.compile(r"(.+-)(0\d{4})\.(csv|parquet|snappy)", re.I), 1),  # AWS
)


@dataclass
class Walked:
    """What lies in a folder."""

    files: list[Path] = field(default_factory=list[Path])  # that may hold bills
    ignored: list[str] = field(default_factory=list[str])  # other files, and what is not entered
    unreadable: list[tuple[Path, OSError]] = field(default_factory=list[tuple[Path, OSError]])


def walk(root: Path) -> Walked:
    """The files below a folder, by their names.

    A link to a folder is followed once, as if the folder lay there. It is not followed to where
    files are read anyway or were not asked for: into the given folder, or to one that holds it.
    """
    walked, hidden = Walked(), list[str]()
    own = root.resolve()
    seen: set[Path] = set()
    folders = [root]
    while folders:
        folder = folders.pop(0)
        real = folder.resolve()
        if real in seen:
            walked.ignored.append(f"{folder}/")
            continue
        seen.add(real)
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            walked.unreadable.append((folder, error))
            continue
        for path in inside:
            try:
                folders += _sort(path, own, real, walked, hidden)
            except OSError as error:
                walked.unreadable.append((path, error))
    walked.files.sort()
    walked.ignored = sorted(walked.ignored) + sorted(hidden)
    return walked


def _sort(path: Path, own: Path, real: Path, walked: Walked, hidden: list[str]) -> list[Path]:
    """Put one file or folder where it belongs; the folders that are to be entered come back."""
    is_folder = path.is_dir()
    shown = f"{path}/" if is_folder else str(path)
    if path.name.startswith((".", "_")):
        hidden.append(shown)
    elif is_folder and path.is_symlink() and _leads_back(path.resolve(), own, real):
        walked.ignored.append(shown)
    elif is_folder:
        return [path]
    elif path.is_file() and path.suffix.lower() in DATA:
        walked.files.append(path)
    else:
        walked.ignored.append(shown)
    return []


def undated(folder: Path) -> str:
    """The folder without the parts that are dates: day folders hold chunks of one delivery."""
    return "/".join(part for part in folder.resolve().parts if not _DATED.match(part))


def _leads_back(target: Path, own: Path, real: Path) -> bool:
    return target.is_relative_to(own) or any(each.is_relative_to(target) for each in (own, real))


def incomplete(paths: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Files that are numbered as parts of one delivery of which not all are there.

    For each, its number and the first one that is missing. The first parts alone may be all there
    are, so they are missed only if more lie in their folder.
    """
    groups: dict[tuple[Path, str, int], dict[int, Path]] = {}
    for path in paths:
        for pattern, first in _PARTS:
            if found := pattern.match(path.name):
                groups.setdefault((path.parent, found[1], first), {})[int(found[2])] = path
    lacking: dict[Path, tuple[int, int]] = {}
    for (folder, stem, first), parts in groups.items():
        numbers = {*range(first, max(parts)), *_numbers_in(folder, stem)}
        missing = sorted(numbers - parts.keys())
        lacking |= {path: (number, missing[0]) for number, path in parts.items() if missing}
    return lacking


def _numbers_in(folder: Path, stem: str) -> set[int]:
    try:
        names = os.listdir(folder)
    except OSError:  # what was given from there is all that is known
        return set()
    found = [pattern.match(name) for name in names for pattern, _ in _PARTS]
    return {int(match[2]) for match in found if match and match[1] == stem}
