"""The demo's resources of AWS in moto; what moto can't be told by AWS's API is set in its tables.

That is when something was made or changed its state, and how much a log group holds.
"""

import io
import json
import zipfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_emulator import Emulator as Server
from aws_emulator import emulator
from contract import HERE, module_at
from golden import Load, Row, Unsaid
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends

from clouds.aws import connect
from clouds.cloud import Cloud

ENVIRONMENT = module_at(HERE / "aws" / "emulator.py")
NAMES_ARE_TAGS = "on AWS the name of it is the tag Name"
NOT_TOLD = "AWS's API does not say"
UNSAID: Sequence[Unsaid] = (
    *(Unsaid(kind, "tags.Name", NAMES_ARE_TAGS)
      for kind in ("instance", "disk", "snapshot", "address", "nat_gateway")),
    *(Unsaid(kind, "state_since", NOT_TOLD)
      for kind in ("snapshot", "image", "address", "database", "load_balancer", "nat_gateway",
                   "bucket", "log_group", "function", "cluster")),
    Unsaid("disk", "state_since", "EC2 says since when it is attached only", state="available"),
    Unsaid("instance", "config.agent", "whether there is an agent its measurements show"),
    Unsaid("instance", "config.termination_protection", "EC2 says it one call a machine only"),
    Unsaid("snapshot", "size_gib", "EC2 says the size of the disk, not of what is stored"),
    Unsaid("image", "sku", "images of EC2 come in one sort"),
    Unsaid("image", "size_gib", "EC2 says the sizes of its snapshots"),
    Unsaid("address", "created_at", NOT_TOLD),
    Unsaid("bucket", "size_gib", "S3 has no call that says it"),
    Unsaid("log_group", "tags", "moto's API of tags knows no log groups"),
    Unsaid("function", "created_at", "Lambda says when it was last changed"),
)  # fmt: skip
GIB = 2**30
RULE = {
    "ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365},
    "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
}  # fmt: skip
LONGEST_NAME = 32  # characters, of a load balancer


@contextmanager
def holding(rows: Sequence[Row], load: Load, folder: Path) -> Generator[Cloud]:
    with emulator() as server, pytest.MonkeyPatch.context() as environment:
        for name in ENVIRONMENT.NOT_HERE:
            environment.delenv(name, raising=False)
        for name, value in ENVIRONMENT.ENVIRONMENT.items():
            environment.setenv(name, value)
        server.reset()
        accounts = sorted({row["account"] for row in rows})
        made: dict[str, str] = {}
        for account, region in sorted({(row["account"], row["region"]) for row in rows}):
            home = [row for row in rows if (row["account"], row["region"]) == (account, region)]
            _Region(server, account, region, made).make(home, load)
        yield connect(
            accounts=[{"role_arn": f"arn:aws:iam::{each}:role/reader"} for each in accounts],
            regions=sorted({row["region"] for row in rows}), endpoint_url=server.url,
        )  # fmt: skip
        server.reset()


