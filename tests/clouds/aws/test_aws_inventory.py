"""What exists in AWS accounts comes out as rows of ours; what can't be read is said."""

import json
import re
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from aws_emulator import HOME, Emulator, Fault, to
from aws_source import cloud_of

from clouds.aws.access import Account
from clouds.aws.inventory.compute import parse_disks, parse_instances, parse_snapshots
from clouds.aws.place import Place
from clouds.cloud import RESOURCE_SCHEMA, Reading

WEST = "eu-west-1"


def rows(found: Reading, kind: str) -> list[dict[str, Any]]:
    """The rows of a kind, without what moto makes by itself."""
    chosen = found.rows.filter(pl.col("kind") == kind).rows(named=True)
    return [{**row, "config": json.loads(row["config"])} for row in chosen]


def one(found: Reading, kind: str) -> dict[str, Any]:
    [row] = rows(found, kind)
    return row


def image(ec2: Any) -> str:
    return ec2.register_image(Name="base", RootDeviceName="/dev/xvda")["ImageId"]


def run(ec2: Any, count: int = 1, **options: Any) -> list[str]:
    answer = ec2.run_instances(
        ImageId=image(ec2), MinCount=count, MaxCount=count, InstanceType="m5.large", **options
    )
    return [each["InstanceId"] for each in answer["Instances"]]


def tagged(resource: str, **tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": resource, "Tags": pairs}]


def test_a_small_estate_comes_out_as_canonical_rows(aws: Emulator) -> None:
    ec2 = aws.client("ec2", WEST)
    [instance] = run(ec2, TagSpecifications=tagged("instance", Name="web-1", team="web"))
    disk = ec2.create_volume(
        AvailabilityZone="eu-west-1a", Size=500, VolumeType="gp3",
        TagSpecifications=tagged("volume", Name="spare"),
    )["VolumeId"]  # fmt: skip
    snapshot = ec2.create_snapshot(VolumeId=disk)["SnapshotId"]
    free = ec2.allocate_address(Domain="vpc")["AllocationId"]
    used = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=used, InstanceId=instance)
    found = cloud_of(aws, regions=[WEST]).inventory()
    assert list(found.failed) == []
    assert dict(found.rows.schema) == dict(RESOURCE_SCHEMA)
    golden = [
        ("address", free, "static", "available", None, None, {}),
        ("address", used, "static", "in_use", instance, None, {}),
        ("disk", disk, "gp3", "available", None, 500.0, {"Name": "spare"}),
        ("instance", instance, "m5.large", "running", None, None, {"Name": "web-1", "team": "web"}),
        ("snapshot", snapshot, "standard", "completed", None, 500.0, {}),
    ]
    ours = found.rows.filter(pl.col("resource_id").is_in([each[1] for each in golden]))
    columns = ("kind", "resource_id", "sku", "state", "attached_to", "size_gib", "tags")
    seen = [(*row[:-1], json.loads(row[-1])) for row in ours.select(columns).rows()]
    assert sorted(seen, key=str) == sorted(golden, key=str)
    assert set(ours["account"]) == {HOME}
    assert set(ours["region"]) == {WEST}
    [web] = rows(found, "instance")
    assert (web["name"], web["zone"], web["config"]["os"]) == ("web-1", "eu-west-1a", "linux")
    root = next(row for row in rows(found, "disk") if row["resource_id"] != disk)
    assert (root["attached_to"], root["state"]) == (instance, "in_use")
    assert root["config"]["boot"] == "true"
    assert web["created_at"].tzinfo is None
    [taken] = [row for row in rows(found, "snapshot") if row["resource_id"] == snapshot]
    assert taken["config"]["source"] == disk


def test_ids_are_the_same_in_two_readings(aws: Emulator) -> None:
    run(aws.client("ec2", WEST), count=3)
    cloud = cloud_of(aws, regions=[WEST])
    first, second = cloud.inventory(), cloud.inventory()
    assert first.rows.equals(second.rows)


