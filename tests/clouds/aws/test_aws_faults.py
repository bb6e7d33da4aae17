"""What goes wrong between us and AWS: a wrong clock, page tokens that expire, 40,000 tag keys."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_deliveries import BUCKET, PREFIX, deliver, lines, packed
from aws_emulator import HOME, Emulator
from aws_source import cloud_of
from proxy import Call, Proxy

from clouds.aws import connect
from clouds.aws import exports as exports_module

HERE = {"bucket": BUCKET, "prefix": PREFIX}
LIMIT = timedelta(minutes=5)
WEST = "eu-west-1"


@pytest.fixture
def proxy(aws: Emulator) -> Iterator[Proxy]:
    with Proxy(aws.url) as running:
        yield running


def through(proxy: Proxy, **options: Any) -> Any:
    return connect(endpoint_url=proxy.url, regions=[WEST], **options)


def set_clock(proxy: Proxy, ahead: timedelta) -> None:
    """AWS's clock is so far ahead of ours, and it refuses what was signed at another time."""
    proxy.clock_offset = ahead

    def is_skewed(call: Call, is_s3: bool) -> bool:
        stamp = call.headers.get("X-Amz-Date", "")
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        theirs = datetime.now(UTC) + ahead
        return abs(theirs - signed) > LIMIT and is_s3 == ("/s3/" in call.headers["Authorization"])

    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    proxy.deny(
        lambda call: is_skewed(call, is_s3=True),
        body=b"<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request"
        b" time and the current time is too large.</Message></Error>",
    )
    proxy.deny(
        lambda call: is_skewed(call, is_s3=False),
        body=f"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: "
        f"{now} is now earlier than ...</Message></Error></ErrorResponse>".encode(),
    )


@pytest.mark.parametrize(("minutes", "word"), [(5.5, "behind"), (-20, "ahead of")])
def test_a_clock_that_is_minutes_off_is_said_with_by_how_much(
    minutes: float, word: str, proxy: Proxy, aws: Emulator, tmp_path: Path
) -> None:
    deliver(aws, "run-1", [packed(lines(3))])
    set_clock(proxy, timedelta(minutes=minutes))
    cloud = through(proxy, exports=[HERE])
    [failure] = cloud.bills(tmp_path).failed
    [finding] = [each for each in cloud.examine() if each.ability == "credentials"]
    for said in (failure.reason, finding.detail):
        assert f"{int(abs(minutes))} minutes" in said or f"{int(abs(minutes)) - 1} minutes" in said
        assert f"{word} that of AWS. Set it, for example with NTP" in said
    assert not finding.ok
    proxy.heal()
    assert cloud.bills(tmp_path).failed == []


def test_a_clock_that_is_right_is_not_blamed_for_refused_credentials(
    proxy: Proxy, aws: Emulator
) -> None:
    refused = b"<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>"
    proxy.deny(lambda call: True, body=refused)
    [finding] = through(proxy).examine()
    assert "does not accept the credentials" in finding.detail
    assert "clock" not in finding.detail


def is_later_listing(call: Call) -> bool:
    return "list-type=2" in call.path and "continuation-token" in call.path


STALE = (
    b"<Error><Code>InvalidArgument</Code><Message>The continuation token provided is incorrect"
    b"</Message></Error>"
)


@pytest.mark.parametrize("times", [1, 2])
def test_a_listing_of_exports_whose_page_token_expires_is_begun_again_once(
    times: int, proxy: Proxy, aws: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports_module, "PAGE", 2)
    deliver(aws, "run-1", [packed(lines(3)), packed(lines(2))])
    proxy.fail(is_later_listing, times=times, status=400, body=STALE)
    found = through(proxy, exports=[HERE]).bills(tmp_path)
    if times == 1:
        assert found.failed == []
        assert len(list(tmp_path.rglob("*.csv.gz"))) == 2
    else:
        [failure] = found.failed
        assert "page token is no longer known" in failure.reason


def test_forty_thousand_tag_keys_are_read_from_the_api(aws: Emulator) -> None:
    from moto.rds.models import rds_backends  # moto takes minutes for so many tags of EC2

    backend = rds_backends[HOME][WEST]
    for number in range(800):
        backend.create_db_instance({
            "db_instance_identifier": f"db-{number}", "db_instance_class": "db.t3.micro",
            "engine": "postgres", "allocated_storage": 20, "master_username": "a",
            "master_user_password": "not-a-secret", "storage_type": "gp2",
            "tags": [{"Key": f"key-{number}-{key}", "Value": f"v{key}"} for key in range(50)],
        })  # fmt: skip
    found = cloud_of(aws, regions=[WEST]).inventory()
    assert list(found.failed) == []
    tags = [json.loads(text) for text in found.rows.filter(kind="database")["tags"]]
    assert len(tags) == 800
    assert len({key for each in tags for key in each}) == 40_000
