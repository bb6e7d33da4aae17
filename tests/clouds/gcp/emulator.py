"""The standard estate of the contract that every cloud passes, on Google's fakes."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from contract import SLOW, Asked, Standard
from gcp_emulator import Google, Refusal, serving
from gcp_estate import instance, project, shop
from google.oauth2.credentials import Credentials

from clouds import budget
from clouds.cloud import Cloud
from clouds.gcp import connect
from clouds.gcp.access import Access, instead

NEVER: Mapping[str, str] = {
    "deny": "never: one permission and one listing cover all kinds and regions of a project; "
    "test_gcp_inventory.py denies asset types and projects",
}
ZONE = "//compute.googleapis.com/projects/shop/zones/us-central1-a"
SINCE, UNTIL = datetime(2026, 3, 10, 12), datetime(2026, 3, 10, 15)
TOKEN = "ya29.not-a-real-token"
SMALL_PAGE = 8  # assets


@dataclass
class Emulator:
    """Google with two projects, and one beside them that is empty."""

    google: Google
    access: Access

    standard = Standard(
        resources=30,
        created={f"{ZONE}/instances/7001": datetime(2026, 1, 2, 11, 4, 5, 678000)},
        sizes={
            f"{ZONE}/disks/7101": 100.0,
            "//compute.googleapis.com/projects/shop/global/snapshots/7201": 1.5,
        },
        part=("shop", "us-central1", "disk"),
        measured=(SINCE, UNTIL),
        averages={(f"{ZONE}/instances/7001", "cpu_percent"): 25.0},
    )
    secrets: Sequence[str] = (TOKEN,)

    def connect(self) -> Cloud:
        budget.budget.cache_clear()
        with instead(self._fresh()):
            return connect(projects=["shop", "lab"])

    def connect_empty(self) -> Cloud:
        with instead(self._fresh()):
            return connect(projects=["void"])

    def deny(self, account: str, region: str, kind: str) -> None:
        raise NotImplementedError(NEVER["deny"])

    def throttle(self, status: int, seconds: int) -> None:
        self.google.refusals.append(Refusal(status, "slow down", {"Retry-After": str(seconds)}))
        self.google.slow = SLOW

    def expire(self, account: str) -> None:
        self.google.expired.add(account)

    def heal(self) -> None:
        self.google.refusals.clear()
        self.google.expired.clear()
        self.google.slow = 0

    def calls(self) -> Sequence[Asked]:
        return [Asked(a.at, a.answered_at, a.project, a.api, a.status) for a in self.google.answers]

    def _fresh(self) -> Access:
        return replace(self.access, given=Credentials(token=TOKEN))


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    lab = [project("lab"), instance("lab-1", 8001, "lab"), project("void")]
    google = Google(assets=[*shop(), *lab], page=SMALL_PAGE)
    for minute in range(0, 180, 10):
        labels = {"instance_id": "7001", "zone": "us-central1-a", "project_id": "shop"}
        at = SINCE + timedelta(minutes=minute)
        google.measure("compute.googleapis.com/instance/cpu/utilization", labels, at, 0.25)
    with serving(google) as access:
        yield Emulator(google, access)
