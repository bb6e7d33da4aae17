"""Where the files of the catalogue are that travels with the package.

The files, their sources and licences are described in `catalogue/PROVENANCE.md`.
"""

from pathlib import Path


def packaged(file: str) -> Path:
    """The path of one of them, for whoever reads it as it is."""
    return Path(__file__).parent / "catalogue" / file
