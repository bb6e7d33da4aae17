"""What reading and changing our own machines needs, in libvirt's own names of access rights."""

from collections.abc import Mapping
from dataclasses import dataclass

from clouds.cloud import Verb

PROMETHEUS_QUERY = "prometheus:query"  # ours: Prometheus itself knows no rights, a proxy may
PROMETHEUS_STATUS = "prometheus:status"
PROMETHEUS_TARGETS = "prometheus:targets"


@dataclass(frozen=True)
class Right:
    """Something we must be allowed to do, and the ability that is lost without it."""

    name: str
    ability: str
    calls: tuple[str, ...]  # of libvirt's Python binding, or paths of Prometheus


READS = (
    Right("connect.getattr", "credentials", ("virConnect.getLibVersion", "virConnect.getType")),
    Right("connect.read", "inventory", ("virConnect.getInfo",)),
    Right("connect.search-domains", "inventory", ("virConnect.listAllDomains",)),
    Right("connect.search-networks", "inventory", ("virConnect.listAllNetworks",)),
    Right("connect.search-storage-pools", "inventory", ("virConnect.listAllStoragePools",)),
    Right("domain.getattr", "inventory", ("virConnect.listAllDomains",)),
    Right("domain.read", "inventory", ("virDomain.XMLDesc", "virDomain.state")),
    Right("network.getattr", "inventory", ("virNetwork.isActive", "virConnect.listAllNetworks")),
    Right("network.read", "inventory", ("virNetwork.XMLDesc",)),
    Right(
        "storage-pool.getattr",
        "inventory",
        ("virStoragePool.isActive", "virConnect.listAllStoragePools"),
    ),
    Right("storage-pool.read", "inventory", ("virStoragePool.XMLDesc",)),
    Right("storage-pool.search-storage-vols", "inventory", ("virStoragePool.listAllVolumes",)),
    Right("storage-vol.getattr", "inventory", ("virStoragePool.listAllVolumes",)),
    Right("storage-vol.read", "inventory", ("virStorageVol.XMLDesc",)),
    Right(PROMETHEUS_TARGETS, "inventory", ("targets",)),
    Right(PROMETHEUS_STATUS, "metrics", ("status/buildinfo",)),
    Right(PROMETHEUS_QUERY, "metrics", ("query_range",)),
)
"""Every right a whole reading uses. libvirt gives its own to whoever may open the read-only socket,
unless an access driver (polkit) is configured; libvirt grants them in these names then."""

WRITES: Mapping[tuple[str, Verb], tuple[str, ...]] = {
    ("instance", "stop"): ("domain.init-control",),
    ("instance", "start"): ("domain.start",),
    ("instance", "resize"): ("domain.write", "domain.save"),
    ("instance", "delete"): ("domain.delete", "domain.stop"),
    ("instance", "snapshot"): ("domain.snapshot",),
    ("instance", "restore"): ("domain.write", "domain.start", "domain.stop"),
    ("disk", "resize"): ("domain.block-write", "storage-vol.resize"),
    ("disk", "delete"): ("storage-vol.delete",),
    ("disk", "snapshot"): ("storage-vol.create", "storage-pool.getattr"),
    ("disk", "restore"): ("storage-vol.create",),
}
"""For changes to come; nothing here is used while this release only reads our own machines."""

USER = "instance-select"

_SOCKET = """\
// Reading needs no rule at all: libvirt's read-only socket (/run/libvirt/libvirt-sock-ro) is open
// to every local user, and the product opens no other one. On each host:
//   useradd --system --create-home --shell /bin/bash {user}
//   # ~{user}/.ssh/authorized_keys: no terminal, no forwarding, one program
//   restrict,command="virt-ssh-helper -r 'qemu:///system'" ssh-ed25519 AAAA... instance-select
// and in instance-select.yaml: uri: qemu+ssh://{user}@HOST/system
//
// Prometheus: HTTP GET and POST to /api/v1/query_range, GET of /api/v1/status/buildinfo and
// /api/v1/targets. It knows no rights itself; where a proxy guards it, allow these four.
//
// Where libvirt checks each call (libvirtd.conf: access_drivers = [ "polkit" ]), this rule in
// /etc/polkit-1/rules.d/60-{user}.rules allows what a reading calls, and nothing else:
"""


def policy(write: bool = False) -> str:
    """The polkit rule, with what else has to be set up as its comments.

    With `write`, the rights of changes instead of those of readings: they are granted apart.
    """
    rights = (
        sorted({name for names in WRITES.values() for name in names})
        if write
        else sorted({right.name for right in READS if not right.name.startswith("prometheus:")})
    )
    names = ",\n".join(f'    "org.libvirt.api.{name}"' for name in rights)
    unix = "org.libvirt.unix.manage" if write else "org.libvirt.unix.monitor"
    opening = (
        "// The rights of changes, to be granted beside those of readings. Not needed to read.\n"
        if write
        else _SOCKET.replace("{user}", USER)
    )
    return (
        f"{opening}"
        "polkit.addRule(function(action, subject) {\n"
        "  var allowed = [\n"
        f'    "{unix}",\n'
        f"{names}\n"
        "  ];\n"
        f'  if (subject.user == "{USER}" && allowed.indexOf(action.id) >= 0) {{\n'
        "    return polkit.Result.YES;\n"
        "  }\n"
        "});\n"
    )
