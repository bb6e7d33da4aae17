"""What every command is handed: settings, stores, sources and clock, each opened when needed."""

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import BadInput
from app.words import visible

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from actions.ledger import Ledger
    from clouds.cloud import Cloud
    from pipelines.settings import Settings
    from pipelines.work import Work
    from warehouse.lake import Lake


def _named(text: str) -> str:
    """A name that a caller gives. With an empty one it would be the login's decision."""
    if not text.strip():
        raise typer.BadParameter(
            "found an empty name, expected that of a user; a variable of your script may be unset"
        )
    return text


Actor = Annotated[
    str | None,
    typer.Option(
        "--as", parser=_named, metavar="USER", help="Who you are (default: your login name)."
    ),
]


@dataclass
class Session:
    """One call of the command line."""

    home: Path | None = None
    json: bool = False

    @cached_property
    def settings(self) -> "Settings":
        """The home's settings. Raises `BadInput` if they can't be understood."""
        from pipelines.errors import BrokenSettings
        from pipelines.settings import load_settings

        try:
            return load_settings(self.home)
        except BrokenSettings as error:
            raise BadInput(str(error)) from None

    @cached_property
    def lake(self) -> "Lake":
        """The warehouse."""
        from warehouse.lake import Lake

        return Lake(self.settings)

    @property
    def ledger(self) -> "Ledger":
        """Plans, approvals, runs and users. Raises `BadInput` if this home has none."""
        if not self.has_ledger:
            raise BadInput(
                f"There is no ledger in {self.settings.home}: nobody has decided anything there, "
                "and nothing was written. Look whether --home or INSTANCE_SELECT_HOME is right; "
                "'instance-select user add NAME --role admin' begins a ledger."
            )
        return self.new_ledger

    @property
    def has_ledger(self) -> bool:
        """Whether anybody may have decided something in this home."""
        settings = self.settings
        return bool(settings.ledger) or (settings.home / "ledger.sqlite").exists()

    @cached_property
    def new_ledger(self) -> "Ledger":
        """The ledger, which is made if this home has none; for commands that begin one."""
        from actions.ledger import open_ledger

        self.settings.home.mkdir(parents=True, exist_ok=True)
        return open_ledger(self.settings.ledger_url)

    @cached_property
    def clouds(self) -> "dict[str, Cloud]":
        """The configured sources by name. Raises the `CloudError` of the first that fails."""
        from pipelines.sources import connect

        return connect(self.settings)

    @cached_property
    def now(self) -> "datetime":
        """What counts as now: the setting as_of, else the latest clock of the sources."""
        return self._work.as_of

    @cached_property
    def clock(self) -> "datetime":
        """What counts as now for everything that goes into the ledger; as_of does not move it."""
        return self._work.clock

    @cached_property
    def snapshot(self) -> int:
        """The published snapshot. Raises `NothingPublished`."""
        return self.lake.published().snapshot

    @cached_property
    def readable(self) -> int:
        """The published snapshot; before the first publication what has been ingested so far.

        Raises `NothingPublished` if there is nothing at all.
        """
        from warehouse.errors import NothingPublished

        try:
            return self.snapshot
        except NothingPublished:
            found = self.lake.readable()
            self.say(
                f"No run has been published yet: this is snapshot {found}, what has been ingested "
                "so far. 'instance-select run' makes the other tables and publishes them."
            )
            return found

    @cached_property
    def login(self) -> str:
        """The name under which the operating system knows whoever calls."""
        from getpass import getuser

        return getuser()

    def say(self, message: str) -> None:
        """One line of progress, on stderr."""
        self._stderr.print(
            visible(message), style="dim", markup=False, highlight=False, soft_wrap=True
        )

    def working(self, message: str) -> AbstractContextManager[object]:
        """A spinner on stderr while something takes long; one line where nobody watches."""
        if self._stderr.is_terminal:
            return self._stderr.status(message)
        self.say(message)
        return nullcontext()

    @cached_property
    def _work(self) -> "Work":
        from pipelines.work import Work

        return Work(self.settings)

    @cached_property
    def _stderr(self) -> "Console":
        from rich.console import Console

        return Console(file=sys.stderr)
