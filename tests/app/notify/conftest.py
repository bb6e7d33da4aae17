from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from estate_now import Estate

from actions.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def estate(ledger: Ledger) -> Iterator[Callable[..., Estate]]:
    made: list[Estate] = []

    def make(kind: str, **rule: Any) -> Estate:
        made.append(Estate(ledger, {"kind": kind, **rule}))
        return made[-1]

    yield make
    for one in made:
        one.close()
