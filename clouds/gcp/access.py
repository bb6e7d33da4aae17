"""Who we are at Google Cloud: the SDK is imported here, when it is needed."""

from importlib import import_module
from typing import Any

from clouds.errors import MissingExtra, Unreadable

SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"


def identity() -> str:
    """Account and project of the default credentials, after one refresh.

    Raises `MissingExtra` or `Unreadable`.
    """
    auth, errors, transport = _sdk()
    try:
        credentials, project = auth.default(scopes=[SCOPE])
        credentials.refresh(transport.Request())
    except errors.GoogleAuthError as error:
        raise Unreadable(
            f"Google Cloud does not accept the default credentials: {error}. Run "
            "'gcloud auth application-default login', or point GOOGLE_APPLICATION_CREDENTIALS at "
            "a key file."
        ) from error
    account = getattr(credentials, "service_account_email", None) or "user credentials"
    return f"{account}, project {project or 'not set'}"


def _sdk() -> tuple[Any, Any, Any]:
    try:
        return (
            import_module("google.auth"),
            import_module("google.auth.exceptions"),
            import_module("google.auth.transport.requests"),
        )
    except ModuleNotFoundError as error:
        raise MissingExtra("gcp", error.name or "google.auth") from error
