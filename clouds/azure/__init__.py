"""Microsoft Azure."""

from clouds.azure.access import identity
from clouds.bills_only import BillsOnly, exports
from clouds.cloud import Cloud


def connect(*, bills: str | None = None) -> Cloud:
    """Azure with the exports in the folder `bills` and the default credentials."""
    return BillsOnly("azure", exports(bills), identify=identity)
