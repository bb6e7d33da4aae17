"""A simulated company on five clouds, for tests, demos and offline development."""

from pathlib import Path

from clouds.demo.connection import DemoCloud
from clouds.demo.state import State
from clouds.errors import Unreadable


def connect(folder: str) -> DemoCloud:
    """The estate that lies in a folder. Raises `Unreadable` if there is none."""
    state = State(Path(folder))
    if not state.exists():
        raise Unreadable(
            f"There is no demo estate in {folder}. Make one with: instance-select demo"
        )
    return DemoCloud(state)
