from collections.abc import Generator
from pathlib import Path

import pytest
from digitalocean_fake import TOKEN, Connect, Fake, serve
from digitalocean_records import estate

from clouds.budget import Budget
from clouds.digitalocean.access import Session
from clouds.digitalocean.connection import DigitalOcean


@pytest.fixture
def fake() -> Generator[Fake]:
    """An account with one of everything."""
    with serve(estate()) as running:
        yield running


@pytest.fixture
def empty() -> Generator[Fake]:
    with serve(Fake()) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """The pauses that were made, in seconds; none of them takes time."""
    return []


@pytest.fixture
def connect(tmp_path: Path, waits: list[float]) -> Connect:
    """Connects to a fake at a clock that stands still, except while somebody waits for it."""
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    clock = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    def to(fake: Fake) -> DigitalOcean:
        budget = Budget("test", 1000, 1000, clock=lambda: clock[0], wait=wait)
        return DigitalOcean(Session(str(token), fake.url, budget))

    return to


@pytest.fixture
def digitalocean(fake: Fake, connect: Connect) -> DigitalOcean:
    return connect(fake)
