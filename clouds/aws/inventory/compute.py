"""Instances and their groups, volumes, snapshots and images."""

import re
from collections.abc import Iterator
from datetime import datetime

from clouds.aws.place import Payload, Place, Reader, Record, record, tags_of, utc

ROOT_DEVICES = ("/dev/sda1", "/dev/xvda")
EMR_TAG = "aws:elasticmapreduce:job-flow-id"
CLUSTER_TAGS = ("eks:cluster-name", "aws:eks:cluster-name")
GROUP_TAG = "aws:autoscaling:groupName"
OWNED = "kubernetes.io/cluster/"  # then the name of the cluster
_CHANGED = re.compile(r"\((\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) GMT\)")


def fetch_instances(place: Place) -> Iterator[Payload]:
    """Pages of reservations."""
    return place.pages("ec2", "describe_instances", PaginationConfig={"PageSize": 1000})


def parse_instances(page: Payload, place: Place) -> Iterator[Record]:
    """One record per instance that still exists.

    `member_of` is the name of its scaling group until `read.py` has seen the groups.
    """
    for reservation in page.get("Reservations", ()):
        for found in reservation["Instances"]:
            if found["State"]["Name"] in ("terminated", "shutting-down"):
                continue
            tags = tags_of(found.get("Tags"))
            yield record(
                place, "instance", found["InstanceId"],
                zone=found["Placement"]["AvailabilityZone"], name=tags.get("Name"),
                sku=found["InstanceType"], state=found["State"]["Name"],
                state_since=_state_since(found), created_at=_created(found),
                member_of=tags.get(GROUP_TAG) or cluster_of(tags, place), tags=tags,
                config={
                    "os": "windows" if found.get("Platform") == "windows" else "linux",
                    "platform": found.get("PlatformDetails"),
                    "architecture": found.get("Architecture"),
                    "lifecycle": found.get("InstanceLifecycle"), "image": found.get("ImageId"),
                    "tenancy": found["Placement"].get("Tenancy"), "network": found.get("VpcId"),
                    "subnet": found.get("SubnetId"), "monitoring": found["Monitoring"]["State"],
                },
            )  # fmt: skip


def fetch_disks(place: Place) -> Iterator[Payload]:
    """Pages of EBS volumes."""
    return place.pages("ec2", "describe_volumes", PaginationConfig={"PageSize": 1000})


def parse_disks(page: Payload, place: Place) -> Iterator[Record]:
    """One record per volume; since when one is attached is known, since when it is not, isn't."""
    for found in page.get("Volumes", ()):
        tags = tags_of(found.get("Tags"))
        attachments = found.get("Attachments", ())
        attached = next(iter(attachments), {})
        yield record(
            place, "disk", found["VolumeId"], zone=found["AvailabilityZone"],
            name=tags.get("Name"), sku=found["VolumeType"],
            state=found["State"].replace("-", "_"), state_since=utc(attached.get("AttachTime")),
            created_at=utc(found["CreateTime"]), attached_to=attached.get("InstanceId"),
            size_gib=float(found["Size"]), tags=tags,
            config={
                "boot": attached.get("Device") in ROOT_DEVICES, "iops": found.get("Iops"),
                "throughput": found.get("Throughput"), "encrypted": found.get("Encrypted"),
                "source": found.get("SnapshotId") or None,
                "attachments": len(attachments) if len(attachments) > 1 else None,
            },
        )  # fmt: skip


def fetch_snapshots(place: Place) -> Iterator[Payload]:
    """Pages of our own snapshots, each with the images that need one (`UsedBy`)."""
    used: dict[str, str] = {}
    for page in fetch_images(place):
        for image in page.get("Images", ()):
            for device in image.get("BlockDeviceMappings", ()):
                if snapshot := device.get("Ebs", {}).get("SnapshotId"):
                    used[snapshot] = image["ImageId"]
    pages = place.pages(
        "ec2", "describe_snapshots", OwnerIds=["self"], PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        yield {**page, "UsedBy": used}


def parse_snapshots(page: Payload, place: Place) -> Iterator[Record]:
    """One record per snapshot; what an image needs says so in its config."""
    for found in page.get("Snapshots", ()):
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "snapshot", found["SnapshotId"], name=tags.get("Name"),
            sku=found.get("StorageTier") or "standard", state=found["State"],
            created_at=utc(found["StartTime"]), size_gib=float(found["VolumeSize"]), tags=tags,
            config={
                "source": found.get("VolumeId"), "encrypted": found.get("Encrypted"),
                "used_by_image": page["UsedBy"].get(found["SnapshotId"]),
            },
        )  # fmt: skip


