"""Turn a function into a command: give it the options that all have, print what it answers."""

import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from app.answer import Answer, to_json
from app.errors import AppError, NotShown, Refused
from app.session import Session
from app.words import visible


def named_path(text: str) -> Path:
    """A path that a caller gives. An empty one would be the current folder."""
    if not text.strip():
        raise typer.BadParameter(
            "found an empty path, expected a file or folder (. is the current folder); "
            "a variable of your script may be unset"
        )
    return Path(text)


Home = Annotated[
    Path | None,
    typer.Option(
        parser=named_path,
        metavar="DIR",
        help="Folder of everything that is written (default: INSTANCE_SELECT_HOME or ./var).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
STORES = {"_duckdb", "dagster", "duckdb", "sqlalchemy", "sqlite3"}
WIDE = 200  # characters, where the output goes to a file or a pipe and nobody folds it
_EVERYWHERE = {"home": (Home, None), "json": (Json, False), "debug": (Debug, False)}


def command(
    group: typer.Typer, name: str, *, examples: Sequence[str], panel: str | None = None
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Register `function(session, ...) -> Answer` as a command of the group.

    --home, --json and --debug are added to its options. Nothing but the answer reaches stdout,
    whatever libraries print.
    """

    def register(function: Callable[..., Answer]) -> Callable[..., Answer]:
        def run(*, context: typer.Context, **arguments: Any) -> None:
            before: dict[str, Any] = context.find_root().params  # instance-select --home DIR run
            shared = {name: arguments.pop(name) or before.get(name) for name in _EVERYWHERE}
            json = bool(shared["json"])
            session = Session(shared["home"], json)
            with redirect_stdout(sys.stderr):
                try:
                    answer = function(session, **arguments)
                except Exception as error:
                    if (told := _of_the_stores(session, error)) is None:
                        raise
                    raise told from error
            try:
                show(answer, json)
                sys.stdout.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise NotShown(error.strerror or str(error)) from error
            if answer.then:
                _go_on(answer.then)
            if answer.failed:
                raise typer.Exit(1)

        own = list(inspect.signature(function).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        added = [
            inspect.Parameter(name, keyword, annotation=annotation, default=default)
            for name, (annotation, default) in _EVERYWHERE.items()
        ]
        context = inspect.Parameter("context", keyword, annotation=typer.Context)
        parameters = [*(parameter.replace(kind=keyword) for parameter in own), *added, context]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = function.__doc__
        epilog = "\n\n".join(["Examples:", *(f"instance-select {line}" for line in examples)])
        group.command(name, epilog=epilog, rich_help_panel=panel)(run)
        return function

    return register


def _of_the_stores(session: Session, error: Exception) -> Exception | None:
    """What a store says of a server that is gone, or a home that is full or read-only."""
    from warehouse.disk import obstacle

    if not isinstance(error, OSError) and type(error).__module__.split(".")[0] not in STORES:
        return None
    if (gone := _gone(session, error)) is not None:
        return gone
    why = obstacle(session.settings.home)
    told = " ".join(str(error).split())
    return Refused(f"{why}, and try again. Found: {told}") if why else None


def _gone(session: Session, error: Exception) -> Exception | None:
    import duckdb

    from warehouse.errors import CatalogLost
    from warehouse.transaction import is_gone

    catalog = session.settings.catalog
    if not catalog or not isinstance(error, duckdb.Error) or not is_gone(error):
        return None
    return CatalogLost(catalog, "a query")


def _go_on(then: Callable[[], None]) -> None:
    """The answer is out, so what goes wrong now is told on stderr only."""
    try:
        with redirect_stdout(sys.stderr):
            then()
    except AppError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.exit_code) from error


def show(answer: Answer, json: bool) -> None:
    """Print the answer to stdout, as JSON or for people."""
    if json:
        print(to_json(answer.document), flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for part in answer.view():
        is_line = isinstance(part, str | Text)
        shown = visible(part) if isinstance(part, str) else part
        console.print(shown, markup=False, highlight=False, soft_wrap=is_line)
