"""What can be wrong with what a model is given.

ModelError
├── UnusableSeries  the frame as a whole can't be read: a missing column, a horizon of zero
├── NotSolved       the solver found no purchase of commitments
├── UnknownRate     a plan buys a commitment whose rate or usage is not known
└── BadRequirement  what is asked of an instance can't be understood, or put into another form

A single bad series is not an error: it is a row with a reason.
"""


class ModelError(Exception):
    """Base of all errors of this package."""


class UnusableSeries(ModelError, ValueError):
    """The frame as a whole can't be used; the message says what was found and expected."""


class NotSolved(ModelError):
    """The solver found no purchase."""

    def __init__(self, said: str) -> None:
        super().__init__(f"HiGHS found no purchase of commitments: {said}")


class UnknownRate(ModelError, ValueError):
    """A plan buys a commitment whose rate, or whose usage, is not known."""

    def __init__(self, bought: str, found: str) -> None:
        super().__init__(
            f"The plan buys {bought}, of which no rate is known: {found}. Expected is a purchase "
            "that matches models.commitment_rate; run 'instance-select run' after prices were read."
        )


class BadRequirement(ModelError, ValueError):
    """What is asked of an instance can't be understood; the message says what can."""
