"""What can go wrong between a recommendation and a change.

ActionError
├── BadCheck              a file in actions/checks breaks the form of a check
├── BadOverride           a parameter that a check does not have, or of the wrong type
├── BadBudget             a budget whose amount, currency or period makes no sense
├── LedgerBusy            another process holds the ledger for too long
├── LedgerUnusable        the ledger can't be reached, read or written
├── Unknown               no plan, run, recommendation, user or role of that name
├── BadName               a name that nobody can be called by
├── NotAllowed            this person's role does not cover it
├── FeedbackRefused       what was said of an incident lacks its reason or its day
├── SuppressionRefused    what is to be silenced lacks its reason, or has ended already
├── PlanRefused           the plan can't be made
│   ├── NotAsRecommended  the resource no longer looks the way the recommendation says
│   └── LimitExceeded     the plan is larger than the limits allow
├── PlanDamaged           the stored plan is not the one that its hash names
├── ClockBehind           the clock runs behind what is in the audit log
├── ApprovalRefused       the approval does not count
├── ApplyRefused          the plan as a whole may not be applied
└── DriftedResource       the resource no longer looks the way it did when its plan was made
"""

from collections.abc import Iterable
from datetime import datetime


class ActionError(Exception):
    """Base of all errors of this package."""


class BadCheck(ActionError):
    """A file in actions/checks can't be run as a check."""

    def __init__(self, check: str, found: str, cure: str) -> None:
        self.check = check
        super().__init__(f"Check {check}: {found}. {cure}")


class BadOverride(ActionError):
    """A parameter does not fit its check."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name = name
        self.found = found
        self.expected = expected
        super().__init__(f"Found {found}, expected {expected}.")


class BadBudget(ActionError):
    """A budget that can't be meant; nothing was written."""


class LedgerBusy(ActionError):
    """The ledger could not be had in time."""


class LedgerUnusable(ActionError):
    """The ledger can't be reached, read or written; this step of the work was not written."""


class Unknown(ActionError):
    """Nothing of that name exists."""

    def __init__(self, what: str, name: str, known: Iterable[str], cure: str = "") -> None:
        self.what = what
        self.name = name
        listed = list(known)
        shown = ", ".join(listed[:10]) or "none"
        more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
        super().__init__(f"No {what} named {name!r}. Known: {shown}{more}.{cure and ' ' + cure}")


class BadName(ActionError):
    """A name that nobody can be called by; nothing was written."""


class NotAllowed(ActionError):
    """The role of this person does not cover what they asked for."""


class FeedbackRefused(ActionError):
    """What was said of an incident lacks its reason or its day; nothing was written."""


class SuppressionRefused(ActionError):
    """What is to be silenced lacks its reason, or has ended already; nothing was written."""


class PlanRefused(ActionError):
    """The plan can't be made; nothing was written. `what` is the message without its cure."""

    def __init__(self, what: str, cure: str = "") -> None:
        self.what = what
        super().__init__(f"{what} {cure}".strip())


class NotAsRecommended(PlanRefused):
    """The resource no longer looks the way the recommendation says."""

    def __init__(self, resource_id: str, verb: str, expected: str, found: str) -> None:
        self.resource_id = resource_id
        self.expected = expected
        self.found = found
        super().__init__(
            f"{resource_id} is {found}, but the recommendation to {verb} it expects {expected}.",
            "No plan was made; run 'instance-select run' for fresh recommendations.",
        )


class LimitExceeded(PlanRefused):
    """The plan is larger than the limits allow."""

    def __init__(self, what: str, found: str, limit: str, setting: str) -> None:
        self.setting = setting
        super().__init__(
            f"The plan {what}: {found}, and the limit is {limit}.",
            f"No plan was made; make smaller plans, or raise the setting {setting}.",
        )


class PlanDamaged(ActionError):
    """The stored plan is not the one that its hash names."""

    def __init__(self, plan_id: str, expected: str, found: str) -> None:
        super().__init__(
            f"The content of plan {plan_id} has the hash {found}, but the ledger says {expected}. "
            "Somebody changed the ledger by hand: nothing of it is applied. Run "
            "'instance-select audit verify' and make a new plan."
        )


class ClockBehind(ActionError):
    """The clock runs behind what is in the audit log, so nobody can tell what has expired."""

    def __init__(self, now: datetime, newest: datetime) -> None:
        super().__init__(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, but the audit log goes up to "
            f"{newest:%Y-%m-%d %H:%M} UTC, and an approval that has expired would count again. "
            "Nothing was changed; set the clock right. If it is right, and the log was written by "
            "one that ran ahead, an admin goes on with: instance-select user add NAME --role ROLE"
        )


class ApprovalRefused(ActionError):
    """The approval does not count; the plan is as it was."""


class ApplyRefused(ActionError):
    """The plan as a whole may not be applied; nothing was changed."""


class DriftedResource(ActionError):
    """The resource no longer looks the way it did when its plan was made."""

    def __init__(self, resource_id: str, differences: str) -> None:
        self.resource_id = resource_id
        super().__init__(
            f"{resource_id} changed since the plan was made: {differences}. "
            "Nothing was changed; make a new plan and approve it again."
        )
