"""Who we are at DigitalOcean: the SDK is imported here, when it is needed."""

from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from clouds.errors import MissingExtra, Unreadable

DOCTL = Path("~/.config/doctl/config.yaml")  # where DigitalOcean's own tool keeps its token


def identity(token_file: str | None = None) -> str:
    """E-mail address and status of the account. Raises `MissingExtra` or `Unreadable`."""
    sdk, errors = _sdk()
    token = _token(token_file)
    try:
        account = sdk.Client(token=token, timeout=10).account.get()["account"]
    except errors.AzureError as error:  # pydo is built on azure-core
        raise Unreadable(
            f"DigitalOcean does not accept the token: {str(error).splitlines()[0]}. "
            "Make a new one and run 'doctl auth init', or put it into the file 'token_file'."
        ) from error
    return f"{account['email']}, {account['status']}"


def _token(token_file: str | None) -> str:
    file = Path(token_file or DOCTL).expanduser()
    if not file.is_file():
        raise Unreadable(
            f"No DigitalOcean token: {file} does not exist. Run 'doctl auth init', or write a "
            "token into a file and name it in the source option 'token_file'."
        )
    text = file.read_text()
    token = text.strip() if token_file else (yaml.safe_load(text) or {}).get("access-token", "")
    if not token:
        raise Unreadable(f"No DigitalOcean token in {file}. Run 'doctl auth init'.")
    return str(token)


def _sdk() -> tuple[Any, Any]:
    try:
        return import_module("pydo"), import_module("azure.core.exceptions")
    except ModuleNotFoundError as error:
        raise MissingExtra("digitalocean", error.name or "pydo") from error