class _Region:
    """One region of one account; `made` has AWS's id for each of the demo's."""

    def __init__(self, server: Server, account: str, region: str, made: dict[str, str]) -> None:
        self.account, self.region, self.made = account, region, made
        self._clients: dict[str, Any] = {}
        self._server = server

    def call(self, service: str, operation: str, **given: Any) -> Any:
        if service not in self._clients:
            self._clients[service] = self._server.client(service, self.region, self.account)
        return getattr(self._clients[service], operation)(**given)

    def make(self, rows: Sequence[Row], load: Load) -> None:
        self.tables = ec2_backends[self.account][self.region]
        self.subnet = self.call("ec2", "describe_subnets")["Subnets"][0]
        self.base = self.call("ec2", "register_image", Name="base", RootDeviceName="/dev/xvda")
        self.boots = {
            row["attached_to"]: row for row in rows if row["config"].get("boot") == "true"
        }
        order = ("instance", "disk", "snapshot", "image", "address", "database", "load_balancer",
                 "nat_gateway", "bucket", "log_group", "function", "cluster")  # fmt: skip
        assert {row["kind"] for row in rows} <= set(order)
        for kind in order:
            for row in rows:
                if row["kind"] == kind:
                    getattr(self, kind)(row)
                    if row["name"] == load.name:
                        self.measure(row, load)

    def instance(self, row: Row) -> None:
        boot = self.boots[row["resource_id"]]
        answer = self.call(
            "ec2", "run_instances", ImageId=self.base["ImageId"], MinCount=1, MaxCount=1,
            InstanceType=row["sku"], Placement={"AvailabilityZone": row["zone"]},
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {
                "VolumeSize": int(boot["size_gib"]), "VolumeType": boot["sku"]}}],
        )  # fmt: skip
        made = answer["Instances"][0]["InstanceId"]
        self._tagged(made, row)
        if row["state"] == "stopped":
            self.call("ec2", "stop_instances", InstanceIds=[made])
        found = self.tables.get_instance(made)
        found.launch_time = row["state_since"]
        if row["state"] == "stopped":
            found._reason = f"User initiated ({row['state_since']:%Y-%m-%d %H:%M:%S} GMT)"
        for interface in found.nics.values():
            interface.attach_time = row["created_at"]
        [(_, device)] = found.block_device_mapping.items()
        self._disk(boot, device.volume_id)

    def disk(self, row: Row) -> None:
        if row["config"]["boot"] == "true":
            return
        made = self.call(
            "ec2", "create_volume", AvailabilityZone=row["zone"], Size=int(row["size_gib"]),
            VolumeType=row["sku"],
        )["VolumeId"]  # fmt: skip
        if row["attached_to"]:
            owner = self.made[row["attached_to"]]
            device = (
                f"/dev/sd{'fghijklmnop'[len(self.tables.get_instance(owner).block_device_mapping)]}"
            )
            self.call("ec2", "attach_volume", VolumeId=made, InstanceId=owner, Device=device)
        self._disk(row, made)

    def snapshot(self, row: Row) -> None:
        source = self.made.get(row["config"]["source"])
        gone = None
        if source is None:
            source = gone = self.call(
                "ec2", "create_volume", AvailabilityZone=f"{self.region}a", Size=1
            )["VolumeId"]
        made = self.call("ec2", "create_snapshot", VolumeId=source)["SnapshotId"]
        if gone:
            self.call("ec2", "delete_volume", VolumeId=gone)
        self._tagged(made, row)
        self.tables.snapshots[made].start_time = row["created_at"]

    def image(self, row: Row) -> None:
        made = self.call("ec2", "register_image", Name=row["name"])["ImageId"]
        self._tagged(made, row, named=False)
        self.tables.amis[made].creation_date = row["created_at"]

    def address(self, row: Row) -> None:
        made = self.call("ec2", "allocate_address", Domain="vpc")["AllocationId"]
        if row["attached_to"]:
            owner = self.made[row["attached_to"]]
            self.call("ec2", "associate_address", AllocationId=made, InstanceId=owner)
        self._tagged(made, row)

    def database(self, row: Row) -> None:
        self.call(
            "rds", "create_db_instance", DBInstanceIdentifier=row["name"],
            AllocatedStorage=int(row["size_gib"]), DBInstanceClass=row["sku"],
            Engine=row["config"]["engine"], MultiAZ=row["config"]["multi_az"] == "true",
            AvailabilityZone=row["zone"], MasterUsername="u", MasterUserPassword="not-a-secret",
            Tags=_tags(row["tags"]),
        )  # fmt: skip
        found = rds_backends[self.account][self.region].databases[row["name"]]
        found.instance_create_time = row["created_at"]

    def load_balancer(self, row: Row) -> None:
        subnets = self.call("ec2", "describe_subnets")["Subnets"][:2]
        made = self.call(
            "elbv2", "create_load_balancer", Name=row["name"], Tags=_tags(row["tags"]),
            Subnets=[each["SubnetId"] for each in subnets],
        )["LoadBalancers"][0]["LoadBalancerArn"]  # fmt: skip
        group = self.call(
            "elbv2", "create_target_group", Name=f"t-{row['name'][-6:]}", Protocol="HTTP", Port=80,
            VpcId=self.subnet["VpcId"], TargetType="ip",
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.call(
            "elbv2", "create_listener", LoadBalancerArn=made, Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        targets = [{"Id": f"172.31.0.{10 + n}"} for n in range(int(row["config"]["targets"]))]
        if targets:
            self.call("elbv2", "register_targets", TargetGroupArn=group, Targets=targets)
        found = elbv2_backends[self.account][self.region].load_balancers[made]
        found.created_time = f"{row['created_at']:%Y-%m-%dT%H:%M:%S.000Z}"

    def nat_gateway(self, row: Row) -> None:
        made = self.call(
            "ec2", "create_nat_gateway", SubnetId=self.subnet["SubnetId"],
            AllocationId=self.call("ec2", "allocate_address", Domain="vpc")["AllocationId"],
        )["NatGateway"]["NatGatewayId"]  # fmt: skip
        table = self.call("ec2", "create_route_table", VpcId=self.subnet["VpcId"])
        for number in range(int(row["config"]["routes"])):
            self.call(
                "ec2", "create_route", RouteTableId=table["RouteTable"]["RouteTableId"],
                NatGatewayId=made, DestinationCidrBlock=f"10.{number}.0.0/16",
            )  # fmt: skip
        self._tagged(made, row)
        self.tables.nat_gateways[made]._created_at = row["created_at"]

    def bucket(self, row: Row) -> None:
        name = row["name"]
        given = {} if self.region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": self.region}}  # fmt: skip
        self.call("s3", "create_bucket", Bucket=name, **given)
        if row["tags"]:
            self.call("s3", "put_bucket_tagging", Bucket=name,
                      Tagging={"TagSet": _tags(row["tags"])})  # fmt: skip
        if row["config"]["lifecycle"] != "none":
            self.call("s3", "put_bucket_lifecycle_configuration", Bucket=name,
                      LifecycleConfiguration={"Rules": [RULE]})  # fmt: skip
        found = s3_backends[self.account]["aws"].buckets[name]
        found.creation_date = row["created_at"].replace(tzinfo=UTC)

    def log_group(self, row: Row) -> None:
        name = row["name"]
        self.call("logs", "create_log_group", logGroupName=name, tags=row["tags"])
        if days := row["config"].get("retention_days"):
            self.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=int(days))
        self.call("logs", "create_log_stream", logGroupName=name, logStreamName="all")
        found = logs_backends[self.account][self.region].groups[name]
        found.streams["all"].stored_bytes = round(row["size_gib"] * GIB)
        found.creation_time = row["created_at"]

    def function(self, row: Row) -> None:
        self._role()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("main.py", "def handler(event, context): ...")
        self.call(
            "lambda", "create_function", FunctionName=row["name"], Handler="main.handler",
            Role=f"arn:aws:iam::{self.account}:role/fn", Runtime="python3.12",
            Code={"ZipFile": packed.getvalue()}, MemorySize=int(row["config"]["memory_mib"]),
            Tags=row["tags"],
        )  # fmt: skip

    def cluster(self, row: Row) -> None:
        self.call(
            "eks", "create_cluster", name=row["name"], tags=row["tags"],
            roleArn=f"arn:aws:iam::{self.account}:role/eks",
            resourcesVpcConfig={"subnetIds": [self.subnet["SubnetId"]]},
        )  # fmt: skip
        found = eks_backends[self.account][self.region].clusters[row["name"]]
        found.created_at = row["created_at"]

    def measure(self, row: Row, load: Load) -> None:
        """CloudWatch's basic monitoring, spread evenly over the hour."""
        step = timedelta(hours=1) / len(load.percents)
        self.call("cloudwatch", "put_metric_data", Namespace="AWS/EC2", MetricData=[
            {"MetricName": "CPUUtilization", "Value": percent,
             "Dimensions": [{"Name": "InstanceId", "Value": self.made[row["resource_id"]]}],
             "Timestamp": (load.hour + number * step).replace(tzinfo=UTC)}
            for number, percent in enumerate(load.percents)
        ])  # fmt: skip

    def _role(self) -> None:
        """What functions of the account run as."""
        if any(role["RoleName"] == "fn" for role in self.call("iam", "list_roles")["Roles"]):
            return
        may = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
               "Action": "sts:AssumeRole"}  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        self.call("iam", "create_role", RoleName="fn", AssumeRolePolicyDocument=policy)

    def _disk(self, row: Row, made: str) -> None:
        self._tagged(made, row)
        volume = self.tables.volumes[made]
        volume.create_time = row["created_at"]
        if volume.attachment:
            volume.attachment.attach_time = row["state_since"]

    def _tagged(self, made: str, row: Row, named: bool = True) -> None:
        self.made[row["resource_id"]] = made
        tags = {**row["tags"], **({"Name": row["name"]} if named else {})}
        if tags:
            self.call("ec2", "create_tags", Resources=[made], Tags=_tags(tags))


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
