"""What can be wrong with what a model is given.

ModelError
├── UnusableSeries  the frame as a whole can't be read: a missing column, a horizon of zero
└── BadRequirement  what is asked of an instance can't be understood, or put into another form

A single bad series is not an error: it is a row with a reason.
"""


class ModelError(Exception):
    """Base of all errors of this package."""


class UnusableSeries(ModelError, ValueError):
    """The frame as a whole can't be used; the message says what was found and expected."""


class BadRequirement(ModelError, ValueError):
    """What is asked of an instance can't be understood; the message says what can."""