def fetch_images(place: Place) -> Iterator[Payload]:
    """Pages of our own images."""
    return place.pages("ec2", "describe_images", Owners=["self"])


def parse_images(page: Payload, place: Place) -> Iterator[Record]:
    """One record per image."""
    for found in page.get("Images", ()):
        created = found.get("CreationDate")
        yield record(
            place, "image", found["ImageId"], name=found.get("Name"),
            state="active" if found["State"] == "available" else found["State"],
            created_at=utc(datetime.fromisoformat(created)) if created else None,
            tags=tags_of(found.get("Tags")),
            config={
                "architecture": found.get("Architecture"), "public": found.get("Public"),
                "last_launched": found.get("LastLaunchedTime"),
            },
        )  # fmt: skip


def fetch_groups(place: Place) -> Iterator[Payload]:
    """Pages of auto scaling groups."""
    return place.pages("autoscaling", "describe_auto_scaling_groups")


def parse_groups(page: Payload, place: Place) -> Iterator[Record]:
    """One record per auto scaling group."""
    for found in page.get("AutoScalingGroups", ()):
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "scaling_group", found["AutoScalingGroupARN"],
            name=found["AutoScalingGroupName"], state="active",
            created_at=utc(found["CreatedTime"]), member_of=cluster_of(tags, place), tags=tags,
            config={
                "min": found["MinSize"], "max": found["MaxSize"],
                "desired": found["DesiredCapacity"], "instances": len(found.get("Instances", ())),
            },
        )  # fmt: skip


def fetch_capacity_reservations(place: Place) -> Iterator[Payload]:
    """Pages of capacity reservations."""
    return place.pages("ec2", "describe_capacity_reservations")


def parse_capacity_reservations(page: Payload, place: Place) -> Iterator[Record]:
    """One record per reservation that is in force, with how many machines it holds free."""
    for found in page.get("CapacityReservations", ()):
        if found["State"] != "active" or found.get("OwnerId") not in (None, place.account.id):
            continue
        tags = tags_of(found.get("Tags"))
        yield record(
            place, "capacity_reservation", found["CapacityReservationArn"],
            zone=found.get("AvailabilityZone"), name=tags.get("Name"), sku=found["InstanceType"],
            state="active", created_at=utc(found.get("CreateDate")), tags=tags,
            config={
                "machines": found["TotalInstanceCount"], "free": found["AvailableInstanceCount"],
                "type": found.get("ReservationType"), "ends": found.get("EndDateType"),
            },
        )  # fmt: skip


READERS = (
    Reader("instance", "region", fetch_instances, parse_instances),
    Reader("disk", "region", fetch_disks, parse_disks),
    Reader("snapshot", "region", fetch_snapshots, parse_snapshots),
    Reader("image", "region", fetch_images, parse_images),
    Reader("scaling_group", "region", fetch_groups, parse_groups),
    Reader(
        "capacity_reservation", "region", fetch_capacity_reservations, parse_capacity_reservations
    ),
)


def cluster_of(tags: dict[str, str], place: Place) -> str | None:
    """The ARN of the cluster of EKS or EMR that the tags name."""
    if flow := tags.get(EMR_TAG):
        return place.arn("elasticmapreduce", f"cluster/{flow}")
    names = [tags[key] for key in CLUSTER_TAGS if key in tags]
    names += [key.removeprefix(OWNED) for key in tags if key.startswith(OWNED)]
    return place.arn("eks", f"cluster/{names[0]}") if names else None


def _state_since(found: Payload) -> datetime | None:
    """When it was started or stopped; EC2 tells the latter in a sentence only."""
    if found["State"]["Name"] == "running":
        return utc(found["LaunchTime"])
    stated = _CHANGED.search(found.get("StateTransitionReason") or "")
    return datetime.fromisoformat(stated[1]) if stated else None


def _created(found: Payload) -> datetime | None:
    """When its first network interface was attached: `LaunchTime` moves with every start."""
    times = [
        utc(interface["Attachment"]["AttachTime"])
        for interface in found.get("NetworkInterfaces", ())
        if interface.get("Attachment", {}).get("AttachTime")
    ]
    return min([time for time in times if time], default=utc(found["LaunchTime"]))
