"""The policy holds what the calls need, no less and no more."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aws_deliveries import BUCKET, PREFIX, deliver, lines, packed
from aws_emulator import Emulator, Fault, to
from aws_services import fill
from aws_source import NOW, cloud_of

from clouds.aws.names import permission
from clouds.aws.permissions import READS, policy
from clouds.aws.place import Place
from clouds.aws.prices import fetch_spot
from clouds.aws.savings_rates import fetch_rates
from clouds.cloud import WANTED_SCHEMA
from clouds.demo.permissions import PERMISSIONS
from clouds.errors import CloudError, Forbidden

WEST = "eu-west-1"


@pytest.fixture
def estate(aws: Emulator) -> Emulator:
    """At least one of everything whose reading leads to further calls."""
    ec2, elb = aws.client("ec2", WEST), aws.client("elbv2", WEST)
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    elb.create_load_balancer(Name="front", Subnets=subnets)
    elb.create_target_group(
        Name="t", Protocol="HTTP", Port=80, VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    )
    s3 = aws.client("s3", WEST)
    s3.create_bucket(Bucket="acme", CreateBucketConfiguration={"LocationConstraint": WEST})
    aws.client("ecs", WEST).create_cluster(clusterName="jobs")
    aws.client("eks", WEST).create_cluster(
        name="apps", roleArn="arn:aws:iam::123456789012:role/eks",
        resourcesVpcConfig={"subnetIds": subnets},
    )  # fmt: skip
    fill(aws, WEST)
    aws.client("iam").create_user(UserName="ann")
    aws.client("iam").create_access_key(UserName="ann")
    aws.client("organizations").create_organization()
    deliver(aws, "run-1", [packed(lines(1))])
    return aws


def record(cloud: Any) -> set[str]:
    """The permissions of all calls that the source's clients make from now on, as they are made."""
    made: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        made.add(permission(model.service_model.service_name, model.name))

    for account in (*cloud._accounts, cloud._payer):
        account.session.events.register("before-call", note)
    return made


def wanted() -> pl.DataFrame:
    row = {"cloud": "aws", "account": "123456789012", "region": WEST, "kind": "instance",
           "resource_id": "i-1", "since": NOW - timedelta(hours=2)}  # fmt: skip
    return pl.DataFrame([row], schema=dict(WANTED_SCHEMA))


def read_all(cloud: Any, folder: Path) -> Iterator[str]:
    """Every ability once; what moto lacks is asked for all the same."""
    list(cloud.examine())
    cloud.bills(folder)
    cloud.inventory()
    list(cloud.metrics(wanted(), datetime(2026, 11, 20, 12)))
    cloud.commitments()
    try:
        cloud.prices()
    except CloudError as error:
        yield str(error)


def test_the_reads_are_exactly_what_a_whole_reading_calls(estate: Emulator, tmp_path: Path) -> None:
    estate.faults = [
        Fault(to("savingsplans"), 403, "AccessDenied"),
        Fault(to("ec2", "DescribeReservedInstances"), 403, "UnauthorizedOperation"),
        Fault(to("rds", "DescribeReservedDBInstances"), 403, "AccessDenied"),
        Fault(lambda call: call.service == "pricing", 403, "AccessDenied"),
    ]
    places = [{"bucket": BUCKET, "prefix": PREFIX}]
    cloud = cloud_of(estate, regions=[WEST], exports=places, cost_explorer=True)
    made = record(cloud)
    list(read_all(cloud, tmp_path))
    stated = {name for names in READS.values() for name in names}
    missing, needless = made - stated, stated - made
    assert missing == set(), "called, but not in READS"
    # These are asked for after the list prices, which are refused here: the test below.
    later = {"ec2:DescribeSpotPriceHistory", "savingsplans:DescribeSavingsPlansOfferingRates"}
    assert needless == later, "in READS, but not called"


def test_spot_prices_and_rates_need_their_permissions(aws: Emulator) -> None:
    aws.faults += [
        Fault(to("ec2", "DescribeSpotPriceHistory"), 403, "UnauthorizedOperation"),
        Fault(to("savingsplans"), 403, "AccessDeniedException"),
    ]
    cloud = cloud_of(aws)
    made = record(cloud)
    place = Place(cloud._accounts[0], WEST)
    with pytest.raises(Forbidden):
        list(fetch_spot(place, NOW))
    with pytest.raises(Forbidden):
        list(fetch_rates(place))
    names = {"ec2:DescribeSpotPriceHistory", "savingsplans:DescribeSavingsPlansOfferingRates"}
    assert names <= made


def test_the_read_policy_is_a_valid_document_without_writes() -> None:
    document = json.loads(policy(write=False))
    assert document["Version"] == "2012-10-17"
    actions = [action for each in document["Statement"] for action in each["Action"]]
    verbs = {action.split(":")[1] for action in actions}
    assert all(verb.startswith(("Describe", "Get", "List")) for verb in verbs)
    assert "secretsmanager:GetSecretValue" not in actions
    assert all(
        each["Sid"].isalnum() and each["Effect"] == "Allow" for each in document["Statement"]
    )
    [exports] = [each for each in document["Statement"] if each["Sid"] == "Exports"]
    assert all(resource.startswith("arn:aws:s3:::") for resource in exports["Resource"])


def test_the_write_policy_has_what_changes_need() -> None:
    document = json.loads(policy(write=True))
    actions = {action for each in document["Statement"] for action in each["Action"]}
    wanted = {
        action
        for (cloud, _), verbs in PERMISSIONS.items() if cloud == "aws"
        for names in verbs.values() for action in names
    }  # fmt: skip
    assert actions == wanted


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("rds", "describe_db_instances", "rds:DescribeDBInstances"),
        ("rds", "describe_reserved_db_instances", "rds:DescribeReservedDBInstances"),
        ("s3", "list_objects_v2", "s3:ListBucket"),
        ("s3", "head_object", "s3:GetObject"),
        ("elb", "describe_load_balancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ("resourcegroupstaggingapi", "get_resources", "tag:GetResources"),
    ],
)
def test_names_follow_iam(service: str, operation: str, name: str) -> None:
    assert permission(service, operation) == name
