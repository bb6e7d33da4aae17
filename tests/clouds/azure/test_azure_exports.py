from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clouds.azure import connect
from clouds.azure.access import Access
from clouds.azure.exports import Place, fetch_exports, inside
from clouds.cloud import Exports
from clouds.errors import NotOffered, Unreadable
from tests.clouds.azure.blob_store import azurite, credential, deliver, packed
from tests.clouds.azure.conftest import unhurried
from tests.clouds.proxy import Proxy
from tests.warehouse.ingest.bills import SAMPLES, lake_in, lines, load, total, write
from warehouse.lake import Lake


@pytest.fixture(scope="session")
def account_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as url:
        yield url


@pytest.fixture
def container(account_url: str, request: pytest.FixtureRequest) -> Any:
    from azure.storage.blob import ContainerClient

    name = "c" + str(abs(hash(request.node.name)))
    made = ContainerClient(account_url, name, credential=credential())
    made.create_container()
    return made


class Mirror:
    """The exports of one container, mirrored and loaded."""

    def __init__(self, container: Any, folder: Path, account_url: str, prefix: str = "") -> None:
        self.container = container
        self.folder = folder / "exports"
        self.access = Access(blob_credential=credential(), budget_of=unhurried)
        self.place = Place(account_url, container.container_name, prefix)
        self.lake: Lake = lake_in(folder)

    def fetch(self) -> Exports:
        return fetch_exports(self.access, [self.place], self.folder)

    def files(self) -> list[str]:
        blobs = self.folder / "blobs"
        found = (path for path in blobs.rglob("*") if path.is_file())
        return sorted(path.relative_to(blobs / self.place.name).as_posix() for path in found)

    def load(self) -> Decimal | None:
        """Fetch and ingest; what is billed in all."""
        fetched = self.fetch()
        assert list(fetched.failed) == []
        report = load(self.lake, *fetched.paths)
        assert {entry.status for entry in report.loaded} <= {"loaded", "unchanged"}
        return billed(self.lake)


@pytest.fixture
def mirror(container: Any, tmp_path: Path, account_url: str) -> Mirror:
    return Mirror(container, tmp_path, account_url)


def bill(tmp_path: Path, count: int, **changed: str) -> bytes:
    rows = lines(count, ProviderName="Microsoft", BillingAccountId="/billingAccounts/1", **changed)
    return write(tmp_path / "made.csv", rows).read_bytes()


def billed(lake: Lake) -> Decimal | None:
    return total(lake)[1]


def reason(fetched: Exports) -> str:
    [failure] = fetched.failed
    return failure.reason


def test_an_export_of_two_files_is_loaded_with_its_exact_total(
    mirror: Mirror, tmp_path: Path
) -> None:
    files = [bill(tmp_path, 3), packed(bill(tmp_path, 2, ServiceName="Other"))]
    deliver(mirror.container, "r1", "2026-10-20T06:00:00.1234567Z", files)
    assert mirror.load() == Decimal(9)
    assert mirror.files() == [
        "costs/daily/20261001-20261028/2026-10-20/r1/manifest.json",
        "costs/daily/20261001-20261028/2026-10-20/r1/part_0_0001.csv",
        "costs/daily/20261001-20261028/2026-10-20/r1/part_1_0001.csv.gz",
    ]


@pytest.mark.parametrize(("month", "is_healed"), [(10, True), (9, False)])
def test_a_month_that_is_wanted_anew_is_downloaded_again(
    mirror: Mirror, tmp_path: Path, month: int, is_healed: bool
) -> None:
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    mirror.fetch()
    data = next((mirror.folder / "blobs").rglob("*.csv"))
    whole = data.read_bytes()
    data.write_bytes(b"damaged")
    again = [date(2026, month, 1)]
    fetched = fetch_exports(mirror.access, [mirror.place], mirror.folder, again)
    assert list(fetched.failed) == []
    assert (data.read_bytes() == whole) == is_healed


def test_an_actual_cost_export_is_loaded_with_its_exact_total(mirror: Mirror) -> None:
    sample = (SAMPLES / "EA_ActualCost_Small.csv").read_bytes()
    deliver(mirror.container, "r1", "2023-10-02T06:00:00Z", [sample], kind="ActualCost",
            month="2023-09")  # fmt: skip
    assert mirror.load() == Decimal("8.5450077867419368")


def test_the_newest_delivery_replaces_the_one_before_here_and_in_the_lake(
    mirror: Mirror, tmp_path: Path
) -> None:
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    assert mirror.load() == Decimal(6)
    deliver(mirror.container, "r2", "2026-10-21T06:00:00Z", [bill(tmp_path, 4)])
    assert mirror.load() == Decimal(10)
    assert {name.split("/")[4] for name in mirror.files()} == {"r2"}


def test_an_older_delivery_that_comes_late_changes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    deliver(mirror.container, "r2", "2026-10-21T06:00:00Z", [bill(tmp_path, 4)])
    assert mirror.load() == Decimal(10)
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    assert mirror.load() == Decimal(10)


def test_only_what_is_new_is_fetched(mirror: Mirror, tmp_path: Path, account_url: str) -> None:
    host, _, account = account_url.rpartition("/")
    with Proxy(host) as proxy:
        mirror.place = Place(f"{proxy.url}/{account}", mirror.place.container)
        deliver(mirror.container, "r1", "2026-09-20T06:00:00Z", [bill(tmp_path, 1)],
                month="2026-09")  # fmt: skip
        mirror.fetch()
        before = len(proxy.calls)
        mirror.fetch()
        asked = [call.path for call in proxy.calls[before:]]
        assert len(asked) == 1
        assert "comp=list" in asked[0]


