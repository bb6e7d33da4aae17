"""Tables and lines for people at a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from app.words import visible


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None
) -> Table:
    """A table; a column name that starts with '>' is aligned to the right.

    Text is printed as it is: nothing in it is taken for markup.
    """
    found = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for name in columns:
        right = name.startswith(">")
        found.add_column(
            name.removeprefix(">"), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        found.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    return found


def footer(snapshot: int) -> Text:
    """Which snapshot was read."""
    return Text(f"snapshot {snapshot}", style="dim")
