"""The page of teams: figures, drill-down, downloads; and the commands behind it."""

from pathlib import Path

import pytest
from test_dashboard import main_module_stays, opened

__all__ = ["main_module_stays"]  # a fixture


def test_x(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(Path("/tmp/alloc-home"), "teams", monkeypatch)
    print(app.exception, [e.value for e in app.error], [m.value for m in app.metric])
    assert not app.exception
    assert not app.error
