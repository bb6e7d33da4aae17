"""What can be wrong with what a model is given.

ModelError
├── UnusableSeries  the frame as a whole can't be read: a missing column, a horizon of zero
├── UnknownCalendar the public holidays of a country or of a part of it are not known
├── NotSolved       the solver found no purchase of commitments
├── UnknownRate     a plan buys a commitment whose rate or usage is not known
├── SeveralRates    a plan reserves instances of several prices, and does not say which
└── BadRequirement  what is asked of an instance can't be understood, or put into another form

A single bad series is not an error: it is a row with a reason.
"""

from collections.abc import Sequence


class ModelError(Exception):
    """Base of all errors of this package."""


class UnusableSeries(ModelError, ValueError):
    """The frame as a whole can't be used; the message says what was found and expected."""


class UnknownCalendar(ModelError, ValueError):
    """The public holidays of a place are not known."""

    expected = "a country such as DE, or one with its part such as DE-BY"

    def __init__(self, code: str) -> None:
        self.found = repr(code)
        super().__init__(
            f"The public holidays of {self.found} are unknown; expected {self.expected}."
        )


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


class SeveralRates(ModelError, ValueError):
    """A plan reserves instances, and does not say which of several that differ in price."""

    def __init__(self, bought: str, prices: Sequence[str]) -> None:
        super().__init__(
            f"The plan buys {bought}, of which there are several prices an hour: "
            f"{', '.join(prices)}. Expected is one; say the instance type (covers) and the os."
        )


class BadRequirement(ModelError, ValueError):
    """What is asked of an instance can't be understood; the message says what can."""
