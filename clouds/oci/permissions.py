"""What reading Oracle Cloud needs: nothing, as only files of its cost reports are read."""

from collections.abc import Mapping

READS: Mapping[str, tuple[str, ...]] = {}


def policy(write: bool = False) -> str:
    """Why there is nothing to allow."""
    if write:
        return "Nothing of Oracle Cloud is changed, so nothing has to be allowed."
    return (
        "Of Oracle Cloud only cost reports in a folder are read (the source option 'bills'), so "
        "nothing has to be allowed there."
    )
