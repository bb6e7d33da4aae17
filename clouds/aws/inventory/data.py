"""Databases, buckets and log groups."""

from collections.abc import Iterator
from typing import Any

from clouds.aws.place import GIB, Payload, Place, Reader, Record, record, tags_by_arn, tags_of, utc
from clouds.errors import Unreadable

NO_LIFECYCLE, NO_TAGS = "NoSuchLifecycleConfiguration", "NoSuchTagSet"
NO_BLOCK, NO_POLICY = "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"
EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


def fetch_databases(place: Place) -> Iterator[Payload]:
    """Pages of RDS instances."""
    return place.pages("rds", "describe_db_instances")


def parse_databases(page: Payload, place: Place) -> Iterator[Record]:
    """One record per database instance; those of an Aurora cluster are members of it."""
    for found in page.get("DBInstances", ()):
        cluster = found.get("DBClusterIdentifier")
        yield record(
            place, "database", found["DBInstanceArn"], zone=found.get("AvailabilityZone"),
            name=found["DBInstanceIdentifier"], sku=found["DBInstanceClass"],
            state=found["DBInstanceStatus"], created_at=utc(found.get("InstanceCreateTime")),
            member_of=place.arn("rds", f"cluster:{cluster}") if cluster else None,
            size_gib=float(found["AllocatedStorage"]), tags=tags_of(found.get("TagList")),
            config={
                "engine": found["Engine"], "version": found.get("EngineVersion"),
                "multi_az": found.get("MultiAZ"), "storage": found.get("StorageType"),
                "backup_days": found.get("BackupRetentionPeriod"),
                "uid": found.get("DbiResourceId"),
                "replica_of": found.get("ReadReplicaSourceDBInstanceIdentifier"),
            },
        )  # fmt: skip


def fetch_buckets(place: Place) -> Iterator[Payload]:
    """The buckets of this region, each with its lifecycle, versioning, tags and who may read it."""
    for page in place.pages("s3", "list_buckets", BucketRegion=place.region):
        for bucket in page.get("Buckets", ()):
            name = bucket["Name"]
            lifecycle = _if_set(place, "get_bucket_lifecycle_configuration", name, NO_LIFECYCLE)
            tags = _if_set(place, "get_bucket_tagging", name, NO_TAGS)
            versioning = place.call("s3", "get_bucket_versioning", Bucket=name)
            yield {**bucket, "Rules": lifecycle.get("Rules", ()), "Tags": tags.get("TagSet"),
                   "Versioning": versioning.get("Status"),
                   "Public": _is_public(place, name)}  # fmt: skip


def parse_buckets(bucket: Payload, place: Place) -> Iterator[Record]:
    """One record per bucket; how much is in it the API does not say."""
    yield record(
        place, "bucket", bucket["Name"], name=bucket["Name"], sku="standard", state="active",
        created_at=utc(bucket.get("CreationDate")), tags=tags_of(bucket["Tags"]),
        config={
            "lifecycle": _lifecycle(bucket["Rules"]),
            "versioning": (bucket["Versioning"] or "off").lower(),
            "aborts_uploads": any(
                "AbortIncompleteMultipartUpload" in rule for rule in _active(bucket["Rules"])
            ),
            "expires_old_versions": any(
                "NoncurrentVersionExpiration" in rule for rule in _active(bucket["Rules"])
            ),
            "public": bucket["Public"],
        },
    )  # fmt: skip


def fetch_log_groups(place: Place) -> Iterator[Payload]:
    """Pages of log groups, each with the tags of all of them (`Tags`)."""
    tags = tags_by_arn(place, "logs:log-group")
    for page in place.pages("logs", "describe_log_groups", PaginationConfig={"PageSize": 50}):
        yield {**page, "Tags": tags}


def parse_log_groups(page: Payload, place: Place) -> Iterator[Record]:
    """One record per log group; without `retention_days` it keeps everything for ever."""
    for found in page.get("logGroups", ()):
        arn = found.get("logGroupArn") or found["arn"].removesuffix(":*")
        yield record(
            place, "log_group", arn, name=found["logGroupName"],
            sku=(found.get("logGroupClass") or "STANDARD").lower(), state="active",
            created_at=utc(found.get("creationTime")), size_gib=found.get("storedBytes", 0) / GIB,
            tags=page["Tags"].get(arn, {}), config={"retention_days": found.get("retentionInDays")},
        )  # fmt: skip


READERS = (
    Reader("database", "region", fetch_databases, parse_databases),
    Reader("bucket", "region", fetch_buckets, parse_buckets),
    Reader("log_group", "region", fetch_log_groups, parse_log_groups),
)


def _if_set(place: Place, operation: str, bucket: str, absent: str) -> Any:
    """A bucket's setting; S3 answers with an error where there is none."""
    try:
        return place.call("s3", operation, Bucket=bucket)
    except Unreadable as error:
        if absent in str(error):
            return {}
        raise


def _lifecycle(rules: Any) -> str:
    """What the rules do to current objects: none, tier, expire, tier-and-expire."""
    active = _active(rules)
    words = [
        word
        for word, keys in {"tier": ("Transitions",), "expire": ("Expiration",)}.items()
        if any(rule.get(key) for rule in active for key in keys)
    ]
    return "-and-".join(words) or "none"


def _active(rules: Any) -> list[Any]:
    return [rule for rule in rules if rule.get("Status") == "Enabled"]


def _is_public(place: Place, name: str) -> bool:
    """Whether its policy or its list of grants lets everybody in, and nothing on it forbids that.

    What the whole account forbids is not asked.
    """
    answer = _if_set(place, "get_public_access_block", name, NO_BLOCK)
    block = answer.get("PublicAccessBlockConfiguration", {})
    if not block.get("RestrictPublicBuckets"):
        policy = _if_set(place, "get_bucket_policy_status", name, NO_POLICY)
        if policy.get("PolicyStatus", {}).get("IsPublic"):
            return True
    if block.get("IgnorePublicAcls"):
        return False
    grants = place.call("s3", "get_bucket_acl", Bucket=name).get("Grants", ())
    return any(grant.get("Grantee", {}).get("URI") in EVERYBODY for grant in grants)
