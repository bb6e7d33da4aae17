"""The hosts as libvirt's own test driver tells about them: in this process, and by its daemon."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from onprem_servers import libvirt_daemon, need_libvirt

from clouds.cloud import RESOURCE_SCHEMA, Cloud, Reading
from clouds.errors import Forbidden, MissingExtra
from clouds.onprem import connect
from clouds.onprem.access import Host, Hypervisor, unattended
from clouds.onprem.domains import TAGS, parse_domain
from clouds.onprem.storage import Pool, Volume, parse_volume, use_of

FLEET = Path(__file__).with_name("fleet.xml")
EVERYTHING = {"host", "instance", "disk", "image", "storage_pool", "network"}


@pytest.fixture(autouse=True)
def _libvirt() -> None:
    need_libvirt()


def fleet(**options: Any) -> Cloud:
    return connect(hosts=[{"name": "kvm-1", "uri": f"test://{FLEET}", "region": "fra"}], **options)


def resources(reading: Reading, kind: str) -> dict[str, dict[str, Any]]:
    rows = reading.rows.filter(pl.col("kind") == kind).iter_rows(named=True)
    return {row["resource_id"]: row for row in rows}


def test_a_small_fleet_comes_out_as_exactly_these_rows() -> None:
    pool = "kvm-1:44444444-4444-4444-8444-444444444444"
    web = "11111111-1111-4111-8111-111111111111"
    cells = [
        ("disk", "kvm-1:/images/debian.qcow2", "debian.qcow2", "dir", "in_use", None, pool, 2.0,
         {}, {"base_of_other_disks": "yes", "format": "qcow2"}),
        ("disk", "kvm-1:/images/left-over.raw", "left-over.raw", "dir", "available", None, pool,
         6.0, {}, {"boot": "false", "format": "raw"}),
        ("disk", "kvm-1:/images/web-1-data.qcow2", "web-1-data.qcow2", "dir", "in_use", web, pool,
         10.0, {}, {"boot": "false", "format": "qcow2"}),
        ("disk", "kvm-1:/images/web-1.qcow2", "web-1.qcow2", "dir", "in_use", web, pool, 40.0,
         {}, {"boot": "true", "format": "qcow2"}),
        ("host", "kvm-1", "kvm-1", "x86_64", "running", None, None, None, {}, None),
        ("image", "kvm-1:/images/debian-12.iso", "debian-12.iso", "dir", "available", None, pool,
         1.0, {}, {"format": "iso"}),
        ("instance", web, "web-1", "vm-4-8", "running", None, "kvm-1", None,
         {"env": "prod", "team": 'web "shop" 🛒'},
         {"agent": "yes", "max_memory_gib": "16", "max_vcpus": "8", "os": "linux"}),
        ("instance", "22222222-2222-4222-8222-222222222222", "old-db", "vm-2-2", "stopped", None,
         "kvm-1", None, {}, {"agent": "no", "max_memory_gib": "2", "max_vcpus": "2"}),
        ("network", "kvm-1:33333333-3333-4333-8333-333333333333", "office", None, "active", None,
         "kvm-1", None, {}, {"bridge": "virbr7", "forward": "nat"}),
        ("storage_pool", pool, "images", "dir", "active", None, "kvm-1", 100.0, {},
         {"path": "/images"}),
    ]  # fmt: skip
    reading = fleet(account="dc").inventory()
    names = ("kind", "resource_id", "name", "sku", "state", "attached_to", "member_of", "size_gib")
    found = [
        (*(row[name] for name in names), json.loads(row["tags"]),
         None if row["kind"] == "host" else json.loads(row["config"]))
        for row in reading.rows.iter_rows(named=True)
    ]  # fmt: skip
    assert found == cells
    assert list(reading.rows.columns) == list(RESOURCE_SCHEMA)
    assert set(reading.rows.select("cloud", "account", "region").rows()) == {
        ("onprem", "dc", "fra")
    }
    assert list(reading.read) == [("onprem", "dc", "fra")]
    assert list(reading.failed) == []


def test_a_second_reading_is_the_same() -> None:
    cloud = fleet()
    assert cloud.inventory().rows.equals(cloud.inventory().rows)


def test_an_unreachable_host_is_said_once_and_leaves_the_others() -> None:
    cloud = connect(
        hosts=[
            {"name": "kvm-1", "uri": f"test://{FLEET}"},
            {"name": "kvm-2", "uri": "qemu+unix:///system?socket=/nowhere"},
        ]
    )
    reading = cloud.inventory()
    assert set(reading.rows["kind"]) == EVERYTHING
    assert {failure.kind for failure in reading.failed} == EVERYTHING
    told = [failure.reason for failure in reading.failed if "as said before" not in failure.reason]
    assert len(told) == 1
    assert "kvm-2 at qemu+unix:///system?socket=/nowhere" in told[0]
    assert list(reading.read) == []  # of the same region, nothing may be closed


def test_a_pool_that_is_not_active_hides_its_volumes_and_that_is_said(tmp_path: Path) -> None:
    import libvirt

    with libvirt_daemon() as uri:
        writing = libvirt.open(uri)
        writing.storagePoolDefineXML(
            "<pool type='dir'><name>cellar</name><target><path>/cellar</path></target></pool>", 0
        )
        reading = connect(hosts=[{"name": "kvm-1", "uri": uri}]).inventory()
        writing.close()
    assert {failure.kind for failure in reading.failed} == {"disk", "image"}
    assert all("virsh pool-start cellar" in failure.reason for failure in reading.failed)
    states = {row["name"]: row["state"] for row in resources(reading, "storage_pool").values()}
    assert states == {"default-pool": "active", "cellar": "inactive"}


def test_a_host_without_anything_is_an_empty_reading(tmp_path: Path) -> None:
    empty = tmp_path / "empty.xml"
    empty.write_text("<node/>")
    reading = connect(hosts=[{"name": "kvm-1", "uri": f"test://{empty}"}]).inventory()
    assert set(reading.rows["kind"]) == {"host"}
    assert list(reading.failed) == []


def test_hundreds_of_machines_are_all_read(tmp_path: Path) -> None:
    machine = (
        "<domain type='test'><name>vm-{0}</name><memory>1048576</memory><vcpu>1</vcpu>"
        "<os><type>hvm</type></os></domain>"
    )
    many = tmp_path / "many.xml"
    many.write_text(f"<node>{''.join(machine.format(number) for number in range(700))}</node>")
    reading = connect(hosts=[{"name": "kvm-1", "uri": f"test://{many}"}]).inventory()
    assert len({row["name"] for row in resources(reading, "instance").values()}) == 700


def test_a_machine_left_defined_where_it_was_counts_where_it_runs(tmp_path: Path) -> None:
    text = FLEET.read_text()
    old = tmp_path / "old.xml"
    old.write_text(text.replace("<test:domainstate/>", "").replace(
        '<os><type arch="x86_64">hvm</type></os>\n    <devices>',
        '<os><type arch="x86_64">hvm</type></os>\n    <test:runstate>5</test:runstate><devices>', 1,
    ))  # fmt: skip
    reading = connect(
        hosts=[
            {"name": "a-old", "uri": f"test://{old}"},
            {"name": "b-new", "uri": f"test://{FLEET}"},
        ]
    ).inventory()
    web = resources(reading, "instance")["11111111-1111-4111-8111-111111111111"]
    assert (web["state"], web["member_of"]) == ("running", "b-new")


def test_two_processes_see_one_state_of_the_daemon() -> None:
    change = """
