"""What is rented beside machines comes out with the facts that checks judge."""

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from aws_emulator import HOME, Emulator
from aws_services import fill
from aws_source import cloud_of

from clouds.aws.access import Account
from clouds.aws.inventory.data import parse_buckets
from clouds.aws.inventory.identity import parse_trails
from clouds.aws.inventory.links import parse_vpns
from clouds.aws.inventory.network import parse_security_groups
from clouds.aws.inventory.stores import parse_registries
from clouds.aws.place import GIB, Place

WEST = "eu-west-1"
PLACE = Place(Account(HOME, None, WEST), WEST)
FACTS: dict[str, tuple[str, dict[str, str]]] = {
    "table": (
        f"arn:aws:dynamodb:{WEST}:{HOME}:table/orders",
        {"mode": "provisioned", "indexes": "0", "autoscaling": "true"},
    ),
    "cache": (f"arn:aws:elasticache:{WEST}:{HOME}:cluster:sessions", {"engine": "redis"}),
    "warehouse": (f"arn:aws:redshift:{WEST}:{HOME}:cluster:facts", {"pauses": "true"}),
    "stream": (f"arn:aws:kinesis:{WEST}:{HOME}:stream/clicks", {}),
    "file_share": (f"arn:aws:elasticfilesystem:{WEST}:{HOME}:file-system/", {"tiers": "false"}),
    "registry": (
        f"arn:aws:ecr:{WEST}:{HOME}:repository/shop/web", {"lifecycle": "none", "images": "0"}
    ),
    "database_snapshot": (
        f"arn:aws:rds:{WEST}:{HOME}:snapshot:last", {"source": f"arn:aws:rds:{WEST}:{HOME}:db:gone"}
    ),
    "spark_cluster": (f"arn:aws:elasticmapreduce:{WEST}:{HOME}:cluster/j-", {}),
    "ml_endpoint": (f"arn:aws:sagemaker:{WEST}:{HOME}:endpoint/churn", {"variant": "all"}),
    "container_service": (
        f"arn:aws:ecs:{WEST}:{HOME}:service/apps/web",
        {"cluster": "apps", "tasks": "2", "autoscaling": "false", "scheduling": "replica"},
    ),
    "private_endpoint": (f"arn:aws:ec2:{WEST}:{HOME}:vpc-endpoint/vpce-", {"zones": "1"}),
    "firewall": (f"arn:aws:network-firewall:{WEST}:{HOME}:firewall/edge", {}),
    "vpn_connection": (f"arn:aws:ec2:{WEST}:{HOME}:vpn-connection/vpn-", {}),
    "capacity_reservation": (
        f"arn:aws:ec2:{WEST}:{HOME}:capacity-reservation/cr-1", {"machines": "4", "free": "3"}
    ),
    "audit_trail": (
        f"arn:aws:cloudtrail:{WEST}:{HOME}:trail/all", {"all_regions": "true", "management": "true"}
    ),
}  # fmt: skip


@pytest.fixture
def found(aws: Emulator) -> pl.DataFrame:
    fill(aws, WEST)
    reading = cloud_of(aws, regions=[WEST]).inventory()
    assert list(reading.failed) == []
    return reading.rows


def rows(found: pl.DataFrame, kind: str) -> list[dict[str, Any]]:
    chosen = found.filter(pl.col("kind") == kind).rows(named=True)
    return [{**row, "config": json.loads(row["config"])} for row in chosen]


def test_each_kind_has_its_facts(found: pl.DataFrame) -> None:
    for kind, (start, facts) in FACTS.items():
        [row] = rows(found, kind)
        assert row["resource_id"].startswith(start), kind
        assert facts.items() <= row["config"].items(), kind
    assert rows(found, "stream")[0]["sku"] == "on_demand"
    assert rows(found, "container_service")[0]["sku"] == "fargate"
    assert rows(found, "capacity_reservation")[0]["created_at"] == datetime(2026, 1, 2, 3, 4, 5)


def test_desktops_say_when_somebody_last_used_them_and_not_who(found: pl.DataFrame) -> None:
    first, second = rows(found, "desktop")
    assert first["config"] == {"mode": "always_on", "last_used": "2026-02"}
    assert second["config"] == {"mode": "auto_stop", "last_used": "never"}
    assert "ann" not in found.filter(pl.col("kind") == "desktop").write_csv()


