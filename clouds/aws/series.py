"""Which of CloudWatch's metrics each kind of resource has, under our names and in our units.

See "Metrics and dimensions" in the guide of each service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

GAUGE = ("Average", "Maximum", "SampleCount")
PERCENTILES = ("p95", "p99")
COUNTER = ("Sum", "Maximum", "SampleCount")
FREE = ("Average", "Minimum", "SampleCount")
Form = Literal["gauge", "rate", "count", "free"]


@dataclass(frozen=True)
class Series:
    """One of our metrics, and the CloudWatch metrics whose sum it is.

    A `gauge` is what it measures. A `rate` counts in samples of a minute or five, a `count` has a
    sample for each thing it counts: of both we say how many a second, and of a count no more than
    the mean of each hour. `free` are the bytes of memory that are left: we say how many percent
    are used of what the resource's size has.
    """

    metric: str
    namespace: str
    names: tuple[str, ...]
    dimension: str  # holds the name that ends the resource's id
    form: Form = "gauge"
    after: str = ":"  # what stands before that name
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further dimensions, and the entry of the resource's config that each holds."""
    only: tuple[str, tuple[str, ...]] | None = None
    """An entry of its config and what it has to be; the other resources have no such metric."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """What is asked for of each name; percentiles of a sum would be none of it."""
        if self.form == "free":
            return FREE
        if self.form != "gauge":
            return COUNTER
        return GAUGE if len(self.names) > 1 else GAUGE + PERCENTILES


@dataclass(frozen=True)
class Sent:
    """A memory metric that something sends only where somebody has set it up."""

    namespace: str
    names: tuple[str, ...]
    dimension: str  # whose value ends the resource's id


SENT: Mapping[str, Sent] = {
    "instance": Sent(
        "CWAgent", ("mem_used_percent", "Memory % Committed Bytes In Use"), "InstanceId"
    ),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-metrics.html
    "function": Sent("LambdaInsights", ("memory_utilization",), "function_name"),
}


RATE, COUNT, FREED = "rate", "count", "free"
PROVISIONED = ("mode", ("provisioned",))
REDIS = ("engine", ("redis", "valkey"))

SERIES: Mapping[str, tuple[Series, ...]] = {
    "instance": (
        Series("cpu_percent", "AWS/EC2", ("CPUUtilization",), "InstanceId"),
        Series("network_bytes_s", "AWS/EC2", ("NetworkIn", "NetworkOut"), "InstanceId", RATE),
        Series("disk_ops_s", "AWS/EC2", ("EBSReadOps", "EBSWriteOps"), "InstanceId", RATE),
    ),
    "disk": (
        Series("disk_ops_s", "AWS/EBS", ("VolumeReadOps", "VolumeWriteOps"), "VolumeId", RATE),
    ),
    "database": (
        Series("cpu_percent", "AWS/RDS", ("CPUUtilization",), "DBInstanceIdentifier"),
        Series("connections", "AWS/RDS", ("DatabaseConnections",), "DBInstanceIdentifier"),
        Series("disk_ops_s", "AWS/RDS", ("ReadIOPS", "WriteIOPS"), "DBInstanceIdentifier"),
        Series("memory_percent", "AWS/RDS", ("FreeableMemory",), "DBInstanceIdentifier", FREED),
    ),
    "function": (
        Series("requests_s", "AWS/Lambda", ("Invocations",), "FunctionName", COUNT),
        Series("errors_s", "AWS/Lambda", ("Errors",), "FunctionName", COUNT),
        Series("duration_ms", "AWS/Lambda", ("Duration",), "FunctionName"),
    ),
    "container_service": (
        Series("cpu_percent", "AWS/ECS", ("CPUUtilization",), "ServiceName", after="/",
               more={"ClusterName": "cluster"}),
        Series("memory_percent", "AWS/ECS", ("MemoryUtilization",), "ServiceName", after="/",
               more={"ClusterName": "cluster"}),
    ),
    "table": (
        Series("read_units_s", "AWS/DynamoDB", ("ConsumedReadCapacityUnits",), "TableName",
               COUNT, "/"),
        Series("write_units_s", "AWS/DynamoDB", ("ConsumedWriteCapacityUnits",), "TableName",
               COUNT, "/"),
        Series("provisioned_read_units", "AWS/DynamoDB", ("ProvisionedReadCapacityUnits",),
               "TableName", after="/", only=PROVISIONED),
        Series("provisioned_write_units", "AWS/DynamoDB", ("ProvisionedWriteCapacityUnits",),
               "TableName", after="/", only=PROVISIONED),
    ),
    "cache": (
        Series("cpu_percent", "AWS/ElastiCache", ("EngineCPUUtilization",), "CacheClusterId",
               only=REDIS),
        Series("commands_s", "AWS/ElastiCache", ("GetTypeCmds", "SetTypeCmds"), "CacheClusterId",
               COUNT, only=REDIS),
    ),
    "warehouse": (
        Series("cpu_percent", "AWS/Redshift", ("CPUUtilization",), "ClusterIdentifier"),
        Series("connections", "AWS/Redshift", ("DatabaseConnections",), "ClusterIdentifier"),
    ),
    "stream": (
        Series("records_in_s", "AWS/Kinesis", ("IncomingRecords",), "StreamName", COUNT, "/"),
        Series("records_out_s", "AWS/Kinesis", ("GetRecords.Records",), "StreamName", COUNT, "/"),
    ),
    "ml_endpoint": (
        Series("requests_s", "AWS/SageMaker", ("Invocations",), "EndpointName", COUNT, "/",
               more={"VariantName": "variant"}),
    ),
    "spark_cluster": (
        Series("idle_share", "AWS/ElasticMapReduce", ("IsIdle",), "JobFlowId", after="/"),
    ),
    "file_share": (
        Series("io_bytes_s", "AWS/EFS", ("TotalIOBytes",), "FileSystemId", COUNT, "/"),
    ),
}  # fmt: skip
