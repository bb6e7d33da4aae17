"""Bills: FOCUS files that the cloud keeps for us, one for each account and month."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from clouds.cloud import Exports, Failure
from clouds.errors import CloudError
from toy_cloud.access import Account


def fetch(accounts: Sequence[Account], folder: Path) -> Exports:
    """Bring what is new or changed into the folder; an account that fails leaves the others."""
    paths: list[Path] = []
    failed: list[Failure] = []
    for account in accounts:
        place = folder / account.name
        place.mkdir(parents=True, exist_ok=True)
        try:
            for bill in account.items("/bills"):
                _bring(account, bill["name"], bill["sha256"], place)
        except CloudError as error:
            failed.append(Failure(account.name, "", "", str(error)))
        else:
            paths.append(place)
    return Exports(paths, failed)


def _bring(account: Account, name: str, digest: str, place: Path) -> None:
    """One file, whole or not at all."""
    file = place / Path(name).name
    if file.exists() and sha256(file.read_bytes()).hexdigest() == digest:
        return
    part = place.with_suffix(".part")  # outside of what is ingested
    part.write_bytes(account.get(f"/bills/{name}"))
    part.replace(file)
