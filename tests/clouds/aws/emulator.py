"""Moto's AWS with two accounts behind a role each, for the contract of all clouds."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from aws_deliveries import BUCKET, PREFIX, deliver, lines, packed
from aws_emulator import Emulator as Server
from aws_emulator import Fault, Given, emulator, to
from aws_services import fill
from contract import SLOW, Asked, Standard
from moto.ec2.models import ec2_backends
from moto.sts.models import sts_backends

from clouds.aws import connect
from clouds.cloud import Cloud

NEVER: Mapping[str, str] = {}
SHOP, LAB, VOID = "111111111111", "222222222222", "333333333333"
DEFAULTS = {"us-east-1": 1 + 6 + 1, "eu-west-1": 1 + 3 + 1}  # network, subnets, group: in every VPC
SINCE = datetime(2026, 3, 20, 6)
HOURS = 6
CREATED = datetime(2026, 1, 5, 6)
ODD = 'it\'s "odd" \N{SPARKLES} '
LONGEST_TAG = 256  # characters of a value
MACHINES, PAGE = 7, 5
SERVICES = 26  # what `aws_services.fill` makes; moto shows its EMR cluster in both regions
SECRET = "very-secret-key-4711"
OUTSIDE_ID = "known-to-both-sides"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip
NOT_HERE = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION")


class Emulator:
    """The running server, read with the credentials of a third account.

    Connecting again gives the same again: boto3 takes seconds to make the clients of two accounts.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._known: dict[tuple[str, ...], Cloud] = {}
        machines = {
            (account, region): _fill(server, account, region)
            for account in (SHOP, LAB) for region in DEFAULTS
        }  # fmt: skip
        fill(server, "us-east-1", SHOP)
        first, second = machines[SHOP, "us-east-1"], machines[LAB, "eu-west-1"]
        self.standard = Standard(
            resources=2 * sum(DEFAULTS.values()) + len(machines) * (3 * MACHINES + 3) + SERVICES,
            created={first: CREATED, second: CREATED},
            sizes={_root(server, SHOP, "us-east-1", first): 8.0},
            part=(SHOP, "eu-west-1", "disk"),
            measured=(SINCE, SINCE + timedelta(hours=HOURS)),
            averages={(first, "cpu_percent"): 25.0, (second, "cpu_percent"): 25.0},
        )

    @property
    def secrets(self) -> Sequence[str]:
        """Ours, and those that AssumeRole has handed out until now."""
        given = [role for account in (SHOP, LAB, VOID)
                 for role in sts_backends[account]["aws"].assumed_roles]  # fmt: skip
        assert len(given) >= len((SHOP, LAB))
        texts = [text for role in given for text in (role.secret_access_key, role.session_token)]
        return [SECRET, OUTSIDE_ID, *texts]

    def connect(self) -> Cloud:
        return self._connected(SHOP, LAB, exports=[{"bucket": BUCKET, "prefix": PREFIX}])

    def connect_empty(self) -> Cloud:
        return self._connected(VOID)

    def deny(self, account: str, region: str, kind: str) -> None:
        assert kind in ("", "disk")
        is_it = to("ec2", "DescribeVolumes") if kind else lambda call: True
        self.server.faults.append(
            Fault(
                lambda call: call.account == account and call.region == region and is_it(call),
                403, "UnauthorizedOperation",
            )
        )  # fmt: skip

    def throttle(self, status: int, seconds: int) -> None:
        wait = {"Retry-After": str(seconds)}
        self.server.faults += [
            Fault(to("ec2", "DescribeVolumes"), status, "RequestLimitExceeded",
                  headers=wait, times=1),
            Fault(lambda call: True, before=lambda call: sleep(SLOW)),
        ]  # fmt: skip

    def expire(self, account: str) -> None:
        self.server.faults.append(
            Fault(lambda call: call.account == account, 403, "ExpiredTokenException")
        )

    def heal(self) -> None:
        self.server.faults.clear()

    def calls(self) -> Sequence[Asked]:
        return [
            Asked(call.at, call.answered_at, call.account, f"{call.service} in {call.region}",
                  call.status)
            for call in self.server.calls if call.answered_at is not None
        ]  # fmt: skip

    def _connected(self, *accounts: str, **options: Any) -> Cloud:
        if accounts in self._known:
            return self._known[accounts]
        roles = [
            {"role_arn": f"arn:aws:iam::{account}:role/reader", "external_id": OUTSIDE_ID}
            for account in accounts
        ]
        self._known[accounts] = connect(
            accounts=roles, regions=list(DEFAULTS), endpoint_url=self.server.url, **options
        )
        return self._known[accounts]


