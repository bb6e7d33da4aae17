"""What can go wrong at the command line.

AppError
├── BadInput     an argument or a file is not what the command needs (exit code 2)
├── Refused      the command is fine, but what it would do is not (exit code 1)
└── NotStarted   a server did not come up (exit code 1)
"""


class AppError(Exception):
    """Base of all errors of this package."""

    exit_code = 1


class BadInput(AppError):
    """An argument or a file is not what the command needs."""

    exit_code = 2


class Refused(AppError):
    """What the command would do is not allowed here."""


class NotStarted(AppError):
    """A server did not come up."""
