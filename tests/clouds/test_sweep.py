from threading import Lock

import polars as pl

from clouds.cloud import Failure
from clouds.errors import Forbidden, Unauthorized
from clouds.sweep import Part, frame, sweep

SCHEMA = {"resource_id": pl.String()}


def part(
    account: str, region: str, kind: str, error: Exception | None = None, rows: int = 1
) -> Part:
    def read() -> pl.DataFrame:
        if error is not None:
            raise error
        ids = [f"{account}-{region}-{kind}-{number}" for number in range(rows)]
        return pl.DataFrame({"resource_id": ids})

    return Part("aws", account, region, kind, read)


def test_all_parts_are_read_and_their_scopes_named_once() -> None:
    found = sweep([part("1", "eu", "disk"), part("1", "eu", "instance", rows=2)], SCHEMA)
    assert found.rows.height == 3
    assert list(found.read) == [("aws", "1", "eu")]
    assert list(found.failed) == []


def test_a_kind_that_fails_leaves_the_rest_and_is_reported() -> None:
    denied = Forbidden("ec2:DescribeVolumes", "AccessDenied")
    found = sweep([part("1", "eu", "disk", denied), part("1", "eu", "instance")], SCHEMA)
    assert found.rows.height == 1
    assert list(found.read) == [("aws", "1", "eu")]
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("1", "eu", "disk")
    assert "ec2:DescribeVolumes is missing" in failure.reason


def test_a_region_of_which_nothing_was_read_closes_nothing() -> None:
    found = sweep([part("1", "us", "disk", Forbidden("x", "no")), part("1", "eu", "disk")], SCHEMA)
    assert list(found.read) == [("aws", "1", "eu")]


def test_refused_credentials_are_said_once_and_end_only_their_account() -> None:
    calls: list[str] = []
    lock = Lock()

    def refuse() -> pl.DataFrame:
        with lock:
            calls.append("call")
        raise Unauthorized("the token has expired; log in again")

    regions = [f"r{number}" for number in range(200)]
    parts = [Part("aws", "1", region, "disk", refuse) for region in regions]
    found = sweep([*parts, part("2", "eu", "disk")], SCHEMA)
    assert list(found.failed) == [Failure("1", "", "", "the token has expired; log in again")]
    assert list(found.read) == [("aws", "2", "eu")]
    assert len(calls) < 100  # those that were under way, not all of them


def test_what_a_record_lacks_is_null() -> None:
    assert frame({"a": pl.String(), "b": pl.Float64()}, [{"a": "x"}]).rows() == [("x", None)]
