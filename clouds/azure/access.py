"""Who we are at Azure: the SDK is imported here, when it is needed."""

import json
from base64 import urlsafe_b64decode
from importlib import import_module
from typing import Any

from clouds.errors import MissingExtra, Unreadable

SCOPE = "https://management.azure.com/.default"


def identity() -> str:
    """User or application and tenant of the default credentials.

    Raises `MissingExtra` or `Unreadable`.
    """
    credentials, errors = _sdk()
    try:
        with credentials.DefaultAzureCredential() as credential:
            claims = _claims(credential.get_token(SCOPE).token)
    except errors.ClientAuthenticationError as error:
        raise Unreadable(
            f"Azure does not accept the default credentials: {str(error).splitlines()[0]} "
            "Run 'az login', or set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate."
        ) from error
    who = claims.get("upn") or claims.get("appid") or claims.get("oid") or "unknown"
    return f"{who}, tenant {claims.get('tid', 'unknown')}"


def _claims(token: str) -> dict[str, str]:
    """What a token says about its owner; Azure has checked the signature by issuing it."""
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def _sdk() -> tuple[Any, Any]:
    try:
        return import_module("azure.identity"), import_module("azure.core.exceptions")
    except ModuleNotFoundError as error:
        raise MissingExtra("azure", error.name or "azure.identity") from error
