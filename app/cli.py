"""The command line: every command of instance.select, its errors and its exit codes."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from app.answer import to_json
from app.command import Debug, Home, Json
from app.commands import (
    alerts,
    budgets,
    commitments,
    decide,
    estate,
    incidents,
    ledger,
    look,
    operate,
    replay,
    select,
    series,
    showback,
)
from app.errors import AppError
from app.utf8 import print_anything, restart_in_utf8
from app.words import visible

OURS = {"actions", "app", "clouds", "models", "pipelines", "warehouse"}
BAD_INPUT = {  # errors of other packages that mean exit code 2
    "BadBudget",
    "BadName",
    "BrokenSettings",
    "FeedbackRefused",
    "QueryRefused",
    "SuppressionRefused",
    "Unknown",
    "UnknownAssets",
    "UnknownSource",
    "UnknownCloud",
    "UnknownRate",
    "SeveralRates",
    "WronglyConfigured",
    "UnknownTable",
}

app = typer.Typer(
    name="instance-select",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=True,
    pretty_exceptions_enable=False,
)
for commands in (
    estate, look, select, budgets, showback, commitments, replay, series, incidents, decide, ledger,
    operate, alerts,
):  # fmt: skip
    commands.add_to(app)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        print(version("instance-select"))
        raise typer.Exit


@app.callback()
def everything(
    is_version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
    home: Home = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """See, predict and reduce what your clouds and your own machines cost, safely."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0 done, 1 failed or refused, 2 bad input."""
    if arguments is None:
        restart_in_utf8()
    given = list(map(_no_option, sys.argv[1:] if arguments is None else arguments))
    print_anything(json="--json" in given)
    sys.exit(_run(given))


def _no_option(argument: str) -> str:
    """A query may begin with a comment (`-- ...`), which Click would take for an option."""
    return f"\n{argument}" if argument[:2] == "--" and argument[2:3].isspace() else argument


def _run(given: list[str]) -> int:
    json, debug = "--json" in given, "--debug" in given
    try:
        code = typer.main.get_command(app).main(given, "instance-select", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        where = getattr(getattr(error, "ctx", None), "command_path", "instance-select")
        message = f"{error.format_message().rstrip('.')}. See: {where} --help"
        _report("BadUsage", message, json=json)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        _report("Interrupted", "Interrupted.", json=json)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        _report(type(error).__name__, _sentence(error), json=json)
        return _exit_code(error)


def _report(kind: str, message: str, *, json: bool) -> None:
    print(visible(message), file=sys.stderr)
    if json:
        with suppress(OSError):  # it may be what is told
            print(to_json({"error": {"kind": kind, "message": message}}), flush=True)


def _sentence(error: Exception) -> str:
    """One clear sentence: our own message, or what happened and how to see more."""
    kind = type(error)
    if kind.__module__.split(".")[0] in OURS:
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        named = f" {error.filename}" if error.filename else ""
        return f"{error.strerror}:{named}." if named else f"{error.strerror}."
    return (
        f"Something unexpected happened ({kind.__name__}: {_told(error)}). "
        "Run the command again with --debug to see where."
    )


def _told(error: Exception) -> str:
    from warehouse.errors import without_passwords

    return without_passwords(" ".join(str(error).split()))


def _exit_code(error: Exception) -> int:
    if isinstance(error, AppError):
        return error.exit_code
    return 2 if type(error).__name__ in BAD_INPUT else 1