import libvirt, sys
host = libvirt.open(sys.argv[1])
machine = host.defineXML(sys.argv[2])
machine.create()
machine.setVcpusFlags(3, libvirt.VIR_DOMAIN_AFFECT_LIVE)
host.lookupByName("test").shutdown()
"""
    tag = "x" * 256
    domain = (
        "<domain type='test'><name>web-9</name><uuid>99999999-9999-4999-8999-999999999999</uuid>"
        f"<metadata><o:tags xmlns:o='{TAGS}'><o:tag key='note'>{tag}</o:tag></o:tags></metadata>"
        "<memory unit='GiB'>4</memory><vcpu current='2'>8</vcpu><os><type>hvm</type></os></domain>"
    )
    with libvirt_daemon() as uri:
        cloud = connect(hosts=[{"name": "kvm-1", "uri": uri}])
        before = resources(cloud.inventory(), "instance")
        subprocess.run([sys.executable, "-c", change, uri, domain], check=True, timeout=60)
        after = resources(cloud.inventory(), "instance")
    assert [row["state"] for row in before.values()] == ["running"]
    states = {row["name"]: (row["state"], row["sku"]) for row in after.values()}
    assert states == {"test": ("stopped", "vm-2-2"), "web-9": ("running", "vm-3-4")}
    new = after["99999999-9999-4999-8999-999999999999"]
    assert json.loads(new["tags"]) == {"note": tag}


def test_the_connection_can_not_change_anything() -> None:
    hypervisor = Hypervisor(Host("kvm-1", f"test://{FLEET}", "fra"))
    with pytest.raises(Forbidden, match=r"domain\.stop"):
        hypervisor.call("domain.stop", lambda host: host.lookupByName("web-1").destroy())
    hypervisor.close()


def test_without_the_binding_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    with pytest.raises(MissingExtra, match=r"pip install 'instance-select\[onprem\]'"):
        fleet().inventory()


def test_memory_is_read_in_any_unit() -> None:
    xml = "<domain><name>a</name><uuid>u</uuid><memory unit='{}'>{}</memory><vcpu>1</vcpu></domain>"
    for unit, amount in (("KiB", 4194304), ("MiB", 4096), ("GiB", 4), ("b", 4 * 2**30)):
        assert parse_domain(xml.format(unit, amount), 1).memory_mib == 4096


def test_windows_is_known_by_its_osinfo_entry() -> None:
    xml = (
        "<domain><name>a</name><uuid>u</uuid><memory>1024</memory><vcpu>1</vcpu><metadata>"
        "<l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
        "<l:os id='http://microsoft.com/win/2k22'/></l:libosinfo></metadata></domain>"
    )
    assert parse_domain(xml, 1).config["os"] == "windows"


def test_a_volume_says_when_it_was_made_where_the_file_system_knows() -> None:
    xml = (
        "<volume><name>a</name><key>/a</key><capacity>10737418240</capacity><target><path>/a</path>"
        "<timestamps><btime>1795636380.12</btime></timestamps></target></volume>"
    )
    volume = parse_volume(xml)
    assert (str(volume.created_at), volume.size_gib) == ("2026-11-25 19:53:00", 10.0)


def test_a_shared_disk_in_use_by_any_host_is_in_use() -> None:
    volume = Volume("rbd/a", "a", "rbd/a", "raw", 1.0, None, "")
    pool = Pool("p", "rbd", "rbd", True, 1.0, "", (volume,))
    xml = (
        "<domain><name>a</name><uuid>u</uuid><memory>1024</memory><vcpu>1</vcpu><devices>"
        "<disk type='network'><source protocol='rbd' name='rbd/a'/></disk></devices></domain>"
    )
    assert use_of(volume, pool, [parse_domain(xml, 5)]).attached_to == "u"
    assert use_of(volume, pool, []).state == "available"


def test_ssh_never_waits_for_a_password() -> None:
    assert unattended("qemu+ssh://kvm-1/system") == "qemu+ssh://kvm-1/system?no_tty=1"
    assert unattended("qemu+ssh://h/system?no_tty=0") == "qemu+ssh://h/system?no_tty=0"
    assert unattended("test:///default") == "test:///default"
