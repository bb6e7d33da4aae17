"""What reading and changing our own machines needs, in libvirt's own names of access rights."""

from collections.abc import Mapping

from clouds.cloud import Verb

PROMETHEUS_QUERY = "prometheus:query"  # ours: Prometheus itself knows no rights, a proxy may
PROMETHEUS_STATUS = "prometheus:status"
PROMETHEUS_TARGETS = "prometheus:targets"


READS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "credentials": {
        "connect.getattr": ("virConnect.getLibVersion", "virConnect.getType"),
    },
    "inventory": {
        "connect.read": ("virConnect.getInfo",),
        "connect.search-domains": ("virConnect.listAllDomains",),
        "connect.search-networks": ("virConnect.listAllNetworks",),
        "connect.search-storage-pools": ("virConnect.listAllStoragePools",),
        "domain.getattr": ("virConnect.listAllDomains",),
        "domain.read": ("virDomain.XMLDesc", "virDomain.state"),
        "network.getattr": ("virNetwork.isActive", "virConnect.listAllNetworks"),
        "network.read": ("virNetwork.XMLDesc",),
        "storage-pool.getattr": ("virStoragePool.isActive", "virConnect.listAllStoragePools"),
        "storage-pool.read": ("virStoragePool.XMLDesc",),
        "storage-pool.search-storage-vols": ("virStoragePool.listAllVolumes",),
        "storage-vol.getattr": ("virStoragePool.listAllVolumes",),
        "storage-vol.read": ("virStorageVol.XMLDesc",),
        PROMETHEUS_TARGETS: ("targets",),
    },
    "metrics": {
        PROMETHEUS_STATUS: ("status/buildinfo",),
        PROMETHEUS_QUERY: ("query_range",),
    },
}
"""Ability -> right -> the calls that need it: of libvirt's binding, or paths of Prometheus.

libvirt gives its own rights to whoever may open the read-only socket, unless an access driver
(polkit) is configured; then it grants them by these names.
"""

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
// Prometheus knows no rights itself; where a proxy guards it, allow
//   prometheus:query    POST to /api/v1/query_range
//   prometheus:status   GET of /api/v1/status/buildinfo
//   prometheus:targets  GET of /api/v1/targets
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
        else sorted({name for names in READS.values() for name in names if not _is_http(name)})
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


def _is_http(name: str) -> bool:
    return name.startswith("prometheus:")
