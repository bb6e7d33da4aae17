"""What a reading calls is what its policy grants: no less, and no more."""

import re
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import polars as pl
import pytest
from onprem_card import CARD
from onprem_servers import need_libvirt, prometheus_server

from clouds.cloud import WANTED_SCHEMA
from clouds.demo.permissions import PERMISSIONS
from clouds.onprem import connect
from clouds.onprem.connection import OnPrem
from clouds.onprem.permissions import READS, WRITES, policy
from clouds.prometheus import Prometheus

FLEET = Path(__file__).with_name("fleet.xml")
ACTIONS = Path("/usr/share/polkit-1/actions/org.libvirt.api.policy")
METHOD = re.compile(r"vir\w+\.[a-zA-Z]\w+")
NEEDS_NO_RIGHT = {"virConnect.close"}


@dataclass
class RecordingPrometheus(Prometheus):
    """A Prometheus that also notes what it was asked, and under which right."""

    asked: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def get(self, path: str, permission: str, **parameters: str) -> Any:
        self.asked.add((permission, path))
        return super().get(path, permission, **parameters)


@contextmanager
def libvirt_calls() -> Generator[set[str]]:
    """The methods of libvirt's binding that are called meanwhile, in any thread."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and Path(frame.f_code.co_filename).name == "libvirt.py":
            called.add(frame.f_code.co_qualname)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_a_whole_reading_needs_exactly_the_rights_in_the_policy(tmp_path: Path) -> None:
    need_libvirt()
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "server").mkdir()
    with prometheus_server(tmp_path / "server") as url, libvirt_calls() as called:
        prometheus = RecordingPrometheus(url, "onprem", "dc")
        _read_everything(tmp_path, prometheus)
    rights = [each for names in READS.values() for each in names.items()]
    listed = {call for _, calls in rights for call in calls}
    methods = {name for name in called if METHOD.fullmatch(name)} - NEEDS_NO_RIGHT
    assert methods == {call for call in listed if call.startswith("vir")}
    asked = {
        (name, call) for name, calls in rights for call in calls if name.startswith("prometheus:")
    }
    assert prometheus.asked == asked


def _read_everything(folder: Path, prometheus: Prometheus) -> None:
    plain = connect(
        hosts=[{"name": "kvm-1", "uri": f"test://{FLEET}"}], rate_card=str(folder / "card.yaml")
    )
    assert isinstance(plain, OnPrem)
    cloud = OnPrem(replace(plain.options, prometheus=prometheus))
    assert [finding for finding in cloud.examine() if not finding.ok] == []
    cloud.bills(folder / "kept")
    resources = cloud.inventory().rows
    until = datetime(2026, 11, 20)
    wanted = resources.with_columns(
        since=pl.lit(until - timedelta(hours=3)).cast(pl.Datetime("us"))
    )
    list(cloud.metrics(wanted.select(list(WANTED_SCHEMA)), until))
    cloud.offers()
    cloud.prices()


@pytest.mark.skipif(not ACTIONS.exists(), reason="no libvirt here: .ci/install-test-servers")
@pytest.mark.parametrize("write", [False, True])
def test_every_right_is_one_that_libvirt_knows(write: bool) -> None:
    known = ACTIONS.read_text()
    names = [line.strip(' ",') for line in policy(write).splitlines() if "org.libvirt.api." in line]
    assert names
    assert [name for name in names if f'action id="{name}"' not in known] == []


def test_the_reading_policy_grants_no_change() -> None:
    granted = policy()
    changes = {name for names in WRITES.values() for name in names}
    assert [name for name in changes if f'"org.libvirt.api.{name}"' in granted] == [
        "storage-pool.getattr"  # both need to find the pool
    ]
    assert "org.libvirt.unix.manage" not in granted


def test_each_change_the_demo_estate_knows_has_its_rights() -> None:
    offered = {
        (kind, verb)
        for (cloud, kind), verbs in PERMISSIONS.items()
        for verb in verbs
        if cloud == "onprem" and kind != "snapshot" and verb != "schedule"
    }
    assert set(WRITES) == offered
