"""Read a virtual machine from libvirt's XML: its size, its disks, its tags."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from xml.etree.ElementTree import Element

from clouds.onprem.sizes import MIB_PER_GIB, size_name

TAGS = "urn:instance-select:tags"  # namespace of the tags in a domain's metadata
_AGENT = "org.qemu.guest_agent.0"
_OSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
_WINDOWS = "http://microsoft.com/"
_STATES = {  # libvirt's numbers: virDomainState
    1: "running", 2: "blocked", 3: "paused", 4: "shutting_down", 5: "stopped", 6: "crashed",
    7: "suspended",
}  # fmt: skip
_BYTES = {
    "": 1024, "b": 1, "bytes": 1, "k": 1024, "kib": 1024, "kb": 1000, "m": 1024**2,
    "mib": 1024**2, "mb": 1000**2, "g": 1024**3, "gib": 1024**3, "gb": 1000**3, "t": 1024**4,
    "tib": 1024**4, "tb": 1000**4, "p": 1024**5, "pib": 1024**5, "pb": 1000**5,
}  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """A virtual machine as its host describes it."""

    resource_id: str  # UUID; it keeps it when it moves to another host
    name: str
    state: str
    is_active: bool  # it holds vCPUs and memory
    vcpus: int  # now, not the most it may have
    memory_mib: int
    arch: str
    disks: tuple[str, ...]  # paths or pool/volume names; the first one is the system's
    backing: frozenset[str]  # what these disks are built on
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    config: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def size(self) -> str:
        """As the offers name it."""
        return size_name(self.vcpus, self.memory_mib)


def parse_domain(xml: str, state: int) -> Domain:
    """From `virDomainGetXMLDesc` and the number of `virDomainGetState`."""
    root = ElementTree.fromstring(xml)
    most = int(_text(root, "vcpu") or 1)
    now = root.find("vcpu")
    vcpus = int(now.get("current") or most) if now is not None else most
    memory = root.find("memory")
    given = root.find("currentMemory")
    disks = root.findall("devices/disk")
    system = root.find("os/type")
    state_word = _STATES.get(state, "unknown")
    return Domain(
        resource_id=_text(root, "uuid"),
        name=_text(root, "name"),
        state=state_word,
        is_active=root.get("id") is not None,
        vcpus=vcpus,
        memory_mib=_mib(given if given is not None else memory),
        arch=(system.get("arch") or "") if system is not None else "",
        disks=tuple(place for disk in disks for place in _places(disk)),
        backing=frozenset(
            place
            for disk in disks
            for chain in disk.iter("backingStore")
            for place in _places(chain)
        ),
        tags=_tags(root),
        config=_config(root, most, _mib(memory)),
    )


def _config(root: Element, max_vcpus: int, max_memory_mib: int) -> Mapping[str, str]:
    channels = root.findall("devices/channel/target")
    system = root.find(f"metadata/{{{_OSINFO}}}libosinfo/{{{_OSINFO}}}os")
    os_id = system.get("id", "") if system is not None else ""
    has_agent = any(channel.get("name") == _AGENT for channel in channels)
    known = {"os": "windows" if os_id.startswith(_WINDOWS) else "linux"} if os_id else {}
    return known | {
        "agent": "yes" if has_agent else "no",
        "max_vcpus": str(max_vcpus),
        "max_memory_gib": f"{max_memory_mib / MIB_PER_GIB:g}",
    }


def _places(disk: Element) -> Iterator[str]:
    """Where a disk's data lies, in each form in which a volume may be named."""
    for source in disk.findall("source"):
        for key in ("file", "dev", "dir"):
            if place := source.get(key):
                yield place
        if source.get("pool") and source.get("volume"):
            yield f"{source.get('pool')}/{source.get('volume')}"
        elif name := source.get("name"):
            yield name


def _tags(root: Element) -> Mapping[str, str]:
    """The entries of our own element in the domain's metadata; anybody may write them there."""
    ours = root.find(f"metadata/{{{TAGS}}}tags")
    if ours is None:
        return {}
    entries = [entry for entry in ours if entry.tag.rpartition("}")[2] == "tag"]
    return {entry.get("key", ""): entry.text or "" for entry in entries if entry.get("key")}


def _mib(element: Element | None) -> int:
    """An amount of memory, which libvirt may give in any unit."""
    if element is None:
        return 0
    unit = _BYTES[(element.get("unit") or "").lower()]
    return int(Decimal((element.text or "0").strip()) * unit / 1024**2)


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()
