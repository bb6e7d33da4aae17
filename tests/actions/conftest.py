from collections.abc import Iterator
from pathlib import Path

import pytest
from staff import Office, staffed

from actions.ledger import open_ledger


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield staffed(ledger, tmp_path)
    ledger.close()
