"""What goes wrong between us and Google Cloud: page tokens, cuts, one denied of ten, a clock."""

import json
from collections.abc import Generator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import gcp_estate
import pyarrow.parquet as pq
import pytest
from gcp_bigquery import DETAILED, access_to, bigquery, create, detailed_line, insert
from gcp_emulator import Google, Refusal
from gcp_estate import disk, instance, project
from proxy import Proxy

from clouds.cloud import Exports
from clouds.gcp import exports
from clouds.gcp.access import Access
from clouds.gcp.exports import Table, fetch_exports
from clouds.gcp.inventory import read_inventory
from clouds.gcp.prices import fetch_skus

SHOP = ["projects/shop"]
SKEWED = (  # what Google says of a JWT that was signed at another time than its own
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    with bigquery() as found:
        yield found


@pytest.mark.parametrize("times", [1, 2])
def test_an_inventory_whose_page_token_expires_is_begun_again_once(
    times: int, google: Google, access: Access
) -> None:
    google.assets += [disk(f"d-{number}", 100_000 + number) for number in range(20)]
    google.page = 7
    google.expiring = times
    found = read_inventory(access, SHOP)
    assert google.expiring == 0
    assert list(found.failed) == [], "the second time, kind by kind"
    assert found.rows.filter(kind="disk").height == 22


def test_a_page_token_that_always_expires_is_a_failure_and_nothing_counts_as_gone(
    google: Google, access: Access
) -> None:
    google.assets += [disk(f"d-{number}", 100_000 + number) for number in range(20)]
    google.page = 7
    google.expiring = 1_000_000
    found = read_inventory(access, SHOP)
    assert [failure.kind for failure in found.failed] == ["disk"]
    assert "page token is no longer known" in found.failed[0].reason
    assert found.rows.filter(kind="disk").is_empty()
    assert not found.rows.filter(kind="instance").is_empty()


def test_a_first_page_that_is_refused_is_not_asked_for_again(
    google: Google, access: Access
) -> None:
    google.always = Refusal(400, "The request is wrong.")
    with pytest.raises(Exception, match="The request is wrong"):
        list(fetch_skus(access, "catalogue"))
    assert len(google.calls) == 1


def test_one_project_of_ten_without_permission_leaves_nine(
    google: Google, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"team-{number}" for number in range(10)]
    for number, name in enumerate(names):
        monkeypatch.setitem(gcp_estate.NUMBERS, name, str(1000 + number))
        google.assets += [project(name), instance(f"{name}-web", 5000 + number, name)]
    google.denied_parents = {"projects/team-4"}
    found = read_inventory(access, [f"projects/{name}" for name in names])
    assert set(found.rows["account"]) == set(names) - {"team-4"}
    assert {account for _, account, _ in found.read} == set(names) - {"team-4"}
    [failure] = found.failed
    assert (failure.account, failure.region, failure.kind) == ("team-4", "", "")


class Month:
    """A month of 110 lines in BigQuery behind a proxy, in pages of 40."""

    def __init__(self, proxy: Proxy, table: Table, folder: Path) -> None:
        self.proxy, self.table, self.folder = proxy, table, folder
        self.access = access_to(proxy.url)

    def fetch(self) -> Exports:
        return fetch_exports(self.access, [self.table], self.folder)

    def rows(self) -> int:
        [path] = self.folder.rglob("*.parquet")
        return pq.ParquetFile(path).metadata.num_rows


@pytest.fixture
def month(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Generator[Month]:
    monkeypatch.setattr(exports, "PAGE", 40)
    name = "".join(letter for letter in request.node.name if letter.isalnum())
    table = Table(f"acme-bill.faults_{name[-40:]}.gcp_billing_export", "detailed")
    create(address, table.name, DETAILED)
    insert(address, table.name, [detailed_line("202610", "0.01") for _ in range(110)])
    with Proxy(address) as proxy:
        yield Month(proxy, table, tmp_path)


def is_later_page(call: Any) -> bool:
    return call.method == "GET" and "/queries/" in call.path and "pageToken=" in call.path


@pytest.mark.parametrize("times", [1, 20])
def test_a_line_that_is_cut_is_taken_up_again_and_never_leaves_a_part(
    times: int, month: Month
) -> None:
    cut = month.proxy.fail(is_later_page, times=times, cut_after=100)
    found = month.fetch()
    if times == 1:
        assert cut.times == 0
        assert list(found.failed) == []
        assert month.rows() == 110
    else:
        [failure] = found.failed
        assert "can't be reached" in failure.reason
        assert [path for path in month.folder.rglob("*") if path.suffix != ".json"
                and path.is_file()] == []  # fmt: skip


@pytest.mark.parametrize("times", [1, 2])
def test_results_whose_page_token_expires_are_queried_again_once(times: int, month: Month) -> None:
    body = {"error": {"code": 400, "message": "Invalid value for: pageToken is not a valid value",
                      "status": "INVALID_ARGUMENT"}}  # fmt: skip
    expired = month.proxy.fail(is_later_page, times=times, status=400,
                               headers={"Content-Type": "application/json"},
                               body=json.dumps(body).encode())  # fmt: skip
    found = month.fetch()
    assert expired.times == 0
    if times == 1:
        assert list(found.failed) == []
        assert month.rows() == 110
    else:
        [failure] = found.failed
        assert "page token is no longer known" in failure.reason
        assert not list(month.folder.rglob("*.parquet"))


def test_lines_that_arrive_while_a_month_is_read_are_there_after_the_next_call(
    address: str, month: Month
) -> None:
    def more() -> bool:
        insert(address, month.table.name, [detailed_line("202610", "5", day="28")])
        return True

    seen: list[str] = []

    def is_first_later_page(call: Any) -> bool:
        if is_later_page(call) and not seen:
            seen.append(call.path)
            return more()
        return False

    month.proxy.fail(is_first_later_page, times=1)
    assert list(month.fetch().failed) == []
    assert seen
    month.fetch()
    [path] = month.folder.rglob("*.parquet")
    costs = [Decimal(cost) for cost in pq.read_table(path)["cost"].to_pylist()]
    assert (len(costs), sum(costs)) == (111, Decimal("6.10"))


def test_a_clock_that_is_wrong_is_named_when_a_key_signs_in(tmp_path: Path) -> None:
    class Token(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"error": "invalid_grant", "error_description": SKEWED}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Token)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        credentials = _service_account(f"http://127.0.0.1:{server.server_port}/token")
        access = Access(credentials, {"bigquery": f"http://127.0.0.1:{server.server_port}"})
        [failure] = fetch_exports(access, [Table("a.b.c", "detailed")], tmp_path).failed
        assert "The clock of this machine is wrong. Set it" in failure.reason
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_clock_that_is_minutes_off_is_said_with_by_how_much(
    google: Google, access: Access
) -> None:
    google.always = Refusal(401, "Request had invalid authentication credentials.")
    with Proxy(access.endpoints["cloudasset"]) as proxy:
        proxy.clock_offset = timedelta(minutes=5, seconds=30)
        behind = Access(_service_account("http://127.0.0.1:9/token"), {"cloudasset": proxy.url})
        [failure] = read_inventory(behind, SHOP).failed
    assert "is 5 minutes" in failure.reason
    assert "behind that of Google Cloud. Set it" in failure.reason


def _service_account(token_uri: str) -> Any:
    """A key that signs its tokens itself, by the clock of this machine."""
    from google.auth import crypt
    from google.oauth2 import service_account

    signer = crypt.RSASigner.from_string(_key(), key_id="1")
    return service_account.Credentials(signer, "reader@acme.example", token_uri, scopes=["x"])


def _key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )  # fmt: skip
