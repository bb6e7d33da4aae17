"""DigitalOcean."""

from pathlib import Path

from clouds.cloud import Cloud
from clouds.digitalocean.access import Session
from clouds.digitalocean.connection import DigitalOcean


def connect(
    *, token_file: str | None = None, bills: str | None = None, endpoint: str | None = None
) -> Cloud:
    """DigitalOcean as the token of the `doctl` tool sees it, or the one in `token_file`.

    The invoices come from the API, unless `bills` names a folder into which they are brought
    otherwise. `endpoint` is another address of the API, for tests.
    """
    folder = Path(bills).expanduser() if bills else None
    return DigitalOcean(Session(token_file, endpoint), folder)
