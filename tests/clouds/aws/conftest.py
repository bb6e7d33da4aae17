from collections.abc import Iterator

import pytest
from aws_emulator import Emulator, emulator

from clouds.budget import budget


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture
def aws(server: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An empty AWS, and credentials for it in the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    budget.cache_clear()
    server.reset()
    return server
