"""What can go wrong with a cloud.

CloudError
├── UnknownCloud        no folder and no entry point of that name
├── UnknownOption       a source gives options that its cloud does not take
├── BrokenCloud         a cloud's package can't be imported, or is none
├── WronglyConfigured   one of the above, with the line of the settings file
├── MissingExtra        the cloud's SDK is not installed
├── Unreadable          the cloud can't be reached, or its answer can't be read
│   ├── Unauthorized    the credentials are missing, refused or expired
│   ├── Forbidden       the credentials are good, but lack one permission
│   └── StalePage       a page token is no longer known
├── Throttled           too many calls; the cloud says when to come back
├── QuotaExceeded       the change needs more than the account may have
├── WrongState          the resource must be in another state first
└── NotOffered          this cloud can't do that, with the reason
"""

from collections.abc import Sequence


class CloudError(Exception):
    """Base of all errors of this package."""


class UnknownCloud(CloudError):
    """There is no cloud of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"No cloud named {name!r}. Known clouds: {', '.join(known)}.")


class UnknownOption(CloudError):
    """The options of a source are not those that its cloud takes."""

    def __init__(self, cloud: str, problem: str, known: Sequence[str]) -> None:
        self.cloud = cloud
        takes = f"It takes: {', '.join(known)}." if known else "It takes none."
        super().__init__(f"The options for {cloud} do not fit: {problem}. {takes}")


class BrokenCloud(CloudError):
    """The package of a cloud can't be used."""

    def __init__(self, cloud: str, problem: str) -> None:
        self.cloud = cloud
        super().__init__(
            f"The cloud {cloud!r} can't be loaded: {problem}. "
            "Repair or update the package that brings it, or remove its sources."
        )


class WronglyConfigured(CloudError):
    """A source can't be connected because of what the settings file says in that line."""

    def __init__(self, where: str, error: CloudError) -> None:
        self.where = where
        super().__init__(f"{where}: {error}")


class MissingExtra(CloudError):
    """The SDK that a cloud needs is not installed."""

    def __init__(self, cloud: str, module: str) -> None:
        self.cloud = cloud
        self.module = module
        super().__init__(
            f"{cloud} needs the Python module {module!r}, which is not installed. "
            f"Install it with: pip install 'instance-select[{cloud}]'"
        )


class Unreadable(CloudError):
    """The cloud did not answer, or not in a way that can be read."""


class Unauthorized(Unreadable):
    """Nothing of this account can be read until its credentials are renewed."""


class Forbidden(Unreadable):
    """One call is not allowed; the others may be."""

    def __init__(self, permission: str, told: str) -> None:
        self.permission = permission
        super().__init__(
            f"The permission {permission} is missing ({told}). Add it to the role; "
            "'instance-select permissions' prints all that are needed."
        )


class StalePage(Unreadable):
    """A listing took so long that its page token is no longer known; it must start anew.

    Raised for later pages only; `clouds.paging.read_anew` begins again.
    """


class Throttled(CloudError):
    """The cloud asks us to come back later."""

    def __init__(self, call: str, retry_after_seconds: float) -> None:
        self.call = call
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"{call} was throttled; the cloud asks to wait {retry_after_seconds:g} seconds. "
            "Nothing was changed; try again later."
        )


class QuotaExceeded(CloudError):
    """The account's quota does not allow the change."""


class WrongState(CloudError):
    """The resource must be in another state before this change."""


class NotOffered(CloudError):
    """This cloud does not offer that ability."""
