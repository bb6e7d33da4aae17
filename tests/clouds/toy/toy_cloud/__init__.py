"""Toy Cloud, with machines and disks in two regions."""

from collections.abc import Sequence
from pathlib import Path

from toy_cloud.access import Account
from toy_cloud.connection import ToyCloud


def connect(*, url: str, accounts: Sequence[str], tokens: str) -> ToyCloud:
    """The accounts of a toy cloud whose API is at `url`.

    `tokens` is a folder with one file for each account, named after it, that holds its token.
    """
    return ToyCloud([Account(name, url, Path(tokens) / name) for name in accounts])
