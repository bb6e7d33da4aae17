"""The parts of docs/ that are made from the code; run this file to write them anew."""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import typer

from actions.check import checks as all_checks
from app.cli import app
from clouds import available, load
from pipelines.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
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
    """One row for each cloud: the options of a source and what it can't give."""
    from inspect import signature

    yield "| cloud | options | not available |"
    yield "|---|---|---|"
    for name in available():
        module = __import__(f"clouds.{name}", fromlist=["connect"])
        taken = signature(module.connect).parameters
        options = ", ".join(f"`{option}`" for option in taken)
        given = {"bills": "exports"} if "bills" in taken else {}
        missing = () if name == "demo" else load(name, **given).cannot
        cannot = ", ".join(missing) or "everything is simulated"
        yield f"| `{name}` | {options} | {cannot} |"


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
    from warehouse.lake import schema_files

    yield "| table | grain |"
    yield "|---|---|"
    for table, ddl in schema_files().items():
        yield f"| `{table}` | {ddl.splitlines()[0].removeprefix('-- ')} |"


def checks() -> Iterator[str]:
    """One row for each check."""
    yield "| check | what the reader gains | kind | does | risk |"
    yield "|---|---|---|---|---|"
    for check in all_checks():
        yield f"| `{check.name}` | {check.title} | {check.kind} | {check.verb} | {check.risk} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "settings": settings,
    "clouds": clouds,
    "marts": marts,
    "schema": schema,
    "checks": checks,
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