def test_an_interface_of_nobody_and_a_health_check_of_nothing_are_told(found: pl.DataFrame) -> None:
    free = [row for row in rows(found, "network_interface") if row["attached_to"] is None]
    assert "available" in {row["state"] for row in free}
    used = {row["name"]: row["config"]["used"] for row in rows(found, "health_check")}
    assert used == {"used.example": "true", "left.example": "false"}


def test_the_key_of_a_vpn_is_not_kept(found: pl.DataFrame) -> None:
    assert "shared_key" not in found.write_csv()
    connection = {
        "VpnConnectionId": "vpn-1", "State": "available", "Type": "ipsec.1",
        "CustomerGatewayConfiguration": "<pre_shared_key>hush</pre_shared_key>",
        "VgwTelemetry": [{"Status": "DOWN", "LastStatusChange": datetime(2026, 5, 6)},
                         {"Status": "UP", "LastStatusChange": datetime(2026, 7, 8)}],
    }  # fmt: skip
    [row] = parse_vpns({"VpnConnections": [connection]}, PLACE)
    assert row["state_since"] == datetime(2026, 7, 8)
    assert json.loads(row["config"]) == {"tunnels": "2", "tunnels_up": "1"}


def test_a_bucket_is_public_by_its_policy_unless_that_is_blocked(aws: Emulator) -> None:
    s3 = aws.client("s3", WEST)
    may = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [may]}
    for name in ("open", "blocked", "private", "granted"):
        s3.create_bucket(
            Bucket=f"acme-{name}", CreateBucketConfiguration={"LocationConstraint": WEST}
        )
    for name in ("open", "blocked"):
        s3.put_bucket_policy(Bucket=f"acme-{name}", Policy=json.dumps(policy))
    s3.put_bucket_acl(Bucket="acme-granted", ACL="public-read")
    s3.put_public_access_block(
        Bucket="acme-blocked",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )  # fmt: skip
    found = cloud_of(aws, regions=[WEST]).inventory().rows
    public = {row["name"]: row["config"]["public"] for row in rows(found, "bucket")}
    assert public == {"acme-open": "true", "acme-blocked": "false", "acme-private": "false",
                      "acme-granted": "true"}  # fmt: skip


def test_rules_that_are_switched_off_count_for_nothing() -> None:
    rule = {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}  # fmt: skip
    bucket: dict[str, Any] = {"Name": "b", "Tags": [], "Versioning": "Enabled", "Public": False}
    [on] = parse_buckets({**bucket, "Rules": [rule]}, PLACE)
    [off] = parse_buckets({**bucket, "Rules": [{**rule, "Status": "Disabled"}]}, PLACE)
    facts = ("aborts_uploads", "expires_old_versions")
    assert [json.loads(on["config"])[each] for each in facts] == ["true", "true"]
    assert [json.loads(off["config"])[each] for each in facts] == ["false", "false"]


def test_ports_that_everybody_may_reach_are_told() -> None:
    everybody = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    rules = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **everybody},
        {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8100,
         "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, **everybody},
        {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389,
         "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    ]  # fmt: skip
    [some] = parse_security_groups(
        {"SecurityGroups": [{"GroupId": "g", "IpPermissions": rules}]}, PLACE
    )
    assert json.loads(some["config"])["open_ports"] == "22,8000-8100"
    all_of_them = [{"IpProtocol": "-1", **everybody}]
    [open_] = parse_security_groups(
        {"SecurityGroups": [{"GroupId": "g", "IpPermissions": all_of_them}]}, PLACE
    )
    assert json.loads(open_["config"])["open_ports"] == "all"


def test_a_registry_says_when_it_was_last_used_and_how_large_its_newest_images_are() -> None:
    images = [
        {"imageSizeInBytes": GIB, "imagePushedAt": datetime(2026, 1, 1 + number)}
        for number in range(12)
    ]
    images[0]["lastRecordedPullTime"] = datetime(2026, 6, 30)
    found = {"repositoryArn": "a", "repositoryName": "r", "Images": images, "Expires": True,
             "Tags": {}}  # fmt: skip
    [row] = parse_registries(found, PLACE)
    assert row["size_gib"] == 12
    assert json.loads(row["config"]) == {
        "lifecycle": "expire", "images": "12", "newest_10_gib": "10.0", "last_used": "2026-06",
    }  # fmt: skip


def test_a_trail_of_data_events_alone_copies_no_management_events() -> None:
    data = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
    trail = {"TrailARN": "t", "Name": "t", "Selectors": {"AdvancedEventSelectors": [data]}}
    [row] = parse_trails(trail, PLACE)
    assert json.loads(row["config"])["management"] == "false"
