"""What goes wrong between us and Azure: a wrong clock, cuts, page tokens, one denied of ten."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clouds.azure import exports as exports_module
from clouds.azure.access import Access
from clouds.azure.connection import AzureCloud
from clouds.azure.exports import Place, fetch_exports
from clouds.cloud import Exports
from tests.clouds.azure.arm import Estate
from tests.clouds.azure.blob_store import azurite, credential, deliver
from tests.clouds.azure.conftest import unhurried
from tests.clouds.proxy import Call, Proxy
from tests.warehouse.ingest.bills import lake_in, lines, load, total, write

LIMIT = timedelta(minutes=5)


@pytest.fixture(scope="module")
def account_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as url:
        yield url


@pytest.fixture
def proxy(account_url: str) -> Iterator[Proxy]:
    with Proxy(account_url.rpartition("/")[0]) as running:
        yield running


@pytest.fixture
def container(account_url: str, request: pytest.FixtureRequest) -> Any:
    from azure.storage.blob import ContainerClient

    name = "f" + str(abs(hash(request.node.name)))
    made = ContainerClient(account_url, name, credential=credential())
    made.create_container()
    return made


@pytest.fixture
def place(proxy: Proxy, account_url: str, container: Any) -> Place:
    """The container, behind the proxy."""
    return Place(f"{proxy.url}/{account_url.rpartition('/')[2]}", container.container_name)


def fetched(place: Place, folder: Path) -> Exports:
    access = Access(blob_credential=credential(), budget_of=unhurried)
    return fetch_exports(access, [place], folder / "exports")


def bill(tmp_path: Path, count: int) -> bytes:
    rows = lines(count, ProviderName="Microsoft", BillingAccountId="/billingAccounts/1")
    return write(tmp_path / "made.csv", rows).read_bytes()


def set_clock(proxy: Proxy, ahead: timedelta) -> None:
    """Azure's clock is so far ahead of ours, and it refuses what was signed at another time."""
    proxy.clock_offset = ahead

    def is_skewed(call: Call) -> bool:
        signed = parsedate_to_datetime(call.headers["x-ms-date"])
        return abs(datetime.now(UTC) + ahead - signed) > LIMIT

    proxy.deny(
        is_skewed,
        headers={"Content-Type": "application/xml", "x-ms-error-code": "AuthenticationFailed"},
        body=b'<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code>'
        b"<Message>Server failed to authenticate the request. Make sure the value of Authorization "
        b"header is formed correctly including the signature.</Message><AuthenticationErrorDetail>"
        b"Request date header too old</AuthenticationErrorDetail></Error>",
    )


