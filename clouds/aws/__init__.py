"""Amazon Web Services."""

from clouds.aws.access import identity
from clouds.bills_only import BillsOnly, exports
from clouds.cloud import Cloud


def connect(*, bills: str | None = None, profile: str | None = None) -> Cloud:
    """AWS with the exports in the folder `bills` and the credentials of `profile`.

    Without `profile`, the SDK's own chain: environment, shared files, instance role.
    """
    return BillsOnly("aws", exports(bills), identify=lambda: identity(profile))
