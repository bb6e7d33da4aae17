"""Who we are at AWS: the SDK is imported here, when it is needed."""

from importlib import import_module
from typing import Any

from clouds.errors import MissingExtra, Unreadable

SECONDS = 5  # a credential check that takes longer has failed


def identity(profile: str | None = None) -> str:
    """The ARN behind the credentials, as STS says. Raises `MissingExtra` or `Unreadable`."""
    session, config, errors = _sdk()
    try:
        sts = session.Session(profile_name=profile).client(
            "sts",
            region_name="us-east-1",
            config=config.Config(
                connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 1}
            ),
        )
        return str(sts.get_caller_identity()["Arn"])
    except (errors.BotoCoreError, errors.ClientError) as error:
        raise Unreadable(
            f"AWS does not accept the credentials: {error}. Set up a profile or a role that the "
            "AWS SDK finds, and name it in the source option 'profile' if it is not the default."
        ) from error


def _sdk() -> tuple[Any, Any, Any]:
    try:
        return (
            import_module("boto3.session"),
            import_module("botocore.config"),
            import_module("botocore.exceptions"),
        )
    except ModuleNotFoundError as error:
        raise MissingExtra("aws", error.name or "boto3") from error
