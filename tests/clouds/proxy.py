"""A reverse proxy in front of any HTTP emulator: it records what is asked, and makes it go wrong.

with Proxy("http://127.0.0.1:5000", account_of=lambda call: call.headers["x-account"]) as proxy:
    proxy.fail(lambda call: "disks" in call.path, times=2, status=429, headers={"Retry-After": "1"})
    ...                                  # talk to proxy.url as if it were the emulator
    assert proxy.calls[0].status == 429
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 60  # seconds for the emulator to answer, and for a client to ask something else
HOP_BY_HOP = {"connection", "content-length", "expect", "keep-alive", "transfer-encoding"}
NO_BODY = {204, 304}


@dataclass
class Call:
    """One request; `status` and `answered_at` are set just before its answer goes out."""

    at: float  # seconds, of the monotonic clock
    method: str
    path: str  # with the query
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)
    account: str = ""
    status: int | None = None
    answered_at: float | None = None


@dataclass
class Fault:
    """What goes wrong with the next `times` calls that it matches; without a status they go on."""

    matches: Callable[[Call], bool]
    times: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    cut_after: int | None = None  # bytes of the answer's body; then the line goes dead
    delay: float = 0  # seconds before the answer


@dataclass(frozen=True)
class Response:
    """An answer on its way back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """Listens on 127.0.0.1 while the `with` block lasts."""

    def __init__(self, upstream: str, account_of: Callable[[Call], str] = lambda call: "") -> None:
        """`upstream` is http://host:port; `account_of` tells whose a call is."""
        self.calls: list[Call] = []
        self.clock_offset = timedelta()  # how much the `Date` of answers is ahead of the truth
        self._upstream = urlsplit(upstream).netloc
        self._account_of = account_of
        self._faults: list[Fault] = []
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Proxy":
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(
        self, matches: Callable[[Call], bool] = lambda call: True, *, times: float = 1, **how: Any
    ) -> Fault:
        """Answer the next `times` matching calls as `Fault` says; the oldest fault goes first."""
        fault = Fault(matches, times, **how)
        with self._lock:
            self._faults.append(fault)
        return fault

    def deny(self, matches: Callable[[Call], bool], status: int = 403, **how: Any) -> Fault:
        """Answer every matching call so, until `heal`."""
        return self.fail(matches, times=float("inf"), status=status, **how)

    def heal(self) -> None:
        """Let everything through from now on."""
        with self._lock:
            self._faults.clear()
        self.clock_offset = timedelta()

    def answer(self, call: Call) -> tuple[Response, Fault | None]:
        """Record the call and answer it: as the emulator does, or as a fault says."""
        call.account = self._account_of(call)
        fault = self._record(call)
        if fault and fault.delay:
            sleep(fault.delay)
        if fault and fault.status is not None:
            response = Response(fault.status, list(fault.headers.items()), fault.body)
        else:
            response = self._ask(call)
        call.status, call.answered_at = response.status, monotonic()
        return response, fault

    def date(self, told: str | None) -> str:
        """The `Date` of an answer, by a clock that may be wrong."""
        true = parsedate_to_datetime(told) if told else datetime.now(UTC)
        return format_datetime(true.astimezone(UTC) + self.clock_offset, usegmt=True)

    def _record(self, call: Call) -> Fault | None:
        with self._lock:
            self.calls.append(call)
            fault = next((one for one in self._faults if one.times and one.matches(call)), None)
            if fault:
                fault.times -= 1
        return fault

    def _ask(self, call: Call) -> Response:
        connection = HTTPConnection(self._upstream, timeout=PATIENCE)
        try:
            connection.putrequest(call.method, call.path, skip_host=True, skip_accept_encoding=True)
            for name, value in call.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    connection.putheader(name, value)
            if call.body or call.method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(call.body)))
            connection.endheaders(call.body)
            found = connection.getresponse()
            return Response(found.status, found.getheaders(), found.read())
        except (OSError, HTTPException) as error:
            return Response(502, [], f"the emulator did not answer: {error!r}".encode())
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for the client's delayed ACK
    timeout = PATIENCE
    proxy: Proxy

    def do(self) -> None:
        call = Call(monotonic(), self.command, self.path, self.headers, self._body())
        response, fault = self.proxy.answer(call)
        cut = fault.cut_after if fault else None
        names = {name.lower(): value for name, value in response.headers}
        self.send_response_only(response.status)
        for name, value in response.headers:
            if name.lower() not in HOP_BY_HOP | {"date"}:
                self.send_header(name, value)
        self.send_header("Date", self.proxy.date(names.get("date")))
        is_bare = call.method == "HEAD" or response.status in NO_BODY
        if response.status not in NO_BODY:
            length = names.get("content-length", "0") if is_bare else str(len(response.body))
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(b"" if is_bare else response.body[:cut])
        if cut is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: `calls` has it all."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""