@pytest.mark.parametrize(("minutes", "word"), [(6, "behind"), (-16, "ahead of")])
def test_a_clock_that_is_minutes_off_is_said_with_by_how_much(
    minutes: int, word: str, proxy: Proxy, place: Place, container: Any, tmp_path: Path
) -> None:
    deliver(container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    set_clock(proxy, timedelta(minutes=minutes))
    [failure] = fetched(place, tmp_path).failed
    assert f"{word} that of Azure. Set it, for example with NTP" in failure.reason
    assert any(f"is {abs(minutes) - less} minutes" in failure.reason for less in (0, 1))
    proxy.heal()
    assert list(fetched(place, tmp_path).failed) == []


def test_a_delivery_that_is_replaced_while_it_is_read_is_taken_anew(
    proxy: Proxy, place: Place, container: Any, tmp_path: Path
) -> None:
    def newer(call: Call) -> bool:
        """Overwrites the delivery between its listing and the download of its second file."""
        if "part_1" not in call.path or met:
            return False
        met.append(call.path)
        later = [bill(tmp_path, 5), bill(tmp_path, 6)]
        deliver(container, "r2", "2026-10-21T06:00:00Z", later, overwrite=True)
        return True

    met: list[str] = []
    first = [bill(tmp_path, 3), bill(tmp_path, 2)]
    deliver(container, "r1", "2026-10-20T06:00:00Z", first, overwrite=True)
    proxy.fail(newer)
    found = fetched(place, tmp_path)
    assert met
    assert list(found.failed) == []
    [manifest] = (tmp_path / "exports").rglob("manifest.json")
    assert json.loads(manifest.read_text())["runInfo"]["runId"] == "r2"
    files = sorted((tmp_path / "exports").rglob("part_*.csv"))
    assert [len(file.read_text().splitlines()) - 1 for file in files] == [5, 6]


def test_a_line_that_is_cut_in_the_middle_of_a_file_is_taken_up_again(
    proxy: Proxy, place: Place, container: Any, tmp_path: Path
) -> None:
    deliver(container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 400)])
    cut = proxy.fail(lambda call: "r1/part" in call.path, times=1, cut_after=20_000)
    found = fetched(place, tmp_path)
    assert list(found.failed) == []
    assert cut.times == 0
    lake = lake_in(tmp_path)
    load(lake, *found.paths)
    assert total(lake) == (400, Decimal(400 * 401 // 2))


@pytest.mark.parametrize("times", [1, 2])
def test_a_listing_of_blobs_whose_page_token_expires_is_begun_again_once(
    times: int, proxy: Proxy, place: Place, container: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(exports_module, "PAGE", 1)
    deliver(container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3), bill(tmp_path, 2)])
    expired = proxy.fail(
        lambda call: "comp=list" in call.path and "marker=" in call.path,
        times=times, status=400, headers={"x-ms-error-code": "OutOfRangeQueryParameterValue"},
    )  # fmt: skip
    found = fetched(place, tmp_path)
    assert expired.times == 0
    if times == 1:
        assert list(found.failed) == []
        assert len(list((tmp_path / "exports").rglob("*.csv"))) == 2
    else:
        [failure] = found.failed
        assert "page token is no longer known" in failure.reason


def test_one_subscription_of_ten_without_permission_leaves_nine(
    azure: AzureCloud, estate: Estate
) -> None:
    ten = [str(UUID(int=number)) for number in range(1, 11)]
    estate.subscriptions.clear()
    for one in ten:
        estate.add(one, "westeurope")
        estate.put(f"/subscriptions/{one}/resourceGroups/g/providers/Microsoft.Storage"
                   "/storageAccounts/files", location="westeurope")  # fmt: skip
    lost = ten[4]
    estate.fail(lambda path, _: f"{lost}/providers/Microsoft.Authorization" in path, 403,
                times=99, code="AuthorizationFailed")  # fmt: skip
    found = azure.inventory()
    assert set(found.rows["account"]) == set(ten) - {lost}
    assert {account for _, account, _ in found.read} == set(ten) - {lost}
    [failure] = found.failed
    assert (failure.account, failure.kind) == (lost, "")


def test_queried_costs_whose_next_page_expires_are_asked_for_again_once(
    azure: AzureCloud, estate: Estate, tmp_path: Path
) -> None:
    from clouds.azure import cost_query

    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    day = int(f"{azure.now():%Y%m}01")
    estate.cost_columns = [("Cost", "Number"), ("UsageDate", "Number"), ("ResourceId", "String"),
                           ("ServiceName", "String"), ("Currency", "String")]  # fmt: skip
    rows = [[1.5, day, f"{scope}/resourceGroups/g/x/{n}", "Storage", "USD"] for n in range(5)]
    estate.costs = {"ActualCost": rows, "AmortizedCost": rows}
    estate.page = 2
    month = azure.now().date().replace(day=1)
    with Proxy(estate.url) as proxy:
        azure.access.endpoint = proxy.url
        estate.url = proxy.url
        told = b'{"error": {"code": "BadRequest", "message": "expired"}}'
        expired = proxy.fail(lambda call: "skiptoken=4" in call.path, status=400, body=told)
        assert cost_query.count_lines(azure.access, scope, month) == 5
        assert expired.times == 0
