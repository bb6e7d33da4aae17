"""What every cloud must do: ours, and the toy cloud as the model of other people's."""

import json
import logging
import sys
from collections.abc import Generator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from contract import (
    ABILITIES,
    FAULTS,
    HERE,
    SLOW,
    Emulator,
    emulator_file,
    has_emulator,
    never,
    started,
)
from contract_reading import everything, kept, measured, whatever_is_read

from clouds import available, permissions
from clouds.cloud import (
    COMMITMENT_SCHEMA,
    INVOICE_SCHEMA,
    METRIC_SCHEMA,
    OFFER_SCHEMA,
    PRICE_SCHEMA,
    RESOURCE_SCHEMA,
    WANTED_SCHEMA,
    Kind,
)
from clouds.errors import NotOffered

TOY = "toy"  # lies in tests/clouds/toy, and is installed by nobody
SCHEMAS = {
    "inventory": RESOURCE_SCHEMA, "metrics": METRIC_SCHEMA, "offers": OFFER_SCHEMA,
    "prices": PRICE_SCHEMA, "commitments": COMMITMENT_SCHEMA, "invoices": INVOICE_SCHEMA,
}  # fmt: skip
LARGEST_GIB = 1024 * 1024  # a PiB: beyond it somebody has taken bytes or MiB for GiB
SMALLEST_GIB = 1e-9  # a byte: below it somebody has divided once too often
IN_FLIGHT = SLOW + 0.05  # seconds; calls that were under way when the cloud asked to wait
KEY = ["cloud", "account", "resource_id", "kind"]

sys.path.append(str(HERE / TOY))


def each(fault: str, ability: str) -> list[Any]:
    """All clouds with an emulator that have the ability; where a fault can never be, strictly so.

    What a cloud says it can't tell is tried in tests of its own.
    """
    found: list[Any] = []
    for name in [*available(), TOY]:
        if has_emulator(name) and ability not in never(name):
            reason = never(name).get(fault)
            can_not = pytest.mark.xfail(reason=reason, raises=NotImplementedError, strict=True)
            found.append(pytest.param(name, marks=can_not if reason else ()))
    return found


def every_cloud(fault: str = "", ability: str = "inventory") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("emulator", each(fault, ability), indirect=True)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[dict[str, tuple[Any, Emulator]]]:
    emulators: dict[str, tuple[Any, Emulator]] = {}
    yield emulators
    for stack, _ in emulators.values():
        stack.__exit__(None, None, None)