@contextmanager
def for_contract(folder: Path) -> Generator[Emulator]:
    with emulator() as server, pytest.MonkeyPatch.context() as environment:
        for name in NOT_HERE:
            environment.delenv(name, raising=False)
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        server.reset()  # moto is one for the whole process
        for region in DEFAULTS:
            _empty(server, region)
        deliver(server, "run-1", [packed(lines(3))])
        server.given += _beyond_moto()
        server.page = PAGE
        yield Emulator(server)
        server.reset()


def _fill(server: Server, account: str, region: str) -> str:
    """Machines with a disk each, an image of them, and a disk of nobody; the id of the first."""
    ec2 = server.client("ec2", region, account)
    image = ec2.register_image(Name="base", RootDeviceName="/dev/xvda")["ImageId"]
    odd = [{"Key": "Odd", "Value": (ODD + "x" * LONGEST_TAG)[:LONGEST_TAG]}]
    made = [  # one at a time: moto's pages are of reservations
        ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, InstanceType="m5.large",
            TagSpecifications=[{"ResourceType": "instance", "Tags": odd}],
        )["Instances"][0]
        for _ in range(MACHINES)
    ]  # fmt: skip
    ec2.create_volume(AvailabilityZone=f"{region}a", Size=32, VolumeType="gp3")
    for each in made:
        _created(account, region, each["InstanceId"])
    first = made[0]["InstanceId"]
    data = [
        {"MetricName": "CPUUtilization", "Value": 20.0 + 10 * (minute % 10 > 0),
         "Dimensions": [{"Name": "InstanceId", "Value": first}],
         "Timestamp": (SINCE + timedelta(minutes=minute)).replace(tzinfo=UTC)}
        for minute in range(-60, 60 * (HOURS + 1), 5)
    ]  # fmt: skip
    server.client("cloudwatch", region, account).put_metric_data(
        Namespace="AWS/EC2", MetricData=data
    )
    return first


def _created(account: str, region: str, instance: str) -> None:
    """AWS tells when; moto knows no other time than now."""
    made = ec2_backends[account][region].get_instance(instance)
    made.launch_time = f"{CREATED:%Y-%m-%dT%H:%M:%S.000Z}"
    for interface in made.nics.values():
        interface.attach_time = f"{CREATED:%Y-%m-%dT%H:%M:%S.000Z}"


def _root(server: Server, account: str, region: str, instance: str) -> str:
    """The disk that an instance starts from."""
    found = server.client("ec2", region, account).describe_volumes(
        Filters=[{"Name": "attachment.instance-id", "Values": [instance]}]
    )
    return found["Volumes"][0]["VolumeId"]


def _empty(server: Server, region: str) -> None:
    """The account without the network that AWS, and moto, gives to each."""
    ec2 = server.client("ec2", region, VOID)
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for network in ec2.describe_vpcs()["Vpcs"]:
        ec2.delete_vpc(VpcId=network["VpcId"])


def _beyond_moto() -> list[Given]:
    """One savings plan, no reservations, no prices; written after AWS's documentation."""
    plan = {
        "savingsPlanArn": f"arn:aws:savingsplans::{SHOP}:savingsplan/1", "commitment": "1.5",
        "currency": "USD", "start": "2026-01-01T00:00:00.000Z", "end": "2027-01-01T00:00:00.000Z",
        "savingsPlanType": "Compute", "state": "active",
    }  # fmt: skip

    def savings(call: Any) -> bool:
        return call.service == "savingsplans"

    return [
        Given(lambda call: savings(call) and call.account == SHOP,
              json.dumps({"savingsPlans": [plan]}), "application/json"),
        Given(savings, '{"savingsPlans": []}', "application/json"),
        Given(to("pricing"), '{"FormatVersion": "aws_v1", "PriceList": []}', "application/json"),
        Given(to("ec2", "DescribeReservedInstances"),
              "<DescribeReservedInstancesResponse><reservedInstancesSet/>"
              "</DescribeReservedInstancesResponse>"),
        Given(to("ec2", "DescribeSpotPriceHistory"),
              "<DescribeSpotPriceHistoryResponse><spotPriceHistorySet/>"
              "</DescribeSpotPriceHistoryResponse>"),
        Given(to("rds", "DescribeReservedDBInstances"),
              "<DescribeReservedDBInstancesResponse><DescribeReservedDBInstancesResult>"
              "<ReservedDBInstances/></DescribeReservedDBInstancesResult>"
              "</DescribeReservedDBInstancesResponse>"),
    ]  # fmt: skip
