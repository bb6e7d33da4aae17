"""The market of this page's snapshot: made once, searched by all visitors."""

from collections.abc import Generator
from contextlib import closing, contextmanager

import streamlit as st

from app.dashboard import data
from app.market import published
from models.selection.market import Market
from warehouse.lake import Lake


@contextmanager
def market() -> Generator[Market]:
    """A cursor of one's own on it. Raises `OlderTables`."""
    snapshot = data.snapshot().id
    whole = _made(str(data.settings().home.resolve()), snapshot)
    with closing(whole.connection.cursor()) as cursor:
        cursor.execute("use memory")  # a cursor does not inherit it
        yield whole.on(cursor)


@st.cache_resource(max_entries=2, show_spinner="Reading prices ...")
def _made(home: str, snapshot: int) -> Market:
    return published(Lake(data.settings()).reader(snapshot), snapshot)