def test_an_empty_account_has_no_resources_but_counts_as_read(aws: Emulator) -> None:
    for vpc in (ec2 := aws.client("ec2", WEST)).describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=vpc["SubnetId"])
    found = cloud_of(aws, regions=[WEST]).inventory()
    assert set(found.rows["kind"]) <= {"network", "security_group"}  # the default ones
    assert set(found.read) == {("aws", HOME, WEST), ("aws", HOME, "global")}
    assert list(found.failed) == []


def test_all_pages_are_read(aws: Emulator) -> None:
    logs = aws.client("logs", WEST)
    for number in range(120):  # a page holds 50
        logs.create_log_group(logGroupName=f"/app/{number:03}")
    logs.put_retention_policy(logGroupName="/app/000", retentionInDays=30)
    found = rows(cloud_of(aws, regions=[WEST]).inventory(), "log_group")
    assert [row["name"] for row in found] == [f"/app/{number:03}" for number in range(120)]
    assert found[0]["config"] == {"retention_days": "30"}
    assert found[1]["config"] == {}
    assert found[0]["resource_id"] == f"arn:aws:logs:{WEST}:{HOME}:log-group:/app/000"


def test_instances_know_their_scaling_group(aws: Emulator) -> None:
    ec2, groups = aws.client("ec2", WEST), aws.client("autoscaling", WEST)
    groups.create_launch_configuration(
        LaunchConfigurationName="web", ImageId=image(ec2), InstanceType="t3.micro"
    )
    groups.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="web", MinSize=2, MaxSize=4,
        AvailabilityZones=["eu-west-1a"],
    )  # fmt: skip
    run(ec2)
    found = cloud_of(aws, regions=[WEST]).inventory()
    group = one(found, "scaling_group")
    assert group["resource_id"].startswith("arn:aws:autoscaling:eu-west-1:")
    assert group["config"] == {"min": "2", "max": "4", "desired": "2", "instances": "2"}
    owners = [row["member_of"] for row in rows(found, "instance")]
    assert sorted(owners, key=str) == [None, group["resource_id"], group["resource_id"]]


def test_load_balancers_count_their_targets(aws: Emulator) -> None:
    ec2, elb = aws.client("ec2", WEST), aws.client("elbv2", WEST)
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    [instance] = run(ec2)
    [made] = elb.create_load_balancer(
        Name="front", Subnets=subnets, Tags=[{"Key": "team", "Value": "web"}]
    )["LoadBalancers"]
    [group] = elb.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=network)[
        "TargetGroups"
    ]
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )  # fmt: skip
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": instance}])
    found = one(cloud_of(aws, regions=[WEST]).inventory(), "load_balancer")
    assert found["sku"] == "application"
    assert found["config"]["targets"] == "1"
    assert json.loads(found["tags"]) == {"team": "web"}


def test_the_other_services_are_read_too(aws: Emulator) -> None:
    aws.client("rds", WEST).create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.r5.xlarge", Engine="mysql",
        AllocatedStorage=50, MasterUsername="root", MasterUserPassword="not-for-tables",
        Tags=[{"Key": "team", "Value": "shop"}],
    )  # fmt: skip
    s3 = aws.client("s3", WEST)
    s3.create_bucket(Bucket="acme-data", CreateBucketConfiguration={"LocationConstraint": WEST})
    s3.put_bucket_versioning(Bucket="acme-data", VersioningConfiguration={"Status": "Enabled"})
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9},
            "Transitions": [{"Days": 3, "StorageClass": "GLACIER"}]}  # fmt: skip
    s3.put_bucket_lifecycle_configuration(
        Bucket="acme-data", LifecycleConfiguration={"Rules": [rule]}
    )
    aws.client("ecs", WEST).create_cluster(clusterName="jobs")
    aws.client("eks", WEST).create_cluster(
        name="apps", roleArn=f"arn:aws:iam::{HOME}:role/eks",
        resourcesVpcConfig={"subnetIds": ["subnet-1"]},
    )  # fmt: skip
    ec2 = aws.client("ec2", WEST)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    aws.client("route53").create_hosted_zone(Name="acme.example", CallerReference="1")
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    aws.client("secretsmanager", WEST).create_secret(Name="db", SecretString="hush-hush")
    aws.client("organizations").create_organization()
    found = cloud_of(aws, regions=[WEST]).inventory()
    assert list(found.failed) == []
    database = one(found, "database")
    assert database["resource_id"] == f"arn:aws:rds:{WEST}:{HOME}:db:orders"
    assert (database["sku"], database["size_gib"]) == ("db.r5.xlarge", 50.0)
    assert database["config"]["engine"] == "mysql"
    bucket = one(found, "bucket")
    assert (bucket["resource_id"], bucket["region"]) == ("acme-data", WEST)
    assert bucket["config"]["lifecycle"] == "tier-and-expire"
    assert bucket["config"]["versioning"] == "enabled"
    assert {(row["name"], row["sku"]) for row in rows(found, "cluster")} == {
        ("jobs", "ecs"), ("apps", "eks"),
    }  # fmt: skip
    nat = one(found, "nat_gateway")
    assert (nat["state"], nat["config"]["routes"]) == ("active", "0")
    assert one(found, "dns_zone")["name"] == "acme.example"
    assert one(found, "user")["region"] == "global"
    assert one(found, "access_key")["attached_to"] == f"arn:aws:iam::{HOME}:user/ann"
    assert one(found, "secret")["name"] == "db"
    assert one(found, "account")["resource_id"] == HOME
    assert not re.search("hush-hush|not-for-tables", found.rows.write_csv())


