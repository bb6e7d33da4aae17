"""Tables, caches, warehouses, streams, file shares, registries and snapshots of databases."""

from collections.abc import Iterator
from typing import Any

from clouds.aws.place import GIB, Payload, Place, Reader, Record, record, tags_by_arn, tags_of, utc
from clouds.errors import Unreadable

NO_POLICY = "LifecyclePolicyNotFoundException"
MOST_KEPT = 10  # newest images of a registry whose size is told apart from that of all


def fetch_tables(place: Place) -> Iterator[Payload]:
    """Each DynamoDB table with its tags and what scales it (`Tags`, `Scaled`)."""
    tags = tags_by_arn(place, "dynamodb:table")
    scaled: set[str] | None = None
    for page in place.pages("dynamodb", "list_tables"):
        for name in page.get("TableNames", ()):
            if scaled is None:
                scaled = scalable(place, "dynamodb")
            table = place.call("dynamodb", "describe_table", TableName=name)["Table"]
            yield {**table, "Tags": tags.get(table["TableArn"], {}), "Scaled": scaled}


def parse_tables(found: Payload, place: Place) -> Iterator[Record]:
    """One record per table; its size is at most six hours old."""
    mode = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    yield record(
        place, "table", found["TableArn"], name=found["TableName"],
        sku=found.get("TableClassSummary", {}).get("TableClass", "STANDARD").lower(),
        state=found["TableStatus"].lower(), created_at=utc(found.get("CreationDateTime")),
        size_gib=_rounded(found.get("TableSizeBytes")), tags=found["Tags"],
        config={
            "mode": "on_demand" if mode == "PAY_PER_REQUEST" else "provisioned",
            "indexes": len(found.get("GlobalSecondaryIndexes", ())),
            "replicas": len(found.get("Replicas", ())),
            "autoscaling": f"table/{found['TableName']}" in found["Scaled"],
            "protected": found.get("DeletionProtectionEnabled"),
        },
    )  # fmt: skip


def fetch_caches(place: Place) -> Iterator[Payload]:
    """Pages of ElastiCache clusters, each with the tags of all of them (`Tags`)."""
    tags = tags_by_arn(place, "elasticache:cluster")
    for page in place.pages("elasticache", "describe_cache_clusters"):
        yield {**page, "Tags": tags}


def parse_caches(page: Payload, place: Place) -> Iterator[Record]:
    """One record per cluster of nodes; of a replication group each node is one."""
    for found in page.get("CacheClusters", ()):
        yield record(
            place, "cache", found["ARN"], zone=found.get("PreferredAvailabilityZone"),
            name=found["CacheClusterId"], sku=found.get("CacheNodeType"),
            state=found["CacheClusterStatus"], created_at=utc(found.get("CacheClusterCreateTime")),
            tags=page["Tags"].get(found["ARN"], {}),
            config={
                "engine": found.get("Engine"), "version": found.get("EngineVersion"),
                "nodes": found.get("NumCacheNodes"), "group": found.get("ReplicationGroupId"),
            },
        )  # fmt: skip


def fetch_warehouses(place: Place) -> Iterator[Payload]:
    """Pages of Redshift clusters, each with those that are paused by a schedule (`Paused`)."""
    paused: set[str] | None = None
    for page in place.pages("redshift", "describe_clusters"):
        if page.get("Clusters") and paused is None:
            paused = _paused(place)
        yield {**page, "Paused": paused or set()}


def parse_warehouses(page: Payload, place: Place) -> Iterator[Record]:
    """One record per cluster; `pauses` says whether an active schedule pauses it."""
    for found in page.get("Clusters", ()):
        name = found["ClusterIdentifier"]
        yield record(
            place, "warehouse", place.arn("redshift", f"cluster:{name}"),
            zone=found.get("AvailabilityZone"), name=name, sku=found.get("NodeType"),
            state=found["ClusterStatus"], created_at=utc(found.get("ClusterCreateTime")),
            member_of=found.get("VpcId"), tags=tags_of(found.get("Tags")),
            config={
                "nodes": found.get("NumberOfNodes"), "encrypted": found.get("Encrypted"),
                "public": found.get("PubliclyAccessible"), "pauses": name in page["Paused"],
            },
        )  # fmt: skip


def fetch_streams(place: Place) -> Iterator[Payload]:
    """Pages of Kinesis data streams, each with the tags of all of them (`Tags`)."""
    tags = tags_by_arn(place, "kinesis:stream")
    for page in place.pages("kinesis", "list_streams"):
        yield {**page, "Tags": tags}


def parse_streams(page: Payload, place: Place) -> Iterator[Record]:
    """One record per stream."""
    for found in page.get("StreamSummaries", ()):
        mode = found.get("StreamModeDetails", {}).get("StreamMode")
        yield record(
            place, "stream", found["StreamARN"], name=found["StreamName"],
            sku=mode.lower() if mode else None, state=found["StreamStatus"].lower(),
            created_at=utc(found.get("StreamCreationTimestamp")),
            tags=page["Tags"].get(found["StreamARN"], {}),
        )  # fmt: skip


def fetch_file_shares(place: Place) -> Iterator[Payload]:
    """Each EFS file system with its lifecycle policies (`Policies`)."""
    for page in place.pages("efs", "describe_file_systems"):
        for found in page.get("FileSystems", ()):
            answer = place.call(
                "efs", "describe_lifecycle_configuration", FileSystemId=found["FileSystemId"]
            )
            yield {**found, "Policies": answer.get("LifecyclePolicies", ())}


