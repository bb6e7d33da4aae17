"""Pages of the dashboard, opened as Streamlit serves them."""

from importlib.resources import files
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

FOLDER = Path(str(files("app.dashboard")))


def opened(home: Path, view: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page `view` of a home, drawn once."""
    monkeypatch.setenv("INSTANCE_SELECT_HOME", str(home))
    app = AppTest.from_file(str(FOLDER / "main.py"), default_timeout=120).run()
    return app if view == "overview" else app.switch_page(f"views/{view}.py").run()