def test_a_tag_may_hold_anything(aws: Emulator) -> None:
    value = ("\"quotes\", 'ticks', 🚀 and \\ " + "x" * 256)[:256]
    ec2 = aws.client("ec2", WEST)
    run(ec2, TagSpecifications=tagged("instance", Name=value, **{'k"🚀': "v"}))
    found = one(cloud_of(aws, regions=[WEST]).inventory(), "instance")
    assert found["name"] == value
    assert json.loads(found["tags"]) == {"Name": value, 'k"🚀': "v"}


def test_forty_thousand_different_tag_keys_are_kept(aws: Emulator) -> None:
    place = Place(Account(HOME, None, WEST), WEST)
    volumes = [
        {"VolumeId": f"vol-{n}", "AvailabilityZone": "a", "VolumeType": "gp3", "Size": 1,
         "State": "available", "CreateTime": datetime(2026, 1, 1),
         "Tags": [{"Key": f"key-{n}-{k}", "Value": ""} for k in range(50)]}
        for n in range(800)
    ]  # fmt: skip
    keys = {
        key for row in parse_disks({"Volumes": volumes}, place) for key in json.loads(row["tags"])
    }
    assert len(keys) == 40_000


def test_disk_says_that_several_machines_share_it() -> None:
    place = Place(Account(HOME, None, WEST), WEST)
    volumes = [
        {"VolumeId": f"vol-{len(machines)}", "AvailabilityZone": "a", "VolumeType": "io2",
         "Size": 1, "State": "in-use", "CreateTime": datetime(2026, 1, 1),
         "Attachments": [{"InstanceId": machine} for machine in machines]}
        for machines in (["i-1"], ["i-1", "i-2"])
    ]  # fmt: skip
    found = [json.loads(row["config"]) for row in parse_disks({"Volumes": volumes}, place)]
    assert [config.get("attachments") for config in found] == [None, "2"]


def test_one_kind_in_one_region_denied_leaves_the_rest(aws: Emulator) -> None:
    for region in (WEST, "us-east-1"):
        aws.client("ec2", region).create_volume(AvailabilityZone=f"{region}a", Size=1)
        aws.client("ec2", region).allocate_address(Domain="vpc")
    denied = Fault(to("ec2", "DescribeVolumes", WEST), 403, "UnauthorizedOperation")
    aws.faults.append(denied)
    found = cloud_of(aws).inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == (HOME, WEST, "disk")
    assert "ec2:DescribeVolumes is missing" in failure.reason
    assert {row["region"] for row in rows(found, "disk")} == {"us-east-1"}
    assert {row["region"] for row in rows(found, "address")} == {WEST, "us-east-1"}
    assert ("aws", HOME, WEST) in found.read


