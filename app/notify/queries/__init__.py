"""The queries of the rules, one file each."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The text of one file."""
    return (files("app.notify.queries") / f"{name}.sql").read_text()
