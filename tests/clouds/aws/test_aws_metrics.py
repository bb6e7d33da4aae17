"""CloudWatch's hours come out in our units; hours without samples have no row."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from aws_emulator import HOME, Emulator, Fault, to
from aws_source import cloud_of

from clouds.aws import metrics as metrics_module
from clouds.aws.metrics import GAUGE, PERCENTILES, Query, _hours, parse_data
from clouds.cloud import METRIC_SCHEMA, WANTED_SCHEMA

WEST = "eu-west-1"
SINCE = datetime(2026, 11, 19, 10)
UNTIL = SINCE + timedelta(hours=3)
EVERYTHING = {"mode": "provisioned", "engine": "redis", "cluster": "jobs", "variant": "all"}


def put(
    aws: Emulator, namespace: str, name: str, dimensions: dict[str, str],
    samples: Sequence[tuple[float, float]],
) -> None:  # fmt: skip
    """Samples as (minutes after SINCE, value)."""
    data = [
        {"MetricName": name, "Value": value,
         "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
         "Timestamp": (SINCE + timedelta(minutes=minutes)).replace(tzinfo=UTC)}
        for minutes, value in samples
    ]  # fmt: skip
    aws.client("cloudwatch", WEST).put_metric_data(Namespace=namespace, MetricData=data)


def wanted(*resources: tuple[str, str], since: datetime = SINCE) -> pl.DataFrame:
    """Kinds and ids."""
    rows = [
        {"cloud": "aws", "account": HOME, "region": WEST, "resource_id": name, "kind": kind,
         "since": since}
        for kind, name in resources
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(WANTED_SCHEMA))


def read(aws: Emulator, asked: pl.DataFrame) -> tuple[list[dict[str, Any]], list[Any]]:
    chunks = list(cloud_of(aws).metrics(asked, UNTIL))
    rows = pl.concat(chunk.rows for chunk in chunks)
    assert dict(rows.schema) == dict(METRIC_SCHEMA)
    failed = [failure for chunk in chunks for failure in chunk.failed]
    return rows.sort("resource_id", "metric", "hour").rows(named=True), failed


def test_hours_of_an_instance_have_our_names_and_units(aws: Emulator) -> None:
    five = [float(minute) for minute in range(0, 60, 5)]
    put(aws, "AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"},
        [(minute, 10 + minute / 5) for minute in five])  # fmt: skip
    put(aws, "AWS/EC2", "NetworkIn", {"InstanceId": "i-1"}, [(minute, 3000) for minute in five])
    put(aws, "AWS/EC2", "NetworkOut", {"InstanceId": "i-1"},
        [(minute, 600 if minute else 6000) for minute in five])  # fmt: skip
    rows, failed = read(aws, wanted(("instance", "i-1")))
    assert failed == []
    cpu, network = rows
    assert (cpu["metric"], cpu["hour"], cpu["samples"]) == ("cpu_percent", SINCE, 12)
    assert (cpu["avg"], cpu["max"]) == (15.5, 21.0)
    assert network["metric"] == "network_bytes_s"
    assert network["avg"] == pytest.approx((12 * 3000 + 11 * 600 + 6000) / 3600)
    assert network["max"] == pytest.approx((3000 + 6000) / 300)
    assert network["p95"] is None


def test_disks_databases_and_the_agents_memory_are_measured(aws: Emulator) -> None:
    put(aws, "AWS/EBS", "VolumeReadOps", {"VolumeId": "vol-1"}, [(0, 1800), (5, 1800)])
    put(aws, "AWS/EBS", "VolumeWriteOps", {"VolumeId": "vol-1"}, [(0, 0), (5, 0)])
    put(aws, "AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "orders"}, [(61, 40)])
    put(aws, "AWS/RDS", "DatabaseConnections", {"DBInstanceIdentifier": "orders"}, [(61, 7)])
    put(aws, "CWAgent", "mem_used_percent", {"InstanceId": "i-1", "InstanceType": "m5.large"},
        [(0, 55)])  # fmt: skip
    database = f"arn:aws:rds:{WEST}:{HOME}:db:orders"
    rows, failed = read(aws, wanted(("disk", "vol-1"), ("database", database), ("instance", "i-1")))
    assert failed == []
    seen = {(row["resource_id"], row["metric"]): (row["hour"], row["avg"]) for row in rows}
    assert seen == {
        ("vol-1", "disk_ops_s"): (SINCE, 1.0),
        (database, "cpu_percent"): (SINCE + timedelta(hours=1), 40.0),
        (database, "connections"): (SINCE + timedelta(hours=1), 7.0),
        ("i-1", "memory_percent"): (SINCE, 55.0),
    }


def test_memory_of_a_database_is_what_its_class_has_less_what_is_free(aws: Emulator) -> None:
    names = {"DBInstanceIdentifier": "orders"}
    put(aws, "AWS/RDS", "FreeableMemory", names, [(0, 6 * 2**30), (5, 2 * 2**30)])
    put(aws, "AWS/RDS", "ReadIOPS", names, [(0, 100), (5, 300)])
    put(aws, "AWS/RDS", "WriteIOPS", names, [(0, 10), (5, 30)])
    database = f"arn:aws:rds:{WEST}:{HOME}:db:orders"
    asked = wanted(("database", database)).with_columns(pl.lit("db.m5.large").alias("sku"))
    rows, failed = read(aws, asked)
    assert failed == []
    found = {row["metric"]: (row["avg"], row["max"], row["p99"]) for row in rows}
    assert found == {"disk_ops_s": (220.0, 330.0, None), "memory_percent": (50.0, 75.0, None)}
    unknown = asked.with_columns(pl.lit("db.x9.large").alias("sku"))
    assert [row["metric"] for row in read(aws, unknown)[0]] == ["disk_ops_s"]


def test_memory_of_functions_is_read_where_lambda_insights_sends_it(aws: Emulator) -> None:
    put(
        aws, "LambdaInsights", "memory_utilization", {"function_name": "resize"}, [(0, 24), (5, 31)]
    )
    put(aws, "LambdaInsights", "memory_utilization", {"function_name": "resize", "version": "7"},
        [(0, 99)])  # fmt: skip
    arns = [f"arn:aws:lambda:{WEST}:{HOME}:function:{name}" for name in ("resize", "other")]
    rows, failed = read(aws, wanted(*(("function", arn) for arn in arns)))
    assert failed == []
    [row] = rows
    assert (row["resource_id"], row["metric"]) == (arns[0], "memory_percent")
    assert (row["avg"], row["max"]) == (27.5, 31.0)


def test_kinds_beside_machines_are_measured_by_their_own_dimensions(aws: Emulator) -> None:
    table = f"arn:aws:dynamodb:{WEST}:{HOME}:table/orders"
    service = f"arn:aws:ecs:{WEST}:{HOME}:service/apps/web"
    memcached = f"arn:aws:elasticache:{WEST}:{HOME}:cluster:old"
    put(aws, "AWS/DynamoDB", "ConsumedReadCapacityUnits", {"TableName": "orders"},
        [(0, 3000), (1, 600)])  # fmt: skip
    put(aws, "AWS/DynamoDB", "ProvisionedReadCapacityUnits", {"TableName": "orders"}, [(0, 5)])
    put(aws, "AWS/ECS", "CPUUtilization", {"ServiceName": "web", "ClusterName": "apps"}, [(0, 9)])
    put(aws, "AWS/ECS", "CPUUtilization", {"ServiceName": "web", "ClusterName": "lab"}, [(0, 90)])
    put(aws, "AWS/ElastiCache", "EngineCPUUtilization", {"CacheClusterId": "old"}, [(0, 50)])
    configs = {table: {"mode": "provisioned"}, service: {"cluster": "apps"},
               memcached: {"engine": "memcached"}}  # fmt: skip
    asked = wanted(("table", table), ("container_service", service), ("cache", memcached))
    asked = asked.with_columns(
        pl.col("resource_id").replace_strict(
            {name: json.dumps(config) for name, config in configs.items()}
        ).alias("config")
    )  # fmt: skip
    rows, failed = read(aws, asked)
    assert failed == []
    seen = {(row["resource_id"], row["metric"]): (row["avg"], row["max"]) for row in rows}
    assert seen == {
        (table, "read_units_s"): (1.0, 1.0),
        (table, "provisioned_read_units"): (5.0, 5.0),
        (service, "cpu_percent"): (9.0, 9.0),
    }


def test_hours_before_since_and_from_until_on_are_left_out(aws: Emulator) -> None:
    hours = [(60.0 * number, 5.0) for number in (-1, 0, 1, 3)]
    put(aws, "AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"}, hours)
    put(aws, "AWS/EC2", "CPUUtilization", {"InstanceId": "i-2"}, hours)
    later = wanted(("instance", "i-2"), since=SINCE + timedelta(hours=1))
    rows, _ = read(aws, pl.concat([wanted(("instance", "i-1")), later]))
    assert [(row["resource_id"], row["hour"].hour) for row in rows] == [
        ("i-1", 10), ("i-1", 11), ("i-2", 11),
    ]  # fmt: skip


def test_half_of_a_sum_is_no_measurement(aws: Emulator) -> None:
    put(aws, "AWS/EC2", "NetworkIn", {"InstanceId": "i-1"}, [(0, 3000)])
    assert read(aws, wanted(("instance", "i-1")))[0] == []


def test_many_resources_take_several_full_calls(aws: Emulator) -> None:
    names = [f"vol-{number:03}" for number in range(200)]
    for name in names[:2]:
        put(aws, "AWS/EBS", "VolumeReadOps", {"VolumeId": name}, [(0, 3600)])
        put(aws, "AWS/EBS", "VolumeWriteOps", {"VolumeId": name}, [(0, 0)])
    aws.calls.clear()
    rows, _ = read(aws, wanted(*(("disk", name) for name in names)))
    assert [row["resource_id"] for row in rows] == names[:2]
    asked = [call for call in aws.calls if call.service == "monitoring"]
    assert len(asked) == 3  # 83 volumes with six series each in a call


def test_a_region_denied_leaves_the_others_and_is_reported(aws: Emulator) -> None:
    put(aws, "AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"}, [(0, 5)])
    aws.faults.append(Fault(to("monitoring", region="us-east-1"), 403, "AccessDenied"))
    east = wanted(("disk", "vol-9")).with_columns(pl.lit("us-east-1").alias("region"))
    rows, [failure] = read(aws, pl.concat([wanted(("instance", "i-1")), east]))
    assert [row["metric"] for row in rows] == ["cpu_percent"]
    assert (failure.region, failure.kind) == ("us-east-1", "disk")
    assert "cloudwatch:GetMetricData" in failure.reason


def test_nothing_wanted_is_nothing_asked(aws: Emulator) -> None:
    rows, failed = read(aws, wanted(("bucket", "acme")))
    assert (rows, failed) == ([], [])
    assert not [call for call in aws.calls if call.service == "monitoring"]


def test_percentiles_are_kept_where_they_come() -> None:
    statistics = [*GAUGE, *PERCENTILES]
    queries = [
        Query("i-1", SINCE, "cpu_percent", "gauge", "AWS/EC2", "CPUUtilization", each, ())
        for each in statistics
    ]
    page = {
        "MetricDataResults": [
            {"Id": f"q{number}", "Timestamps": [SINCE.replace(tzinfo=UTC)], "Values": [value]}
            for number, value in enumerate([10.0, 50.0, 12.0, 40.0, 49.0])
        ]
    }
    [row] = _hours(parse_data(page), queries).rows(named=True)
    assert (row["avg"], row["max"], row["samples"]) == (10.0, 50.0, 12)
    assert (row["p95"], row["p99"]) == (40.0, 49.0)


def test_the_batches_never_ask_for_too_much() -> None:
    for kind in metrics_module.SERIES:
        place = metrics_module.Region(None, WEST)  # type: ignore[arg-type]
        place._memory = {sent: {"x": ("mem", ())} for sent in metrics_module.SENT}
        config = json.dumps(EVERYTHING)
        row = {"resource_id": "x", "sku": "db.m5.large", "since": SINCE, "config": config}
        of_one = list(metrics_module._queries(place, kind, row))
        assert of_one
        assert len(of_one) * metrics_module._batch(kind) <= metrics_module.QUERIES
