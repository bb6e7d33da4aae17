"""What can go wrong with a run.

PipelineError
├── BrokenSettings  instance-select.yaml, or a variable, is not what it should be
├── BrokenUnit      a unit of work in the settings can't be counted
├── CheckFailed     a blocking check found bad rows; see pipelines/assets/checks.py
├── UnknownAssets   the selection names no asset
└── UnknownSource   no source of the settings has this name
"""


class PipelineError(Exception):
    """Base of all errors of this package."""


class BrokenSettings(PipelineError):
    """The settings can't be understood; the message names each line and what should be there."""


class UnknownAssets(PipelineError):
    """The selection names no asset."""

    def __init__(self, selection: str, known: list[str]) -> None:
        super().__init__(
            f"The selection {selection!r} names no asset. Known assets: {', '.join(known)}. "
            "Separate names by commas; '+marts/overview' is the table with what it is made of, "
            "'raw/focus+' with what is made of it, 'group:models' a group."
        )


class UnknownSource(PipelineError):
    """No source of the settings has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"There is no source named {name!r} in instance-select.yaml. "
            + (f"Its sources are: {', '.join(known)}." if known else "It has no sources yet.")
        )


class BrokenUnit(PipelineError):
    """The SQL of a unit of work in the settings can't be counted."""

    def __init__(self, unit: str, found: str) -> None:
        super().__init__(
            f"The unit {unit!r} can't be counted: {found}. Expected one query, or a CSV file, with "
            "the columns day and quantity, which is never below zero, and team if it is known. "
            "Correct it under allocation.units."
        )