def parse_file_shares(found: Payload, place: Place) -> Iterator[Record]:
    """One record per file system, with how much of it lies in the dearest class."""
    size = found.get("SizeInBytes", {})
    zone = found.get("AvailabilityZoneName")
    yield record(
        place, "file_share", place.arn("elasticfilesystem", f"file-system/{found['FileSystemId']}"),
        zone=zone, name=found.get("Name"), sku="one_zone" if zone else "regional",
        state=found["LifeCycleState"], created_at=utc(found.get("CreationTime")),
        size_gib=_rounded(size.get("Value")), tags=tags_of(found.get("Tags")),
        config={
            "standard_gib": _rounded(size.get("ValueInStandard")),
            "tiers": any("TransitionToIA" in policy for policy in found["Policies"]),
            "throughput": found.get("ThroughputMode"), "encrypted": found.get("Encrypted"),
            "mounts": found.get("NumberOfMountTargets"),
        },
    )  # fmt: skip


def fetch_registries(place: Place) -> Iterator[Payload]:
    """Each ECR repository with its images and whether a rule expires them (`Images`, `Expires`)."""
    tags = tags_by_arn(place, "ecr:repository")
    for page in place.pages("ecr", "describe_repositories"):
        for found in page.get("repositories", ()):
            name = found["repositoryName"]
            pages = place.pages("ecr", "describe_images", repositoryName=name)
            images = [image for each in pages for image in each.get("imageDetails", ())]
            yield {**found, "Images": images, "Expires": _expires(place, name),
                   "Tags": tags.get(found["repositoryArn"], {})}  # fmt: skip


def parse_registries(found: Payload, place: Place) -> Iterator[Record]:
    """One record per repository; layers that images share count in each of them.

    `last_used` is the month in which an image was last pushed or pulled: a day would change daily.
    """
    images = sorted(found["Images"], key=lambda image: str(image.get("imagePushedAt")))
    kept = [image.get("imageSizeInBytes", 0) for image in images[-MOST_KEPT:]]
    total = sum(image.get("imageSizeInBytes", 0) for image in images)
    used = [
        time
        for image in images
        for key in ("imagePushedAt", "lastRecordedPullTime")
        if (time := utc(image.get(key)))
    ]
    yield record(
        place, "registry", found["repositoryArn"], name=found["repositoryName"], sku="ecr",
        state="active", created_at=utc(found.get("createdAt")), size_gib=_rounded(total),
        tags=found["Tags"],
        config={
            "lifecycle": "expire" if found["Expires"] else "none", "images": len(images),
            "newest_10_gib": _rounded(sum(kept)),
            "last_used": f"{max(used):%Y-%m}" if used else None,
        },
    )  # fmt: skip


def fetch_database_snapshots(place: Place) -> Iterator[Payload]:
    """Pages of the snapshots that somebody made of databases and of clusters of them."""
    yield from place.pages("rds", "describe_db_snapshots", SnapshotType="manual")
    yield from place.pages("rds", "describe_db_cluster_snapshots", SnapshotType="manual")


def parse_database_snapshots(page: Payload, place: Place) -> Iterator[Record]:
    """One record per snapshot; its size is that of the database, more than what is billed."""
    for found in page.get("DBSnapshots", ()):
        database = f"db:{found['DBInstanceIdentifier']}"
        yield _database_snapshot(found, place, found["DBSnapshotArn"], database, "DBSnapshot")
    for found in page.get("DBClusterSnapshots", ()):
        arn, cluster = found["DBClusterSnapshotArn"], f"cluster:{found['DBClusterIdentifier']}"
        yield _database_snapshot(found, place, arn, cluster, "DBClusterSnapshot")


READERS = (
    Reader("table", "region", fetch_tables, parse_tables),
    Reader("cache", "region", fetch_caches, parse_caches),
    Reader("warehouse", "region", fetch_warehouses, parse_warehouses),
    Reader("stream", "region", fetch_streams, parse_streams),
    Reader("file_share", "region", fetch_file_shares, parse_file_shares),
    Reader("registry", "region", fetch_registries, parse_registries),
    Reader("database_snapshot", "region", fetch_database_snapshots, parse_database_snapshots),
)


def scalable(place: Place, service: str) -> set[str]:
    """What Application Auto Scaling may scale of a service, by its own ids."""
    pages = place.pages(
        "application-autoscaling", "describe_scalable_targets", ServiceNamespace=service
    )
    return {each["ResourceId"] for page in pages for each in page.get("ScalableTargets", ())}


def _database_snapshot(
    found: Payload, place: Place, arn: str, database: str, prefix: str
) -> Record:
    size = found.get("AllocatedStorage")
    return record(
        place, "database_snapshot", arn, name=found[f"{prefix}Identifier"],
        sku=found.get("Engine"), state=found["Status"],
        created_at=utc(found.get("SnapshotCreateTime")),
        size_gib=float(size) if size else None, tags=tags_of(found.get("TagList")),
        config={
            "source": place.arn("rds", database), "source_uid": found.get("DbiResourceId"),
            "version": found.get("EngineVersion"),
            "copied_from": found.get(f"Source{prefix}Identifier", found.get(f"Source{prefix}Arn")),
        },
    )  # fmt: skip


def _paused(place: Place) -> set[str]:
    """The clusters that an active schedule pauses."""
    pages = place.pages("redshift", "describe_scheduled_actions", Active=True)
    return {
        action["TargetAction"]["PauseCluster"]["ClusterIdentifier"]
        for page in pages
        for action in page.get("ScheduledActions", ())
        if "PauseCluster" in action.get("TargetAction", {})
    }


def _expires(place: Place, name: str) -> bool:
    try:
        place.call("ecr", "get_lifecycle_policy", repositoryName=name)
    except Unreadable as error:
        if NO_POLICY in str(error):
            return False
        raise
    return True


def _rounded(size: Any) -> float | None:
    """GiB to two digits: nobody needs a new row of history for a byte."""
    return None if size is None else round(size / GIB, 2)
