"""Write a file as a whole or not at all."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> bool:
    """Put the content in place at once; a file that has it already is left alone.

    Returns whether anything was written.
    """
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")  # hidden: the ingestion skips it
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return True
