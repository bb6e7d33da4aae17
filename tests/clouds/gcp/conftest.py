from collections.abc import Generator

import pytest
from gcp_emulator import Google, serving
from gcp_estate import shop

from clouds import budget
from clouds.gcp.access import Access


@pytest.fixture
def google() -> Google:
    """Google with a shop of one resource of each kind."""
    return Google(assets=shop())


@pytest.fixture
def access(google: Google, monkeypatch: pytest.MonkeyPatch) -> Generator[Access]:
    budget.budget.cache_clear()  # a pause asked for in one test is none of the next one's business
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.02)  # seconds
    with serving(google) as found:
        yield found
    budget.budget.cache_clear()
