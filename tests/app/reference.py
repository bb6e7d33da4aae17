"""The parts of docs/ that are made from the code; run this file to write them anew."""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from inspect import getdoc
from pathlib import Path
from typing import Any

import typer
from check_pages import check_pages

from actions.check import checks as all_checks
from app.cli import app
from clouds import available, connector, load
from clouds.options import options_of
from pipelines.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
TOY = DOCS.parent / "tests" / "clouds" / "toy"
TOY_FILES = ("__init__.py", "connection.py", "access.py", "inventory.py", "metrics.py",
             "exports.py", "permissions.py")  # fmt: skip
PART = re.compile(r"(<!-- begin (\w+):.*? -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def commands() -> Iterator[str]:
    """A section for each command: what it does, its arguments and options, examples."""
    for name, command in _commands(typer.main.get_command(app), "instance-select"):
        yield f"### `{name}`\n"
        yield f"{command.help}\n"
        for parameter in command.params:
            if parameter.name in ("home", "json", "debug", "help"):
                continue
            label = parameter.metavar if parameter.param_type_name == "argument" else None
            label = label or (parameter.opts[0] if parameter.opts else parameter.name)
            yield f"- `{label}`: {parameter.help}"
        yield ""
        examples = command.epilog.removeprefix("Examples:").split("\n\n")
        yield "```sh\n" + "\n".join(line for line in examples if line) + "\n```\n"


def settings() -> Iterator[str]:
    """One row for each setting."""
    yield "| setting | variable | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = "none" if field.default in (None, "", ()) else f"`{field.default}`"
        yield f"| `{name}` | `INSTANCE_SELECT_{name.upper()}` | {default} | {field.description} |"


def clouds() -> Iterator[str]:
    """One row for each cloud: the options of a source and what it can't give; then what it says."""
    yield "| cloud | options | not available |"
    yield "|---|---|---|"
    for name in available():
        options = ", ".join(
            f"`{option.name}` ({option.kind}{', needed' if option.is_needed else ''})"
            for option in options_of(connector(name))
        )
        yield f"| `{name}` | {options} | {_cannot(name)} |"
    yield ""
    for name in available():
        yield f"- `{name}`: {' '.join((getdoc(connector(name)) or '').split())}"


def _cannot(name: str) -> str:
    """What the cloud says that it does not offer, with the folder of bills if it takes one."""
    if name == "demo":
        return "everything is simulated"
    needed = {
        option.name: ["..."] if option.kind.startswith("list") else "..."
        for option in options_of(connector(name))
        if option.is_needed or option.name == "bills"
    }
    return ", ".join(load(name, **needed).cannot)


def marts() -> Iterator[str]:
    """One row for each mart, with its grain."""
    yield "| table | grain |"
    yield "|---|---|"
    for file in sorted((files("warehouse") / "marts").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            grain = file.read_text().splitlines()[0].removeprefix("-- ")
            yield f"| `marts.{file.name.removesuffix('.sql')}` | {grain} |"


def schema() -> Iterator[str]:
    """One row for each table that is written as rows."""
    from warehouse.tables import schema_files

    yield "| table | grain |"
    yield "|---|---|"
    for table, ddl in schema_files().items():
        yield f"| `{table}` | {ddl.splitlines()[0].removeprefix('-- ')} |"


def checks() -> Iterator[str]:
    """One row for each check."""
    yield "| check | what the reader gains | about | kind | does | risk |"
    yield "|---|---|---|---|---|"
    for check in all_checks():
        name = f"[`{check.name}`](checks/{check.name}.md)"
        kind = f"{check.about} | {check.kind} | {check.verb} | {check.risk}"
        yield f"| {name} | {check.title} | {kind} |"


def toy() -> Iterator[str]:
    """The toy cloud of the tests, file by file, as a template."""
    package = TOY / "toy_cloud"
    for file in [TOY / "pyproject.toml", *(package / name for name in TOY_FILES)]:
        kind = "toml" if file.suffix == ".toml" else "python"
        yield f"`{file.relative_to(TOY)}`\n\n```{kind}\n{file.read_text()}```\n"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "settings": settings,
    "clouds": clouds,
    "marts": marts,
    "schema": schema,
    "checks": checks,
    "toy": toy,
}


def rendered(text: str) -> str:
    """The text with every marked part made anew."""

    def anew(part: re.Match[str]) -> str:
        content = "\n".join(PARTS[part[2]]()).strip()
        return f"{part[1]}\n{content}\n\n{part[3]}"

    return PART.sub(anew, text)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


if __name__ == "__main__":
    for page in DOCS.glob("*.md"):
        page.write_text(rendered(page.read_text()))
    (DOCS / "checks").mkdir(exist_ok=True)
    for path, text in check_pages(DOCS).items():
        path.write_text(text)
