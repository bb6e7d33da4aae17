"""Read storage pools and their volumes, and which volume a machine uses."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clouds.onprem.domains import Domain

SHARED = ("netfs", "iscsi", "iscsi-direct", "scsi", "mpath", "rbd", "gluster", "vstorage")
"""Types of pools whose volumes several hosts see: they belong to none of them."""
IMAGES = ("iso",)  # formats that are media to install from, not disks


@dataclass(frozen=True)
class Volume:
    """One volume of a pool."""

    key: str  # libvirt's own, unique on its host: the path, mostly
    name: str
    path: str
    format: str
    size_gib: float
    created_at: datetime | None  # UTC
    backing: str  # path of what it is built on, or empty


@dataclass(frozen=True)
class Pool:
    """One storage pool, with its volumes where it is active."""

    uuid: str
    name: str
    type: str
    is_active: bool
    size_gib: float
    path: str
    volumes: tuple[Volume, ...]

    @property
    def is_shared(self) -> bool:
        """Whether several hosts see the same volumes."""
        return self.type in SHARED

    def places(self, volume: Volume) -> tuple[str, ...]:
        """Every name by which a domain may refer to the volume."""
        return volume.path, volume.key, f"{self.name}/{volume.name}"


@dataclass(frozen=True)
class Use:
    """How a volume is used."""

    state: str  # in_use, available
    attached_to: str | None
    config: Mapping[str, str]


def parse_pool(xml: str, is_active: bool, volumes: Sequence[Volume]) -> Pool:
    """From `virStoragePoolGetXMLDesc`."""
    root = ElementTree.fromstring(xml)
    return Pool(
        uuid=(root.findtext("uuid") or "").strip(),
        name=root.findtext("name") or "",
        type=root.get("type") or "",
        is_active=is_active,
        size_gib=int(root.findtext("capacity") or 0) / 1024**3,
        path=root.findtext("target/path") or "",
        volumes=tuple(volumes),
    )


def parse_volume(xml: str) -> Volume:
    """From `virStorageVolGetXMLDesc`; times are in seconds since 1970."""
    root = ElementTree.fromstring(xml)
    form = root.find("target/format")
    born = root.findtext("target/timestamps/btime")
    return Volume(
        key=root.findtext("key") or "",
        name=root.findtext("name") or "",
        path=root.findtext("target/path") or "",
        format=(form.get("type") or "") if form is not None else "",
        size_gib=int(root.findtext("capacity") or 0) / 1024**3,
        created_at=datetime.fromtimestamp(int(float(born)), UTC).replace(tzinfo=None)
        if born
        else None,
        backing=root.findtext("backingStore/path") or "",
    )


def use_of(volume: Volume, pool: Pool, domains: Sequence[Domain]) -> Use:
    """Who uses a volume: a machine, or other volumes and machines that are built on it."""
    places = {place for place in pool.places(volume) if place}
    for domain in domains:
        for number, disk in enumerate(domain.disks):
            if disk in places:
                boot = "true" if number == 0 else "false"
                return Use("in_use", domain.resource_id, {"boot": boot})
    builds_on = [domain for domain in domains if domain.backing & places]
    if builds_on or any(other.backing in places for other in pool.volumes if other.backing):
        return Use("in_use", None, {"base_of_other_disks": "yes"})
    return Use("available", None, {})