@pytest.fixture
def emulator(
    request: pytest.FixtureRequest,
    running: dict[str, tuple[Any, Emulator]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Generator[Emulator]:
    name = request.param
    if name not in running:
        stack = started(name, tmp_path_factory.mktemp(name) / "emulator")
        running[name] = (stack, stack.__enter__())
    _, emulator = running[name]
    yield emulator
    emulator.heal()


@pytest.mark.parametrize("name", available())
def test_every_cloud_has_an_emulator_for_this_contract(name: str) -> None:
    assert has_emulator(name), f"write {emulator_file(name)}, as contract.py describes"


@pytest.mark.parametrize("name", [*available(), TOY])
def test_no_cloud_is_excused_from_what_does_not_exist(name: str) -> None:
    assert set(never(name)) <= {*FAULTS, *ABILITIES} - {"bills", "credentials"}


@every_cloud(ability="")
def test_a_cloud_is_excused_only_from_what_it_says_it_can_not_tell(emulator: Emulator) -> None:
    cloud = emulator.connect()
    assert all(cloud.cannot.values())
    assert set(never(cloud.name)) & set(ABILITIES) <= set(cloud.cannot)


@every_cloud(ability="")
def test_what_a_cloud_can_not_tell_is_empty_and_closes_nothing(emulator: Emulator) -> None:
    cloud = emulator.connect()
    tables = {
        "inventory": lambda: cloud.inventory().rows,
        "commitments": lambda: cloud.commitments().rows,
        "invoices": lambda: cloud.invoices().rows,
        "offers": cloud.offers,
        "prices": cloud.prices,
    }
    for ability in set(cloud.cannot) & set(tables):
        rows = tables[ability]()
        assert (ability, rows.height) == (ability, 0)
        assert dict(rows.schema) == dict(SCHEMAS[ability])
    if "inventory" in cloud.cannot:
        found = cloud.inventory()
        assert list(found.read) == []
        (failure,) = found.failed
        assert (failure.account, failure.region, failure.kind) == ("", "", "")
        assert failure.reason == cloud.cannot["inventory"]


@pytest.mark.parametrize("name", available())
def test_permissions_are_said_by_ability_and_printed(name: str) -> None:
    with suppress(NotOffered):
        module = permissions(name)
        assert set(module.READS) <= set(ABILITIES)
        assert all(not isinstance(needed, str) for needed in module.READS.values())
        assert module.policy(write=False).strip()
        assert module.policy(write=True).strip()


@every_cloud()
def test_rows_have_exactly_the_columns_and_types_of_their_schema(emulator: Emulator) -> None:
    cloud = emulator.connect()
    assert cloud.name in (*available(), TOY)
    frames = {
        "inventory": cloud.inventory().rows,
        "metrics": measured(cloud, emulator).rows,
        "offers": cloud.offers(),
        "prices": cloud.prices(),
        "commitments": cloud.commitments().rows,
        "invoices": cloud.invoices().rows,
    }
    for name, schema in SCHEMAS.items():
        assert dict(frames[name].schema) == dict(schema)


@every_cloud()
def test_the_inventory_is_whole_and_each_resource_lies_in_a_scope_that_was_read(
    emulator: Emulator,
) -> None:
    found = emulator.connect().inventory()
    assert list(found.failed) == []
    assert found.rows.height == emulator.standard.resources
    assert found.rows.select(pl.col(KEY).null_count()).row(0) == (0, 0, 0, 0)
    assert not found.rows.select(KEY).is_duplicated().any()
    assert set(found.rows.select("cloud", "account", "region").rows()) <= set(found.read)
    assert set(found.rows["kind"]) <= set(get_args(Kind))


@every_cloud()
def test_nothing_changes_between_two_reads(emulator: Emulator) -> None:
    first, second = (emulator.connect().inventory().rows.sort(KEY) for _ in range(2))
    assert first.equals(second)


@every_cloud()
def test_tags_and_config_are_json_and_relations_lead_to_resources_of_the_account(
    emulator: Emulator,
) -> None:
    rows = emulator.connect().inventory().rows
    for text in rows["tags"].drop_nulls():
        tags = json.loads(text)
        assert isinstance(tags, dict)
        assert all(isinstance(value, str) for value in tags.values())
    for text in rows["config"].drop_nulls():
        assert isinstance(json.loads(text), dict)
    known = set(rows.select("account", "resource_id").rows())
    for relation in ("attached_to", "member_of"):
        led = rows.filter(pl.col(relation).is_not_null()).select("account", relation).rows()
        assert set(led) <= known


@every_cloud()
def test_sizes_are_gib_and_times_are_utc(emulator: Emulator) -> None:
    cloud = emulator.connect()
    rows = cloud.inventory().rows
    assert rows["size_gib"].drop_nulls().is_between(0, LARGEST_GIB).all()
    assert rows.filter(pl.col("size_gib") > 0)["size_gib"].ge(SMALLEST_GIB).all()
    sizes = dict(rows.select("resource_id", "size_gib").iter_rows())
    for resource_id, gib in emulator.standard.sizes.items():
        assert sizes[resource_id] == pytest.approx(gib)
    created = dict(rows.select("resource_id", "created_at").iter_rows())
    for resource_id, at in emulator.standard.created.items():
        assert created[resource_id] == at
    assert cloud.now().tzinfo is None
    latest = max(cloud.now(), emulator.standard.measured[1]) + timedelta(minutes=5)
    for column in ("created_at", "state_since"):
        assert rows[column].drop_nulls().is_between(datetime(2000, 1, 1), latest).all()


@every_cloud()
def test_measurements_are_hourly_plausible_and_of_the_hours_that_are_wanted(
    emulator: Emulator,
) -> None:
    since, until = emulator.standard.measured
    hours = int((until - since) / timedelta(hours=1))
    found = measured(emulator.connect(), emulator)
    rows = found.rows
    assert list(found.failed) == []
    assert rows.height > 0
    assert (
        not rows.select("cloud", "account", "resource_id", "metric", "hour").is_duplicated().any()
    )
    assert (rows["hour"] == rows["hour"].dt.truncate("1h")).all()
    assert rows["hour"].is_between(since, until, closed="left").all()
    for (resource_id, metric), average in emulator.standard.averages.items():
        is_it = (pl.col("resource_id") == resource_id) & (pl.col("metric") == metric)
        assert rows.filter(is_it)["avg"].to_list() == pytest.approx([average] * hours)
    percent = rows.filter(pl.col("metric").str.ends_with("_percent"))
    for column in ("avg", "max", "p95", "p99"):
        assert percent[column].drop_nulls().is_between(0, 100).all()
        assert (rows[column].drop_nulls() >= 0).all()
    assert rows.filter(pl.col("avg") > pl.col("max") + 1e-9).is_empty()
    assert (rows["samples"].drop_nulls() > 0).all(), "an hour without samples has no row"


@every_cloud(ability="")
def test_bills_are_brought_once(emulator: Emulator, tmp_path: Path) -> None:
    def bring() -> dict[str, tuple[int, int]]:
        exports = emulator.connect().bills(tmp_path)
        assert list(exports.failed) == []
        assert all(path.exists() for path in exports.paths)
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        return {
            str(file): (file.stat().st_mtime_ns, file.stat().st_size)
            for file in files
            if file.stat().st_size
        }

    assert bring() == bring()


@every_cloud("empty")
def test_an_empty_account_is_no_failure(emulator: Emulator, tmp_path: Path) -> None:
    cloud = emulator.connect_empty()
    assert list(cloud.bills(tmp_path).failed) == []
    for found in (cloud.inventory(), cloud.commitments(), cloud.invoices()):
        assert (found.rows.height, list(found.failed)) == (0, [])
    wanted = pl.DataFrame(schema=dict(WANTED_SCHEMA))
    chunks = list(cloud.metrics(wanted, emulator.standard.measured[1]))
    assert sum(chunk.rows.height for chunk in chunks) == 0
    assert [failure for chunk in chunks for failure in chunk.failed] == []


@every_cloud()
def test_reading_again_adds_no_history(emulator: Emulator, tmp_path: Path) -> None:
    first, second = (kept(emulator.connect(), tmp_path, hour) for hour in (1, 2))
    assert len(first) == emulator.standard.resources
    assert first == second


@every_cloud("deny")
@pytest.mark.parametrize("of", ["kind", "region"])
def test_what_is_denied_is_reported_leaves_the_rest_and_closes_nothing(
    emulator: Emulator, of: str, tmp_path: Path
) -> None:
    account, region, kind = emulator.standard.part
    before = kept(emulator.connect(), tmp_path, 1)
    all_rows = emulator.connect().inventory().rows
    emulator.deny(account, region, kind if of == "kind" else "")
    found = emulator.connect().inventory()
    is_denied = (pl.col("account") == account) & (pl.col("region") == region)
    if of == "kind":
        is_denied &= pl.col("kind") == kind
    rest = all_rows.filter(~is_denied)
    assert 0 < rest.height < all_rows.height
    assert found.rows.sort(KEY).equals(rest.sort(KEY))
    assert found.failed
    assert {(one.account, one.region) for one in found.failed} == {(account, region)}
    assert kind in {one.kind for one in found.failed} | ({""} if of == "region" else set())
    assert all(one.reason for one in found.failed)
    assert kept(emulator.connect(), tmp_path, 2) == before


@every_cloud("throttle")
@pytest.mark.parametrize("status", [429, 503])
def test_nobody_of_an_account_and_api_calls_before_the_cloud_allows_it(
    emulator: Emulator, status: int
) -> None:
    before, seconds = len(emulator.calls()), 1
    emulator.throttle(status, seconds)
    found = emulator.connect().inventory()
    assert (found.rows.height, list(found.failed)) == (emulator.standard.resources, [])
    calls = emulator.calls()[before:]
    refused = [call for call in calls if call.status == status]
    assert refused
    for one in refused:
        early = [
            call
            for call in calls
            if (call.account, call.api) == (one.account, one.api)
            and one.answered_at + IN_FLIGHT < call.at < one.answered_at + seconds
        ]
        assert early == []


@every_cloud("expire")
def test_expired_credentials_are_said_once_and_end_only_their_account(
    emulator: Emulator, tmp_path: Path
) -> None:
    account = emulator.standard.part[0]
    before = kept(emulator.connect(), tmp_path, 1)
    all_rows = emulator.connect().inventory().rows
    emulator.expire(account)
    rest = all_rows.filter(pl.col("account") != account)
    if rest.is_empty():
        found = whatever_is_read(emulator.connect())
    else:
        found = emulator.connect().inventory()
        assert found.rows.sort(KEY).equals(rest.sort(KEY))
    assert [(one.account, one.region, one.kind) for one in found.failed] == [(account, "", "")]
    assert kept(emulator.connect(), tmp_path, 2) == before
    findings = [one for one in emulator.connect().examine() if one.account == account]
    bad = [one for one in findings if not one.ok]
    assert bad
    assert all(one.fix for one in bad)


@every_cloud(ability="")
def test_doctor_is_told_about_every_account(emulator: Emulator) -> None:
    findings = list(emulator.connect().examine())
    assert findings
    assert {one.ability for one in findings} <= set(ABILITIES)
    assert all(one.ok for one in findings), [one for one in findings if not one.ok]
    assert all(one.detail for one in findings)


@every_cloud(ability="")
def test_no_secret_is_shown_logged_or_stored(
    emulator: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told: list[str] = []
    cloud = emulator.connect()
    told += [repr(cloud), str(vars(cloud)), str(list(cloud.examine())), everything(cloud, tmp_path)]
    with suppress(NotImplementedError):
        account, region, kind = emulator.standard.part
        emulator.deny(account, region, kind)
        told += [str(list(cloud.examine())), str(cloud.inventory().failed)]
        emulator.expire(account)
        told += [str(list(cloud.examine())), everything(emulator.connect(), tmp_path)]
        told += [str(failure) for failure in whatever_is_read(emulator.connect()).failed]
    shown = "\n".join([*told, caplog.text])
    assert len(shown) > 1000
    for secret in emulator.secrets:
        assert secret not in shown
