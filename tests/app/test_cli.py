"""What holds for every command: help, one JSON document, exit codes, clear errors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from command_line import PLAIN, call
from typer.testing import CliRunner

from app.cli import app

HELP = Path(__file__).with_name("help.txt")  # rewrite it with: python tests/app/test_cli.py


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, as it is typed."""
    root = typer.main.get_command(app)
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield (name,)
        else:
            yield from ((name, one) for one in sorted(inner))


def paths() -> Iterator[tuple[str, ...]]:
    """Every command with each of its options and arguments that take a path."""
    root = typer.main.get_command(app)
    for name in commands():
        command = root
        for word in name:
            command = command.commands[word]  # type: ignore[attr-defined]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                if parameter.metavar in ("FILE", "DIR"):
                    yield (*name, parameter.opts[0], "")
            elif parameter.metavar in ("PATH", "PATH...", "FILE"):
                yield (*name, "")


@pytest.mark.parametrize("given", list(paths()), ids=" ".join)
def test_an_empty_path_is_never_the_current_folder(given: tuple[str, ...]) -> None:
    found = CliRunner(env=PLAIN).invoke(app, given)
    assert found.exit_code == 2
    assert "found an empty path" in " ".join(found.stderr.replace("│", " ").split())


def program(*arguments: str | Path, stdout: Any = subprocess.PIPE, **environment: str) -> Any:
    """Run it as from a terminal, where the encoding is decided."""
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)],
        stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_full_standard_output_is_told_in_a_sentence(form: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = program("permissions", "--cloud", "aws", *form, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "The command is done, but its answer can't be written to standard output (No space left on "
        "device). Send it elsewhere, or make room there."
    ]


def test_other_encodings_lose_signs_on_the_screen_only(tmp_path: Path) -> None:
    given, out = tmp_path / "Zürich.csv", tmp_path / "für €"
    rows = "".join(f"2026-01-{n // 24 + 1:02}T{n % 24:02}:00:00,{n % 24}\n" for n in range(300))
    given.write_text(f"timestamp,value,Ort\n{rows.replace(chr(10), ',€' + chr(10))}", "utf-8")
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = program("detect", given, "--out", out, **old)
    assert shown.returncode == 0, shown.stderr
    assert b"f?r ?" in shown.stdout
    assert "€" in (out / given.name).read_text("utf-8")
    (file,) = json.loads(program("detect", given, "--out", out, "--json", **old).stdout)["files"]
    assert file["out"] == str(out / given.name)
    latin = program("detect", given, "--out", out, PYTHONIOENCODING="latin-1")
    assert "für ?".encode("latin-1") in latin.stdout


def help_of(*command: str) -> str:
    """What `--help` prints, within this process: it reads nothing of the home."""
    found = CliRunner(env=PLAIN).invoke(app, [*command, "--help"], prog_name="instance-select")
    assert found.exit_code == 0
    return found.stdout


def help_of_everything() -> str:
    texts = [help_of(), *(help_of(*command) for command in commands())]
    return "\n".join("\n".join(line.rstrip() for line in text.splitlines()) for text in texts)


def test_help_is_as_it_was() -> None:
    assert help_of_everything() == HELP.read_text()


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_shows_an_example(command: tuple[str, ...]) -> None:
    text = help_of(*command)
    assert "Examples:" in text
    assert f"instance-select {' '.join(command)}" in text
    assert all(option in text for option in ("--home", "--json"))


def test_help_imports_nothing_heavy() -> None:
    check = (
        "import sys, app.cli; heavy = {'dagster', 'duckdb', 'polars', 'streamlit', 'sqlalchemy'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, f"imported by --help: {done.stderr}"


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("sql",), ("ingest",), ("plan", "nope"), ("forecast", "x.csv", "--horizon", "0")],
)
def test_bad_usage_leaves_with_2_and_says_where_help_is(arguments: tuple[str, ...]) -> None:
    outcome = call(*arguments, "--json")
    assert outcome.code == 2
    assert outcome.json["error"]["kind"] == "BadUsage"
    assert "--help" in outcome.json["error"]["message"]
    assert outcome.stderr.count("\n") == 1


def test_options_of_every_command_may_stand_before_it(tmp_path: Path) -> None:
    outcome = call("--home", tmp_path, "--json", "user", "add", "maria", "--role", "admin")
    assert outcome.json["user"]["name"] == "maria"
    assert call("user", "list", "--json", home=tmp_path).json["users"][0]["name"] == "maria"


def test_settings_that_do_not_fit_are_named(tmp_path: Path) -> None:
    (tmp_path / "instance-select.yaml").write_text("max_changes: many\n")
    outcome = call("plan", "list", "--json", home=tmp_path)
    assert outcome.code == 2
    assert "max_changes" in outcome.json["error"]["message"]
    (tmp_path / "instance-select.yaml").write_text("sources: [unclosed\n")
    assert call("plan", "list", "--json", home=tmp_path).code == 2


def test_a_source_of_an_unknown_cloud_is_named_with_the_known_ones(tmp_path: Path) -> None:
    text = "sources: [{name: x, cloud: nimbus}]\n"
    (tmp_path / "instance-select.yaml").write_text(text)
    found = {one["name"]: one for one in call("doctor", "--json", home=tmp_path).json["checks"]}
    assert not found["source x"]["ok"]
    assert "aws" in found["source x"]["detail"]


def test_options_a_cloud_does_not_know_are_named(tmp_path: Path) -> None:
    text = "sources: [{name: x, cloud: aws, options: {bucket: y}}]\n"
    (tmp_path / "instance-select.yaml").write_text(text)
    found = {one["name"]: one for one in call("doctor", "--json", home=tmp_path).json["checks"]}
    assert not found["source x"]["ok"]
    assert "bucket" in found["source x"]["detail"]
    assert "bills" in found["source x"]["detail"]


def test_an_unexpected_error_is_one_sentence_and_debug_shows_where(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("not a folder")
    add = ("user", "add", "eve", "--role", "admin")
    outcome = call(*add, "--json", home=home)
    assert outcome.code == 1
    assert set(json.loads(outcome.stdout)) == {"error"}
    assert "Traceback" not in outcome.stderr
    assert "Traceback" in call(*add, "--debug", home=home).stderr


def test_version_is_the_package_s() -> None:
    assert call("--version").stdout.strip().count(".") == 2


if __name__ == "__main__":
    HELP.write_text(help_of_everything())
