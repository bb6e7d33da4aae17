from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml
from gcp_emulator import Google, Refusal
from google.auth.credentials import AnonymousCredentials

from clouds import load
from clouds.cloud import INVOICE_SCHEMA, WANTED_SCHEMA
from clouds.demo.permissions import PERMISSIONS
from clouds.errors import UnknownOption, Unreadable
from clouds.gcp.access import Access
from clouds.gcp.connection import GoogleCloud
from clouds.gcp.permissions import ACCOUNT_LEVEL, READS, WRITES, policy

pytestmark = pytest.mark.contract

NEEDED = {name for ability, names in READS.items() if ability != "bills" for name in names}

ONE = "//compute.googleapis.com/projects/shop/zones/us-central1-a/instances/7001"


@pytest.fixture
def cloud(access: Access) -> GoogleCloud:
    return GoogleCloud(access, ["projects/shop"], billing_account="01AB")


def read_everything(cloud: GoogleCloud) -> list[str]:
    """Read all there is; the reasons of what failed."""
    until = datetime(2026, 3, 10, 12)
    row = {"cloud": "gcp", "account": "shop", "region": "us-central1", "resource_id": ONE,
           "kind": "instance", "since": until - timedelta(hours=2)}  # fmt: skip
    wanted = pl.DataFrame([row], schema=dict(WANTED_SCHEMA))
    readings = [cloud.inventory(), cloud.commitments(), cloud.invoices(),
                *cloud.metrics(wanted, until)]  # fmt: skip
    cloud.prices()
    failed = [failure.reason for reading in readings for failure in reading.failed]
    return failed + [each.detail for each in cloud.examine() if not each.ok]


def test_a_whole_read_needs_just_the_permissions_of_the_role(
    google: Google, cloud: GoogleCloud
) -> None:
    assert read_everything(cloud) == []
    assert google.used == NEEDED


@pytest.mark.parametrize("permission", sorted(NEEDED))
def test_a_permission_that_is_missing_is_named(
    google: Google, cloud: GoogleCloud, permission: str
) -> None:
    google.granted.remove(permission)
    failed = read_everything(cloud)
    assert failed
    assert all(permission in reason for reason in failed)


def test_doctor_says_who_we_are_what_can_be_read_and_how_to_mend_the_rest(
    google: Google, cloud: GoogleCloud
) -> None:
    google.granted.remove("monitoring.timeSeries.list")
    found = {each.ability: each for each in cloud.examine()}
    assert {ability for ability, each in found.items() if each.ok} == {
        "bills", "credentials", "inventory", "prices", "invoices",
    }  # fmt: skip
    assert found["inventory"].detail == "projects: shop"
    assert "Acme, open" in found["invoices"].detail
    assert "Grant monitoring.timeSeries.list on shop" in (found["metrics"].fix or "")


def test_doctor_says_expired_credentials_once(google: Google, cloud: GoogleCloud) -> None:
    google.always = Refusal(401, "expired")
    assert [each.ability for each in cloud.examine() if not each.ok] == ["inventory"]


def test_invoices_are_declared_as_not_offered(cloud: GoogleCloud) -> None:
    assert "invoices" in cloud.cannot
    assert list(cloud.invoices().rows.schema.items()) == list(INVOICE_SCHEMA.items())


def test_a_source_is_connected_without_a_call() -> None:
    cloud = load(
        "gcp", projects=["shop"], billing_account="01AB",
        exports=[{"table": "a.b.c"}, {"table": "a.b.d", "layout": "focus"}],
    )  # fmt: skip
    assert set(cloud.cannot) == {"offers", "invoices", "spot history", "changes"}


def test_a_source_without_projects_says_so(access: Access) -> None:
    empty = GoogleCloud(access, [])
    assert {each.ability: each.ok for each in empty.examine()} == {
        "credentials": True, "inventory": False, "bills": False, "prices": True,
    }  # fmt: skip
    [failure] = empty.inventory().failed
    assert "'projects', 'folder' or 'organization'" in failure.reason


def test_projects_and_an_organisation_exclude_each_other() -> None:
    with pytest.raises(UnknownOption, match="projects and organization exclude each other"):
        load("gcp", projects=["shop"], organization="1")


def test_a_folder_of_files_is_handed_on_and_must_exist(tmp_path: Path) -> None:
    assert list(load("gcp", bills=str(tmp_path)).bills(tmp_path / "in").paths) == [tmp_path]
    with pytest.raises(Unreadable, match="Correct the option 'bills'"):
        load("gcp", bills=str(tmp_path / "gone")).bills(tmp_path)


def test_nothing_of_the_credentials_is_shown() -> None:
    class Secret(AnonymousCredentials):
        def __repr__(self) -> str:
            return "s3cret"

    access = Access(Secret())
    client = access.bigquery("shop")
    assert "s3cret" not in repr(access) + repr(access.client("cloudasset")) + repr(client._http)


def test_an_api_that_is_not_switched_on_is_told_with_the_command(
    google: Google, cloud: GoogleCloud
) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com"}  # fmt: skip
    google.always = Refusal(403, "Cloud Asset API is disabled.", details=(info,))
    [failure] = cloud.inventory().failed
    assert "gcloud services enable" in failure.reason


def test_the_policies_are_roles_for_gcloud() -> None:
    reader, changer = (yaml.safe_load(policy(write)) for write in (False, True))
    assert set(reader["includedPermissions"]) == {*NEEDED, *READS["bills"]} - {ACCOUNT_LEVEL}
    assert ACCOUNT_LEVEL in policy(write=False)
    assert reader["stage"] == "GA"
    assert not set(reader["includedPermissions"]) & set(changer["includedPermissions"])


def test_the_demo_cloud_asks_for_the_same_permissions_to_change() -> None:
    asked = {
        (kind, verb): names
        for (cloud, kind), verbs in PERMISSIONS.items() if cloud == "gcp"
        for verb, names in verbs.items()
    }  # fmt: skip
    assert dict(WRITES) == asked
