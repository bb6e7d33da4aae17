"""Calls take from one bucket, refusals become our errors, and secrets stay where they are."""

from datetime import datetime
from pathlib import Path
from time import monotonic

import polars as pl
import pytest
from aws_deliveries import BUCKET, PREFIX, deliver, lines, packed
from aws_emulator import HOME, Emulator, Fault, to
from aws_source import cloud_of

from clouds import load
from clouds.aws import connect
from clouds.aws.access import roles_of
from clouds.aws.refusals import translate
from clouds.budget import budget
from clouds.cloud import WANTED_SCHEMA
from clouds.errors import Throttled, Unauthorized, UnknownOption, Unreadable

WEST = "eu-west-1"


def test_connecting_asks_nothing_and_takes_only_known_options(aws: Emulator) -> None:
    cloud_of(aws, accounts=[{"role_arn": "arn:aws:iam::1:role/r"}], exports=[{"bucket": "b"}])
    assert aws.calls == []
    with pytest.raises(UnknownOption, match="unknown bukket"):
        connect(exports=[{"bukket": "b"}])
    with pytest.raises(UnknownOption, match="role_arn is 'admin'"):
        roles_of([{"role_arn": "admin"}])
    with pytest.raises(UnknownOption, match="It takes: profile, regions, accounts"):
        load("aws", region="x")


@pytest.mark.parametrize(
    ("status", "code", "headers"),
    [
        (429, "TooManyRequestsException", {"Retry-After": "0.3"}),
        (503, "RequestLimitExceeded", {"Retry-After": "0.3"}),
        (400, "ThrottlingException", {}),
    ],
)
def test_a_throttled_call_pauses_all_who_share_the_bucket(
    aws: Emulator, status: int, code: str, headers: dict[str, str]
) -> None:
    [account] = cloud_of(aws)._accounts
    account.call("ec2", "describe_regions")
    account.call("ec2", "describe_volumes", WEST)
    aws.faults.append(
        Fault(to("ec2", "DescribeVolumes", WEST), status, code, headers=headers, times=2)
    )
    began = monotonic()
    account.call("ec2", "describe_volumes", WEST)
    assert monotonic() - began > 0.5
    assert budget(HOME, f"ec2 in {WEST}")._closed_until > began  # for every thread
    assert budget(HOME, "ec2 in us-east-1")._closed_until == 0


def test_a_call_that_stays_throttled_is_given_up_with_the_wait_it_asks_for(aws: Emulator) -> None:
    [account] = cloud_of(aws)._accounts
    aws.faults.append(Fault(to("ec2"), 503, "RequestLimitExceeded", headers={"Retry-After": "900"}))
    with pytest.raises(Throttled) as told:
        account.call("ec2", "describe_volumes", WEST)
    assert told.value.retry_after_seconds == 900
    asked = [call for call in aws.calls if call.service == "ec2"]
    assert len(asked) == 1


def test_a_clock_that_is_wrong_is_named(aws: Emulator) -> None:
    [account] = cloud_of(aws)._accounts
    told = "Signature expired: 20261120T115000Z is now earlier than 20261120T115500Z"
    aws.faults.append(Fault(to("s3"), 403, "RequestTimeTooSkewed"))
    aws.faults.append(Fault(to("ec2"), 403, "SignatureDoesNotMatch", told))
    with pytest.raises(Unauthorized, match="The clock of this machine is wrong"):
        account.call("s3", "list_buckets")
    with pytest.raises(Unauthorized, match="The clock of this machine is wrong"):
        account.call("ec2", "describe_volumes", WEST)


def test_missing_credentials_are_one_clear_error(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Unauthorized, match="credentials are missing"):
        cloud_of(aws).inventory()
    [finding] = cloud_of(aws, bills="/tmp").examine()
    assert (finding.ability, finding.ok) == ("credentials", False)
    with pytest.raises(Unauthorized, match="config profile"):
        cloud_of(aws, profile="nobody").inventory()


def test_a_server_that_is_not_there_is_unreadable(aws: Emulator) -> None:
    with pytest.raises(Unreadable, match="Check the network"):
        connect(endpoint_url="http://127.0.0.1:9").inventory()


def test_nothing_secret_is_in_reprs_or_errors(aws: Emulator) -> None:
    role = {"role_arn": f"arn:aws:iam::{HOME}:role/r", "external_id": "ext-hush"}
    cloud = cloud_of(aws, accounts=[role], regions=[WEST])
    aws.faults.append(Fault(to("ec2"), 403, "UnauthorizedOperation",
        "no. Encoded authorization failure message: TOKEN-HUSH"))  # fmt: skip
    found = cloud.inventory()
    text = f"{cloud!r} {cloud._accounts!r} {found.failed!r}"
    for secret in ("very-secret-key", "ext-hush", "TOKEN-HUSH"):
        assert secret not in text


def test_errors_name_the_permission() -> None:
    error = ValueError("x")
    error.response = {"Error": {"Code": "AccessDenied", "Message": "no"}}  # type: ignore[attr-defined]
    assert "s3:GetLifecycleConfiguration is missing" in str(
        translate(error, "s3", "get_bucket_lifecycle_configuration")
    )


def test_doctor_learns_who_we_are_and_what_is_missing(aws: Emulator, tmp_path: Path) -> None:
    deliver(aws, "run-1", [packed(lines(1))])
    aws.faults = [
        Fault(to("ec2", "DescribeInstances"), 403, "UnauthorizedOperation"),
        Fault(to("pricing"), 501, "NotImplemented"),
        Fault(to("savingsplans"), 403, "AccessDeniedException"),
        Fault(to("ec2", "DescribeReservedInstances"), 403, "UnauthorizedOperation"),
    ]
    places = [{"bucket": BUCKET, "prefix": PREFIX}, {"bucket": BUCKET, "prefix": "nothing"}]
    found = list(cloud_of(aws, exports=places, bills=str(tmp_path)).examine())
    seen = [(finding.ability, finding.ok) for finding in found]
    assert seen == [
        ("credentials", True), ("inventory", False), ("metrics", True), ("prices", False),
        ("commitments", False), ("bills", True), ("bills", True), ("bills", False),
    ]  # fmt: skip
    assert found[0].detail.startswith(f"arn:aws:sts::{HOME}:")
    assert "ec2:DescribeInstances" in (found[1].fix or "")
    assert found[6].detail == f"s3://{BUCKET}/{PREFIX}: 1 deliveries"


def test_what_is_not_offered_has_a_reason_and_is_empty(aws: Emulator) -> None:
    cloud = cloud_of(aws)
    assert set(cloud.cannot) == {"changes", "invoices", "offers", "bills"}
    assert cloud.invoices().rows.is_empty()
    assert cloud.offers().is_empty()
    wanted = pl.DataFrame(schema=dict(WANTED_SCHEMA))
    assert all(chunk.rows.is_empty() for chunk in cloud.metrics(wanted, datetime(2026, 1, 1)))
