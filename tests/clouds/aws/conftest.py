from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from emulator import Emulator, emulator

from clouds import budget as budget_module
from clouds.aws import connect
from clouds.aws.connection import AwsCloud

NOW = datetime(2026, 11, 20, 12)


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
    budget_module.budget.cache_clear()
    server.reset()
    return server


def cloud_of(server: Emulator, **options: Any) -> AwsCloud:
    """A source that reads the emulator, in two regions unless told otherwise, at a fixed time."""
    given = {"regions": ["us-east-1", "eu-west-1"], **options}
    cloud = connect(endpoint_url=server.url, **given)
    assert isinstance(cloud, AwsCloud)
    cloud.clock = lambda: NOW
    return cloud
