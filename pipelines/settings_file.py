"""Read instance-select.yaml, and say in which line it is wrong, what is there, and what should be.

Values of options and of what may hold a password are never repeated in a message.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from clouds.options import did_you_mean, found
from pipelines.errors import BrokenSettings

LISTED = "docs/settings.md lists every setting"
DOCUMENTED = {"alerts": "docs/alerts.md", "allocation": "docs/allocation.md"}
TAB = "\t"
A_MAPPING = "a mapping (lines like 'name: value', indented)"
A_MOMENT = "a date or time in UTC, such as 2026-11-22 or 2026-11-22T09:00:00Z"
EXPECTED = {  # by the type of Pydantic's error, where its words are not those of a file
    "datetime_from_date_parsing": A_MOMENT,
    "datetime_parsing": A_MOMENT,
    "datetime_type": A_MOMENT,
    "dict_type": A_MAPPING,
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_type": A_MAPPING,
    "model_attributes_type": A_MAPPING,
    "string_pattern_mismatch": "another text",
    "string_type": "a text; write it in quotes",
    "too_short": "at least one entry",
    "tuple_type": "a list (lines that begin with '-')",
}
FITTING = {  # what these values must be, where a pattern or a type does not say it in words
    "catalog": "an address such as postgresql://user@host/database",
    "late_after_hours": "hours for each reading that is to differ, such as {bills: 72}",
    "memory_limit": "a size from 100MB on, such as 2GB or 512MB",
    "name": "a name without slashes that does not begin with a dot",
    "hours": "times of the day such as 20:00-07:00",
    "url": "an address that begins with https:// or http://",
    "page": "an address that begins with https:// or http://",
    "from": "a mail address",
    "to": "a mail address",
}
Location = Sequence[str | int]


class _Loader(yaml.SafeLoader):
    """What only looks like a date or a number stays a text, to be refused under its name."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError:
            return node.value


@dataclass(frozen=True)
class Names:
    """What may be written in the file: settings, and keys of one source."""

    settings: Collection[str]
    source: Collection[str]
    hidden: Set[str]  # settings whose value may be a secret


@dataclass(frozen=True)
class SettingsFile:
    """What the file says, and where it says it."""

    path: Path
    values: Mapping[str, Any]
    _root: yaml.Node | None = field(default=None, repr=False)

    def where(self, location: Location) -> str:
        """The file and the line of a value: `where(["sources", 0, "name"])`."""
        return f"{self.path}, line {_line(_nearest(self._root, location))}"

    def broken(self, error: ValidationError, names: Names) -> BrokenSettings:
        """The values that don't fit, each with its line."""
        return BrokenSettings("\n".join(self._problem(one, names) for one in error.errors()))

    def _problem(self, problem: ErrorDetails, names: Names) -> str:
        location, told, expected = described(problem, names)
        return f"{self.where(location)}: found {told}, expected {expected}. Correct it; {LISTED}."


def described(problem: ErrorDetails, names: Names) -> tuple[Location, str, str]:
    """Where a value does not fit, what was found, and what was expected."""
    location = _as_written(problem["loc"])
    name, value = ".".join(str(part) for part in location), problem["input"]
    expected = EXPECTED.get(problem["type"], problem["msg"].removeprefix("Input should be "))
    is_hidden = not names.hidden.isdisjoint(location) or isinstance(value, list | dict | tuple)
    told = f"{found(value) if is_hidden else _shown(value)} for {name!r}"
    match problem["type"]:
        case "missing":
            where = "in this source" if location[0] == "sources" else "here"
            told, expected = f"no {location[-1]!r} {where}", "one"
        case "model_type" if location[0] == "sources" and len(location) == 2:
            expected = "a mapping with 'name' and 'cloud'"
        case "string_pattern_mismatch" | "model_type":
            named = [part for part in location if isinstance(part, str)]
            expected = FITTING.get(named[-1], expected)
        case "extra_forbidden":  # the value may be a secret in the wrong place
            documented = DOCUMENTED.get(str(location[0]), "docs/settings.md")
            told, expected = f"the name {location[-1]!r}", f"none but those of {documented}"
        case "too_short":
            told = f"an empty {'mapping' if isinstance(value, dict) else 'list'} for {name!r}"
        case "invalid_key":  # YAML reads the words off, no, on and yes as a truth
            told, expected = f"{value!r} as a name (off, no, on, yes or a number)", "a text"
        case "union_tag_not_found":
            told, expected = "no 'kind' here", "one"
        case "union_tag_invalid":
            tags = problem.get("ctx", {})
            told, expected = f"the kind {tags['tag']!r}", f"one of {tags['expected_tags']}"
        case "misplaced":
            context = problem.get("ctx", {})
            location = (*location, *context["at"])
            told, expected = context["found"], context["expected"]
        case "duplicate_source":
            context = problem.get("ctx", {})
            location = (*location, context["number"], "name")
            told, expected = f"the name {context['name']} again", "another one for each source"
        case _:
            pass
    return location, told, expected


