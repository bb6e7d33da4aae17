"""The demo's own machines on hosts of libvirt's test driver, one at each site."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import quoteattr

from golden import Load, Row, Unsaid
from onprem_servers import Sample, need_libvirt, prometheus_server

from clouds.cloud import Cloud
from clouds.onprem import connect
from clouds.onprem.domains import TAGS

NOT_TOLD = "libvirt does not say"
UNSAID: Sequence[Unsaid] = (
    Unsaid("snapshot", "", "not built yet: this release does not read libvirt's snapshots"),
    Unsaid("instance", "account", "one source is one account, the demo has one for each site"),
    Unsaid("disk", "account", "one source is one account, the demo has one for each site"),
    Unsaid("instance", "state_since", NOT_TOLD),
    Unsaid("disk", "state_since", NOT_TOLD),
    Unsaid("instance", "created_at", NOT_TOLD),
    Unsaid("disk", "created_at", "it is the time of the file, of which the test driver has none"),
    Unsaid("disk", "sku", "it is the type of the pool, of which the test driver knows few"),
    Unsaid("disk", "tags", "volumes have none"),
)
DOMAIN = """
<domain type="test" xmlns:test="http://libvirt.org/schemas/domain/test/1.0">
  <name>{name}</name><uuid>{uuid}</uuid>
  <metadata>
    <ours:tags xmlns:ours="{namespace}">{tags}</ours:tags>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
  </metadata>
  <memory unit="GiB">{memory}</memory><vcpu>{vcpus}</vcpu>
  <os><type arch="x86_64">hvm</type></os>
  <devices>{devices}</devices>
  <test:runstate>{state}</test:runstate>
</domain>
"""
STATES = {"running": 1, "stopped": 5}
DISK = """<disk type="file" device="disk"><source file="/images/{name}"/>
<target dev="vd{letter}" bus="virtio"/></disk>"""
AGENT = '<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>'
VOLUME = """<volume type="file"><name>{name}</name><capacity unit="GiB">{size_gib:g}</capacity>
<target><path>/images/{name}</path><format type="qcow2"/></target></volume>"""
POOL = """<pool type="dir"><name>images</name><target><path>/images</path></target>{volumes}</pool>
"""


@contextmanager
def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]:
    need_libvirt()
    hosts: list[Mapping[str, str]] = []
    for region in sorted({row["region"] for row in rows}):
        here = [row for row in rows if row["region"] == region]
        node = folder / f"{region}.xml"
        node.write_text(_node(here))
        hosts.append({"name": f"kvm-{region}", "uri": f"test://{node}", "region": region})
    (busy,) = [row for row in rows if row["name"] == load.name]
    server = folder / "prometheus"
    server.mkdir()
    with prometheus_server(server, _history(busy, load)) as url:
        yield connect(hosts=hosts, prometheus=url)


def _node(rows: Sequence[Row]) -> str:
    machines = [_domain(row, rows) for row in rows if row["kind"] == "instance"]
    volumes = [VOLUME.format(**row) for row in rows if row["kind"] == "disk"]
    return f"<node>{''.join(machines)}{POOL.format(volumes=''.join(volumes))}</node>"


def _domain(row: Row, rows: Sequence[Row]) -> str:
    disks = [each for each in rows if each["attached_to"] == row["resource_id"]]
    disks.sort(key=lambda disk: disk["config"]["boot"] != "true")
    devices = [
        DISK.format(letter=chr(ord("a") + number), **disk) for number, disk in enumerate(disks)
    ]
    tags = [
        f"<tag key={quoteattr(key)}>{value}</tag>" for key, value in sorted(row["tags"].items())
    ]
    _, vcpus, memory = row["sku"].split("-")
    return DOMAIN.format(
        name=row["name"], uuid=_uuid(row), namespace=TAGS, tags="".join(tags), vcpus=vcpus,
        memory=memory, state=STATES[row["state"]],
        devices="".join([*devices, AGENT if row["config"]["agent"] == "yes" else ""]),
    )  # fmt: skip


def _uuid(row: Row) -> str:
    return str(uuid5(NAMESPACE_OID, row["resource_id"]))


def _history(row: Row, load: Load) -> Iterator[Sample]:
    """Each value for its share of the hour, half a minute off the times that are looked at."""
    labels = {"domain": row["name"], "uuid": _uuid(row), "instance": f"kvm-{row['region']}:9177"}
    first = int(load.hour.replace(tzinfo=UTC).timestamp()) + 30
    minutes = timedelta(hours=1) // timedelta(minutes=1)
    for minute in range(minutes):
        value = load.percents[minute * len(load.percents) // minutes]
        yield "libvirt_domain_memory_stats_used_percent", labels, first + 60 * minute, value
