"""DigitalOcean."""

from clouds.bills_only import BillsOnly, exports
from clouds.cloud import Cloud
from clouds.digitalocean.access import identity


def connect(*, bills: str | None = None, token_file: str | None = None) -> Cloud:
    """DigitalOcean with the exports in the folder `bills`.

    The token is the one of the `doctl` tool, or the content of `token_file`.
    """
    return BillsOnly("digitalocean", exports(bills), identify=lambda: identity(token_file))
