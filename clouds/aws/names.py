"""The IAM name of an API call: mostly its service and operation, with AWS's own exceptions."""

PREFIXES = {
    "autoscaling": "autoscaling",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "resourcegroupstaggingapi": "tag",
}
EXCEPTIONS = {
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
}
"""See https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html."""


def permission(service: str, operation: str) -> str:
    """The permission that a call needs; `operation` as boto3 or as the API writes it.

    >>> permission("elbv2", "describe_target_health")
    'elasticloadbalancing:DescribeTargetHealth'
    >>> permission("s3", "ListBuckets")
    's3:ListAllMyBuckets'
    """
    name = api_name(service, operation)
    return EXCEPTIONS.get((service, name)) or f"{PREFIXES.get(service, service)}:{name}"


def api_name(service: str, operation: str) -> str:
    """The operation as the API writes it: `describe_db_instances` is `DescribeDBInstances`."""
    if "_" not in operation:
        return operation
    words = [_WORDS.get(word, word.capitalize()) for word in operation.split("_")]
    return "".join(words)


_WORDS = {"db": "DB", "v2": "V2"}