def _shown(value: Any) -> str:
    if value is None:
        return found(value)
    return str(value) if isinstance(value, date) else repr(value)[:40]


def read_settings_file(path: Path, home: Path, names: Names) -> SettingsFile:
    """The file with `{home}` filled in. Raises `BrokenSettings`, naming the line."""
    text = _text(path).replace("{home}", str(home.resolve()))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.load(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BrokenSettings(
            f"{path}, line {line}: found the character #{error.character:04x}, which YAML does "
            "not allow. Remove it."
        ) from None
    except yaml.MarkedYAMLError as error:
        raise BrokenSettings(_syntax(path, text, error)) from None
    except RecursionError:
        raise BrokenSettings(f"{path}: found too many levels of lists. Remove some.") from None
    if values is None:
        return SettingsFile(path, {})
    if not isinstance(values, dict):
        raise BrokenSettings(
            f"{path}, line {_line(root)}: found {found(values)}, expected lines like "
            f"'max_changes: 20'. Correct it; {LISTED}."
        )
    kept = {name: value for name, value in values.items() if value is not None}
    file = SettingsFile(path, kept, root)
    if problems := list(_wrong_names(file, root, names)):
        raise BrokenSettings("\n".join(problems))
    return file


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise BrokenSettings(
            f"{path}, line {line}: found a byte that is not UTF-8. Save the file as UTF-8."
        ) from None


def _syntax(path: Path, text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = [*text.splitlines(), ""]
    begins = f" (it begins in line {error.context_mark.line + 1})" if error.context_mark else ""
    for number in range(min(line, len(lines) - 1), max(line - 2, -1), -1):
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        if TAB in indent or (number == line and mark and lines[number][mark.column :][:1] == TAB):
            return (
                f"{path}, line {number + 1}: found a tab character, expected spaces. "
                "Replace each tab by spaces."
            )
    problem = " ".join(part for part in (error.context, error.problem) if part)
    return (
        f"{path}, line {line + 1}: found something that is not YAML: {problem}{begins}. Expected "
        "lines like 'name: value', indented with spaces; quotes and brackets must be closed. "
        "Correct this line or the one before."
    )


def _wrong_names(file: SettingsFile, root: yaml.Node | None, names: Names) -> Iterator[str]:
    """Names that nobody knows and names that stand twice."""
    yield from _twice(file.path, root, set())
    yield from _unknown(file, [], file.values, names.settings, "the settings")
    sources = file.values.get("sources")
    for number, source in enumerate(sources if isinstance(sources, list) else []):
        if isinstance(source, dict):
            yield from _unknown(file, ["sources", number], source, names.source, "a source")


def _unknown(
    file: SettingsFile,
    location: Location,
    given: Mapping[Any, Any],
    known: Collection[str],
    of: str,
) -> Iterator[str]:
    for name in given:
        if name not in known:
            guess = did_you_mean(name, sorted(known))
            yield (
                f"{file.where([*location, name])}: found {name!r}{guess}, expected one of {of}: "
                f"{', '.join(sorted(known))}. Correct or remove it; {LISTED}."
            )


def _twice(path: Path, node: yaml.Node | None, seen: set[int]) -> Iterator[str]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    first: dict[str, int] = {}
    for key, child in _children(node):
        name = key.value if key is not None and isinstance(key.value, str) else None
        if key is not None and name is not None and name in first:
            yield (
                f"{path}, line {_line(key)}: found {name!r} a second time (first in line "
                f"{first[name]}), expected it once. Remove one of them."
            )
        elif key is not None and name is not None:
            first[name] = _line(key)
        yield from _twice(path, child, seen)


def _children(node: yaml.Node) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value
    elif isinstance(node, yaml.SequenceNode):
        yield from ((None, child) for child in node.value)


def _as_written(location: Location) -> tuple[str | int, ...]:
    """The place as it stands in the file: Pydantic puts the kind of a channel or rule into it."""
    if location[0] == "alerts" and len(location) > 3 and isinstance(location[2], int):
        return (*location[:3], *location[4:])
    return tuple(location)


def _nearest(root: yaml.Node | None, location: Location) -> yaml.Node | None:
    """The node at the location, or the innermost above it that is in the file."""
    node, shown = root, root
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = {str(key.value): (key, value) for key, value in node.value}
            if str(part) not in pairs:
                break
            shown, node = pairs[str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = shown = node.value[part]
        else:
            break
    return shown


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node else 1
