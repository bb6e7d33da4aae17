"""What our roles allow us in a subscription, as Azure itself adds them up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from clouds.azure.access import Access
from clouds.errors import Forbidden

PERMISSION = "Microsoft.Authorization/permissions/read"
API_VERSION = "2022-04-01"  # of Microsoft.Authorization


@dataclass(frozen=True)
class Grants:
    """The roles we have; each allows its actions less its exceptions."""

    roles: Sequence[tuple[Sequence[str], Sequence[str]]]

    def allow(self, action: str) -> bool:
        """Whether some role allows the action.

        >>> Grants([(["*/read"], ["Microsoft.Sql/*"])]).allow("Microsoft.Sql/servers/read")
        False
        """
        return any(_among(action, does) and not _among(action, less) for does, less in self.roles)

    def require(self, action: str) -> None:
        """Raises `Forbidden` if no role allows the action."""
        if not self.allow(action):
            raise Forbidden(action, "no role allows it here")


def fetch_grants(access: Access, subscription: str) -> Grants:
    """What we may do in a subscription. Raises `CloudError`."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
    return parse_grants(access.get_all(path, API_VERSION, PERMISSION))


def parse_grants(items: Sequence[Mapping[str, Any]]) -> Grants:
    """Azure's list of permissions as roles."""
    return Grants([(each.get("actions") or [], each.get("notActions") or []) for each in items])


def _among(action: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