def test_a_region_that_is_not_enabled_is_named(aws: Emulator) -> None:
    found = cloud_of(aws, regions=[WEST, "mars-north-1"]).inventory()
    [failure] = found.failed
    assert failure.region == "mars-north-1"
    assert "not enabled" in failure.reason
    assert ("aws", HOME, WEST) in found.read


def test_accounts_are_read_by_their_roles_and_one_without_permission_is_said_once(
    aws: Emulator,
) -> None:
    numbers = [f"{number:012}" for number in range(1, 11)]
    for number in numbers:
        aws.client("ec2", WEST, number).create_volume(AvailabilityZone="eu-west-1a", Size=7)
    lost = numbers[2]
    aws.faults.append(
        Fault(lambda call: call.action == "AssumeRole" and lost in call.body, 403, "AccessDenied")
    )
    roles = [{"role_arn": f"arn:aws:iam::{number}:role/reader", "external_id": "hush"}
             for number in numbers]  # fmt: skip
    found = cloud_of(aws, regions=[WEST], accounts=roles).inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == (lost, "", "")
    assert "sts:AssumeRole" in failure.reason
    assert {row["account"] for row in rows(found, "disk")} == set(numbers) - {lost}
    assert lost not in {account for _, account, _ in found.read}


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired", "AuthFailure"])
def test_expired_credentials_are_said_once(aws: Emulator, code: str) -> None:
    aws.faults.append(Fault(to("ec2", "DescribeVolumes"), 400, code))
    found = cloud_of(aws).inventory()
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == (HOME, "", "")
    assert ("clock" in failure.reason) == (code == "RequestExpired")
    assert list(found.read) == []


def test_a_page_token_that_expires_starts_the_listing_anew(aws: Emulator) -> None:
    logs = aws.client("logs", WEST)
    for number in range(60):
        logs.create_log_group(logGroupName=f"/app/{number:03}")

    def is_second_page(call: Any) -> bool:
        return call.action == "DescribeLogGroups" and "nextToken" in call.body

    aws.faults.append(Fault(is_second_page, 400, "InvalidNextTokenException", times=1))
    found = cloud_of(aws, regions=[WEST]).inventory()
    assert list(found.failed) == []
    assert len(rows(found, "log_group")) == 60


def test_a_stopped_instance_tells_since_when() -> None:
    place = Place(Account(HOME, None, WEST), WEST)
    instance = {
        "InstanceId": "i-1", "InstanceType": "m5.large", "State": {"Name": "stopped"},
        "Placement": {"AvailabilityZone": "eu-west-1a"}, "Monitoring": {"State": "disabled"},
        "LaunchTime": datetime(2026, 10, 1), "Tags": [{"Key": "eks:cluster-name", "Value": "apps"}],
        "StateTransitionReason": "User initiated (2026-11-02 03:04:05 GMT)",
        "NetworkInterfaces": [{"Attachment": {"AttachTime": datetime(2026, 1, 2)}}],
    }  # fmt: skip
    [row] = parse_instances({"Reservations": [{"Instances": [instance]}]}, place)
    assert row["state_since"] == datetime(2026, 11, 2, 3, 4, 5)
    assert row["created_at"] == datetime(2026, 1, 2)
    assert row["member_of"] == f"arn:aws:eks:{WEST}:{HOME}:cluster/apps"
    instance["Tags"] = [{"Key": "aws:elasticmapreduce:job-flow-id", "Value": "j-1"}]
    [row] = parse_instances({"Reservations": [{"Instances": [instance]}]}, place)
    assert row["member_of"] == f"arn:aws:elasticmapreduce:{WEST}:{HOME}:cluster/j-1"


def test_a_snapshot_that_an_image_needs_says_so() -> None:
    place = Place(Account(HOME, None, WEST), WEST)
    found = {"SnapshotId": "snap-1", "State": "completed", "StartTime": datetime(2026, 1, 1),
             "VolumeSize": 8, "VolumeId": "vol-1"}  # fmt: skip
    [row] = parse_snapshots({"Snapshots": [found], "UsedBy": {"snap-1": "ami-1"}}, place)
    assert json.loads(row["config"])["used_by_image"] == "ami-1"
