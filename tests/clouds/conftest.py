import shutil
from datetime import datetime
from pathlib import Path

import pytest

from clouds.demo import DemoCloud, connect, estate

AS_OF = datetime(2026, 11, 22)


@pytest.fixture(scope="session")
def made_estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small estate that no test changes."""
    folder = tmp_path_factory.mktemp("demo")
    estate.create(folder, resources=420, months=4, as_of=AS_OF)
    return folder


@pytest.fixture(scope="session")
def demo(made_estate: Path) -> DemoCloud:
    return connect(str(made_estate))


@pytest.fixture
def own_estate(made_estate: Path, tmp_path: Path) -> Path:
    """A copy of the small estate that the test may change."""
    return Path(shutil.copytree(made_estate, tmp_path / "own"))


@pytest.fixture
def own_demo(own_estate: Path) -> DemoCloud:
    return connect(str(own_estate))
