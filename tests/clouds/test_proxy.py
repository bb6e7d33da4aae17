import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from urllib.parse import urlsplit

import pytest
from proxy import Call, Proxy


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        body = json.dumps([self.command, self.path, self.headers.get("Host"), sent]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def echo() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(echo: str) -> Generator[Proxy]:
    def account_of(call: Call) -> str:
        return call.headers.get("X-Account", "")

    with Proxy(echo, account_of) as made:
        yield made


def ask(
    proxy: Proxy, path: str = "/", method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        parts = iter([body.encode()]) if body is not None else None  # sent in chunks
        connection.request(method, path, parts, sent, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_calls_reach_the_emulator_as_they_are_and_are_recorded(proxy: Proxy) -> None:
    before = monotonic()
    host = urlsplit(proxy.url).netloc
    status, headers, told = ask(proxy, "/disks?page=2", X_Account="one")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(told) == ["GET", "/disks?page=2", host, ""]
    chunked = {"Transfer_Encoding": "chunked"}
    assert json.loads(ask(proxy, "/", "POST", "Zürich", **chunked)[2])[3] == "Zürich"
    status, headers, told = ask(proxy, "/disks", "HEAD")
    assert (status, told) == (200, b"")
    assert int(headers["Content-Length"]) > 0
    first, second, _ = proxy.calls
    assert (first.method, first.path, first.account) == ("GET", "/disks?page=2", "one")
    assert before <= first.at <= (first.answered_at or 0) <= second.at
    assert second.body.decode() == "Zürich"


def test_the_next_matching_calls_fail_and_then_all_is_well(proxy: Proxy) -> None:
    proxy.fail(
        lambda call: call.account == "one", times=2, status=429,
        headers={"Retry-After": "7"}, body=b"slow down",
    )  # fmt: skip
    assert ask(proxy, X_Account="two")[0] == 200
    for _ in range(2):
        status, headers, told = ask(proxy, X_Account="one")
        assert (status, headers["Retry-After"], told) == (429, "7", b"slow down")
    assert ask(proxy, X_Account="one")[0] == 200
    assert [call.status for call in proxy.calls] == [200, 429, 429, 200]


def test_what_is_denied_stays_denied_until_it_heals(proxy: Proxy) -> None:
    proxy.deny(lambda call: call.path.startswith("/disks"))
    assert [ask(proxy, path)[0] for path in ("/disks", "/disks", "/vms")] == [403, 403, 200]
    proxy.heal()
    assert ask(proxy, "/disks")[0] == 200


def test_an_answer_can_end_in_the_middle(proxy: Proxy) -> None:
    proxy.fail(cut_after=5)
    with pytest.raises(IncompleteRead) as error:
        ask(proxy)
    assert len(error.value.partial) == 5
    assert ask(proxy)[0] == 200


def test_an_answer_can_be_late_and_come_from_a_wrong_clock(proxy: Proxy) -> None:
    proxy.fail(delay=0.2)
    proxy.clock_offset = timedelta(minutes=5)
    before = monotonic()
    _, headers, _ = ask(proxy)
    assert monotonic() - before >= 0.2
    ahead = parsedate_to_datetime(headers["Date"]) - datetime.now(UTC)
    assert timedelta(minutes=4, seconds=50) < ahead < timedelta(minutes=5, seconds=10)


def test_an_emulator_that_is_gone_is_a_bad_gateway() -> None:
    with Proxy("http://127.0.0.1:9") as proxy:
        status, _, told = ask(proxy)
    assert status == 502
    assert b"did not answer" in told
