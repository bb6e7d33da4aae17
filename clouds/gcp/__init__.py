"""Google Cloud."""

from clouds.bills_only import BillsOnly, exports
from clouds.cloud import Cloud
from clouds.gcp.access import identity


def connect(*, bills: str | None = None) -> Cloud:
    """Google Cloud with the exports in the folder `bills` and the default credentials."""
    return BillsOnly("gcp", exports(bills), identify=identity)
