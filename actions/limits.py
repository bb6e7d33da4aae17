"""How much one plan may touch, and when: the blast radius of the gate."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from actions.errors import LimitExceeded
from clouds.cloud import Change

Fleet = Mapping[tuple[str, str, str], int]  # cloud, account, kind -> how many there are


@dataclass(frozen=True)
class Window:
    """Hours of the week in which changes that restart or remove something may run, UTC."""

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)  # 0 = Monday; the day on which it opens
    starts_hour: int = 0
    ends_hour: int = 24  # exclusive; below or equal to `starts_hour` = on the next day

    def is_open(self, at: datetime) -> bool:
        """Whether a change may begin at this time."""
        if self.starts_hour < self.ends_hour:
            return at.weekday() in self.weekdays and self.starts_hour <= at.hour < self.ends_hour
        before_midnight = at.hour >= self.starts_hour and at.weekday() in self.weekdays
        return before_midnight or (
            at.hour < self.ends_hour and (at.weekday() - 1) % 7 in self.weekdays
        )


@dataclass(frozen=True)
class Limits:
    """What one plan may hold, and how a run behaves; the defaults are those of the settings."""

    max_changes: int = 20
    max_fleet_share: float = 0.2  # of an account's resources of one kind; one is always allowed
    max_saving_month: float = 50_000  # money per month in any one currency
    plan_hours: float = 72  # a plan that nobody approved by then expires
    approval_hours: float = 72
    stop_after_failures: int = 3  # failed changes after which a run leaves the rest alone
    window: Window | None = None  # for R2 and above; None = at any time


def check_limits(changes: Sequence[Change], fleet: Fleet, limits: Limits) -> None:
    """Raise `LimitExceeded` for the first limit that the changes break."""
    if len(changes) > limits.max_changes:
        raise LimitExceeded(
            "is too large", f"{len(changes)} changes", str(limits.max_changes), "max_changes"
        )
    touched = Counter(
        (change.resource.cloud, change.resource.account, change.resource.kind) for change in changes
    )
    for scope, count in touched.items():
        _check_share(scope, count, fleet.get(scope, 0), limits)
    money: dict[str, Decimal] = {}
    for change in changes:
        if change.currency and change.saving_month_high:
            moved = money.get(change.currency, Decimal(0)) + abs(change.saving_month_high)
            money[change.currency] = moved
    for currency, moved in money.items():
        if moved > Decimal(str(limits.max_saving_month)):
            found = f"{moved:,.2f} {currency} a month"
            limit = f"{limits.max_saving_month:,.2f} {currency}"
            raise LimitExceeded("moves too much money", found, limit, "max_saving_month")


def count_fleet(*read: pl.DataFrame) -> dict[tuple[str, str, str], int]:
    """Size of each fleet, from inventories or `marts.resource_now`: what two read counts once."""
    known = pl.concat(rows.select("cloud", "account", "kind", "resource_id") for rows in read)
    counted = known.unique().group_by("cloud", "account", "kind").len()
    return {(cloud, account, kind): count for cloud, account, kind, count in counted.iter_rows()}


def _check_share(scope: tuple[str, str, str], count: int, fleet: int, limits: Limits) -> None:
    cloud, account, kind = scope
    allowed = max(1, int(fleet * limits.max_fleet_share))
    if count > allowed:
        raise LimitExceeded(
            f"touches too much of one fleet ({kind} in {cloud} account {account})",
            f"{count} of {fleet}",
            f"{allowed} ({limits.max_fleet_share:.0%} of them)",
            "max_fleet_share",
        )