def test_two_months_and_two_exports_lie_beside_each_other(mirror: Mirror, tmp_path: Path) -> None:
    september = {
        "BillingPeriodStart": "2026-09-01T00:00:00Z",
        "BillingPeriodEnd": "2026-10-01T00:00:00Z",
        "ChargePeriodStart": "2026-09-01T00:00:00Z",
        "ChargePeriodEnd": "2026-09-02T00:00:00Z",
    }
    deliver(mirror.container, "r1", "2026-10-01T06:00:00Z", [bill(tmp_path, 2, **september)],
            month="2026-09")  # fmt: skip
    deliver(mirror.container, "r2", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    assert mirror.load() == Decimal(9)


def test_a_file_that_is_not_there_yet_leaves_the_old_delivery(
    mirror: Mirror, tmp_path: Path
) -> None:
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    assert mirror.load() == Decimal(6)
    both = [bill(tmp_path, 3), bill(tmp_path, 1, ServiceName="Other")]
    deliver(mirror.container, "r2", "2026-10-21T06:00:00Z", both, lost=[1])
    fetched = mirror.fetch()
    assert "part_1_0001.csv, which is not there" in reason(fetched)
    load(mirror.lake, *fetched.paths)
    assert billed(mirror.lake) == Decimal(6)
    deliver(mirror.container, "r2", "2026-10-21T06:00:00Z", both)
    assert mirror.load() == Decimal(7)


def test_a_line_that_is_cut_leaves_the_old_delivery(
    mirror: Mirror, tmp_path: Path, account_url: str
) -> None:
    host, _, account = account_url.rpartition("/")
    with Proxy(host) as proxy:
        mirror.place = Place(f"{proxy.url}/{account}", mirror.place.container)
        deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
        assert mirror.load() == Decimal(6)
        deliver(mirror.container, "r2", "2026-10-21T06:00:00Z", [bill(tmp_path, 40)])
        proxy.fail(lambda call: "r2/part" in call.path, times=50, cut_after=100)
        fetched = mirror.fetch()
        assert len(fetched.failed) == 1
        load(mirror.lake, *fetched.paths)
        assert billed(mirror.lake) == Decimal(6)
        assert not [name for name in mirror.files() if "partial" in name or "r2" in name]


def test_files_that_are_overwritten_in_place_are_fetched_again(
    mirror: Mirror, tmp_path: Path
) -> None:
    for run, count in (("r1", 3), ("r2", 5), ("r3", 4)):
        files = [bill(tmp_path, count)]
        deliver(mirror.container, run, f"2026-10-2{run[1]}T06:00:00Z", files, overwrite=True)
        assert mirror.load() == Decimal(count * (count + 1) // 2)


def test_a_delivery_that_is_half_replaced_while_it_is_read_waits_for_the_next_run(
    mirror: Mirror, tmp_path: Path
) -> None:
    deliver(mirror.container, "r1", "2026-10-21T06:00:00Z", [bill(tmp_path, 3)], overwrite=True)
    assert mirror.load() == Decimal(6)
    deliver(mirror.container, "r2", "2026-10-22T06:00:00Z", [bill(tmp_path, 5)], overwrite=True)
    client = mirror.access.container(mirror.place.account_url, mirror.place.container)
    real = client.download_blob

    def replaced(name: str, **options: Any) -> Any:
        if "part" in name:
            mirror.container.upload_blob(name, bill(tmp_path, 9), overwrite=True)
        return real(name, **options)

    client.download_blob = replaced
    fetched = mirror.fetch()
    client.download_blob = real
    assert "the next run looks again" in reason(fetched), "its manifest has not come yet"
    load(mirror.lake, *fetched.paths)
    assert billed(mirror.lake) == Decimal(6)


@pytest.mark.parametrize("name", ["../../part.csv", "costs/../../part.csv", "costs\\..\\part.csv"])
def test_a_manifest_cannot_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    assert inside(tmp_path, "costs/part.csv") == tmp_path / "costs" / "part.csv"
    with pytest.raises(Unreadable, match="leads out of the folder"):
        inside(tmp_path, name)


def test_what_is_no_manifest_is_reported_and_the_rest_is_fetched(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.container.upload_blob("other/manifest.json", b'{"name": "an app"}')
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    fetched = mirror.fetch()
    assert "other/manifest.json is no manifest" in reason(fetched)
    load(mirror.lake, *fetched.paths)
    assert billed(mirror.lake) == Decimal(6)


def test_the_prefix_says_which_exports_are_wanted(mirror: Mirror, tmp_path: Path) -> None:
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 3)])
    deliver(mirror.container, "r1", "2026-10-20T06:00:00Z", [bill(tmp_path, 4)], export="other")
    mirror.place = Place(mirror.place.account_url, mirror.place.container, "costs/daily/")
    assert mirror.load() == Decimal(6)


def test_a_container_that_is_not_there_is_one_failure(mirror: Mirror) -> None:
    mirror.place = Place(mirror.place.account_url, "nowhere")
    assert "container does not exist" in reason(mirror.fetch())


def test_a_signature_in_the_address_is_refused_and_not_told() -> None:
    place = {"account_url": "https://acme.blob.core.windows.net/?sig=s3cret", "container": "costs"}
    with pytest.raises(NotOffered, match="credential chain") as told:
        connect(exports=[place])
    assert "s3cret" not in str(told.value)
