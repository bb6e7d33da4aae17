"""Why a folder can't be written, in words that say what to do."""

import os
import shutil
from pathlib import Path

ROOM = 2**20  # bytes; with less, no database can begin a transaction


def may_write(path: Path) -> bool:
    """Whether rights and mount allow it."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def obstacle(folder: Path) -> str | None:
    """What keeps this process from writing there, and the cure; None if nothing is known to."""
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    if not may_write(folder):
        return (
            f"{folder} is read-only for this user, by its rights or as it is mounted. Make it "
            "writable, or run the command as its owner"
        )
    if shutil.disk_usage(folder).free < ROOM:
        return f"The disk of {folder} is full. Make room there"
    return None
