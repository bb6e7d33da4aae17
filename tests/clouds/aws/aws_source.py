"""The source that the tests read the emulator with."""

from datetime import datetime
from typing import Any

from aws_emulator import Emulator

from clouds.aws import connect
from clouds.aws.connection import AwsCloud

NOW = datetime(2026, 11, 20, 12)


def cloud_of(server: Emulator, **options: Any) -> AwsCloud:
    """A source that reads the emulator, in two regions unless told otherwise, at a fixed time."""
    given = {"regions": ["us-east-1", "eu-west-1"], **options}
    cloud = connect(endpoint_url=server.url, **given)
    assert isinstance(cloud, AwsCloud)
    cloud.clock = lambda: NOW
    return cloud
