"""What can go wrong at the command line and on a page.

AppError
├── BadInput     an argument or a file is not what the command needs (exit code 2)
├── Refused      the command is fine, but what it would do is not (exit code 1)
├── NotShown     standard output takes nothing (exit code 1)
├── NotStarted   a server did not come up (exit code 1)
└── Stopped      a page's apply died of something unexpected
"""


class AppError(Exception):
    """Base of all errors of this package."""

    exit_code = 1


class BadInput(AppError):
    """An argument or a file is not what the command needs."""

    exit_code = 2


class Refused(AppError):
    """What the command would do is not allowed here."""


class NotShown(AppError):
    """Standard output takes nothing."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The command is done, but its answer can't be written to standard output ({why}). "
            "Send it elsewhere, or make room there."
        )


class NotStarted(AppError):
    """A server did not come up."""


class Stopped(AppError):
    """What a page applies in the background died of something unexpected."""

    def __init__(self, plan_id: str, error: Exception) -> None:
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        super().__init__(
            f"Applying plan {plan_id} stopped unexpectedly ({what}). The log of the dashboard "
            "shows where. What was made is written down; apply the plan again to go on."
        )
